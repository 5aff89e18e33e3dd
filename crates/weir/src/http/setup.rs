//! How databases, the ledger and exports are, for the page of setup and for the API behind it; and
//! trying to reach a database. Tells no secret. Knows no page and no route.

use crate::serve::{Shared, labels, upstream};
use ::console::{
    parts::{duration, grouped},
    setup::{Database, Export, Fact, Found},
};
use config::{Config, UpstreamTls};
use engine_pg::{Labeller, UpstreamConfig, catalog::CatalogReader};
use ledger::Time;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime},
};
use store::StoreError;
use tokio::sync::Semaphore;

/// How long reaching a database, reading it and sampling it may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// One at a time: each reads a catalog and weighs samples.
static TRIALS: Semaphore = Semaphore::const_new(1);
/// The newest checkpoint's file, as C2SP tlog-tiles names it.
const CHECKPOINT: &str = "checkpoint";
/// How old a checkpoint may be while there are records that it does not cover.
const OLD: Duration = Duration::from_secs(60);
/// How far the index may be behind: records.
const BEHIND: u64 = 100_000;

const fn way(tls: UpstreamTls) -> &'static str {
    match tls {
        UpstreamTls::Disable => "without TLS",
        UpstreamTls::Require => "TLS, whoever answers",
        UpstreamTls::VerifyFull => "TLS, checked",
    }
}

/// The name that stands for any other.
const ANY: &str = "*";

fn any(config: &Config) -> Option<&'static str> {
    config.databases.iter().any(|one| one.name == ANY).then_some(ANY)
}

/// Databases that weir.toml names, and those that clients asked for where it names any.
pub(super) async fn names(shared: &Shared) -> Result<Vec<String>, StoreError> {
    let config = shared.config.load_full();
    let named = config.databases.iter().map(|one| one.name.clone());
    let mut names: Vec<String> = named.filter(|name| name != ANY).collect();
    let mut met = shared.store.labelled_databases().await?;
    if let Some(engine) = shared.metrics.engine.get() {
        met.extend(engine.reachable().into_iter().map(|(name, _)| name));
    }
    met.sort_unstable();
    met.dedup();
    let served = |name: &String| config.database(name).is_some() && !names.contains(name);
    let met: Vec<String> = met.into_iter().filter(served).collect();
    names.extend(met);
    Ok(names)
}

/// The databases of weir.toml, with what is known of each.
pub(super) async fn databases(shared: &Shared) -> Result<Vec<Database>, StoreError> {
    let config = shared.config.load_full();
    let reachable: BTreeMap<String, bool> = match shared.metrics.engine.get() {
        Some(engine) => {
            let all = engine.reachable().into_iter();
            all.map(|(name, reached)| (name, reached == engine_pg::Reached::Yes)).collect()
        }
        None => BTreeMap::new(),
    };
    let mut all = Vec::new();
    for name in names(shared).await?.iter().map(String::as_str).chain(any(&config)) {
        let Some((one, _)) = config.database(name) else { continue };
        let columns = super::map::columns(&shared.store, name).await?;
        let tables: BTreeSet<(&str, &str)> = columns
            .iter()
            .map(|one| (one.found.place.schema.as_str(), one.found.place.relation.as_str()))
            .collect();
        let labelled = columns.iter().filter(|one| one.label().is_some()).count();
        let weighed = columns.iter().map(|one| one.found_at).max();
        let behind = &one.upstream;
        all.push(Database {
            name: name.to_owned(),
            environment: one.environment.clone(),
            upstream: format!("{}:{}", behind.host, behind.port),
            user: behind.user.clone(),
            tls: way(behind.tls),
            reachable: reachable.get(name).copied(),
            known: (tables.len(), columns.len(), labelled),
            weighed: weighed.map(|at| Time::from(at).to_string()),
        });
    }
    Ok(all)
}

/// How the ledger is.
pub(super) fn ledger(shared: &Shared) -> Vec<Fact> {
    let (stats, config) = (shared.ledger.stats(), shared.config.load_full());
    let fact = |what: &str, words: String, good: bool| Fact { what: what.to_owned(), words, good };
    let mut facts = vec![match shared.ledger.cause() {
        None => fact("Writing", "records are written".to_owned(), true),
        Some(cause) => fact("Writing", format!("cannot be written: {cause}"), false),
    }];
    let synced =
        format!("{}, {} of them on the disk", grouped(stats.records), grouped(stats.synced));
    facts.push(fact("Records", synced, stats.failures == 0));
    let dir = shared.ledger.dir();
    let written = std::fs::metadata(dir.join(CHECKPOINT)).and_then(|file| file.modified());
    let age = written.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    let covers = stats.checkpointed;
    let words = match age {
        Some(age) => format!(
            "{} records, {} old",
            grouped(covers),
            duration(u64::try_from(age.as_micros()).unwrap_or(u64::MAX))
        ),
        None => "none yet".to_owned(),
    };
    let good = covers >= stats.written || age.is_some_and(|age| age < OLD);
    facts.push(fact("Checkpoint", words, good && stats.checkpoint_failures == 0));
    let behind = stats.records.saturating_sub(shared.metrics.indexed.load(Ordering::Relaxed));
    facts.push(fact("Index", format!("{} records behind", grouped(behind)), behind < BEHIND));
    facts.push(witnesses(shared, &config, covers));
    let ledger = &config.ledger;
    let anchors = ledger.repositories.len() + ledger.buckets.len() + ledger.anchor.iter().count();
    let words = match anchors {
        0 => "none: checkpoints stay on this machine".to_owned(),
        count => format!("{count}, every {}", words_of(ledger.interval)),
    };
    facts.push(fact("Anchors", words, anchors > 0));
    facts.push(fact(
        "Kept",
        ledger.retention.map_or_else(|| "for ever".to_owned(), words_of),
        true,
    ));
    facts
}

