//! `weir login`, `weir logout`, `weir token`: a person's own sign-in by a provider. Needs no
//! weir.toml.

mod local;

use crate::{
    cli::{LoginArgs, TokenArgs},
    exit::Failure,
    login::{self, Login, Vouching, Want},
    out::Out,
};
use anyhow::{Context, bail};
use serde::Deserialize;
use sso::{Flow, Tokens, Web};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How long somebody may take to sign in with a browser.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long a connection to the little server may take to say what it wants.
const REQUEST_WITHIN: Duration = Duration::from_secs(5);
/// The longest request of a browser: bytes.
const MAX_REQUEST: usize = 16 << 10;

/// What Weir says about where people sign in.
#[derive(Deserialize)]
struct Offer {
    providers: Vec<Vouching>,
    postgres_port: u16,
}

pub(super) async fn login(args: LoginArgs) -> Result<(), Failure> {
    let file = login::file()?;
    let weir = args.url.trim_end_matches('/').to_owned();
    let host = weir.strip_prefix("https://").and_then(|rest| rest.split(['/', '?']).next());
    let host = host.filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| Failure::Refused("the URL begins with https://".to_owned()))?;
    let ca = args.ca.as_deref().map(std::path::absolute).transpose()?;
    if args.local {
        let place =
            local::Place { host: bare(host).to_owned(), weir: weir.clone(), ca, file: &file };
        return said(&local::login(args, place).await?);
    }
    let offer = offer(&weir, ca.as_deref()).await?;
    if offer.providers.is_empty() {
        let (host, port) = (args.host.as_deref().unwrap_or(bare(host)), offer.postgres_port);
        let port = args.port.unwrap_or(port);
        let psql = format!("psql -h {host} -p {port} -U NAME DATABASE");
        let why = format!("this Weir has no [[provider]]: sign in with your password: {psql}");
        return Err(Failure::Refused(why));
    }
    let mut provider = chosen(offer.providers, args.provider.as_deref())?;
    provider.ca = args.provider_ca.as_deref().map(std::path::absolute).transpose()?;
    let signed_out = Login {
        host: args.host.unwrap_or_else(|| bare(host).to_owned()),
        port: args.port.unwrap_or(offer.postgres_port),
        weir,
        ca,
        provider,
        refresh: None,
        sign_in: None,
        identity: String::new(),
        token: None,
    };
    let flow = signed_out.flow().await?;
    let tokens = match args.device {
        true => by_device(&flow).await?,
        false => by_browser(&flow).await?,
    };
    said(&signed_out.begin(&file, tokens).await?)
}

fn said(login: &Login) -> Result<(), Failure> {
    let mut out = Out::new();
    out.line(format!("Signed in as {}.", login.identity))?;
    out.line("Try: weir connect DATABASE")?;
    Ok(out.flush()?)
}

/// The host without its port.
fn bare(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        _ => authority,
    }
    .trim_matches(['[', ']'])
}

async fn offer(weir: &str, ca: Option<&Path>) -> anyhow::Result<Offer> {
    let answer = Web::new(ca)?.get(&format!("{weir}/api/v1/providers")).await;
    let answer = answer.map_err(|error| login::unreached(weir, error))?;
    if !answer.good {
        bail!("{weir} is not Weir's API");
    }
    serde_json::from_value(answer.body).context("Weir's answer is not understood")
}

fn chosen(mut all: Vec<Vouching>, name: Option<&str>) -> Result<Vouching, Failure> {
    if let Some(name) = name {
        all.retain(|one| one.name == name);
    }
    let names: Vec<String> = all.iter().map(|one| one.name.clone()).collect();
    match all.pop() {
        Some(only) if all.is_empty() => Ok(only),
        Some(_) => {
            let why = format!("there are several providers, --provider: {}", names.join(", "));
            Err(Failure::Refused(why))
        }
        None => Err(Failure::Refused("there is no such provider in Weir's weir.toml".to_owned())),
    }
}

async fn by_device(flow: &Flow) -> anyhow::Result<Tokens> {
    let device = flow.device().await?;
    let mut out = Out::new();
    let minutes = device.lifetime.as_secs() / 60;
    out.line(format!("Open {} and enter {}", device.url, device.code))?;
    if let Some(complete) = &device.complete {
        out.line(format!("or open {complete}"))?;
    }
    out.line(format!("(good for {minutes} minutes)"))?;
    out.flush()?;
    Ok(flow.entered(device).await?)
}

/// Opens a browser, and waits on a port of this machine for what it brings back (RFC 8252).
async fn by_browser(flow: &Flow) -> anyhow::Result<Tokens> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let redirect = format!("http://127.0.0.1:{}/callback", listener.local_addr()?.port());
    let pending = flow.browser(&redirect)?;
    let mut out = Out::new();
    out.text(format!("Opening a browser. If none opens, go to\n{}", pending.url))?;
    out.flush()?;
    open(&pending.url);
    let query = tokio::time::timeout(PATIENCE, brought_back(&listener));
    let (query, browser) = query.await.context("nobody signed in in time")??;
    let tokens = flow.answered(pending, &query).await;
    let said = match &tokens {
        Ok(_) => "You are signed in and may close this page.".to_owned(),
        Err(error) => format!("You are not signed in: {error}."),
    };
    let _ = answer(browser, "200 OK", &said).await;
    Ok(tokens?)
}

/// The query of the first request for the callback. Others are told that there is nothing.
async fn brought_back(listener: &TcpListener) -> anyhow::Result<(String, TcpStream)> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let path = tokio::time::timeout(REQUEST_WITHIN, asked_for(&mut stream)).await;
        let path = path.ok().and_then(Result::ok).unwrap_or_default();
        match path.strip_prefix("/callback?") {
            Some(query) => return Ok((query.to_owned(), stream)),
            None => {
                let _ = answer(stream, "404 Not Found", "There is nothing here.").await;
            }
        }
    }
}

/// The path of a GET.
async fn asked_for(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > MAX_REQUEST || stream.read_buf(&mut request).await? == 0 {
            bail!("no request");
        }
    }
    let text = String::from_utf8_lossy(&request);
    let line = text.lines().next().unwrap_or_default();
    let path = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    Ok(path.unwrap_or_default().to_owned())
}

async fn answer(mut stream: TcpStream, status: &str, said: &str) -> std::io::Result<()> {
    let safe = said.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!("<!doctype html><title>Weir</title><p>{safe}</p>\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Security-Policy: default-src 'none'\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}

/// Starts $BROWSER, or what the system opens pages with. Nothing is lost if there is none: the
/// address was printed.
fn open(url: &str) {
    let own = std::env::var_os("BROWSER").filter(|browser| !browser.is_empty());
    let system = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let browser = own.unwrap_or_else(|| system.into());
    let quiet = std::process::Command::new(browser)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(quiet);
}

pub(super) async fn logout() -> Result<(), Failure> {
    let mut out = Out::new();
    match login::end(&login::file()?).await? {
        true => out.line("Signed out.")?,
        false => out.line("Nobody was signed in.")?,
    }
    Ok(out.flush()?)
}

pub(super) async fn token(args: TokenArgs) -> Result<(), Failure> {
    let (login, token) = login::token(&login::file()?, &args.databases, Want::Fresh).await?;
    let mut out = Out::new();
    if args.json {
        out.json(&serde_json::json!({
            "identity": login.identity,
            "token": token.secret.expose(),
            "until": ledger::Time::from(token.until),
        }))?;
    } else {
        out.data(token.secret.expose())?;
    }
    Ok(out.flush()?)
}
