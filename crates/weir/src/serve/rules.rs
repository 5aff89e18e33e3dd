//! Keeps the policies in force up to date with their folder. A set that is not sound is reported
//! and recorded, and the last good one stays. Judges nothing.

use super::{Shared, stop::Reloads};
use crate::{
    exit::{Problem, render},
    metrics::result,
    watch::{INTERVAL, Watch, Watched},
};
use config::Config;
use ledger::{Ledger, Time, record::PolicyChanged};
use model::{DatabaseName, Identity};
use policy::PolicySet;
use std::{path::PathBuf, sync::Arc, time::SystemTime};
use store::{Account, Store};

/// For whom and where policies are looked through before they are in force.
struct Warming {
    identities: Vec<Identity>,
    databases: Vec<DatabaseName>,
}

impl Warming {
    /// Everybody and every database that there is. What cannot be read is worked out when it comes
    /// up.
    async fn of(shared: &Shared) -> Self {
        let config = shared.config.load();
        Self::new(&config, shared.store.identities().await.unwrap_or_default())
    }

    fn new(config: &Config, accounts: Vec<Account>) -> Self {
        let identity = |one: Account| Identity {
            name: one.name,
            kind: one.kind,
            groups: one.groups,
            acts_for: None,
        };
        let names = config.databases.iter().map(|database| database.name.as_str());
        Self {
            identities: accounts.into_iter().map(identity).collect(),
            databases: names.map(Into::into).collect(),
        }
    }

    fn warm(&self, policies: &PolicySet) {
        policies.warm(&self.identities, &self.databases);
    }
}

/// Works out for everybody there is what policies concern them, before anybody connects.
pub(super) async fn warm(config: &Config, store: &Store, policies: &PolicySet) {
    let accounts = store.identities().await.unwrap_or_default();
    Warming::new(config, accounts).warm(policies);
}

/// Records which policies are in force from the start.
pub(super) fn record_start(ledger: &Ledger, policies: &PolicySet) -> anyhow::Result<()> {
    let time = Time::from(SystemTime::now());
    ledger.append(&changed(policies, "start", time).into())?;
    Ok(())
}

/// Follows the folder for ever. `reloads` asks for a look at once; another folder in weir.toml
/// counts as a change.
pub(super) async fn follow(shared: Arc<Shared>, mut reloads: Reloads) {
    let mut dir = shared.config.load().policies.dir.clone();
    let mut watch = watch_on(&dir);
    loop {
        let by = tokio::select! {
            () = tokio::time::sleep(INTERVAL) => "file",
            () = reloads.next() => "signal",
        };
        let wanted = shared.config.load().policies.dir.clone();
        let moved = wanted != dir;
        if moved {
            dir = wanted;
            watch = watch_on(&dir);
        }
        let settled = watch.as_mut().is_some_and(Watch::settled);
        if moved || settled || by == "signal" {
            reload(&shared, dir.clone(), by).await;
        }
    }
}

fn watch_on(dir: &Option<PathBuf>) -> Option<Watch> {
    dir.clone().map(|dir| Watch::new(Watched::Folder(dir, "cedar")))
}

/// Reads the folder and takes it up if it is sound and differs.
async fn reload(shared: &Shared, dir: Option<PathBuf>, by: &'static str) {
    // Parsing and validating take milliseconds per file: not on a thread that serves sessions.
    let warming = Warming::of(shared).await;
    let load = move || PolicySet::load(dir.as_deref()).inspect(|policies| warming.warm(policies));
    let loaded = tokio::task::spawn_blocking(load).await;
    let time = Time::from(SystemTime::now());
    let record = match loaded {
        Ok(Ok(policies)) => {
            shared.metrics.policy_loads.get_or_create(&result(true)).inc();
            let were_sound = shared.health.policies(true);
            let version = format!("{:016x}", policies.version());
            if policies.version() == shared.policies.load().version() {
                if !were_sound {
                    tracing::info!(version, by, "the policies are sound again, and as in force");
                }
                return;
            }
            let record = changed(&policies, by, time);
            tracing::info!(version, by, "other policies are in force");
            shared.policies.store(Arc::new(policies));
            record
        }
        Ok(Err(problems)) => {
            let problems: Vec<Problem> = problems.into_iter().map(Problem::from).collect();
            for problem in &problems {
                let text = render(std::slice::from_ref(problem));
                tracing::error!("policies not taken up: {}", text.trim_end());
            }
            let in_force = shared.policies.load();
            let version = format!("{:016x}", in_force.version());
            tracing::error!(version, by, "the policies have problems: this version stays in force");
            shared.health.policies(false);
            shared.metrics.policy_loads.get_or_create(&result(false)).inc();
            let refused = render(&problems).trim_end().to_owned();
            PolicyChanged { refused: Some(refused.into()), ..changed(&in_force, by, time) }
        }
        // The runtime ends.
        Err(_) => return,
    };
    if let Err(error) = shared.ledger.append(&record.into()) {
        tracing::error!("a change of policies is not recorded: {error}");
    }
}

fn changed(policies: &PolicySet, by: &'static str, time: Time) -> PolicyChanged<'static> {
    PolicyChanged {
        time,
        by: by.into(),
        version: policies.version(),
        policies: policies.policies().len() as u64,
        what: "".into(),
        refused: None,
    }
}
