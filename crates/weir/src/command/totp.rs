//! `weir identity totp …`: the second factor of people. What a device has to know is shown once.
//! Knows no session: a running `weir serve` sees in the store who has one.

use crate::{actor::actor, cli::TotpCommand, exit::Failure, out::Out, seal, uptake::taken_up};
use anyhow::Context;
use config::Config;
use identity::{Secret, Totp, recovery_codes, recovery_hash};
use model::IdentityKind;
use qrcode::{QrCode, render::unicode::Dense1x2};
use std::time::SystemTime;
use store::Store;

pub(super) async fn run(config: &Config, command: TotpCommand) -> Result<(), Failure> {
    let store = Store::open(&config.state_dir).await?;
    let now = SystemTime::now();
    let mut out = Out::new();
    match command {
        TotpCommand::Enrol { name, json } => enrol(&store, config, &name, json, &mut out).await?,
        TotpCommand::Codes { name, json } => {
            let (codes, hashes) = codes()?;
            if !store.set_recovery_codes(&name, &hashes, &actor(), now).await? {
                return Err(none(&name));
            }
            if json {
                out.json(&codes.iter().map(Secret::expose).collect::<Vec<_>>())?;
            } else {
                show_codes(&mut out, &codes)?;
            }
        }
        TotpCommand::Remove { name } => {
            if !store.remove_second_factor(&name, &actor(), now).await? {
                return Err(none(&name));
            }
            out.line(format!("{name} signs in by the password alone."))?;
        }
    }
    store.close().await;
    // What is shown once is shown whether the running Weir has heard of it or not.
    out.flush()?;
    taken_up(&config.state_dir).await.told()
}

async fn enrol(
    store: &Store,
    config: &Config,
    name: &str,
    json: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let account = store.identity(name).await?;
    let person = account.is_some_and(|account| account.kind == IdentityKind::Person);
    if !person {
        return Err(Failure::Refused(format!("there is no person \"{name}\"")));
    }
    let totp = Totp::generate()?;
    let sealed = totp.seal(&seal::key(&config.state_dir, true)?, name)?;
    let (codes, hashes) = codes()?;
    let now = SystemTime::now();
    store.set_second_factor(name, (&sealed, &hashes), &actor(), now).await?;
    let uri = totp.uri(name);
    if json {
        let shown: Vec<&str> = codes.iter().map(Secret::expose).collect();
        out.json(&serde_json::json!({
            "name": name, "uri": uri.expose(), "secret": totp.digits().expose(), "codes": shown,
        }))?;
        return Ok(());
    }
    out.line(format!("{name} has a second factor from now on. Shown this once:"))?;
    let picture = QrCode::new(uri.expose()).context("a picture of the link")?;
    // Terminals are dark, mostly: what is light in the picture is what they write.
    let picture = picture
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    out.text(picture)?;
    out.line(uri.expose())?;
    show_codes(out, &codes)
}

fn show_codes(out: &mut Out, codes: &[Secret]) -> Result<(), Failure> {
    out.line("For when the device is gone, each good once:")?;
    for code in codes {
        out.line(format!("  {}", code.expose()))?;
    }
    Ok(())
}

/// New codes, and what is kept of them.
fn codes() -> Result<(Vec<Secret>, Vec<[u8; 32]>), Failure> {
    let codes = recovery_codes()?;
    let hashes = codes.iter().filter_map(|code| recovery_hash(code.expose())).collect();
    Ok((codes, hashes))
}

fn none(name: &str) -> Failure {
    Failure::Refused(format!("{name} has no second factor"))
}
