//! Reading what a database contains, over a connection of its own. Knows SQL texts and rows, and
//! nothing of labels, policies or sessions.
//!
//! ```text
//! versions ─▶ what differs ─▶ queries::sections ─▶ rows ─▶ build::Builder ─▶ Catalog
//! ```
//!
//! A reading is one transaction of one snapshot. It asks first which row versions there are
//! (`versions`), and then for the parts whose versions are not those of the last reading; all
//! else is shared with the catalog before. A catalog kept so is the one that a reading from
//! nothing would give.
//!
//! The texts and the builder know no connection, so that a session whose own catalog differs
//! (temporary tables, DDL not yet committed) can run them over its own upstream.

use crate::upstream::{self, Connection, ServerError, Upstream, UpstreamConfig, spares};
use model::{Catalog, catalog::Relation};
use snapshot::Renewal;
use std::{sync::Arc, time::Duration};
use tokio::time;
use versions::{Versions, questions};
use wire_pg::{
    Values,
    backend::{self, DataRow, Status, Tag},
    frontend,
};

pub mod build;
mod error;
pub mod queries;
mod row;
pub mod sample;
mod snapshot;
mod versions;
pub(crate) mod within;

pub use error::CatalogError;
pub use snapshot::Snapshot;
pub use versions::Fingerprint;

/// How long one reading may take before the connection is given up.
pub const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest row of a catalog: a function's body can be large, but not as large as this.
pub const MAX_ROW_BYTES: usize = 64 << 20;

/// The most bytes that one reading may bring; about a million columns.
pub const MAX_READING_BYTES: usize = 1 << 30;

/// How often a reading is tried when objects vanish or are locked under it.
const ATTEMPTS: u32 = 10;

/// Reads catalogs and samples over an upstream connection that nobody else uses.
pub struct CatalogReader {
    connection: Connection,
    /// Major version of the server.
    major: u32,
    /// True once what is asked each time is prepared.
    prepared: bool,
    /// True while the answer to a ROLLBACK is outstanding, which the next question takes first.
    owed: bool,
    /// What is given back with the connection.
    lease: Option<upstream::credentials::Lease>,
    /// False while an answer is outstanding. A call that was dropped halfway leaves it so, and
    /// the connection is of no use any more: the next answer would be the wrong one.
    idle: bool,
}

impl CatalogReader {
    /// Connects with the settings that a reading wants.
    ///
    /// # Errors
    /// If there is no connection to be had.
    pub async fn connect(config: &UpstreamConfig) -> Result<Self, CatalogError> {
        let parameters = [("client_encoding", "UTF8"), ("application_name", "weir catalog")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::new(upstream::connect(config, &parameters).await?)
    }

    /// Takes over a connection. Its `client_encoding` should be UTF8.
    ///
    /// # Errors
    /// If the server does not say which version it is.
    pub fn new(upstream: Upstream) -> Result<Self, CatalogError> {
        let version = upstream.parameter("server_version").unwrap_or_default();
        let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let major = digits.parse().map_err(|_| CatalogError::Version(version.to_owned()))?;
        if major < queries::OLDEST_MAJOR {
            return Err(CatalogError::Version(version.to_owned()));
        }
        let Upstream { stream, buffered, lease, .. } = upstream;
        Ok(Self {
            lease,
            connection: Connection { stream, buffered },
            major,
            prepared: false,
            owed: false,
            idle: true,
        })
    }

    /// Tells the server that nobody reads any more, and waits for the end of its process.
    pub(crate) async fn close(mut self) {
        spares::part_from(&mut self.connection.stream).await;
    }

    /// True if what it signed in with ends: another reader takes over.
    pub fn is_over(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.is_over())
    }

    /// Reads the whole catalog in one snapshot.
    ///
    /// # Errors
    /// See [`CatalogError`]; after [`CatalogError::is_final`] the reader is of no use.
    pub async fn read(&mut self, version: u64) -> Result<Arc<Catalog>, CatalogError> {
        Ok(self.renew(None, version).await?.catalog)
    }

