//! The catalog and the scope of a session, as they are at this moment. Knows when they may have
//! changed, and asks the server itself.

use crate::client::{Client, SAVEPOINT};
use anyhow::{Context, Result};
use engine_pg::catalog::{
    build::Builder,
    queries::{self, Reading, Section},
};
use model::{
    Catalog, Facts,
    facts::{Effect, SessionChange},
};
use sql::Scope;
use std::{sync::Arc, time::Duration, time::Instant};
use wire_pg::backend::DataRow;

/// The first oid that is not initdb's own.
const FIRST_NORMAL_OID: u32 = 16_384;

/// Settings by which the suite's scripts choose plans.
const PLANNING: [&str; 10] = [
    "enable_seqscan",
    "enable_indexscan",
    "enable_bitmapscan",
    "enable_hashjoin",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_sort",
    "enable_hashagg",
    "force_parallel_mode",
    "work_mem",
];

/// Catalog and scope of one session.
pub(crate) struct Live {
    /// What came with the server: it does not change, and is read once.
    system: Catalog,
    /// All of it.
    pub(crate) catalog: Catalog,
    /// As the gate keeps it.
    pub(crate) scope: Scope,
    stale: bool,
    scope_stale: bool,
    /// Something in the open transaction may be undone.
    undoable: bool,
    /// How often the catalog was read, and how long that took.
    pub(crate) readings: u32,
    pub(crate) spent: Duration,
    /// Readings that failed; the catalog before stayed.
    pub(crate) failed: Vec<String>,
}

impl Live {
    pub(crate) fn new(client: &mut Client) -> Result<Self> {
        let sections = queries::sections(15, Reading::Session);
        let mut system = read(client, &sections).context("the system's catalog")?;
        // That part is read whole each time.
        system.code = std::sync::Arc::default();
        Ok(Self {
            catalog: system.clone(),
            system,
            scope: Scope::default(),
            stale: true,
            scope_stale: true,
            undoable: false,
            readings: 0,
            spent: Duration::ZERO,
            failed: Vec::new(),
        })
    }

    /// A new connection: nothing of the last session's holds. What that committed was noticed when
    /// it did; what was its own is gone.
    pub(crate) fn connected(&mut self) {
        self.stale |= self.undoable || self.scope.temp_schema.is_some();
        self.scope = Scope::default();
        self.scope_stale = true;
        self.undoable = false;
    }

    /// Reads again what may have changed.
    pub(crate) fn refresh(&mut self, client: &mut Client) -> Result<()> {
        if std::mem::take(&mut self.stale) {
            let start = Instant::now();
            self.readings += 1;
            match read(client, &own_sections()) {
                Ok(own) => {
                    self.catalog = self.system.clone();
                    self.catalog.search_path = own.search_path.clone();
                    self.catalog.lay(&own);
                }
                Err(error) => self.failed.push(format!("{error:#}")),
            }
            self.spent += start.elapsed();
        }
        if std::mem::take(&mut self.scope_stale) {
            let sql = "select s.name, s.name = n.nspname from pg_catalog.unnest( \
                       pg_catalog.current_schemas(true)) with ordinality s (name, place) left join \
                       pg_catalog.pg_namespace n on n.oid = pg_catalog.pg_my_temp_schema() \
                       order by s.place";
            let answer = client.run(sql, String::new)?;
            let mut path = Vec::new();
            self.scope.temp_schema = None;
            for row in answer.rows {
                let [Some(name), temporary] = <[Option<String>; 2]>::try_from(row).unwrap() else {
                    continue;
                };
                if temporary.as_deref() == Some("t") {
                    self.scope.temp_schema = Some(name.clone());
                }
                path.push(name);
            }
            if self.scope.search_path != path {
                self.scope.prepared.clear();
            }
            self.scope.search_path = path;
        }
        self.scope.standard_conforming_strings = client.conforming;
        Ok(())
    }

