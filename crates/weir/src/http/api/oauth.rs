//! The token endpoint (RFC 6749, RFC 8693) and what describes it (RFC 8414): a provider's token for
//! one of Weir's own. Errors have OAuth's own form.

use super::{Api, Peer, strangers::note_stranger};
use crate::{
    exchange::{self, Actor, Given, NoExchange, Shown, Wanted},
    exit::Failure,
    tasks,
};
use axum::{
    Form, Json,
    extract::{ConnectInfo, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use identity::{Secret, token_hash};
use model::TaskDetails;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::SystemTime};

/// The one grant.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What is exchanged.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// The same for services.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// What it is exchanged for.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How a scope begins that names a database.
const DATABASE: &str = "database:";
/// The most databases that one token is for.
const MAX_DATABASES: usize = 32;

/// An error as RFC 6749 section 5.2 has it.
#[derive(Debug)]
pub(super) struct OauthError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl OauthError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description: description.into() }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        // RFC 6749 allows printable ASCII only, without quotes and backslashes.
        let fit = |c: char| if matches!(c, ' '..='~') && c != '\\' { c } else { '?' };
        let words = self.description.replace('"', "'").chars().map(fit).collect::<String>();
        let body = json!({ "error": self.error, "error_description": words });
        (self.status, Json(body)).into_response()
    }
}

/// `POST /oauth2/token`.
pub(super) async fn token(
    State(api): State<Arc<Api>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Json<Value>, OauthError> {
    let Form(form) = form.map_err(|_| OauthError::new("invalid_request", "send a form"))?;
    let wanted = wanted(&form)?;
    match exchange::exchange(&api.shared, wanted).await {
        Ok(given) => Ok(Json(answer(&given))),
        Err(why) => {
            refused(&api, peer, &why);
            Err(why.into())
        }
    }
}

/// What a request asks for. What is not understood is refused: a token that is bound to less than
/// its client believes is worse than none.
fn wanted(form: &[(String, String)]) -> Result<Wanted, OauthError> {
    const KNOWN: [&str; 11] = [
        "grant_type",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "scope",
        "client_id",
        "renews",
        "audience",
        "actor_token",
        "actor_token_type",
        "authorization_details",
    ];
    let invalid = |what: String| OauthError::new("invalid_request", what);
    for (place, (name, _)) in form.iter().enumerate() {
        if !KNOWN.contains(&name.as_str()) {
            return Err(invalid("there is a parameter that is not understood".to_owned()));
        }
        if form.iter().take(place).any(|(before, _)| before == name) {
            return Err(invalid(format!("{name} is there twice")));
        }
    }
    let value =
        |name: &str| form.iter().find(|(one, _)| one == name).map(|(_, text)| text.as_str());
    match value("grant_type") {
        Some(EXCHANGE) => {}
        Some(_) => return Err(OauthError::new("unsupported_grant_type", EXCHANGE)),
        None => return Err(invalid("there is no grant_type".to_owned())),
    }
    let kind = |name: &str| match value(name) {
        Some(ID_TOKEN) => Ok(Shown::IdToken),
        Some(JWT) => Ok(Shown::Jwt),
        Some(ACCESS_TOKEN) => Ok(Shown::Own),
        _ => Err(invalid(format!("{name} must be {ID_TOKEN}, {JWT} or {ACCESS_TOKEN}"))),
    };
    let shown = kind("subject_token_type")?;
    if value("requested_token_type").is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(invalid(format!("requested_token_type must be {ACCESS_TOKEN}")));
    }
    if value("audience").is_some_and(|audience| audience != "weir") {
        return Err(OauthError::new("invalid_target", "the only audience is weir"));
    }
    if value("renews").is_some() && value("scope").is_some() {
        let what = "a token that is prolonged keeps its scope: renews goes without one";
        return Err(OauthError::new("invalid_scope", what));
    }
    let subject = value("subject_token").filter(|token| !token.is_empty());
    let subject = subject.ok_or_else(|| invalid("there is no subject_token".to_owned()))?;
    let secret = |text: &str| Secret::from(text.to_owned());
    let (actor, details) = delegation(value, kind)?;
    Ok(Wanted {
        subject: secret(subject),
        shown,
        databases: databases(value("scope").unwrap_or_default())?,
        renews: value("renews").map(secret),
        actor,
        details,
    })
}

/// Who is to act for the subject, and on which task.
fn delegation<'f>(
    value: impl Fn(&str) -> Option<&'f str>,
    kind: impl Fn(&str) -> Result<Shown, OauthError>,
) -> Result<(Option<Actor>, Option<TaskDetails>), OauthError> {
    let invalid = |what: &str| OauthError::new("invalid_request", what);
    let actor = match value("actor_token") {
        Some(token) => {
            Some(Actor { token: Secret::from(token.to_owned()), shown: kind("actor_token_type")? })
        }
        None if value("actor_token_type").is_some() => {
            return Err(invalid("actor_token_type goes with an actor_token"));
        }
        None => None,
    };
    let details = value("authorization_details").map(tasks::details).transpose();
    let details = details.map_err(|failure| match failure {
        Failure::Refused(why) => OauthError::new("invalid_authorization_details", why),
        _ => OauthError::new("invalid_authorization_details", "they cannot be read"),
    })?;
    if details.is_some() && actor.is_none() {
        let what = "authorization_details are a task, which is an agent's: say the actor_token";
        return Err(OauthError::new("invalid_authorization_details", what));
    }
    Ok((actor, details))
}

