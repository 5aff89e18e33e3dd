//! The servers that are compared, and the data they serve. Knows nothing of figures.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use testkit::{Bouncer, PoolMode, Postgres, Weir, tool, weir};

/// How long the index may take to be where the ledger is.
const PATIENCE: Duration = Duration::from_secs(600);
/// The database of the benchmark.
pub(super) const DATABASE: &str = "bench";
/// The place that is reached by TLS.
const TLS: &str = "weir/person TLS";

/// Text that looks like people's data: 200,000 rows of some 180 bytes, the same on every machine.
const PEOPLE: &str = "
create table people as
select i as id, 'Maria ' || initcap(substr(translate(h, '0123456789', 'lmnoprstuv'), 1, 8)) as name,
       substr(h, 1, 10) || '@example.com' as email,
       '+49 30 ' || lpad((i * 7919 % 100000000)::text, 8, '0') as phone,
       (i % 200) || ' Elm Street, Springfield' as address,
       'Ordered ' || i % 9 || ' items, paid on 2024-0' || 1 + i % 9 || '-1' || i % 10 as note,
       timestamptz '2024-01-01 00:00+00' + i * interval '1 minute' as since,
       (i % 100000) / 100.0 as spent
from (select i, md5(i::text) as h from generate_series(1, 200000) as i) as g";

/// The same, but that no two of them write the same.
const WRITERS: &str = "
create table writers as
select id, name, email, phone, address,
       'Ordered ' || id || ' items, paid on 2024-0' || 1 + id % 9 || '-1' || id % 10 as note,
       since, spent
from people";

/// A figure of Weir's metrics.
pub(super) fn metric(weir: &Weir, name: &str) -> Result<f64> {
    let page = weir.http("/metrics")?;
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(line.with_context(|| format!("no {name}"))?.trim().parse()?)
}

/// Waits until the index is behind the ledger by so many records at most.
pub(super) fn caught_up(weir: &Weir, records: f64) -> Result<()> {
    let begun = Instant::now();
    while metric(weir, "weir_index_lag")? > records {
        if begun.elapsed() > PATIENCE {
            bail!("the index does not catch up");
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// One way to the data.
pub(super) struct Place {
    /// Its column in the table.
    pub(super) name: &'static str,
    /// How to connect.
    pub(super) url: String,
    /// The process in between; `None` for the direct way.
    pub(super) pid: Option<u32>,
    /// Prepared statements get lost on this way: Debian's PgBouncer knows none in transaction mode.
    pub(super) loses_prepared: bool,
}

impl Place {
    /// True if it is Weir that is in between.
    pub(super) fn is_weir(&self) -> bool {
        self.name.starts_with("weir")
    }
}

/// All of them. Dropped in this order: proxies stop before their upstream.
pub(super) struct Places {
    list: Vec<Place>,
    weir: Weir,
    _bouncers: [Bouncer; 2],
    _upstream: Postgres,
}

impl Places {
    /// Starts everything and loads the data.
    pub(super) fn start(program: &Path) -> Result<Self> {
        let upstream = Postgres::options().start()?;
        upstream.create_database(DATABASE)?;
        let direct = upstream.url(DATABASE);
        let arguments = ["-i", "-q", "-s", "10", &direct];
        tool::finish(Command::new("pgbench").args(arguments))?.success()?;
        upstream.psql(DATABASE, PEOPLE)?;
        upstream.psql(DATABASE, WRITERS)?;
        upstream.psql(DATABASE, "vacuum analyze")?;
        let session = Bouncer::start(&upstream, PoolMode::Session)?;
        let transaction = Bouncer::start(&upstream, PoolMode::Transaction)?;
        let weir = Weir::options(&upstream)
            .program(program)
            .limit("max_connections", "2000")
            .limit("max_connections_per_identity", "2000")
            .limit("max_signing_in", "2000")
            .start()?;
        let pid = Some(weir.pid()?);
        let place = |name, url: String, pid| {
            let loses_prepared = name == "bouncer/trans";
            // All on the same ground: libpq takes TLS wherever it is offered, and only Weir does.
            let mode = if name == TLS { "require" } else { "disable" };
            Place { name, url: format!("{url}?sslmode={mode}"), pid, loses_prepared }
        };
        let list = vec![
            place("direct", direct, None),
            place("bouncer/session", session.url(DATABASE), Some(session.pid())),
            place("bouncer/trans", transaction.url(DATABASE), Some(transaction.pid())),
            place("weir/admin", weir.url(weir::ADMIN, DATABASE), pid),
            place("weir/person", weir.url(weir::PERSON, DATABASE), pid),
            place(TLS, weir.url(weir::PERSON, DATABASE), pid),
        ];
        Ok(Self { list, weir, _bouncers: [session, transaction], _upstream: upstream })
    }

    pub(super) fn weir(&self) -> &Weir {
        &self.weir
    }

    pub(super) fn list(&self) -> &[Place] {
        &self.list
    }

    /// Each of them, once nothing is left to do of what ran before: Weir's index works on behind a
    /// load, and would take its time from whatever comes next.
    pub(super) fn rested(&self) -> impl Iterator<Item = Result<&Place>> {
        self.list.iter().map(|place| caught_up(&self.weir, 0.0).map(|()| place))
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        self.list.iter().map(|place| place.name).collect()
    }
}
