//! Asking a cloud's endpoints, and reading tokens from what they answer. No error holds more of an
//! answer than its own words about an error.

use super::Token;
use crate::fetched;
use anyhow::{Context, bail};
use identity::Secret;
use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::Value;
use std::time::Duration;

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read: bytes.
const MAX_BYTES: usize = 64 << 10;
/// How much of its complaint is said: characters.
const COMPLAINT: usize = 200;
/// The longest that a token is believed to be good for, whatever is said.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// What asks.
pub(super) struct Web {
    http: Client,
}

/// An answer that is a good one.
pub(super) struct Answer {
    headers: header::HeaderMap,
    body: Vec<u8>,
}

impl Web {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { http: fetched::client(None, PATIENCE)? })
    }

    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.http.request(Method::GET, url)
    }

    pub(super) fn put(&self, url: &str) -> RequestBuilder {
        self.http.request(Method::PUT, url).header(header::CONTENT_LENGTH, "0")
    }

    /// A POST of a form.
    pub(super) fn post(&self, url: &str, form: &[(&str, &str)]) -> anyhow::Result<RequestBuilder> {
        let kind = "application/x-www-form-urlencoded";
        let request = self.http.request(Method::POST, url).header(header::CONTENT_TYPE, kind);
        Ok(request.body(serde_urlencoded::to_string(form)?))
    }
}

/// Sends it; `whom` is for errors.
pub(super) async fn send(request: RequestBuilder, whom: &str) -> anyhow::Result<Answer> {
    let answer = request.send().await.map_err(reqwest::Error::without_url);
    let answer = answer.with_context(|| format!("{whom} is not reachable"))?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = fetched::body(answer, MAX_BYTES).await.with_context(|| whom.to_owned())?;
    if !status.is_success() {
        bail!("{whom} answers {}{}", status.as_u16(), complaint(&body));
    }
    Ok(Answer { headers, body })
}

impl Answer {
    /// A header, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub(super) fn text(&self) -> anyhow::Result<&str> {
        std::str::from_utf8(&self.body).ok().context("the answer is no text")
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).ok().context("the answer is no JSON")
    }

    /// An OAuth answer's access token.
    pub(super) fn token(&self) -> anyhow::Result<Token> {
        let said = self.json()?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let secret = text("access_token").filter(|token| !token.is_empty());
        let secret = secret.context("the answer has no access token")?;
        // A number, and at Azure's metadata service a text.
        let lasts = said.get("expires_in").context("the answer says no end of the token")?;
        let lasts = lasts.as_u64().or_else(|| lasts.as_str()?.parse().ok());
        let lasts = Duration::from_secs(lasts.context("the end of the token is no number")?);
        Ok(Token { secret: Secret::from(secret.to_owned()), lasts: lasts.min(LONGEST) })
    }
}

/// What stands in the first element of this name, as it is written. For answers whose values need
/// no character that XML writes otherwise.
pub(super) fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, text) = text.split_once(&format!("<{name}>"))?;
    text.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

/// The words about an error: of an OAuth answer, or of AWS's.
fn complaint(body: &[u8]) -> String {
    let said: Option<Value> = serde_json::from_slice(body).ok();
    let text = |name: &str| said.as_ref()?.get(name)?.as_str();
    let xml = std::str::from_utf8(body).ok();
    let words = [
        text("error"),
        text("error_description"),
        xml.and_then(|xml| element(xml, "Code")),
        xml.and_then(|xml| element(xml, "Message")),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let words: String =
        words.join(": ").chars().filter(|c| !c.is_control()).take(COMPLAINT).collect();
    if words.is_empty() { words } else { format!(": {words}") }
}
