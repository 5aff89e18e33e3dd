//! Keeps the configuration in force up to date with its file. A file with a problem is reported and
//! what was in force stays. What needs a restart is named, never half applied.

use super::{Shared, stop::Reloads};
use crate::{
    exit::{Problem, render},
    metrics::result,
    watch::{INTERVAL, Watch, Watched},
};
use config::Config;
use std::sync::Arc;

/// Follows the file for ever; `reloads` asks for a look at once.
pub(super) async fn follow(shared: Arc<Shared>, mut reloads: Reloads) {
    let mut watch = Watch::new(Watched::File(shared.config.load().file.clone()));
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(INTERVAL) => false,
            () = reloads.next() => true,
        };
        if asked || watch.settled() {
            reload(&shared, asked);
        }
    }
}

/// `asked`: by a signal, and then what the file refers to (secrets, certificates of upstreams) is
/// read again even if its text is the same.
fn reload(shared: &Shared, asked: bool) {
    let old = shared.config.load_full();
    let new = match config::load(&old.file) {
        Ok(new) => new,
        Err(problems) => {
            for problem in problems {
                let text = render(&[Problem::from(problem)]);
                tracing::error!("configuration not taken up: {}", text.trim_end());
            }
            shared.metrics.config_loads.get_or_create(&result(false)).inc();
            shared.health.settings(false);
            return;
        }
    };
    shared.metrics.config_loads.get_or_create(&result(true)).inc();
    if !shared.health.settings(true) {
        tracing::info!("weir.toml is sound again");
    }
    if new == *old && !asked {
        return;
    }
    let (new, left) = merge(&old, new);
    for key in left {
        tracing::warn!("{key} has changed: it holds from the next start on (restart `weir serve`)");
    }
    for warning in &new.warnings {
        tracing::warn!(help = warning.help.as_deref().unwrap_or_default(), "{warning}");
    }
    tracing::info!("configuration taken up for new sessions");
    // What is being removed in this moment is waited for.
    tokio::task::block_in_place(|| shared.ledger.hold(new.ledger.hold.is_some()));
    shared.config.store(Arc::new(new));
}

/// The new settings with those of the old that cannot change while running; names what was left.
fn merge(old: &Config, mut new: Config) -> (Config, Vec<&'static str>) {
    let mut left = Vec::new();
    let mut keep = |same: bool, key| {
        if !same {
            left.push(key);
        }
    };
    keep(old.state_dir == new.state_dir, "state_dir");
    keep(old.listen.postgres == new.listen.postgres, "listen.postgres");
    keep(old.listen.http == new.listen.http, "listen.http");
    keep(old.listen.api == new.listen.api, "listen.api");
    keep(old.tls == new.tls, "[tls]");
    keep(old.log == new.log, "[log]");
    keep(old.witness == new.witness, "[witness]");
    keep(old.exports == new.exports, "[[export]]");
    keep(old.channels == new.channels, "[[channel]]");
    keep(old.providers == new.providers, "[[provider]]");
    keep(old.workloads == new.workloads, "[[workload]]");
    keep(old.transmitters == new.transmitters, "[[transmitter]]");
    keep(old.ledger.name == new.ledger.name, "ledger.name");
    let (were, are) = (&old.limits, &new.limits);
    keep(were.sign_in_timeout == are.sign_in_timeout, "limits.sign_in_timeout");
    keep(were.max_signing_in == are.max_signing_in, "limits.max_signing_in");
    new.state_dir.clone_from(&old.state_dir);
    new.listen = old.listen.clone();
    new.tls = old.tls.clone();
    new.log = old.log;
    new.witness = old.witness.clone();
    new.exports.clone_from(&old.exports);
    new.channels.clone_from(&old.channels);
    new.providers.clone_from(&old.providers);
    new.workloads.clone_from(&old.workloads);
    new.transmitters.clone_from(&old.transmitters);
    new.ledger.name.clone_from(&old.ledger.name);
    new.limits.sign_in_timeout = old.limits.sign_in_timeout;
    new.limits.max_signing_in = old.limits.max_signing_in;
    (new, left)
}

#[cfg(test)]
mod tests;
