//! GCP: an access token of a service account is the password (Cloud SQL and AlloyDB, IAM database
//! authentication). It is asked of the metadata server, or exchanged for a word that is signed with
//! a key of the account's (RFC 7523). Its scope is to sign in at databases and nothing else.

use super::{
    Token,
    ask::{Web, send},
};
use anyhow::{Context, bail};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What a token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/sqlservice.login";
/// How an exchange is named.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long the signed word is good for.
const WORD: Duration = Duration::from_secs(300);
/// What Google's metadata server says of itself, and wants to hear.
const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// Whoever asks for tokens.
pub(super) struct Gcp {
    web: Web,
    metadata: String,
    key_file: Option<PathBuf>,
}

/// What of a key's file counts.
#[derive(Deserialize)]
struct KeyFile {
    r#type: String,
    client_email: String,
    private_key: String,
    private_key_id: String,
    token_uri: String,
}

impl Gcp {
    pub(super) fn new(settings: &config::Gcp) -> anyhow::Result<Self> {
        let config::Gcp { key_file, metadata } = settings.clone();
        Ok(Self { web: Web::new()?, metadata, key_file })
    }

    pub(super) async fn token(&self, now: SystemTime) -> anyhow::Result<Token> {
        match &self.key_file {
            Some(file) => self.by_key(file, now).await,
            None => self.of_instance().await,
        }
    }

    async fn of_instance(&self) -> anyhow::Result<Token> {
        let path = "computeMetadata/v1/instance/service-accounts/default/token";
        let scope = serde_urlencoded::to_string([("scopes", SCOPE)])?;
        let request = self.web.get(&format!("{}/{path}?{scope}", self.metadata));
        let answer = send(request.header(FLAVOR.0, FLAVOR.1), "the metadata server").await?;
        if answer.header(FLAVOR.0) != Some(FLAVOR.1) {
            bail!("what answers as the metadata server is none of Google's");
        }
        answer.token()
    }

    async fn by_key(&self, file: &Path, now: SystemTime) -> anyhow::Result<Token> {
        let text = tokio::fs::read(file).await;
        let text = text.with_context(|| format!("key_file {}", file.display()))?;
        let key: KeyFile = serde_json::from_slice(&text)
            .ok()
            .with_context(|| format!("key_file {} is no key of Google's", file.display()))?;
        if key.r#type != "service_account" {
            bail!("key_file {} is no key of a service account", file.display());
        }
        let near = ["https://", "http://127.0.0.1:", "http://localhost:"];
        if !near.iter().any(|near| key.token_uri.starts_with(near)) {
            bail!("`token_uri` in {} is not https", file.display());
        }
        let word = word(&key, now)?;
        let form = [("grant_type", GRANT), ("assertion", word.as_str())];
        send(self.web.post(&key.token_uri, &form)?, "Google").await?.token()
    }
}

/// A service account's word for itself, signed with its key.
fn word(key: &KeyFile, now: SystemTime) -> anyhow::Result<String> {
    let now = now.duration_since(UNIX_EPOCH)?.as_secs();
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": key.private_key_id });
    let claims = json!({
        "iss": key.client_email, "scope": SCOPE, "aud": key.token_uri,
        "iat": now, "exp": now + WORD.as_secs(),
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let pair = pair(&key.private_key).context("the private key is no RSA key in PEM (PKCS #8)")?;
    let mut signature = vec![0; pair.public_modulus_len()];
    let signed =
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.ok().context("the private key does not sign")?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn pair(pem: &str) -> Option<RsaKeyPair> {
    let inside = pem.split_once("-----BEGIN PRIVATE KEY-----")?.1;
    let inside = inside.split_once("-----END PRIVATE KEY-----")?.0;
    let der = STANDARD.decode(inside.split_ascii_whitespace().collect::<String>()).ok()?;
    RsaKeyPair::from_pkcs8(&der).ok()
}
