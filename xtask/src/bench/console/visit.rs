//! Somebody who asks for pages and for what the API has, by curl. Knows no page.

use super::pages::{Page, Way};
use anyhow::{Context, Result, bail};
use std::{path::PathBuf, process::Command};
use testkit::{
    Weir, tool,
    weir::{ADMIN, PASSWORD},
};

/// An admin who signed in at both doors.
pub(super) struct Visitor {
    url: String,
    certificate: PathBuf,
    cookie: String,
    token: String,
}

/// What came of one request.
pub(super) struct Seen {
    pub(super) status: u16,
    /// From before the connection was opened until the last byte was there.
    pub(super) ms: f64,
    pub(super) bytes: usize,
    pub(super) text: String,
}

/// What curl writes behind an answer.
const MARK: &str = "\n--- weir ";

impl Visitor {
    pub(super) fn sign_in(weir: &Weir) -> Result<Self> {
        let (url, certificate) = weir.api()?;
        let mut visitor = Self { url, certificate, cookie: String::new(), token: String::new() };
        let own = format!("Origin: {}", visitor.url);
        let (name, password) = (format!("name={ADMIN}"), format!("password={PASSWORD}"));
        let form = ["-i", "-H", &own, "--data-urlencode", &name, "--data-urlencode", &password];
        let page = visitor.curl("/console/sign-in", &form)?.text;
        let set = page.lines().find_map(|line| line.split_once("__Host-weir="));
        let (_, cookie) = set.with_context(|| format!("nobody was signed in: {page}"))?;
        visitor.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let body = serde_json::json!({ "name": ADMIN, "password": PASSWORD }).to_string();
        let json = ["-H", "Content-Type: application/json", "--data-binary", &body];
        let session = visitor.curl("/api/v1/session", &json)?.text;
        let session: serde_json::Value = serde_json::from_str(&session)?;
        let token = session.get("token").and_then(serde_json::Value::as_str);
        visitor.token = token.context("no token")?.to_owned();
        Ok(visitor)
    }

    /// Asks for one.
    pub(super) fn ask(&self, page: &Page) -> Result<Seen> {
        let header = match page.way {
            Way::Stranger => return self.curl(&page.path, &[]),
            Way::Console => format!("Cookie: __Host-weir={}", self.cookie),
            Way::Api => format!("Authorization: Bearer {}", self.token),
        };
        self.curl(&page.path, &["-H", &header])
    }

    fn curl(&self, path: &str, more: &[&str]) -> Result<Seen> {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "60", "--cacert"]).arg(&self.certificate).args(more);
        curl.args(["-w", &format!("{MARK}%{{http_code}} %{{time_total}} %{{size_download}}")]);
        let said = tool::finish(curl.arg(format!("{}{path}", self.url)))?.success()?;
        let (text, figures) = said.rsplit_once(MARK).context("curl says nothing")?;
        let figures: Vec<&str> = figures.split(' ').collect();
        let [status, seconds, bytes] = figures.as_slice() else { bail!("curl says {figures:?}") };
        Ok(Seen {
            status: status.parse()?,
            ms: seconds.parse::<f64>()? * 1_000.0,
            bytes: bytes.parse()?,
            text: text.to_owned(),
        })
    }
}
