//! Users: identities of a provider.

use super::{
    Body, Scim, ScimError, Wanted, answer,
    attributes::{USER, attributes},
    patch,
};
use crate::http::api::Api;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use identity::{ScramVerifier, Secret};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};
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
    let settings = &scim.provider(&api)?.settings;
    for person in api.shared.store.provisioned(&settings.name).await? {
        let name = person.account.name.as_str();
        let attribute = |asked: &str| match asked {
            "id" => Ok(Some(name.to_owned())),
            "username" => Ok(Some(shown(name, &settings.name_suffix).to_owned())),
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
    let fields = attributes(USER, &body)?;
    let text = |name: &str| fields.get(name).and_then(|value| value.as_str());
    let name = text("username");
    let name = name.ok_or_else(|| ScimError::bad("invalidValue", "there is no userName"))?;
    let name = &format!("{name}{}", settings.name_suffix);
    let active = active(&fields)?;
    let who = (name.as_str(), text("externalid"));
    let verifier = nobodys().await?;
    let (store, now) = (&api.shared.store, SystemTime::now());
    store.provision(&settings.name, who, settings.kind, &verifier, now).await?;
    if !active {
        set_active(&api, &scim, name, false).await?;
    }
    let person = find(&api, &scim, name).await?;
    Ok(answer(StatusCode::CREATED, object(&api, &scim, &person)?))
}

/// Whether somebody is active. RFC 7644 section 3.5.1: what is left out has its default.
fn active(fields: &BTreeMap<String, &Value>) -> Result<bool, ScimError> {
    Ok(fields.get("active").map(|value| patch::truth(value)).transpose()?.unwrap_or(true))
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
    let fields = attributes(USER, &body)?;
    let suffix = &scim.provider(&api)?.settings.name_suffix;
    if fields.get("username").and_then(|name| name.as_str()) != Some(shown(&id, suffix)) {
        return Err(immutable());
    }
    set_active(&api, &scim, &id, active(&fields)?).await?;
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
    let suffix = &scim.provider(&api)?.settings.name_suffix;
    if change.name.is_some_and(|name| name != shown(&id, suffix)) {
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

/// Switches somebody on or off. On only whom the provider switched off itself: the answer says what
/// is so then.
async fn set_active(api: &Api, scim: &Scim, id: &str, active: bool) -> Result<(), ScimError> {
    let provider = &scim.provider(api)?.settings.name;
    api.shared.store.set_active(provider, id, active, SystemTime::now()).await?;
    Ok(())
}

/// What the provider calls somebody.
fn shown<'n>(name: &'n str, suffix: &str) -> &'n str {
    name.strip_suffix(suffix).unwrap_or(name)
}

async fn find(api: &Api, scim: &Scim, id: &str) -> Result<ProvisionedPerson, ScimError> {
    let all = api.shared.store.provisioned(&scim.provider(api)?.settings.name).await?;
    let found = all.into_iter().find(|person| person.account.name.as_str() == id);
    found.ok_or_else(ScimError::missing)
}

fn object(api: &Api, scim: &Scim, person: &ProvisionedPerson) -> Result<Value, ScimError> {
    let settings = &scim.provider(api)?.settings;
    let prefix = &settings.groups_prefix;
    let account = &person.account;
    let group = |name: &str| json!({ "value": name, "display": name });
    let own = account.groups.iter().filter_map(|name| name.strip_prefix(prefix.as_str()));
    let groups: Vec<Value> = own.map(group).collect();
    let time = |time| ledger::Time::from(time).to_string();
    let mut object = json!({
        "schemas": [SCHEMA],
        "id": account.name,
        "userName": shown(account.name.as_str(), &settings.name_suffix),
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
