//! Vault's HTTP API, as far as it is needed: signing in, reading, renewing, revoking. Keeps its own
//! token fresh. No error holds what Vault answered but its own words about an error.

use crate::fetched;
use anyhow::{Context, bail};
use config::{Vault, VaultAuth};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{runtime::Handle, sync::Mutex};

/// How long Vault may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: bytes.
const MAX_BYTES: usize = 256 << 10;
/// How much of its complaint is said.
const COMPLAINT: usize = 200;
/// What stands between a path and the name of a field.
const FIELD: char = '#';

/// What stands at a path.
pub(super) enum Answer {
    /// A secret.
    Standing { user: Option<String>, password: String },
    /// A user that was made for this.
    Leased(Granted),
}

/// A lease as Vault grants it.
pub(super) struct Granted {
    pub(super) id: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) lasts: Duration,
}

/// A Vault.
pub(super) struct Client {
    http: reqwest::Client,
    vault: Vault,
    token: Mutex<Option<Token>>,
    /// The program's runtime: the threads of sessions end before it.
    home: Option<Handle>,
}

struct Token {
    secret: String,
    /// From when on it is renewed; never if nothing.
    renew: Option<Instant>,
    until: Option<Instant>,
}

impl Client {
    pub(super) fn new(vault: &Vault) -> anyhow::Result<Self> {
        let http = fetched::client(vault.ca.as_deref(), PATIENCE)?;
        let home = Handle::try_current().ok();
        Ok(Self { http, vault: vault.clone(), token: Mutex::default(), home })
    }

    /// Where what must be done to its end runs.
    pub(super) fn home(&self) -> Option<Handle> {
        self.home.clone().or_else(|| Handle::try_current().ok())
    }

    /// Reads a path: `database/creds/weir`, `secret/data/shop`, `secret/data/shop#field`.
    pub(super) async fn read(&self, place: &str) -> anyhow::Result<Answer> {
        let (path, field) = place.split_once(FIELD).unwrap_or((place, "password"));
        let said = self.call(Method::GET, path, None).await?;
        let data = said.get("data").context("Vault's answer has no data")?;
        // KV's second version has the secret one step further down, beside what is known of it.
        let (secret, versioned) = match (data.get("data"), data.get("metadata")) {
            (Some(secret), Some(_)) => (secret, true),
            _ => (data, false),
        };
        let text = |name: &str| secret.get(name).and_then(Value::as_str).map(str::to_owned);
        let password = text(field).with_context(|| format!("{path} has no text {field:?}"))?;
        let user = text("username");
        let id = said.get("lease_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        match (id, user) {
            (Some(id), Some(user)) if !versioned => {
                let (id, lasts) = (id.to_owned(), seconds(&said, "lease_duration"));
                Ok(Answer::Leased(Granted { id, user, password, lasts }))
            }
            (_, user) => Ok(Answer::Standing { user, password }),
        }
    }

    /// Asks for more of a lease's time; how much there is now.
    pub(super) async fn renew(&self, id: &str, wanted: Duration) -> anyhow::Result<Duration> {
        let body = json!({ "lease_id": id, "increment": wanted.as_secs() });
        let said = self.call(Method::PUT, "sys/leases/renew", Some(body)).await?;
        Ok(seconds(&said, "lease_duration"))
    }

    /// Gives a lease back; returns when the user is gone.
    pub(super) async fn revoke(&self, id: &str) -> anyhow::Result<()> {
        let body = json!({ "lease_id": id, "sync": true });
        self.call(Method::PUT, "sys/leases/revoke", Some(body)).await.map(drop)
    }

    /// How long the token needs no renewal; nothing if it never does.
    pub(super) async fn token_left(&self) -> Option<Duration> {
        let kept = self.token.lock().await;
        let renew = kept.as_ref()?.renew?;
        Some(renew.saturating_duration_since(Instant::now()))
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let token = self.token().await?;
        let said = self.send(method.clone(), path, body.as_ref(), Some(&token)).await?;
        match said {
            Said::Good(said) => Ok(said),
            // The token may be one that Vault does not know any more.
            Said::Bad(403, _) if !matches!(self.vault.auth, VaultAuth::Token(_)) => {
                *self.token.lock().await = None;
                let token = self.token().await?;
                self.send(method, path, body.as_ref(), Some(&token)).await?.good(path)
            }
            said => said.good(path),
        }
    }

