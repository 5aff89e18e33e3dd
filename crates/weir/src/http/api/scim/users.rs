//! Users: identities of a provider.

use super::{Body, Scim, ScimError, Wanted, answer, patch};
use crate::http::api::Api;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use identity::{ScramVerifier, Secret};
use serde_json::{Value, json};
use std::{sync::Arc, time::SystemTime};
use store::ProvisionedPerson;

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

type Asked = Query<Vec<(String, String)>>;

pub(super) async fn list(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Query(query): Asked,
) -> Result<Response, ScimError> {
    let wanted = Wanted::read(&query)?;
    let mut all = Vec::new();
    for person in api.shared.store.provisioned(&scim.provider(&api)?.settings.name).await? {
        let attribute = |name: &str| match name {
            "username" | "id" => Ok(Some(person.account.name.to_string())),
            "externalid" => Ok(person.external.clone()),
            _ => Err(ScimError::bad("invalidFilter", "by userName, externalId or id")),
        };
        if wanted.fits(attribute)? {
            all.push(object(&api, &scim, &person)?);
        }
    }
    Ok(wanted.page(all))
}

pub(super) async fn show(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
) -> Result<Response, ScimError> {
    let person = find(&api, &scim, &id).await?;
    Ok(answer(StatusCode::OK, object(&api, &scim, &person)?))
}

pub(super) async fn add(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Body(body): Body,
) -> Result<Response, ScimError> {
    let settings = &scim.provider(&api)?.settings;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let name = text("userName");
    let name = name.ok_or_else(|| ScimError::bad("invalidValue", "there is no userName"))?;
    let active = body.get("active").map(patch::truth).transpose()?.unwrap_or(true);
    let who = (name, text("externalId"));
    let verifier = nobodys().await?;
    let (store, now) = (&api.shared.store, SystemTime::now());
    store.provision(&settings.name, who, settings.kind, &verifier, now).await?;
    if !active {
        set_active(&api, &scim, name, false).await?;
    }
    let person = find(&api, &scim, name).await?;
    Ok(answer(StatusCode::CREATED, object(&api, &scim, &person)?))
}

/// A verifier that no password fits: they come by their provider.
async fn nobodys() -> Result<store::Verifier, ScimError> {
    let made = tokio::task::spawn_blocking(|| {
        let nobodys = Secret::generate("")?;
        Ok::<_, identity::IdentityError>(ScramVerifier::for_password(&nobodys)?.to_text())
    });
    match made.await {
        Ok(Ok(text)) => Ok(text.into()),
        _ => Err(ScimError::from(store::StoreError::Random)),
    }
}

pub(super) async fn replace(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, ScimError> {
    find(&api, &scim, &id).await?;
    if body.get("userName").and_then(Value::as_str) != Some(&id) {
        return Err(immutable());
    }
    // RFC 7644 section 3.5.1: what is left out has its default.
    let active = body.get("active").map(patch::truth).transpose()?.unwrap_or(true);
    set_active(&api, &scim, &id, active).await?;
    let person = find(&api, &scim, &id).await?;
    Ok(answer(StatusCode::OK, object(&api, &scim, &person)?))
}

pub(super) async fn patch(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Response, ScimError> {
    find(&api, &scim, &id).await?;
    // All is understood before anything is done.
    let change = patch::user(&body)?;
    if change.name.is_some_and(|name| name != id) {
        return Err(immutable());
    }
    if let Some(active) = change.active {
        set_active(&api, &scim, &id, active).await?;
    }
    let person = find(&api, &scim, &id).await?;
    Ok(answer(StatusCode::OK, object(&api, &scim, &person)?))
}

pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    scim: Scim,
    Path(id): Path<String>,
) -> Result<Response, ScimError> {
    let settings = &scim.provider(&api)?.settings;
    let (store, now) = (&api.shared.store, SystemTime::now());
    match store.deprovision(&settings.name, &id, &settings.groups_prefix, now).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(ScimError::missing()),
    }
}

fn immutable() -> ScimError {
    ScimError::bad("mutability", "a name never changes here: records refer to it")
}

async fn set_active(api: &Api, scim: &Scim, id: &str, active: bool) -> Result<(), ScimError> {
    let by = format!("provider:{}", scim.provider(api)?.settings.name);
    api.shared.store.set_enabled(id, active, &by, SystemTime::now()).await?;
    Ok(())
}

async fn find(api: &Api, scim: &Scim, id: &str) -> Result<ProvisionedPerson, ScimError> {
    let all = api.shared.store.provisioned(&scim.provider(api)?.settings.name).await?;
    let found = all.into_iter().find(|person| person.account.name.as_str() == id);
    found.ok_or_else(ScimError::missing)
}

fn object(api: &Api, scim: &Scim, person: &ProvisionedPerson) -> Result<Value, ScimError> {
    let prefix = &scim.provider(api)?.settings.groups_prefix;
    let account = &person.account;
    let group = |name: &str| json!({ "value": name, "display": name });
    let own = account.groups.iter().filter_map(|name| name.strip_prefix(prefix.as_str()));
    let groups: Vec<Value> = own.map(group).collect();
    let time = |time| ledger::Time::from(time).to_string();
    let mut object = json!({
        "schemas": [SCHEMA],
        "id": account.name,
        "userName": account.name,
        "active": account.enabled,
        "groups": groups,
        "meta": {
            "resourceType": "User",
            "created": time(account.created),
            "lastModified": time(account.changed),
            "location": format!("/scim/v2/Users/{}", account.name),
        },
    });
    if let (Some(external), Some(fields)) = (&person.external, object.as_object_mut()) {
        fields.insert("externalId".into(), external.as_str().into());
    }
    Ok(object)
}
