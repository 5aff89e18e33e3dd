//! A certified provider of OpenID Connect, run by node, and people who sign in there: by a browser
//! and by a device, with Weir's own commands. Knows what a user knows.

use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use testkit::{
    TestDir, Weir, port,
    process::{Server, Start},
    tool::{self, Outcome},
    weir,
};

/// How long it may take to make its keys and listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A provider that runs, stopped when dropped.
#[derive(Debug)]
pub struct Provider {
    _server: Server,
    folder: TestDir,
    port: u16,
}

/// A person's machine: a folder of their own, with what `weir login` keeps.
#[derive(Debug)]
pub struct Person {
    folder: TestDir,
    name: String,
}

fn client(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(file)
}

impl Provider {
    /// Starts it, with ann in the group `support` and bob in none.
    pub fn start() -> Result<Self> {
        let folder = TestDir::new("provider")?;
        let port = port::free_port()?;
        let command: Vec<OsString> =
            vec!["node".into(), client("provider.js").into(), port.to_string().into()];
        let modules = crate::client::packages()?.join("node/node_modules");
        let environment = vec![("NODE_PATH".into(), modules.into())];
        let (name, signal) = ("provider", "TERM");
        let start = Start { name, command, environment, folder: folder.path(), signal };
        let mut server = Server::start(start)?;
        let log = server.log().to_owned();
        let listens =
            || std::fs::read_to_string(&log).is_ok_and(|said| said.lines().any(|l| l == "ready"));
        server.wait_until(PATIENCE, listens)?;
        Ok(Self { _server: server, folder, port })
    }

    /// What it calls itself.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A section of weir.toml that believes it.
    pub fn section(&self, more: &str) -> String {
        format!(
            "[[provider]]\nname = \"corp\"\nissuer = \"{}\"\nclient_id = \"weir\"\n{more}\n",
            self.issuer()
        )
    }

    fn control(&self, what: &str, body: Value) -> Result<Value> {
        let url = format!("{}/test/{what}", self.issuer());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--fail-with-body", "--max-time", "20", "-X", "POST", "-d"]);
        curl.arg(body.to_string()).arg(url);
        Ok(serde_json::from_str(&tool::finish(&mut curl)?.success()?)?)
    }

    /// Puts somebody into these groups and no others.
    pub fn groups(&self, name: &str, groups: &[&str]) -> Result<()> {
        let body = json!({ "name": name, "person": { "groups": groups } });
        self.control("people", body).map(|_| ())
    }

    /// Removes somebody.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.control("people", json!({ "name": name })).map(|_| ())
    }

    /// Makes new keys; those before are no longer its own.
    pub fn rotate(&self) -> Result<()> {
        self.control("rotate", json!({})).map(|_| ())
    }

    /// Knows another client, `console`, whose people come back to this URL.
    pub fn back_to(&self, url: &str) -> Result<()> {
        self.control("back", json!({ "url": url })).map(|_| ())
    }

    /// Does something to what is asked of it from now on.
    pub fn tamper(&self, how: Value) -> Result<()> {
        self.control("tamper", how).map(|_| ())
    }

    /// Signs what no provider would be asked to sign.
    pub fn sign(&self, how: Value) -> Result<String> {
        let signed = self.control("sign", how)?;
        Ok(signed["token"].as_str().context("no token")?.to_owned())
    }

    /// Its folder, with its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The same ES256 token with its signature written the other way: whoever has (r, s) has
/// (r, n - s), which holds as well.
pub fn rewritten(token: &str) -> String {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
        0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(signature.len(), 64);
    let mut borrow = 0;
    for (place, order) in ORDER.iter().enumerate().rev() {
        let digit = i16::from(*order) - i16::from(signature[32 + place]) - borrow;
        borrow = i16::from(digit < 0);
        signature[32 + place] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

impl Person {
    /// Somebody who has never signed in.
    pub fn new(name: &str) -> Result<Self> {
        Ok(Self { folder: TestDir::new("person")?, name: name.to_owned() })
    }

    /// Their folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of Weir's commands on their machine.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(weir::program()?);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("BROWSER", client("browser.js"))
            .env("LOGIN", &self.name)
            .env_remove("WEIR_CONFIG");
        Ok(command)
    }

    /// Runs one of Weir's commands on their machine.
    pub fn run(&self, arguments: &[&str]) -> Result<Outcome> {
        tool::finish(&mut self.command(arguments)?)
    }

    /// Signs in with a browser.
    pub fn login(&self, weir: &Weir) -> Result<Outcome> {
        let (url, ca) = weir.api()?;
        self.run(&["login", &url, "--ca", &ca.display().to_string()])
    }

    /// Signs in with a code that is entered on another device.
    pub fn login_by_device(&self, weir: &Weir) -> Result<Outcome> {
        let (url, ca) = weir.api()?;
        let mut command =
            self.command(&["login", &url, "--device", "--ca", &ca.display().to_string()])?;
        let streams = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn()?;
        let mut out = std::io::BufReader::new(child.stdout.take().context("no output")?);
        let mut page = None;
        let mut said = String::new();
        while page.is_none() {
            let mut line = String::new();
            if std::io::BufRead::read_line(&mut out, &mut line)? == 0 {
                break;
            }
            page = line.strip_prefix("or open ").map(|url| url.trim().to_owned());
            said += &line;
        }
        if let Some(page) = page {
            let mut browser = Command::new(client("browser.js"));
            let entered = browser.arg(page).env("LOGIN", &self.name);
            tool::finish(entered)?.success()?;
        }
        std::io::Read::read_to_string(&mut out, &mut said)?;
        let ended = child.wait_with_output()?;
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        Ok(Outcome {
            command: "weir login --device".to_owned(),
            code: ended.status.code(),
            stdout: said,
            stderr,
        })
    }

    /// A token that is good now, as `weir token` prints it.
    pub fn token(&self) -> Result<String> {
        Ok(self.run(&["token"])?.success()?.trim().to_owned())
    }

    /// Asks the provider anew, as a client does that runs for long.
    pub fn ask_again(&self) -> Result<Outcome> {
        self.run(&["token", "--database", "elsewhere"])
    }

    /// What `weir login` keeps.
    pub fn kept(&self) -> Result<Value> {
        let text = std::fs::read_to_string(self.folder.join("config/weir/login.json"))?;
        Ok(serde_json::from_str(&text)?)
    }
}