    /// A token that is good now: the configured one, or one that is signed in for.
    async fn token(&self) -> anyhow::Result<String> {
        if let VaultAuth::Token(source) = &self.vault.auth {
            return Ok(source.read()?.expose().to_owned());
        }
        let mut kept = self.token.lock().await;
        let now = Instant::now();
        if let Some(token) = kept.as_mut().filter(|token| token.until.is_none_or(|at| now < at)) {
            if token.renew.is_some_and(|at| at <= now) {
                // With the token what was leased by it would end.
                let path = "auth/token/renew-self";
                let (nothing, secret) = (json!({}), Some(token.secret.as_str()));
                let renewed = self.send(Method::PUT, path, Some(&nothing), secret).await;
                if let Ok(Said::Good(said)) = renewed {
                    *token =
                        self::token(&said, now).unwrap_or(Token { renew: None, ..token.take() });
                }
            }
            return Ok(token.secret.clone());
        }
        let (path, body) = self.sign_in()?;
        let said = self.send(Method::PUT, &path, Some(&body), None).await?.good(&path)?;
        let token = self::token(&said, now).context("Vault's answer has no token")?;
        let secret = token.secret.clone();
        *kept = Some(token);
        Ok(secret)
    }

    /// Where to sign in, and with what.
    fn sign_in(&self) -> anyhow::Result<(String, Value)> {
        let at = |mount: &str| format!("auth/{mount}/login");
        Ok(match &self.vault.auth {
            VaultAuth::AppRole { mount, role_id, secret_id } => {
                let secret_id = secret_id.read()?;
                (at(mount), json!({ "role_id": role_id, "secret_id": secret_id.expose() }))
            }
            VaultAuth::Kubernetes { mount, role, jwt } => {
                let jwt = jwt.read()?;
                (at(mount), json!({ "role": role, "jwt": jwt.expose() }))
            }
            VaultAuth::Token(_) => bail!("a token signs in nowhere"),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        token: Option<&str>,
    ) -> anyhow::Result<Said> {
        let url: Url = format!("{}/v1/{path}", self.vault.address).parse()?;
        let mut request = self.http.request(method, url).header("x-vault-request", "true");
        if let Some(token) = token {
            request = request.header("x-vault-token", token);
        }
        if let Some(namespace) = &self.vault.namespace {
            request = request.header("x-vault-namespace", namespace);
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.map_err(reqwest::Error::without_url);
        let answer = answer.context("Vault is not reachable")?;
        let status = answer.status();
        let bytes = fetched::body(answer, MAX_BYTES).await.context("Vault")?;
        if status.is_success() {
            let said =
                if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) };
            return said.map(Said::Good).map_err(|_| anyhow::anyhow!("Vault's answer is no JSON"));
        }
        let errors: Option<Value> = serde_json::from_slice(&bytes).ok();
        let errors = errors.as_ref().and_then(|said| said.get("errors")?.as_array());
        let words = errors.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let words = words.join("; ");
        let words = words.chars().filter(|c| !c.is_control()).take(COMPLAINT).collect();
        Ok(Said::Bad(status.as_u16(), words))
    }
}

enum Said {
    Good(Value),
    Bad(u16, String),
}

impl Said {
    fn good(self, path: &str) -> anyhow::Result<Value> {
        match self {
            Self::Good(said) => Ok(said),
            Self::Bad(status, words) => bail!("Vault answers {status} about {path}: {words}"),
        }
    }
}

impl Token {
    fn take(&mut self) -> Self {
        Self { secret: std::mem::take(&mut self.secret), renew: self.renew, until: self.until }
    }
}

/// The token in the answer to a sign-in or a renewal.
fn token(said: &Value, now: Instant) -> Option<Token> {
    let auth = said.get("auth")?;
    let secret = auth.get("client_token")?.as_str()?.to_owned();
    let lasts = seconds(auth, "lease_duration");
    let ends = !lasts.is_zero();
    let renewable = auth.get("renewable").and_then(Value::as_bool).unwrap_or(false);
    Some(Token {
        secret,
        renew: (ends && renewable).then(|| now + lasts / 2),
        until: ends.then(|| now + lasts),
    })
}

fn seconds(said: &Value, name: &str) -> Duration {
    Duration::from_secs(said.get(name).and_then(Value::as_u64).unwrap_or(0))
}
