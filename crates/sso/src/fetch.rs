//! HTTP towards a provider: encrypted, bounded, without redirects. Knows no message.

use crate::SsoError;
use net::tls::{ClientTls, Mode};
use reqwest::{Client, Method, RequestBuilder, Url, header, redirect::Policy};
use serde_json::Value;
use std::{error::Error, path::Path, time::Duration};

/// How long a provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: bytes.
const MAX_BYTES: usize = 512 << 10;

/// A client for one provider.
#[derive(Clone, Debug)]
pub struct Web {
    client: Client,
}

/// An answer in JSON.
#[derive(Debug)]
pub struct Answer {
    /// True if it is a good one.
    pub good: bool,
    /// What it says.
    pub body: Value,
}

impl Web {
    /// A client that believes these certificates, or the system's.
    pub fn new(ca: Option<&Path>) -> Result<Self, SsoError> {
        let unusable = |error: &dyn std::fmt::Display| SsoError::Unreachable(error.to_string());
        let tls = ClientTls::new(Mode::VerifyFull, ca, None).map_err(|error| unusable(&error))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.config())
            .timeout(PATIENCE)
            .redirect(Policy::none())
            // What a person's environment says must not come between.
            .no_proxy()
            .build();
        Ok(Self { client: client.map_err(|error| unusable(&error))? })
    }

    /// A GET.
    pub async fn get(&self, url: &str) -> Result<Answer, SsoError> {
        self.send(self.client.request(Method::GET, address(url)?)).await
    }

    /// A POST of a form.
    pub async fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<Answer, SsoError> {
        let body = serde_urlencoded::to_string(form);
        let body = body.map_err(|error| SsoError::Provider(error.to_string()))?;
        let request = self.client.request(Method::POST, address(url)?);
        let kind = "application/x-www-form-urlencoded";
        self.send(request.header(header::CONTENT_TYPE, kind).body(body)).await
    }

    /// A POST of JSON.
    pub async fn post_json(&self, url: &str, body: &Value) -> Result<Answer, SsoError> {
        let request = self.client.request(Method::POST, address(url)?);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, SsoError> {
        // The address may hold what is nobody else's business.
        let unreachable = |error: reqwest::Error| {
            let error = error.without_url();
            let causes: Vec<String> = causes(&error).map(ToString::to_string).collect();
            // The TLS library's own words for it (`rustls::Error::InvalidCertificate`).
            if let Some(why) =
                causes.iter().find(|cause| cause.contains("invalid peer certificate"))
            {
                return SsoError::Untrusted(why.clone());
            }
            let first = causes.into_iter().next();
            SsoError::Unreachable(first.unwrap_or_else(|| error.to_string()))
        };
        let request = request.header(header::ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_BYTES {
                return Err(SsoError::Provider("its answer is too long".to_owned()));
            }
        }
        match serde_json::from_slice(&bytes) {
            Ok(body) => Ok(Answer { good: status.is_success(), body }),
            Err(_) => Err(SsoError::Provider(format!("it answers {status} without JSON"))),
        }
    }
}

/// What an error comes from, one after the other.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |error| (*error).source())
}

/// An address that may be asked: over TLS, or on this machine.
pub(crate) fn address(url: &str) -> Result<Url, SsoError> {
    let parsed = Url::parse(url);
    let parsed = parsed.map_err(|_| SsoError::Provider(format!("{url:?} is no address")))?;
    let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let own = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if own => Ok(parsed),
        _ => Err(SsoError::Unreachable(format!("{url:?} is not https"))),
    }
}

/// The provider's own words about an error, without anything that a terminal would take for more.
pub(crate) fn refusal(body: &Value) -> SsoError {
    let word = |name: &str| -> String {
        let text = body.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(200).collect()
    };
    match word("error") {
        error if error.is_empty() => SsoError::Provider("it answers with no error's name".into()),
        error => SsoError::Refused(error, word("error_description")),
    }
}