    /// Reads what is other than it was in `before`, which came over the same connection: oids and
    /// transactions of another server mean other things.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn renew(
        &mut self,
        before: Option<&Snapshot>,
        version: u64,
    ) -> Result<Snapshot, CatalogError> {
        let mut attempt = 1;
        loop {
            match self.renew_once(before, version).await {
                Err(CatalogError::Server(error)) if attempt < ATTEMPTS && passes(&error) => {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn renew_once(
        &mut self,
        before: Option<&Snapshot>,
        version: u64,
    ) -> Result<Snapshot, CatalogError> {
        if !self.idle {
            return Err(CatalogError::Abandoned);
        }
        self.idle = false;
        let steps = async {
            match self.renew_by_steps(before, version).await {
                Err(error) if error.is_final() => Err(error),
                outcome => {
                    // Nothing was written: this frees the locks. Nobody waits for it.
                    let mut out = Vec::new();
                    frontend::encode::query(&mut out, b"ROLLBACK")?;
                    self.connection.write(&out).await?;
                    self.owed = true;
                    Ok(outcome)
                }
            }
        };
        let outcome =
            time::timeout(READ_TIMEOUT, steps).await.unwrap_or(Err(CatalogError::Slow))?;
        self.idle = true;
        outcome
    }

    /// The questions of one reading, in a transaction that the caller ends.
    async fn renew_by_steps(
        &mut self,
        before: Option<&Snapshot>,
        version: u64,
    ) -> Result<Snapshot, CatalogError> {
        let (head, versions) = match before {
            Some(before) => self.versions_since(&before.versions).await?,
            None => self.versions(&queries::opening(&questions::all())).await?,
        };
        let mut renewal = Renewal::new(before, head, versions);
        let (builder, sections) = renewal.first(self.major);
        let mut catalog = self.ask(builder, &sections, version).await?;
        if let Some((builder, sections)) = renewal.second(&catalog, self.major) {
            catalog = self.ask(builder, &sections, version).await?;
        }
        Ok(renewal.finish(catalog))
    }

    /// Opens the transaction; what the server says of itself, and the versions of all parts.
    async fn versions(&mut self, sql: &str) -> Result<(Catalog, Versions), CatalogError> {
        let (mut head, mut versions) = (build::Builder::default(), Versions::default());
        let rows = self.exchange(sql, |result, values| match result {
            0 => head.row(queries::Section::Server, values),
            1 => head.row(queries::Section::Path, values),
            _ => versions.row(values),
        });
        rows.await?.1?;
        Ok((Renewal::head(head)?, versions))
    }

    /// The same where an earlier reading's are known.
    async fn versions_since(
        &mut self,
        before: &Versions,
    ) -> Result<(Catalog, Versions), CatalogError> {
        if !self.prepared {
            // Prepared under the same path as they are run, or they would be planned each time.
            let sql = queries::opening(&questions::prepare());
            let sql = [&sql, ";\n", &queries::prepare(self.major), "COMMIT"].concat();
            self.exchange(&sql, |_, _| Ok(())).await?.1?;
            self.prepared = true;
        }
        let (mut head, mut fresh) = (build::Builder::default(), versions::Fresh::default());
        let sql = queries::opening(&questions::fresh(before.horizon()));
        let rows = self.exchange(&sql, |result, values| match result {
            0 => head.row(queries::Section::Server, values),
            1 => head.row(queries::Section::Path, values),
            _ => fresh.row(values),
        });
        rows.await?.1?;
        let head = Renewal::head(head)?;
        if !fresh.concerns_server() {
            let mut versions = before.clone();
            let rows = versions.advance(fresh);
            if !versions.add_up(&rows) {
                let live = self.exchange(questions::LIVE, |_, values| versions.live(values));
                live.await?.1?;
            }
            if versions.add_up(&rows) {
                return Ok((head, versions));
            }
        }
        // The server's own objects changed, or something that is still there lost a row.
        let mut versions = Versions::default();
        self.exchange(&questions::all(), |_, values| versions.row(values)).await?.1?;
        Ok((head, versions))
    }

    /// Asks sections in the transaction that is open, and builds on what they say.
    async fn ask(
        &mut self,
        mut builder: build::Builder,
        sections: &[(queries::Section, String)],
        version: u64,
    ) -> Result<Catalog, CatalogError> {
        if !sections.is_empty() {
            let texts: Vec<&str> = sections.iter().map(|(_, text)| text.as_str()).collect();
            let sql = queries::unlocked(&texts);
            let rows = self.exchange(&sql, |result, values| match sections.get(result) {
                Some((section, _)) => builder.row(*section, values),
                None => Err(CatalogError::Row("a result nobody asked for")),
            });
            rows.await?.1?;
        }
        Ok(builder.finish(version))
    }

    /// What changes when DDL was committed by anybody, whatever the way: it looks at the catalogs'
    /// row versions in this moment's snapshot and not at statistics, which lag. Temporary objects
    /// of sessions do not count.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn fingerprint(&mut self) -> Result<Fingerprint, CatalogError> {
        let mut fingerprint = Fingerprint::default();
        let sql = queries::opening(&questions::totals()) + "; COMMIT";
        // Server and path come first.
        self.run(&sql, |result, values| match result {
            0 | 1 => Ok(()),
            _ => fingerprint.row(values),
        })
        .await?;
        match fingerprint.is_empty() {
            true => Err(CatalogError::Row("fingerprint")),
            false => Ok(fingerprint),
        }
    }

    /// Up to `rows` values of each of these columns (`Column::number`), NULLs left out, cut to
    /// [`sample::MAX_VALUE_CHARACTERS`]; one list per column asked for. Views are not sampled:
    /// what they hold comes from elsewhere, and reading them may run anybody's functions.
    ///
    /// # Errors
    /// As [`Self::read`]; also when the server's time limit for it is reached.
    pub async fn sample(
        &mut self,
        relation: &Relation,
        columns: &[i16],
        rows: u32,
    ) -> Result<Vec<Vec<String>>, CatalogError> {
        let mut samples = vec![Vec::new(); columns.len()];
        if let Some(sql) = sample::size(relation) {
            let size = self.rows(&sql).await?;
            if size.iter().flatten().any(|bytes| bytes.as_deref() == Some("0")) {
                return Ok(samples);
            }
        }
        for sql in sample::statements(relation, columns, rows) {
            self.run(&sql, |_, values| {
                for (list, value) in samples.iter_mut().zip(values) {
                    list.extend(value.map(|value| String::from_utf8_lossy(value).into_owned()));
                }
                Ok(())
            })
            .await?;
            if samples.iter().any(|list| !list.is_empty()) {
                break;
            }
        }
        Ok(samples)
    }

    /// The rows of any statement or statements, in text; for small answers.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, CatalogError> {
        let mut rows = Vec::new();
        self.run(sql, |_, values| {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            rows.push(values.iter().map(|value| value.map(text)).collect());
            Ok(())
        })
        .await?;
        Ok(rows)
    }

    /// Runs one simple query and gives each row with the number of the result it belongs to
    /// (statements without rows do not count). Whatever went wrong, no transaction stays open.
    async fn run(
        &mut self,
        sql: &str,
        each: impl FnMut(usize, Values<'_>) -> Result<(), CatalogError>,
    ) -> Result<(), CatalogError> {
        if !self.idle {
            return Err(CatalogError::Abandoned);
        }
        self.idle = false;
        let exchange = async {
            let (status, outcome) = self.exchange(sql, each).await?;
            if status != Status::Idle {
                self.exchange("ROLLBACK", |_, _| Ok(())).await?.1?;
            }
            Ok((status, outcome))
        };
        let (_, outcome) =
            time::timeout(READ_TIMEOUT, exchange).await.unwrap_or(Err(CatalogError::Slow))?;
        self.idle = true;
        outcome
    }

    /// Sends one query and reads to its ReadyForQuery. The outer error ends the connection, the
    /// inner one is the statement's.
    async fn exchange(
        &mut self,
        sql: &str,
        mut each: impl FnMut(usize, Values<'_>) -> Result<(), CatalogError>,
    ) -> Result<(Status, Result<(), CatalogError>), CatalogError> {
        let mut out = Vec::with_capacity(sql.len().saturating_add(8));
        frontend::encode::query(&mut out, sql.as_bytes())?;
        self.connection.write(&out).await?;
        while self.owed {
            let (tag, _) = self.connection.read(MAX_ROW_BYTES).await?;
            self.owed = tag != Tag::ReadyForQuery;
        }
        let mut outcome = Ok(());
        let mut result = 0_usize;
        let mut described = false;
        let mut bytes = 0_usize;
        loop {
            let (tag, payload) = self.connection.read(MAX_ROW_BYTES).await?;
            bytes = bytes.saturating_add(payload.len());
            if bytes > MAX_READING_BYTES {
                return Err(CatalogError::TooLarge);
            }
            match tag {
                Tag::RowDescription => described = true,
                Tag::DataRow if outcome.is_ok() => {
                    outcome = each(result, DataRow::parse(&payload)?.values);
                }
                Tag::CommandComplete if described => {
                    described = false;
                    result = result.saturating_add(1);
                }
                Tag::ErrorResponse => outcome = Err(ServerError::read(&payload)?.into()),
                Tag::ReadyForQuery => return Ok((backend::ready_for_query(&payload)?, outcome)),
                Tag::CopyInResponse | Tag::CopyOutResponse | Tag::CopyBothResponse => {
                    return Err(CatalogError::Copy);
                }
                _ => {}
            }
        }
    }
}

/// True for what a function over the catalogs says when an object was dropped or locked between
/// the snapshot and its own look (`pg_get_viewdef` looks past the snapshot).
fn passes(error: &ServerError) -> bool {
    matches!(
        error.sqlstate.as_str(),
        "XX000" | "42P01" | "42703" | "42704" | "42883" | "40001" | "55P03"
    )
}

#[cfg(test)]
mod tests;
