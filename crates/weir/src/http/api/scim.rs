//! SCIM 2.0 (RFC 7643, RFC 7644): a provider adds people and groups, changes who is in which, and
//! removes them; what they have open ends within a second. Knows no database.
//!
//! A provider sees its own people and groups alone. An identity's name is its `id` and its
//! `userName`, and never changes. A group's `id` is its `displayName`; here it has the provider's
//! prefix before it.

mod attributes;
mod groups;
mod patch;
mod users;

use super::{Api, BODY_BYTES};
use crate::providers::Provider;
use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use identity::{Secret, token_hash};
use serde_json::{Value, json};
use std::sync::Arc;
use store::StoreError;

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The most resources of one answer.
const MOST: usize = 500;

/// Every route.
pub(super) fn routes() -> Router<Arc<Api>> {
    let one_user = get(users::show).put(users::replace).patch(users::patch).delete(users::remove);
    let one_group =
        get(groups::show).put(groups::replace).patch(groups::patch).delete(groups::remove);
    Router::new()
        .route("/scim/v2/ServiceProviderConfig", get(config))
        .route("/scim/v2/ResourceTypes", get(types))
        .route("/scim/v2/Users", get(users::list).post(users::add))
        .route("/scim/v2/Users/{id}", one_user)
        .route("/scim/v2/Groups", get(groups::list).post(groups::add))
        .route("/scim/v2/Groups/{id}", one_group)
}

/// The provider whose provisioning token a request bears.
pub(super) struct Scim {
    /// Its place among the providers.
    place: usize,
}

impl Scim {
    fn provider<'a>(&self, api: &'a Api) -> Result<&'a Provider, ScimError> {
        api.shared.providers.iter().nth(self.place).ok_or_else(ScimError::unauthorised)
    }
}

impl FromRequestParts<Arc<Api>> for Scim {
    type Rejection = ScimError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ScimError> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let text = header.and_then(|header| header.to_str().ok()).unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        let hash = token_hash(&Secret::from(token.trim().to_owned()));
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        // Of the token its hash is compared: how long that takes tells nothing of it.
        let place = api.shared.providers.iter().position(|one| one.scim == Some(hash));
        place.filter(|_| bearer).map(|place| Self { place }).ok_or_else(ScimError::unauthorised)
    }
}

/// A body: JSON, whatever it calls itself.
pub(super) struct Body(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ScimError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ScimError> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| {
            let what = format!("a body has {BODY_BYTES} bytes at most");
            ScimError::new(StatusCode::PAYLOAD_TOO_LARGE, None, what)
        })?;
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|_| ScimError::bad("invalidSyntax", "this is not JSON"))
    }
}

/// An error (RFC 7644 section 3.12).
#[derive(Debug)]
pub(super) struct ScimError {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
}

impl ScimError {
    fn new(status: StatusCode, kind: Option<&'static str>, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    pub(super) fn bad(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Some(kind), detail)
    }

    pub(super) fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND, None, "there is no such resource of this provider")
    }

    pub(super) fn taken() -> Self {
        let what = "the name is taken: here a name is never another's again";
        Self::new(StatusCode::CONFLICT, Some("uniqueness"), what)
    }

    fn unauthorised() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, None, "no provisioning token of any provider")
    }
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadName(..) => Self::bad("invalidValue", error.to_string()),
            StoreError::NoIdentity(_) => {
                Self::bad("invalidValue", "a member is none of this provider's people")
            }
            StoreError::IdentityExists(_) => Self::taken(),
            other => {
                tracing::error!("provisioning cannot reach control state: {other}");
                let what = "control state is not available";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, None, what)
            }
        }
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut body = json!({
            "schemas": [ERROR], "status": self.status.as_str(), "detail": self.detail,
        });
        if let (Some(kind), Some(fields)) = (self.kind, body.as_object_mut()) {
            fields.insert("scimType".into(), kind.into());
        }
        let mut answer = answer(self.status, body);
        if self.status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        answer
    }
}

/// An answer of SCIM's own type.
pub(super) fn answer(status: StatusCode, body: Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/scim+json")];
    (status, kind, body.to_string()).into_response()
}

/// What of a list a request wants.
pub(super) struct Wanted {
    filter: Option<(String, String)>,
    start: usize,
    count: usize,
}

impl Wanted {
    /// Reads `filter`, `startIndex` and `count`. Of filters there is equality; others are refused,
    /// since whoever asked would take all for what they asked for.
    pub(super) fn read(query: &[(String, String)]) -> Result<Self, ScimError> {
        let value =
            |name: &str| query.iter().find(|(one, _)| one == name).map(|(_, text)| text.as_str());
        let number = |name: &str, default: usize| match value(name) {
            None => Ok(default),
            // RFC 7644 section 3.4.2.4: what is less counts as the least.
            Some(text) => text
                .parse::<i64>()
                .map(|number| usize::try_from(number).unwrap_or(0))
                .map_err(|_| ScimError::bad("invalidValue", format!("{name} is a number"))),
        };
        let filter = value("filter").map(equality).transpose()?;
        let (start, count) = (number("startIndex", 1)?.max(1), number("count", MOST)?.min(MOST));
        Ok(Self { filter, start, count })
    }

    /// True if a resource is wanted: its attributes by their names in small letters.
    pub(super) fn fits(
        &self,
        attribute: impl Fn(&str) -> Result<Option<String>, ScimError>,
    ) -> Result<bool, ScimError> {
        match &self.filter {
            None => Ok(true),
            Some((name, value)) => Ok(attribute(name)?.as_ref() == Some(value)),
        }
    }

    /// The answer, of all that fit.
    pub(super) fn page(&self, all: Vec<Value>) -> Response {
        let total = all.len();
        let page: Vec<Value> = all.into_iter().skip(self.start - 1).take(self.count).collect();
        let body = json!({
            "schemas": [LIST], "totalResults": total, "startIndex": self.start,
            "itemsPerPage": page.len(), "Resources": page,
        });
        answer(StatusCode::OK, body)
    }
}

/// `userName eq "alice"`.
fn equality(filter: &str) -> Result<(String, String), ScimError> {
    let wrong = || ScimError::bad("invalidFilter", "a filter is: attribute eq \"value\"");
    let (name, rest) = filter.trim().split_once(' ').ok_or_else(wrong)?;
    let (operator, value) = rest.trim_start().split_once(' ').ok_or_else(wrong)?;
    if !operator.eq_ignore_ascii_case("eq") {
        return Err(wrong());
    }
    let value: String = serde_json::from_str(value.trim()).map_err(|_| wrong())?;
    Ok((name.to_ascii_lowercase(), value))
}

async fn config(_: Scim) -> Response {
    let no = json!({ "supported": false });
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MOST },
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer", "primary": true,
            "description": "The provisioning token of the provider",
        }],
    });
    answer(StatusCode::OK, body)
}

async fn types(_: Scim) -> Response {
    let one = |name: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name, "name": name, "endpoint": format!("/{name}s"),
            "schema": format!("urn:ietf:params:scim:schemas:core:2.0:{name}"),
        })
    };
    let all = vec![one("User"), one("Group")];
    let body = json!({ "schemas": [LIST], "totalResults": all.len(), "Resources": all });
    answer(StatusCode::OK, body)
}

#[cfg(test)]
mod tests;
