//! A real browser, Chromium, driven by its own driver over WebDriver (W3C): one request, one
//! answer, by hand. Knows no page.

use crate::hold::until;
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    time::Duration,
};
use testkit::{
    TestDir, port,
    process::{Server, Start},
    tool,
};

/// How long the driver may take to listen, and an answer to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How large pictures of the documentation are beside the page.
const PICTURE: f64 = 0.6;

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Its name, for files.
    pub name: &'static str,
    width: u32,
    height: u32,
    dark: bool,
}

/// A desk by day.
pub const LIGHT: View = View { name: "light", width: 1440, height: 900, dark: false };
/// A desk by night.
pub const DARK: View = View { name: "dark", width: 1440, height: 900, dark: true };
/// A phone.
pub const PHONE: View = View { name: "phone", width: 390, height: 844, dark: false };
/// The narrowest that is promised.
pub const NARROW: View = View { name: "narrow", width: 360, height: 740, dark: true };
/// All of them.
pub const VIEWS: [View; 4] = [LIGHT, DARK, PHONE, NARROW];

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    _driver: Server,
    folder: TestDir,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one that believes any certificate: Weir's is its own in development.
    pub fn start() -> Result<Self> {
        let folder = TestDir::new("browser")?;
        let port = port::free_port()?;
        let command: Vec<OsString> =
            vec!["chromedriver".into(), format!("--port={port}").into(), "--silent".into()];
        let start = Start {
            name: "chromedriver",
            command,
            environment: vec![("HOME".into(), folder.path().into())],
            folder: folder.path(),
            signal: "TERM",
        };
        let mut driver = Server::start(start)?;
        driver.wait_until(PATIENCE, || exchange(port, "GET", "/status", "").is_ok())?;
        let mut browser = Self { _driver: driver, folder, port, session: String::new() };
        let profile = browser.folder.join("profile").display().to_string();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--user-data-dir={profile}"),
        ];
        if tool::is_root() {
            arguments.push("--no-sandbox".to_owned());
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": true,
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let made = browser.ask("POST", "/session", &wanted)?;
        browser.session = made["sessionId"].as_str().context("no session")?.to_owned();
        browser.look(LIGHT)?;
        Ok(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let answer = exchange(self.port, method, path, &body)?;
        let value = answer["value"].clone();
        if value["error"].is_string() {
            bail!("{method} {path}: {} {}", value["error"], value["message"]);
        }
        Ok(value)
    }

    fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.ask("POST", &format!("/session/{}{path}", self.session), &body)
    }

    fn get(&self, path: &str) -> Result<Value> {
        self.ask("GET", &format!("/session/{}{path}", self.session), &Value::Null)
    }

    fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    /// Looks at pages so from now on.
    pub fn look(&self, view: View) -> Result<()> {
        let scheme = if view.dark { "dark" } else { "light" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }))?;
        let size = json!({
            "width": view.width, "height": view.height, "deviceScaleFactor": 1,
            "screenWidth": view.width, "screenHeight": view.height,
            "mobile": view.width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size).map(|_| ())
    }

    /// Goes somewhere.
    pub fn go(&self, url: &str) -> Result<()> {
        self.post("/url", json!({ "url": url })).map(|_| ())
    }

    /// Where it is.
    pub fn url(&self) -> Result<String> {
        Ok(self.get("/url")?.as_str().unwrap_or_default().to_owned())
    }

    /// What a script answers, run beside the page's own policy.
    pub fn script(&self, script: &str) -> Result<Value> {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The same for one that calls its last argument when it is done.
    pub fn later(&self, script: &str) -> Result<Value> {
        self.post("/execute/async", json!({ "script": script, "args": [] }))
    }

    fn element(&self, selector: &str) -> Result<String> {
        let found = self.post("/element", json!({ "using": "css selector", "value": selector }))?;
        let id = found.as_object().and_then(|all| all.values().next()).and_then(Value::as_str);
        Ok(id.context("no element")?.to_owned())
    }

    /// True if there is one.
    pub fn has(&self, selector: &str) -> bool {
        self.element(selector).is_ok()
    }

    /// Presses what is found first.
    pub fn press(&self, selector: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/click"), json!({})).map(|_| ())
    }

    /// Writes into what is found first.
    pub fn write(&self, selector: &str, text: &str) -> Result<()> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).map(|_| ())
    }

    /// The text of what is found first, as it is seen.
    pub fn text(&self, selector: &str) -> Result<String> {
        let element = self.element(selector)?;
        let text = self.get(&format!("/element/{element}/text"))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Gives it a security key, which its holder touches and has a PIN for.
    pub fn has_authenticator(&self) -> Result<String> {
        let key = json!({
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": false,
            "hasUserVerification": true, "isUserVerified": true,
        });
        let id = self.post("/webauthn/authenticator", key)?;
        Ok(id.as_str().unwrap_or_default().to_owned())
    }

    /// Takes a security key away.
    pub fn loses_authenticator(&self, id: &str) -> Result<()> {
        let path = format!("/session/{}/webauthn/authenticator/{id}", self.session);
        self.ask("DELETE", &path, &json!({})).map(|_| ())
    }

    /// Says yes to what the page asks.
    pub fn say_yes(&self) -> Result<()> {
        self.post("/alert/accept", json!({})).map(|_| ())
    }

    /// Looks until the page has a text.
    pub fn sees(&self, text: &str) {
        until(text, || {
            let page = self.text("body").unwrap_or_default();
            page.contains(text).then_some(())
        });
    }

    /// Looks until something is found.
    pub fn finds(&self, selector: &str) {
        until(selector, || self.has(selector).then_some(()));
    }

    /// What the browser complained about since the last time it was asked: scripts and styles that
    /// the page's policy did not let run, errors in scripts.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let log = self.post("/se/log", json!({ "type": "browser" }))?;
        let entries = log.as_array().cloned().unwrap_or_default();
        let loud = entries.iter().filter(|entry| entry["level"] == "SEVERE");
        Ok(loud.map(|entry| entry["message"].to_string()).collect())
    }

    /// A picture of the whole page.
    pub fn shoot(&self, file: &Path) -> Result<()> {
        let how = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.devtools("Page.captureScreenshot", how)?;
        let bytes = STANDARD.decode(shot["data"].as_str().context("no picture")?)?;
        std::fs::create_dir_all(file.parent().context("no folder")?)?;
        std::fs::write(file, bytes).with_context(|| file.display().to_string())
    }

    /// A small picture of what is seen first, for the documentation.
    pub fn picture(&self, file: &Path) -> Result<()> {
        let clip = json!({
            "x": 0, "y": 0, "width": LIGHT.width, "height": LIGHT.height, "scale": PICTURE,
        });
        let shot =
            self.devtools("Page.captureScreenshot", json!({ "format": "png", "clip": clip }));
        let bytes = STANDARD.decode(shot?["data"].as_str().context("no picture")?)?;
        std::fs::create_dir_all(file.parent().context("no folder")?)?;
        std::fs::write(file, bytes).with_context(|| file.display().to_string())
    }

    /// What axe finds wrong with the page: rules, what they say, where.
    pub fn axe(&self) -> Result<Vec<String>> {
        let file = crate::client::packages()?.join("node/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        self.script(&axe)?;
        let found = self.later(
            "const done = arguments[arguments.length - 1];
             const only = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
             axe.run(document, { runOnly: only }).then(
               (r) => done(r.violations.map((v) => `${v.id}: ${v.help}: ` +
                 v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join(' | '))),
               (e) => done([String(e)]));",
        )?;
        let found = found.as_array().context("axe says nothing")?;
        Ok(found.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect())
    }

    /// True if nothing of the page has to be scrolled to sideways.
    pub fn fits(&self) -> Result<bool> {
        // A phone makes its window wider for what does not fit; its screen stays.
        let script = "return document.documentElement.scrollWidth <= screen.width";
        Ok(self.script(script)? == Value::Bool(true))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser by itself if this fails.
        let _ = exchange(self.port, "DELETE", &format!("/session/{}", self.session), "");
    }
}

/// One request to the driver. It answers with a length.
fn exchange(port: u16, method: &str, path: &str, body: &str) -> Result<Value> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let length: usize = length.context("an answer without a length")?;
            let begins = bytes.len() - rest.len();
            if bytes.len() >= begins + length {
                return Ok(serde_json::from_slice(&bytes[begins..begins + length])?);
            }
        }
        match stream.read(&mut chunk)? {
            0 => bail!("the driver hung up: {}", String::from_utf8_lossy(&bytes)),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}
