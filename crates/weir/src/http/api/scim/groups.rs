//! Groups of a provider, and who is in them.

use super::{
    Body, Scim, ScimError, Wanted, answer,
    attributes::{GROUP, attributes},
    patch,
};
use crate::http::api::Api;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};
use store::{Members, ProvisionedGroup};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, ScimError> {
    let wanted = Wanted::read(&query)?;
    let settings = &scim.provider(&api)?.settings;
    let mut all = Vec::new();
    for group in api.shared.store.provisioned_groups(&settings.name).await? {
        let shown = shown(&group, &settings.groups_prefix);
        let attribute = |name: &str| match name {
            "displayname" | "id" => Ok(Some(shown.to_owned())),
            "externalid" => Ok(group.external.clone()),
            _ => Err(ScimError::bad("invalidFilter", "by displayName, externalId or id")),
        };
        if wanted.fits(attribute)? {
            all.push(object(&group, &settings.groups_prefix));
        }
    }
    Ok(wanted.page(all))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
) -> Result<Response, ScimError> {
    let group = find(&api, &scim, &id).await?;
    Ok(answer(StatusCode::OK, group))
}

pub(super) async fn add(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Body(body): Body,
) -> Result<Response, ScimError> {
    let fields = attributes(GROUP, &body)?;
    let text = |name: &str| fields.get(name).and_then(|value| value.as_str());
    let name = text("displayname").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ScimError::bad("invalidValue", "there is no displayName"))?;
    let members = fields.get("members").map(|value| patch::members(value)).transpose()?;
    let (provider, group) = named(&api, &scim, name)?;
    let store = &api.shared.store;
    if !store.provision_group(&provider, &group, text("externalid")).await? {
        return Err(ScimError::taken());
    }
    if let Some(members) = members {
        let all = vec![Members::Also(members)];
        store.provision_members(&provider, &group, all, SystemTime::now()).await?;
    }
    Ok(answer(StatusCode::CREATED, find(&api, &scim, name).await?))
}

pub(super) async fn replace(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, ScimError> {
    let fields = attributes(GROUP, &body)?;
    if fields.get("displayname").and_then(|name| name.as_str()) != Some(&id) {
        return Err(immutable());
    }
    let members = fields.get("members").map(|value| patch::members(value)).transpose()?;
    let members = members.unwrap_or_default();
    change(&api, &scim, &id, vec![Members::Are(members)]).await
}

pub(super) async fn patch(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, ScimError> {
    let change_of = patch::group(&body)?;
    if change_of.name.is_some_and(|name| name != id) {
        return Err(immutable());
    }
    change(&api, &scim, &id, change_of.members).await
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
) -> Result<Response, ScimError> {
    let (provider, group) = named(&api, &scim, &id)?;
    match api.shared.store.deprovision_group(&provider, &group, SystemTime::now()).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(ScimError::missing()),
    }
}

fn immutable() -> ScimError {
    ScimError::bad("mutability", "a group's name never changes here: policies refer to it")
}

async fn change(
    api: &Api,
    scim: &Scim,
    id: &str,
    how: Vec<Members>,
) -> Result<Response, ScimError> {
    let (provider, group) = named(api, scim, id)?;
    let store = &api.shared.store;
    match store.provision_members(&provider, &group, how, SystemTime::now()).await? {
        true => Ok(answer(StatusCode::OK, find(api, scim, id).await?)),
        false => Err(ScimError::missing()),
    }
}

/// The provider, and the group's name here.
fn named(api: &Api, scim: &Scim, id: &str) -> Result<(String, String), ScimError> {
    let settings = &scim.provider(api)?.settings;
    Ok((settings.name.clone(), format!("{}{id}", settings.groups_prefix)))
}

async fn find(api: &Api, scim: &Scim, id: &str) -> Result<Value, ScimError> {
    let (provider, name) = named(api, scim, id)?;
    let all = api.shared.store.provisioned_groups(&provider).await?;
    let found = all.into_iter().find(|group| group.name == name);
    let prefix = &scim.provider(api)?.settings.groups_prefix;
    found.map(|group| object(&group, prefix)).ok_or_else(ScimError::missing)
}

/// What the provider calls it.
fn shown<'g>(group: &'g ProvisionedGroup, prefix: &str) -> &'g str {
    group.name.strip_prefix(prefix).unwrap_or(&group.name)
}

fn object(group: &ProvisionedGroup, prefix: &str) -> Value {
    let shown = shown(group, prefix);
    let member = |name: &String| {
        let reference = format!("/scim/v2/Users/{name}");
        json!({ "value": name, "display": name, "$ref": reference })
    };
    let members: Vec<Value> = group.members.iter().map(member).collect();
    let mut object = json!({
        "schemas": [SCHEMA], "id": shown, "displayName": shown, "members": members,
        "meta": { "resourceType": "Group", "location": format!("/scim/v2/Groups/{shown}") },
    });
    if let (Some(external), Some(fields)) = (&group.external, object.as_object_mut()) {
        fields.insert("externalId".into(), external.as_str().into());
    }
    object
}
