//! `weir channels`: how far each channel has come, and what nobody heard of. Knows no channel from
//! inside.

use crate::{exit::Failure, out::Out};
use config::{ChannelTo, Config};
use ledger::Time;
use serde_json::json;
use store::{Store, Undelivered};

/// The most messages that are listed.
const LISTED: u32 = 1_000;

pub(super) async fn run(config: &Config, json: bool) -> Result<(), Failure> {
    let (mut following, mut given_up) = (Vec::new(), Vec::new());
    if let Some(store) = Store::open_existing(&config.state_dir).await? {
        following = store.following().await?;
        given_up = store.undelivered(LISTED).await?;
    }
    let follower = |name: &str| format!("channel {name}");
    let behind = |name: &str| {
        following.iter().find(|one| one.follower == follower(name)).map(|one| one.behind)
    };
    let of = |name: &str| -> Vec<&Undelivered> {
        given_up.iter().filter(|one| one.follower == follower(name)).collect()
    };
    let mut out = Out::new();
    if json {
        let message = |one: &&Undelivered| {
            let Undelivered { at, about, why, .. } = one;
            json!({ "at": Time::from(*at), "about": about, "why": why })
        };
        let channel = |channel: &config::Channel| {
            let given_up: Vec<_> = of(&channel.name).iter().map(message).collect();
            json!({
                "channel": channel.name, "kind": kind(&channel.to),
                "behind": behind(&channel.name), "given_up": given_up,
            })
        };
        out.json(&config.channels.iter().map(channel).collect::<Vec<_>>())?;
        return Ok(out.flush()?);
    }
    if config.channels.is_empty() {
        out.line("weir.toml has no [[channel]].")?;
        return Ok(out.flush()?);
    }
    let row = |channel: &config::Channel| {
        let behind = behind(&channel.name);
        vec![
            channel.name.clone(),
            kind(&channel.to).to_owned(),
            behind.map_or_else(|| "-".to_owned(), |behind| behind.to_string()),
            of(&channel.name).len().to_string(),
        ]
    };
    let rows: Vec<_> = config.channels.iter().map(row).collect();
    out.table(&["CHANNEL", "KIND", "BEHIND", "GIVEN UP"], &rows)?;
    for one in config.channels.iter().flat_map(|channel| of(&channel.name)) {
        let Undelivered { follower, about, why, .. } = one;
        out.line(format!("{}  {follower} never told of {about}: {why}", Time::from(one.at)))?;
    }
    Ok(out.flush()?)
}

const fn kind(to: &ChannelTo) -> &'static str {
    match to {
        ChannelTo::Slack(_) => "slack",
        ChannelTo::Teams { .. } => "teams",
        ChannelTo::Email(_) => "email",
        ChannelTo::Webhook(_) => "webhook",
    }
}
