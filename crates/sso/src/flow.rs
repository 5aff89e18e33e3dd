//! How a person's own program asks a provider who they are, as a public client: by a browser on
//! the same machine (RFC 8252, with PKCE, RFC 7636), by a device that shows a code (RFC 8628), or
//! by the refresh token of an earlier time. Opens no browser and listens on no port.
//!
//! State, nonce and PKCE verifier are random for each question and never leave it: an answer that
//! does not fit them is not ours. The ID token's signature is checked by who relies on it (Weir);
//! here it comes straight from the provider, over TLS.

use crate::{Metadata, SsoError, Web, fetch, random};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt, time::Duration};

/// How long a device waits between two questions if the provider does not say.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a device code is good if the provider does not say.
const DEVICE_LIFETIME: Duration = Duration::from_secs(600);

/// A client of a provider.
#[derive(Clone, Debug)]
pub struct Flow {
    web: Web,
    metadata: Metadata,
    client: String,
    scope: String,
}

/// A question that a browser takes to the provider.
pub struct Pending {
    /// Where to send the browser.
    pub url: String,
    redirect: String,
    state: String,
    nonce: String,
    verifier: String,
}

/// A code that a person enters elsewhere.
pub struct Device {
    /// Where.
    pub url: String,
    /// The same with the code in it, if there is such a place.
    pub complete: Option<String>,
    /// The code.
    pub code: String,
    /// How long it is good.
    pub lifetime: Duration,
    device_code: String,
    interval: Duration,
}

/// What a provider gives.
pub struct Tokens {
    /// Who the person is, signed.
    pub id: String,
    /// With what they need not be asked again.
    pub refresh: Option<String>,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending(***)")
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.url)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(***)")
    }
}

impl Flow {
    /// A client of this provider.
    pub async fn new(
        web: Web,
        issuer: &str,
        client: &str,
        scopes: &[String],
    ) -> Result<Self, SsoError> {
        let metadata = Metadata::read(&web, issuer).await?;
        Ok(Self { web, metadata, client: client.to_owned(), scope: scopes.join(" ") })
    }

    /// A question for a browser that comes back to `redirect`.
    pub fn browser(&self, redirect: &str) -> Result<Pending, SsoError> {
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let endpoint = endpoint(&self.metadata.authorization_endpoint, "authorization")?;
        let mut url = fetch::address(endpoint)?;
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &self.scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if self.scope.split(' ').any(|scope| scope == "offline_access") {
            // OpenID Connect Core 11: offline access is given by a person who is asked.
            query.append_pair("prompt", "consent");
        }
        drop(query);
        let url = url.to_string();
        Ok(Pending { url, redirect: redirect.to_owned(), state, nonce, verifier })
    }