fn words_of(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn witnesses(shared: &Shared, config: &Config, covers: u64) -> Fact {
    let what = "Witnesses".to_owned();
    let count = config.ledger.witnesses.len();
    if count == 0 {
        let words = "none: nobody else vouches for its checkpoints".to_owned();
        return Fact { what, words, good: false };
    }
    let note = ledger::witnessed(shared.ledger.dir()).ok().flatten();
    let head = note.and_then(|note| ledger::open_checkpoint(&note, &shared.ledger.keys().log).ok());
    match head {
        Some(head) => Fact {
            what,
            words: format!("{count}; cosigned {} of {}", grouped(head.size), grouped(covers)),
            good: true,
        },
        None => Fact { what, words: format!("{count}; none cosigned yet"), good: false },
    }
}

/// How exports are.
pub(super) fn exports(shared: &Shared) -> Vec<Export> {
    let exports = shared.metrics.exports.load();
    let lag = exports.as_deref().map(|exports| exports.lag()).unwrap_or_default();
    let one = |lag: export::Lag| Export {
        name: lag.name,
        events: lag.events,
        behind: lag.records,
        failures: lag.failures,
        failing: lag.failing,
    };
    lag.into_iter().map(one).collect()
}

/// Reaches a database that weir.toml names, as sessions do; nothing if it names none.
pub(super) async fn test(shared: &Shared, name: &str) -> Option<Result<Found, String>> {
    let config = shared.config.load_full();
    let (database, inner) = config.database(name)?;
    let reached = upstream(&config, database).map_err(|error| format!("{error:#}"));
    Some(match reached {
        Err(why) => Err(why),
        Ok(mut reached) => {
            inner.clone_into(&mut reached.database);
            look(&config, name, &reached).await
        }
    })
}

/// What is in a database, as far as a moment tells.
pub(super) async fn look(
    config: &Config,
    name: &str,
    reached: &UpstreamConfig,
) -> Result<Found, String> {
    let Ok(_one) = TRIALS.try_acquire() else {
        return Err("somebody else tries one now: try again when it is done".to_owned());
    };
    let looked = tokio::time::timeout(PATIENCE, looked(config, name, reached)).await;
    let late = |_| format!("it was not read within {} s", PATIENCE.as_secs());
    looked.map_err(late)?.map_err(|error| format!("{error:#}"))
}

async fn looked(config: &Config, name: &str, reached: &UpstreamConfig) -> anyhow::Result<Found> {
    let begun = Instant::now();
    let mut reader = CatalogReader::connect(reached).await?;
    let catalog = reader.read(1).await?;
    let mut labeller = Labeller::new(Arc::new(labels::rules(config, name)?));
    let found = labeller.label(&mut reader, &catalog, true).await?;
    let rows = found.map(|(_, found)| labels::rows(name, found)).unwrap_or_default();
    let tables: BTreeSet<(&str, &str)> =
        rows.iter().map(|one| (one.place.schema.as_str(), one.place.relation.as_str())).collect();
    let mut labels: BTreeMap<String, usize> = BTreeMap::new();
    for label in rows.iter().filter_map(|one| one.label.as_ref()) {
        *labels.entry(label.to_string()).or_default() += 1;
    }
    let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(Found {
        counts: (tables.len(), rows.len()),
        labels: labels.into_iter().collect(),
        took: duration(took),
    })
}

/// Where the API is, for whoever is told.
pub(super) fn api_url(config: &Config) -> String {
    match (&config.api.url, config.listen.api) {
        (Some(url), _) => url.clone(),
        (None, Some(address)) => format!("https://{address}"),
        (None, None) => String::new(),
    }
}

/// Where a section of weir.toml would stand: the file's text as it is, with more behind it.
pub(super) fn with_section(shared: &Shared, section: &str) -> Result<Config, Vec<String>> {
    let file = shared.config.load().file.clone();
    let text = std::fs::read_to_string(&file);
    let text = text.map_err(|error| vec![format!("weir.toml cannot be read: {error}")])?;
    config::parse(&file, &format!("{text}\n{section}")).map_err(|problems| {
        let words = problems.into_iter().map(|problem| match problem.help {
            Some(help) => format!("{} ({help})", problem.message),
            None => problem.message,
        });
        words.collect()
    })
}
