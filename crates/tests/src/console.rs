//! A stage with a console, people of each role, and requests to it as curl sends them. Knows what a
//! browser and somebody with evil in mind know.

use crate::{Stage, browser::Browser, hold};
use anyhow::Result;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use testkit::{
    Weir,
    weir::{Options, PASSWORD},
};

/// Who may what, beside `admins`.
pub const SECTION: &str = "[console]\nviewers = [\"staff\"]\napprovers = [\"dba\", \"security\"]\n\
    auditors = [\"audit\"]\n";
/// A viewer.
pub const VIEWER: &str = "victor";
/// An auditor.
pub const AUDITOR: &str = "olga";
/// An approver.
pub const APPROVER: &str = "carol";
/// Somebody without a role.
pub const NOBODY: &str = "mallory";

/// A stage where statements wait, with a console and people of each role.
pub fn stage() -> Stage {
    stage_with(|options| options)
}

/// The same with a Weir that is described further.
pub fn stage_with(more: impl FnOnce(Options) -> Options) -> Stage {
    hold::stage_with(|options| more(options.api().sections(SECTION)))
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub text: String,
}

impl Reply {
    /// A header's value, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// What it sets a cookie to, and how.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let all = self.headers.iter().filter(|(one, _)| one == "set-cookie");
        all.map(|(_, value)| value.as_str()).find(|value| value.starts_with(&format!("{name}=")))
    }
}

/// Somebody who talks to the console without a browser.
#[derive(Clone, Debug)]
pub struct Visitor {
    url: String,
    certificate: PathBuf,
    /// The cookie that they show, if any.
    pub cookie: String,
}

impl Visitor {
    /// Nobody yet.
    pub fn new(weir: &Weir) -> Self {
        let (url, certificate) = weir.api().unwrap();
        Self { url, certificate, cookie: String::new() }
    }

    /// Somebody who signed in.
    pub fn signed_in(weir: &Weir, name: &str) -> Self {
        let mut visitor = Self::new(weir);
        let reply = visitor.try_sign_in(name, PASSWORD);
        let set = reply.cookie("__Host-weir").unwrap_or_else(|| panic!("{reply:?}"));
        visitor.cookie = set.split(';').next().unwrap().to_owned();
        visitor
    }

    /// The same with another cookie.
    pub fn with(&self, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..self.clone() }
    }

    /// Where the console is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tries to sign in.
    pub fn try_sign_in(&self, name: &str, password: &str) -> Reply {
        let form = [("name", name), ("password", password)];
        self.post("/console/sign-in", &form, &[&format!("Origin: {}", self.url)])
    }

    /// Gets a page.
    pub fn get(&self, path: &str) -> Reply {
        self.send(path, &[], None)
    }

    /// Sends a form with these headers and no others.
    pub fn post(&self, path: &str, form: &[(&str, &str)], headers: &[&str]) -> Reply {
        let escape =
            |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let pairs = form.iter().map(|(name, value)| format!("{name}={}", escape(value)));
        self.send(path, headers, Some(&pairs.collect::<Vec<_>>().join("&")))
    }

    /// Sends a form as a page of the console would.
    pub fn press(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let csrf = self.csrf();
        let form = [&[("csrf", csrf.as_str())], form].concat();
        self.post(path, &form, &[&format!("Origin: {}", self.url), "Sec-Fetch-Site: same-origin"])
    }

    /// The word that this sign-in's forms carry.
    pub fn csrf(&self) -> String {
        let page = self.get("/console/approvals").text;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }

    fn send(&self, path: &str, headers: &[&str], body: Option<&str>) -> Reply {
        let mut curl = Command::new("curl");
        curl.args(["-sSi", "--path-as-is", "--max-time", "20", "--cacert"]);
        curl.arg(&self.certificate).arg(format!("{}{path}", self.url));
        if !self.cookie.is_empty() {
            curl.args(["-H", &format!("Cookie: {}", self.cookie)]);
        }
        for header in headers {
            curl.args(["-H", header]);
        }
        if body.is_some() {
            curl.args(["--data-binary", "@-"]);
        }
        let streams = curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut curl = streams.spawn().unwrap();
        let _ = curl.stdin.take().unwrap().write_all(body.unwrap_or_default().as_bytes());
        let said = curl.wait_with_output().unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{path}: {}", String::from_utf8_lossy(&said.stderr)));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Reply { status, headers: lines.map(header).collect(), text: body.to_owned() }
    }
}

/// Signs somebody in with a browser.
pub fn sign_in(browser: &Browser, weir: &Weir, name: &str) -> Result<()> {
    sign_in_at(browser, &weir.api()?.0, name)
}

/// The same where the console goes by another name.
pub fn sign_in_at(browser: &Browser, url: &str, name: &str) -> Result<()> {
    browser.go(&format!("{url}/console/sign-in"))?;
    browser.write("#name", name)?;
    browser.write("#password", PASSWORD)?;
    browser.press("form button.main")?;
    browser.finds(".places");
    Ok(())
}

/// Where the documentation's pictures go, if they are to be made: `cargo xtask pictures` says so.
pub fn pictures() -> Option<PathBuf> {
    std::env::var_os("WEIR_PICTURES").map(PathBuf::from)
}

/// Where pictures of pages go.
pub fn shots() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    target.unwrap_or(beside).join("console-shots")
}
