//! Sessions, and who stands behind them.

use super::{Filler, REMEMBERED, joined};
use crate::{
    error::IndexError,
    schema::{ANY_APPLICATION, APPLICATIONS},
    sums::int,
};
use ledger::{
    SessionId,
    record::{SessionClosed, SessionOpened},
};
use model::IdentityKind;
use rusqlite::{Connection, OptionalExtension, params};

/// The rows behind a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    pub(super) session: i64,
    pub(super) who: i64,
}

impl Filler {
    pub(super) fn session_opened(
        &mut self,
        db: &Connection,
        sequence: i64,
        opened: &SessionOpened<'_>,
    ) -> Result<(), IndexError> {
        let who = self.who_row(db, opened)?;
        let key = opened.session.to_string();
        db.prepare_cached(
            "INSERT INTO session (key, who, opened_seq, opened, method, address, tls, application)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO UPDATE SET who = ?2,
             opened_seq = ?3, opened = ?4, method = ?5, address = ?6, tls = ?7, application = ?8",
        )?
        .execute(params![
            key,
            who,
            sequence,
            opened.time.micros(),
            opened.method,
            opened.address.map(|address| address.to_string()),
            opened.tls,
            opened.application,
        ])?;
        self.sessions.remove(&opened.session);
        self.who(db, opened.session)?;
        Ok(())
    }

    pub(super) fn session_closed(
        &mut self,
        db: &Connection,
        sequence: i64,
        closed: &SessionClosed<'_>,
    ) -> Result<(), IndexError> {
        let row = self.who(db, closed.session)?.session;
        db.prepare_cached(
            "UPDATE session SET closed_seq = ?2, closed = ?3, reason = ?4, statements = ?5,
             rows = ?6, bytes = ?7 WHERE id = ?1",
        )?
        .execute(params![
            row,
            sequence,
            closed.time.micros(),
            closed.reason,
            int(closed.statements),
            int(closed.rows),
            int(closed.bytes),
        ])?;
        self.sessions.remove(&closed.session);
        Ok(())
    }

    /// The rows behind a session; one whose beginning the ledger lost belongs to nobody known.
    pub(super) fn who(&mut self, db: &Connection, id: SessionId) -> Result<Who, IndexError> {
        if let Some(who) = self.sessions.get(&id) {
            return Ok(*who);
        }
        let key = id.to_string();
        let found = db
            .prepare_cached("SELECT id, who FROM session WHERE key = ?1")?
            .query_row([&key], |row| Ok(Who { session: row.get(0)?, who: row.get(1)? }))
            .optional()?;
        let who = match found {
            Some(who) => who,
            None => {
                db.prepare_cached("INSERT INTO session (key, who) VALUES (?1, 0)")?
                    .execute([&key])?;
                Who { session: db.last_insert_rowid(), who: 0 }
            }
        };
        if self.sessions.len() >= REMEMBERED {
            self.sessions.clear();
        }
        self.sessions.insert(id, who);
        Ok(who)
    }

    fn who_row(&mut self, db: &Connection, opened: &SessionOpened<'_>) -> Result<i64, IndexError> {
        let chain = opened.identity.as_ref();
        let person = opened.acts_for.as_deref();
        let kind = match opened.kind {
            IdentityKind::Person => "person",
            IdentityKind::Service => "service",
            IdentityKind::Agent => "agent",
        };
        let grants: Vec<&String> = opened.grants.iter().map(|granted| &granted.grant).collect();
        let mut word = |text: &str| self.words.word(db, text);
        let mut row = [
            word(chain)?,
            word(kind)?,
            word(person.unwrap_or_default())?,
            word(&joined(&opened.groups))?,
            word(&joined(&grants))?,
            word(&opened.database)?,
            word(&opened.environment)?,
            word(&opened.application)?,
        ];
        if let Some(id) = find(db, row)? {
            return Ok(id);
        }
        if applications(db, row)? >= APPLICATIONS
            && let [.., application] = &mut row
        {
            *application = ANY_APPLICATION;
            if let Some(id) = find(db, row)? {
                return Ok(id);
            }
        }
        db.prepare_cached(
            "INSERT INTO who (identity, kind, acts_for, groups, grants, database, environment,
             application) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(row)?;
        let id = db.last_insert_rowid();
        let mut names: Vec<(&str, &str)> = vec![("identity", chain)];
        names.extend(chain.split('/').map(|part| ("identity", part)));
        if opened.kind == IdentityKind::Agent {
            names.push(("agent", chain));
            names.extend(chain.rsplit('/').next().map(|last| ("agent", last)));
        }
        if let Some(person) = person {
            names.push(("acts_for", person));
            names.extend(person.split('/').map(|part| ("acts_for", part)));
        }
        names.extend(opened.groups.iter().map(|group| ("group", group.as_str())));
        names.extend(grants.iter().map(|grant| ("grant", grant.as_str())));
        for (role, name) in names {
            let name = self.words.word(db, name)?;
            db.prepare_cached("INSERT OR IGNORE INTO who_name VALUES (?1, ?2, ?3)")?
                .execute(params![name, role, id])?;
        }
        Ok(id)
    }
}

/// The row of somebody with an application.
fn find(db: &Connection, row: [i64; 8]) -> Result<Option<i64>, IndexError> {
    let found = db
        .prepare_cached(
            "SELECT id FROM who WHERE identity = ?1 AND kind = ?2 AND acts_for = ?3 AND groups = ?4
             AND grants = ?5 AND database = ?6 AND environment = ?7 AND application = ?8",
        )?
        .query_row(row, |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Of how many applications somebody is known.
fn applications(db: &Connection, [known @ .., _]: [i64; 8]) -> Result<i64, IndexError> {
    let known: [i64; 7] = known;
    let count = db
        .prepare_cached(
            "SELECT count(*) FROM who WHERE identity = ?1 AND kind = ?2 AND acts_for = ?3
             AND groups = ?4 AND grants = ?5 AND database = ?6 AND environment = ?7",
        )?
        .query_row(known, |row| row.get(0))?;
    Ok(count)
}