    /// Follows what a statement did, as the gate does. Its tag is `None` if it failed.
    pub(crate) fn follow(&mut self, facts: &Facts, tag: Option<&str>, status: u8) {
        let word = tag.unwrap_or_default().split(' ').next().unwrap_or_default();
        let plain = matches!(
            word,
            "SELECT"
                | "INSERT"
                | "UPDATE"
                | "DELETE"
                | "MERGE"
                | "FETCH"
                | "EXPLAIN"
                | "COPY"
                | "SHOW"
                | "BEGIN"
                | "SAVEPOINT"
                | "RELEASE"
                | "DECLARE"
                | "CLOSE"
                | "PREPARE"
        );
        let names = |effect: &Effect| effect.operation.changes_catalog();
        let changes = facts.dynamic || facts.effects.iter().any(names);
        let runs_code = facts
            .functions
            .iter()
            .any(|function| function.id.is_none_or(|id| id.0 >= FIRST_NORMAL_OID));
        let writes = facts.effects.iter().any(|effect| {
            effect.relation.as_ref().is_some_and(|relation| &*relation.schema == "pg_catalog")
                && effect.operation.is_write()
        });
        let back = matches!(word, "ROLLBACK" | "COMMIT") || tag.is_none();
        let undone = back && std::mem::take(&mut self.undoable);
        let touched = changes || runs_code || writes || !facts.unknowns.is_empty();
        let touched = tag.is_some() && (touched || !plain && !back);
        let set = matches!(word, "SET" | "RESET" | "DISCARD");
        if touched && !set || undone {
            self.stale = true;
        }
        let scope = facts.session.contains(&SessionChange::Scope);
        self.scope_stale |= touched || undone || scope || set || back;
        self.undoable |= status != b'I' && (touched || scope);
        if status == b'I' && back {
            self.scope.cursors.clear();
        }
        for change in facts.session.iter().filter(|_| tag.is_some()) {
            let scope = &mut self.scope;
            match change {
                // Held cursors are forgotten with the others: facts then say that they are unknown.
                SessionChange::Scope | SessionChange::Hold(_) | SessionChange::Fetch(_) => {}
                SessionChange::Prepare(name, facts) => {
                    scope.prepared.insert(name.clone(), Arc::clone(facts));
                }
                SessionChange::Declare(name, facts) => {
                    scope.cursors.insert(name.clone(), Arc::clone(facts));
                }
                SessionChange::Deallocate(None) => scope.prepared.clear(),
                SessionChange::Deallocate(Some(name)) => {
                    scope.prepared.remove(name);
                }
                SessionChange::CloseCursor(None) => scope.cursors.clear(),
                SessionChange::CloseCursor(Some(name)) => {
                    scope.cursors.remove(name);
                }
            }
        }
        // What was prepared is planned anew by the server where names changed; its facts are of
        // no use then, as in the gate.
        if touched && !set && (changes || facts.dynamic) {
            self.scope.prepared.clear();
            self.scope.cursors.clear();
        }
    }

    /// Has the catalog read again: the last resort where server and facts disagree.
    pub(crate) fn distrust(&mut self) {
        self.stale = true;
        self.scope_stale = true;
    }
}

/// The sections without what initdb made: of most, the first column is the oid of what is
/// described. The others are short.
fn own_sections() -> Vec<(Section, String)> {
    let own = |(section, text): (Section, String)| match section {
        Section::Server
        | Section::Path
        | Section::Operators
        | Section::Casts
        | Section::Aggregates
        | Section::ArgumentDefaults
        | Section::ColumnDefaults => (section, text),
        Section::Relations
        | Section::Columns
        | Section::Rules
        | Section::Inheritance
        | Section::Triggers
        | Section::Indexes
        | Section::Constraints
        | Section::AttachedToRelations
        | Section::AttachedToTypes
        | Section::References
        | Section::Comments
        | Section::Functions
        | Section::Types
        | Section::Enums
        | Section::Ranges => {
            let filtered = format!("SELECT * FROM ({text}) q (k) WHERE q.k >= {FIRST_NORMAL_OID}");
            (section, filtered)
        }
    };
    queries::sections(15, Reading::Session).into_iter().map(own).collect()
}

fn read(client: &mut Client, sections: &[(Section, String)]) -> Result<Catalog> {
    let texts: Vec<&str> = sections.iter().map(|(_, text)| text.as_str()).collect();
    let mut sql = queries::in_one_snapshot(&texts);
    let inside = client.status == b'T';
    let (begin, rest) = sql.split_once(';').context("no statements")?;
    // What a script sets to provoke a certain plan would make the reading slow.
    let plans: String =
        PLANNING.iter().map(|name| format!("SET LOCAL {name} TO DEFAULT;")).collect();
    let rest = format!("{plans} SET LOCAL max_parallel_workers_per_gather = 0; {rest}");
    sql = format!("{begin}; {rest}");
    if inside {
        // Inside of a transaction what it did so far must be seen, and nothing may stay.
        let rest = rest.strip_suffix("COMMIT").context("no end")?;
        sql = format!("SAVEPOINT {SAVEPOINT};{rest} ROLLBACK TO {SAVEPOINT}; RELEASE {SAVEPOINT}");
    }
    let mut builder = Builder::default();
    let outcome = client.sections(&sql, |result, body| {
        let (section, _) = sections.get(result).context("a result nobody asked for")?;
        builder.row(*section, DataRow::parse(body)?.values)?;
        Ok(())
    });
    if outcome.is_err() {
        let back = format!("ROLLBACK TO {SAVEPOINT}; RELEASE {SAVEPOINT}");
        client.run(if inside { &back } else { "ROLLBACK" }, String::new)?;
    }
    outcome?;
    Ok(builder.finish(1))
}