    /// What the browser brought back: the query of its request.
    pub async fn answered(&self, pending: Pending, query: &str) -> Result<Tokens, SsoError> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| SsoError::NotOurs("it cannot be read"))?;
        let value = |name: &str| {
            let mut all = pairs.iter().filter(|(one, _)| one == name).map(|(_, value)| value);
            all.next().filter(|_| all.next().is_none())
        };
        if value("state") != Some(&pending.state) {
            return Err(SsoError::NotOurs("another state"));
        }
        // RFC 9207: an answer by another provider than the one that was asked.
        match value("iss") {
            Some(issuer) if *issuer != self.metadata.issuer => {
                return Err(SsoError::NotOurs("another provider"));
            }
            None if self.metadata.names_itself => {
                return Err(SsoError::NotOurs("it does not say who answers"));
            }
            _ => {}
        }
        if let Some(error) = value("error") {
            let words = value("error_description").cloned().unwrap_or_default();
            let said = serde_json::json!({ "error": error, "error_description": words });
            return Err(fetch::refusal(&said));
        }
        let code = value("code").ok_or(SsoError::NotOurs("no code"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &pending.redirect),
            ("code_verifier", &pending.verifier),
        ];
        let tokens = self.tokens(&form).await?;
        match says(&tokens.id, "nonce") {
            Some(nonce) if nonce == pending.nonce => Ok(tokens),
            _ => Err(SsoError::NotOurs("another nonce")),
        }
    }

    /// A code for somebody to enter elsewhere.
    pub async fn device(&self) -> Result<Device, SsoError> {
        let url = endpoint(&self.metadata.device_authorization_endpoint, "device authorization")?;
        let form = [("client_id", self.client.as_str()), ("scope", &self.scope)];
        let answer = self.web.post(url, &form).await?;
        if !answer.good {
            return Err(fetch::refusal(&answer.body));
        }
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |name: &str| answer.body.get(name).and_then(Value::as_u64);
        let needed = |name: &str| {
            text(name).ok_or_else(|| SsoError::Provider(format!("it gives no {name}")))
        };
        Ok(Device {
            url: needed("verification_uri")?,
            complete: text("verification_uri_complete"),
            code: needed("user_code")?,
            lifetime: seconds("expires_in").map_or(DEVICE_LIFETIME, Duration::from_secs),
            device_code: needed("device_code")?,
            interval: seconds("interval").map_or(INTERVAL, Duration::from_secs),
        })
    }

    /// Waits until somebody entered the code.
    pub async fn entered(&self, device: Device) -> Result<Tokens, SsoError> {
        let mut interval = device.interval;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", &device.device_code),
        ];
        let waiting = async {
            loop {
                tokio::time::sleep(interval).await;
                match self.tokens(&form).await {
                    Err(SsoError::Refused(error, _)) if error == "authorization_pending" => {}
                    Err(SsoError::Refused(error, _)) if error == "slow_down" => {
                        interval += INTERVAL;
                    }
                    // RFC 8628 section 3.5: a connection that fails is tried again, more slowly.
                    Err(SsoError::Unreachable(_)) => interval += INTERVAL,
                    outcome => break outcome,
                }
            }
        };
        tokio::time::timeout(device.lifetime, waiting).await.unwrap_or(Err(SsoError::TooLate))
    }

    /// New tokens without asking the person. The refresh token may be another one now.
    pub async fn refreshed(&self, refresh: &str) -> Result<Tokens, SsoError> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
        let mut tokens = self.tokens(&form).await?;
        tokens.refresh.get_or_insert_with(|| refresh.to_owned());
        Ok(tokens)
    }

    /// Ends what a refresh token stands for, if the provider offers that.
    pub async fn ended(&self, refresh: &str) -> Result<(), SsoError> {
        let Some(url) = &self.metadata.revocation_endpoint else { return Ok(()) };
        let form = [
            ("token", refresh),
            ("token_type_hint", "refresh_token"),
            ("client_id", self.client.as_str()),
        ];
        match self.web.post(url, &form).await {
            Ok(answer) if !answer.good => Err(fetch::refusal(&answer.body)),
            // RFC 7009 section 2.2: a good answer has no body that would matter.
            Ok(_) | Err(SsoError::Provider(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, SsoError> {
        let url = endpoint(&self.metadata.token_endpoint, "token")?;
        let mut form = form.to_vec();
        form.push(("client_id", &self.client));
        let answer = self.web.post(url, &form).await?;
        if !answer.good {
            return Err(fetch::refusal(&answer.body));
        }
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str).map(str::to_owned);
        let none =
            || SsoError::Provider("it gives no ID token: is openid among the scopes?".into());
        Ok(Tokens { id: text("id_token").ok_or_else(none)?, refresh: text("refresh_token") })
    }
}

fn endpoint<'m>(url: &'m Option<String>, what: &str) -> Result<&'m str, SsoError> {
    let none = || SsoError::Provider(format!("it has no {what} endpoint"));
    url.as_deref().ok_or_else(none)
}

/// A claim of a token that came from its issuer itself, so that nobody else can have made it.
fn says(token: &str, name: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get(name)?.as_str().map(str::to_owned)
}
