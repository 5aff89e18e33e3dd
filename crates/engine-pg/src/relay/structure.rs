//! What the open transaction sees of the catalog, asked on the session's own connection, unseen by
//! the client, where a statement cannot be understood because DDL before it is not committed.
//!
//! ```text
//! SAVEPOINT ─▶ settings, isolation, catalog ─▶ Sync │ ROLLBACK TO ─▶ RELEASE ─▶ Sync
//! ```
//!
//! Both halves are sent at once. Where a question of the first fails, the server skips to its Sync,
//! and the second takes the failure back with the settings and the locks: the client's transaction
//! is as it was. Only what is read at READ COMMITTED is what the server will find when it looks
//! names up; at the other levels a query sees the catalog as of the transaction's beginning.

use super::{Block, End, Expected, Relay, expected::Request};
use crate::{
    catalog::{build::Builder, queries::Section, within},
    labels::unseen,
};
use gate::{Knowledge, Seen};
use std::{sync::Arc, time::SystemTime};
use wire_pg::{Text, Values, backend::Status, frontend::encode};

/// One step of the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The savepoint.
    Begin,
    /// What is set until it is gone back to.
    Settings,
    /// `transaction_isolation`.
    Isolation,
    /// A part of the catalog.
    Section(Section),
    /// Back to the savepoint.
    Back,
    /// The savepoint is given up.
    End,
}

/// A reading under way.
pub(super) struct Structure {
    known: Arc<Knowledge>,
    builder: Option<Builder>,
    /// There is a savepoint.
    begun: bool,
    isolated: bool,
    /// All was answered.
    complete: bool,
}

const BEGIN: &str = "SAVEPOINT weir_structure";
const BACK: &str = "ROLLBACK TO SAVEPOINT weir_structure";
const RELEASE: &str = "RELEASE SAVEPOINT weir_structure";
const ISOLATION: &str = "SHOW transaction_isolation";
/// What the settings change and the server reports.
const REPORTED: &[u8] = b"search_path";
const NOT_BACK: &str = "the database did not go back to a savepoint";

impl Relay {
    /// True if a text can be planned with what is known of the structure; otherwise that has been
    /// asked for. Where it cannot be asked, planning says so.
    pub(super) fn knows_structure(&mut self, text: Text<'_>) -> bool {
        let readable = self.status == Status::Transaction
            && !self.open
            && !self.copying_in
            && self.utf8
            && self.replication.is_none();
        let Some(text) = text.utf8().filter(|_| readable) else { return true };
        if !self.session.lacks_structure(text, SystemTime::now()) {
            return true;
        }
        if !super::expected::settled(&self.expected) {
            self.settle();
            return false;
        }
        let known = self.session.database().knowledge();
        let Some(questions) = within::questions(&known.catalog) else {
            self.session.structure_lost();
            return true;
        };
        let builder = Some(within::builder(&known.catalog));
        let (begun, isolated, complete) = (false, false, false);
        self.structure = Some(Structure { known, builder, begun, isolated, complete });
        self.block = Some(Block::Structure);
        if let Err(end) = self.ask_structure(&questions) {
            self.must_end = Some(end);
        }
        false
    }

    fn ask_structure(&mut self, questions: &[(Section, String)]) -> Result<(), End> {
        let ask = |relay: &mut Self, part, text: &str| {
            relay.run_hidden(text.as_bytes(), |()| Request::Structure(part))
        };
        ask(self, Part::Begin, BEGIN)?;
        ask(self, Part::Settings, within::SETTINGS)?;
        ask(self, Part::Isolation, ISOLATION)?;
        for (section, text) in questions {
            ask(self, Part::Section(*section), text)?;
        }
        self.sync_hidden();
        ask(self, Part::Back, BACK)?;
        ask(self, Part::End, RELEASE)?;
        self.sync_hidden();
        Ok(())
    }

    fn sync_hidden(&mut self) {
        encode::sync(&mut self.upstream.output);
        self.expected.push_back(Expected::hidden(Request::Sync));
    }

    /// The same for a statement that was prepared.
    pub(super) fn knows_structure_of(&mut self, statement: Text<'_>) -> bool {
        let prepared = self.prepared.get(super::names::known_as(statement)).cloned();
        match prepared {
            Some(prepared) => self.knows_structure(Text::new(prepared.plan.text.as_bytes())),
            None => true,
        }
    }

    /// One row of an answer.
    pub(super) fn structure_told(&mut self, part: Part, values: Values<'_>) {
        let Some(structure) = &mut self.structure else { return };
        match part {
            Part::Isolation => {
                let level = values.iter().next().flatten();
                structure.isolated =
                    !matches!(level, Some(b"read committed" | b"read uncommitted"));
            }
            Part::Section(section) => {
                let builder = &mut structure.builder;
                if builder.as_mut().is_some_and(|it| it.row(section, values).is_err()) {
                    *builder = None;
                }
            }
            Part::Begin | Part::Settings | Part::Back | Part::End => {}
        }
    }

    /// One step is done with, if what is being answered is one.
    pub(super) fn structure_answered(&mut self) {
        let Some(structure) = &mut self.structure else { return };
        if let Some(Request::Structure(part)) = self.expected.front().map(|it| &it.request) {
            structure.begun |= *part == Part::Begin;
            structure.complete = *part == Part::End;
        }
    }

    /// One step failed, or was skipped behind one that did.
    pub(super) fn structure_failed(&mut self, part: Part) {
        let Some(structure) = &mut self.structure else { return };
        structure.builder = None;
        if structure.begun && matches!(part, Part::Back | Part::End) {
            self.must_end = Some(End::Ordered(NOT_BACK));
        }
    }

    /// True if a setting that the server reports is Weir's own, for the moment.
    pub(super) fn is_for_structure(&self, setting: &[u8]) -> bool {
        self.structure.is_some() && setting == REPORTED
    }

    /// The server is ready again: if all is answered, the client goes on.
    pub(super) fn structure_ready(&mut self) {
        if !super::expected::settled(&self.expected) {
            return;
        }
        let Some(structure) = self.structure.take() else { return };
        let Structure { known, builder, isolated, complete, .. } = structure;
        match builder.filter(|_| complete && !isolated) {
            Some(builder) => {
                let catalog = builder.finish(known.catalog.version);
                let rules = self.session.database().rules();
                let proposed = unseen::weigh(&catalog, &known, &rules);
                self.session.set_structure(Seen { catalog, proposed });
            }
            None => self.session.structure_lost(),
        }
        if matches!(self.block, Some(Block::Structure)) {
            self.block = None;
        }
    }
}
