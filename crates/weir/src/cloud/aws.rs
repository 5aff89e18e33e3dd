//! AWS: a request to connect that is signed with the keys of this machine is the password, for
//! fifteen minutes (RDS and Aurora, IAM database authentication). AWS is not asked for it.

mod keys;
mod role;
mod sign;

use super::{Token, ask::Web};
use anyhow::Context;
use config::Upstream;
use identity::Secret;
use sign::Connect;
use std::{
    env,
    time::{Duration, SystemTime},
};

/// How long a signed request is good for: RDS takes no longer ones.
const LASTS: Duration = Duration::from_secs(900);
/// What RDS's own names end in.
const ENDINGS: [&str; 2] = [".rds.amazonaws.com", ".rds.amazonaws.com.cn"];

/// Whoever signs for one database.
pub(super) struct Aws {
    web: Web,
    settings: config::Aws,
    host: String,
    port: u16,
    user: String,
    region: String,
}

impl Aws {
    pub(super) fn new(settings: &config::Aws, upstream: &Upstream) -> anyhow::Result<Self> {
        let variable = |name| env::var(name).ok().filter(|text| !text.is_empty());
        let region = region_of(&upstream.host)
            .map(str::to_owned)
            .or_else(|| settings.region.clone())
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.context(
            "its region is not known: say `region` in [aws], or the database's own name at RDS",
        )?;
        let (host, user) = (upstream.host.clone(), upstream.user.clone());
        let settings = settings.clone();
        Ok(Self { web: Web::new()?, settings, host, port: upstream.port, user, region })
    }

    pub(super) async fn token(&self, now: SystemTime) -> anyhow::Result<Token> {
        let keys = keys::found(&self.web, &self.settings, &self.region).await?;
        // It is good no longer than the keys are.
        let left = match keys.until {
            Some(until) => until.duration_since(now).ok().context("AWS's keys are over")?,
            None => LASTS,
        };
        let Self { host, port, user, region, .. } = self;
        let connect = Connect { host, port: *port, user, region };
        let signed = connect.signed(&keys, now, LASTS);
        Ok(Token { secret: Secret::from(signed), lasts: left.min(LASTS) })
    }
}

/// The region that a name at RDS says: `shop.c1x2.eu-central-1.rds.amazonaws.com`.
fn region_of(host: &str) -> Option<&str> {
    let before = ENDINGS.iter().find_map(|ending| host.strip_suffix(ending))?;
    before.rsplit_once('.').map(|(_, region)| region).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests;