/// The databases of a scope.
fn databases(scope: &str) -> Result<Vec<String>, OauthError> {
    let words = scope.split(' ').filter(|word| !word.is_empty());
    let names: Option<Vec<String>> = words
        .map(|word| word.strip_prefix(DATABASE).filter(|name| !name.is_empty()).map(str::to_owned))
        .collect();
    let invalid = || OauthError::new("invalid_scope", format!("a scope is {DATABASE}NAME"));
    names.filter(|names| names.len() <= MAX_DATABASES).ok_or_else(invalid)
}

fn scope(databases: &[String]) -> String {
    let words: Vec<String> = databases.iter().map(|name| format!("{DATABASE}{name}")).collect();
    words.join(" ")
}

fn answer(given: &Given) -> Value {
    let left = given.until.duration_since(SystemTime::now()).unwrap_or_default();
    let mut body = json!({
        "access_token": given.secret.expose(),
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": left.as_secs(),
        "identity": given.identity,
    });
    let Some(fields) = body.as_object_mut() else { return body };
    if !given.databases.is_empty() {
        fields.insert("scope".into(), scope(&given.databases).into());
    }
    if let Some((agent, task)) = &given.actor {
        fields.insert("act".into(), json!({ "sub": agent }));
        if let Some(task) = task {
            fields.insert("task".into(), json!(task));
        }
    }
    body
}

impl From<NoExchange> for OauthError {
    fn from(why: NoExchange) -> Self {
        use crate::{providers::NoPerson, workloads::NoWorkload};
        match &why {
            // RFC 8693 section 2.2.2: whatever is wrong with the subject's token.
            NoExchange::Person(NoPerson::Unavailable(error))
            | NoExchange::Workload(NoWorkload::Unavailable(error)) => {
                tracing::warn!("a provider's keys cannot be read: {error}");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self { status, ..Self::new("temporarily_unavailable", why.to_string()) }
            }
            NoExchange::Failed(error) => {
                tracing::error!("the token endpoint cannot reach control state: {error:#}");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self { status, ..Self::new("temporarily_unavailable", why.to_string()) }
            }
            NoExchange::Disabled | NoExchange::Unknown | NoExchange::Taken(_) => {
                Self::new("unauthorized_client", why.to_string())
            }
            NoExchange::Rule(_) => Self::new("invalid_scope", why.to_string()),
            NoExchange::Actor(_) => Self::new("invalid_request", why.to_string()),
            NoExchange::Details(_) => Self::new("invalid_authorization_details", why.to_string()),
            NoExchange::Person(_)
            | NoExchange::Workload(_)
            | NoExchange::Spent
            | NoExchange::NotTheirs => Self::new("invalid_request", why.to_string()),
        }
    }
}

/// A refused exchange is in the record as any refused sign-in; of the token nothing is.
fn refused(api: &Api, peer: SocketAddr, why: &NoExchange) {
    note_stranger(api, peer, "", format!("the token endpoint: {why}"));
}

/// `POST /oauth2/revoke` (RFC 7009): ends the token that is shown. Whether it was one is not said.
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Json<Value>, OauthError> {
    let Form(form) = form.map_err(|_| OauthError::new("invalid_request", "send a form"))?;
    let token = form.iter().find(|(name, _)| name == "token").map(|(_, token)| token.clone());
    let token = token.ok_or_else(|| OauthError::new("invalid_request", "there is no token"))?;
    let (secret, now) = (Secret::from(token), SystemTime::now());
    let (directory, kept) = (&api.shared.directory, &api.shared.store);
    let failed = |error: store::StoreError| OauthError::from(NoExchange::Failed(error.into()));
    let found = match directory.bearer(&secret, now) {
        Ok(found) => Some((found.identity.name.to_string(), found.credential)),
        // An agent's own, while it has nobody to act for.
        Err(_) => directory.holder(&secret, now),
    };
    let hash = token_hash(&secret);
    if let Some((by, credential)) = found {
        kept.revoke_credential(&credential.id, &by, now).await.map_err(failed)?;
    } else if let Some(who) = kept.token(&hash, now).await.map_err(failed)? {
        let by = (now, who.name.as_str());
        kept.end_token(&hash, by, "a sign-in was revoked").await.map_err(failed)?;
    }
    Ok(Json(json!({})))
}

/// `GET /.well-known/oauth-authorization-server`.
pub(super) async fn metadata(State(api): State<Arc<Api>>) -> Json<Value> {
    let config = api.shared.config.load();
    let listen = config.listen.api.map(|address| format!("https://{address}"));
    let issuer = config.api.url.clone().or(listen).unwrap_or_default();
    Json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/oauth2/token"),
        "revocation_endpoint": format!("{issuer}/oauth2/revoke"),
        "grant_types_supported": [EXCHANGE],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
    }))
}

/// `GET /api/v1/providers`: where people sign in, for their programs.
pub(super) async fn providers(State(api): State<Arc<Api>>) -> Json<Value> {
    let one = |provider: &crate::providers::Provider| {
        let settings = &provider.settings;
        json!({
            "name": settings.name, "issuer": settings.issuer, "client_id": settings.client_id,
            "scopes": settings.scopes,
        })
    };
    let all: Vec<Value> = api.shared.providers.iter().map(one).collect();
    let port = api.shared.config.load().listen.postgres.port();
    Json(json!({ "providers": all, "postgres_port": port }))
}

#[cfg(test)]
mod tests;
