//! `weir ca …`: an authority of one's own, and certificates by it. Knows no session: a running
//! `weir serve` sees in the store whose certificates count no more.

use crate::{
    actor::actor,
    cli::{CaCommand, CaIssue},
    exit::Failure,
    layout::ca_folder,
    out::Out,
};
use config::{Authority, Config};
use ledger::Time;
use net::tls::authority;
use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, SystemTime},
};
use store::{Store, StoreError};

pub(super) async fn run(config: &Config, command: CaCommand) -> Result<(), Failure> {
    let Some(ca) = &config.ca else {
        let why = "say the trust domain in weir.toml: [ca] trust_domain = \"weir.internal\"";
        return Err(Failure::Refused(why.to_owned()));
    };
    let folder = ca_folder(&config.state_dir);
    let mut out = Out::new();
    match command {
        CaCommand::Init { seconds } => {
            let made = authority::init(&folder, Duration::from_secs(seconds), SystemTime::now());
            let certificate = authority::certificate(&folder);
            match made.map_err(anyhow::Error::from)? {
                true => out.line(format!("Made {}.", certificate.display()))?,
                false => {
                    let why = format!("there is one already: {}", certificate.display());
                    return Err(Failure::Refused(why));
                }
            }
            out.line("Restart weir serve; then: weir ca issue NAME")?;
        }
        CaCommand::Issue(args) => issue(config, ca, &folder, args, &mut out).await?,
        CaCommand::Revoke { identity } => {
            let store = Store::open(&config.state_dir).await?;
            store.revoke_certificates(&identity, &actor(), SystemTime::now()).await?;
            store.close().await;
            out.line(format!("No certificate of {identity} of before now counts any more."))?;
        }
    }
    Ok(out.flush()?)
}

async fn issue(
    config: &Config,
    ca: &Authority,
    folder: &Path,
    args: CaIssue,
    out: &mut Out,
) -> Result<(), Failure> {
    let name = args.identity;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if !name.chars().all(plain) {
        let why = format!("{name} cannot stand in a SPIFFE ID: letters, digits and .-_ alone can");
        return Err(Failure::Refused(why));
    }
    let lasts = args.seconds.map_or(ca.lifetime, Duration::from_secs);
    if lasts > ca.longest {
        let why = "that is longer than [ca] in weir.toml allows (`longest`)";
        return Err(Failure::Refused(why.to_owned()));
    }
    let (certificate, key) =
        (args.out.join(format!("{name}.pem")), args.out.join(format!("{name}.key")));
    if let Some(seconds) = args.unless_good_for
        && let Some(ends) = authority::ends_of(&certificate)
        && ends > SystemTime::now() + Duration::from_secs(seconds)
    {
        out.line(format!("{} is good until {}.", certificate.display(), Time::from(ends)))?;
        return Ok(());
    }
    let store = Store::open(&config.state_dir).await?;
    let begins = store.issue_certificate(&name, lasts, &actor(), SystemTime::now()).await;
    let begins = begins.map_err(|error| match error {
        StoreError::NoIdentity(_) => {
            Failure::Refused(format!("there is no identity \"{name}\" that may sign in"))
        }
        other => other.into(),
    })?;
    store.close().await;
    let ends = begins + lasts;
    let uri = format!("spiffe://{}/identity/{name}", ca.trust_domain);
    let pair = authority::issue(folder, &uri, (begins, ends)).map_err(anyhow::Error::from)?;
    // A key that is there is another one's, until both are replaced.
    write(&key, &pair.key, 0o600)?;
    write(&certificate, &pair.certificate, 0o644)?;
    // One that follows a revocation is good from the next second on.
    let wait = begins.duration_since(SystemTime::now()).unwrap_or_default();
    tokio::time::sleep(wait).await;
    out.line(format!("{uri}, good until {}:", Time::from(ends)))?;
    out.line(format!("{} {}", certificate.display(), key.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    use anyhow::Context;
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = Path::new(&draft);
    let _ = std::fs::remove_file(draft);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(draft, path)
    })();
    written.with_context(|| path.display().to_string())
}
