//! Shapes: what a statement touches and what was decided, once.

use super::{Filler, joined};
use crate::{error::IndexError, schema::UNFORESEEN, sums::int};
use ledger::record::{Shape, ShapeColumn, ShapeEffect};
use model::facts::Derivation;
use model::{Disclosure, Durability, Label, MaskMethod, Use};
use rusqlite::{Connection, OptionalExtension, params};

/// What counting the values of a shape's result needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outputs {
    /// How many were foreseen.
    pub(super) count: i64,
    /// Every one leaves as it is.
    pub(super) all_raw: bool,
}

impl Filler {
    /// A shape is described again by every run that meets it; the first time counts.
    pub(super) fn shape(
        &mut self,
        db: &Connection,
        sequence: i64,
        shape: &Shape<'_>,
    ) -> Result<(), IndexError> {
        let row = self.shape_of(db, shape.shape)?;
        let known: bool = db
            .prepare_cached("SELECT seq IS NOT NULL FROM shape WHERE id = ?1")?
            .query_row([row], |row| row.get(0))?;
        if known {
            return Ok(());
        }
        let (text, new) = self.words.texts.number(db, &shape.text)?;
        if new {
            db.prepare_cached("INSERT INTO text_search (rowid, text) VALUES (?1, ?2)")?
                .execute(params![text, shape.text])?;
        }
        let numbers = [
            self.words.word(db, &shape.database)?,
            text,
            self.words.word(db, shape.operation.as_str())?,
            self.words.word(db, shape.verdict.as_str())?,
        ];
        let [database, text, operation, verdict] = numbers;
        db.prepare_cached(
            "UPDATE shape SET seq = ?2, time = ?3, database = ?4, text = ?5, operation = ?6,
             verdict = ?7, read_only = ?8, row_limit = ?9, durability = ?10, policies = ?11,
             reasons = ?12, unknowns = ?13, functions = ?14, policy_version = ?15,
             catalog_version = ?16, label_version = ?17, dynamic = ?18, risk = ?19
             WHERE id = ?1",
        )?
        .execute(params![
            row,
            sequence,
            shape.time.micros(),
            database,
            text,
            operation,
            verdict,
            shape.read_only,
            shape.row_limit.map(int),
            durability(shape.durability),
            joined(&shape.policies),
            shape.reasons.join("; "),
            shape.unknowns.join("; "),
            shape.functions.join(", "),
            format!("{:016x}", shape.policy_version),
            int(shape.catalog_version),
            int(shape.label_version),
            dynamic(shape),
            super::points(&shape.risk),
        ])?;
        self.names(db, row, shape)?;
        self.columns(db, row, &shape.columns)?;
        self.effects(db, row, &shape.effects)?;
        self.moves(db, row, shape)?;
        self.results(db, row, shape)
    }

    /// The policies that decided or would have, and the functions.
    fn names(&mut self, db: &Connection, row: i64, shape: &Shape<'_>) -> Result<(), IndexError> {
        for policy in shape.policies.iter() {
            let policy = self.words.word(db, &policy.to_string())?;
            db.prepare_cached("INSERT OR IGNORE INTO shape_policy VALUES (?1, ?2)")?
                .execute([policy, row])?;
        }
        for policy in shape.shadow.iter().flat_map(|shadow| &shadow.policies) {
            let policy = self.words.word(db, &policy.to_string())?;
            db.prepare_cached("INSERT OR IGNORE INTO shape_shadow VALUES (?1, ?2)")?
                .execute([policy, row])?;
        }
        for function in shape.functions.iter() {
            let function = self.words.word(db, function)?;
            db.prepare_cached("INSERT OR IGNORE INTO shape_function VALUES (?1, ?2)")?
                .execute([function, row])?;
        }
        Ok(())
    }

    /// What is known of a shape's result.
    pub(super) fn outputs(&mut self, db: &Connection, row: i64) -> Result<Outputs, IndexError> {
        if let Some(outputs) = self.outputs.get(&row) {
            return Ok(*outputs);
        }
        let outputs = db
            .prepare_cached(
                "SELECT count(*), coalesce(min(shows = 'raw'), 0) FROM shape_output
                 WHERE shape = ?1 AND place >= 0",
            )?
            .query_row([row], |row| Ok(Outputs { count: row.get(0)?, all_raw: row.get(1)? }))
            .optional()?
            .unwrap_or_default();
        if self.outputs.len() >= super::REMEMBERED {
            self.outputs.clear();
        }
        self.outputs.insert(row, outputs);
        Ok(outputs)
    }

    fn columns(
        &mut self,
        db: &Connection,
        row: i64,
        columns: &[ShapeColumn<'_>],
    ) -> Result<(), IndexError> {
        for column in columns {
            let relation = column.column.rsplit_once('.').map_or("", |(relation, _)| relation);
            let relation = self.words.word(db, relation)?;
            let label = column.label.as_ref().map(ToString::to_string);
            let label = self.words.maybe(db, label.as_deref())?;
            let name = self.words.word(db, &column.column)?;
            for used in column.uses.iter() {
                let used = self.words.word(db, use_word(*used))?;
                db.prepare_cached(
                    "INSERT OR IGNORE INTO shape_column VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute([name, used, row, relation, label])?;
            }
            // What was not foreseen can hold anything that the statement touches.
            self.source(db, row, UNFORESEEN, name)?;
            self.label(db, row, UNFORESEEN, label)?;
        }
        Ok(())
    }

    fn effects(
        &mut self,
        db: &Connection,
        row: i64,
        effects: &[ShapeEffect<'_>],
    ) -> Result<(), IndexError> {
        for effect in effects {
            let object = self.words.word(db, &effect.object)?;
            let operation = self.words.word(db, effect.operation.as_str())?;
            db.prepare_cached("INSERT OR IGNORE INTO shape_effect VALUES (?1, ?2, ?3, ?4)")?
                .execute([object, operation, row, i64::from(effect.unbounded)])?;
        }
        Ok(())
    }

    fn moves(&mut self, db: &Connection, row: i64, shape: &Shape<'_>) -> Result<(), IndexError> {
        for passage in shape.passages() {
            let source = self.words.word(db, passage.from)?;
            let target = format!("{}.{}", passage.relation, passage.column);
            let target = self.words.word(db, &target)?;
            db.prepare_cached("INSERT OR IGNORE INTO shape_move VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![source, row, target, passage.how.map_or("any", how_word)])?;
        }
        Ok(())
    }

    fn results(&mut self, db: &Connection, row: i64, shape: &Shape<'_>) -> Result<(), IndexError> {
        let count = shape.outputs.len().max(shape.disclosures.len());
        for index in 0..count {
            let place = i64::try_from(index).unwrap_or(i64::MAX);
            let output = shape.outputs.get(index);
            let disclosure = shape.disclosures.get(index).unwrap_or(&shape.fallback);
            let name = output.map_or("", |output| output.name.as_ref());
            self.result(db, row, place, name, disclosure)?;
            for source in output.map(|output| output.sources.iter()).into_iter().flatten() {
                let column = self.words.word(db, source)?;
                self.source(db, row, place, column)?;
                // Labels of its origins count too, whatever the disclosure says.
                let label = shape.columns.iter().find(|c| c.column == *source);
                let label = label.and_then(|c| c.label.as_ref()).map(ToString::to_string);
                let label = self.words.maybe(db, label.as_deref())?;
                self.label(db, row, place, label)?;
            }
        }
        self.result(db, row, UNFORESEEN, "", &shape.fallback)?;
        self.outputs.remove(&row);
        Ok(())
    }

    fn result(
        &mut self,
        db: &Connection,
        row: i64,
        place: i64,
        name: &str,
        disclosure: &Disclosure,
    ) -> Result<(), IndexError> {
        let (shows, method, labels): (_, _, &[Label]) = match disclosure {
            Disclosure::Raw { labels } => ("raw", None, labels),
            Disclosure::Scan => ("scan", None, &[]),
            Disclosure::Masked { label, method } => {
                ("masked", Some(method_word(*method)), std::slice::from_ref(label))
            }
        };
        db.prepare_cached("INSERT OR IGNORE INTO shape_output VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![row, place, name, shows, method, joined(labels)])?;
        for label in labels {
            let label = self.words.word(db, &label.to_string())?;
            self.label(db, row, place, label)?;
        }
        Ok(())
    }

    fn source(&self, db: &Connection, row: i64, place: i64, column: i64) -> Result<(), IndexError> {
        db.prepare_cached("INSERT OR IGNORE INTO shape_source VALUES (?1, ?2, ?3)")?
            .execute([column, row, place])?;
        Ok(())
    }

    fn label(&self, db: &Connection, row: i64, place: i64, label: i64) -> Result<(), IndexError> {
        if label != 0 {
            db.prepare_cached("INSERT OR IGNORE INTO shape_label VALUES (?1, ?2, ?3)")?
                .execute([label, row, place])?;
        }
        Ok(())
    }
}

/// The word that a record has for it.
pub(crate) fn use_word(used: Use) -> &'static str {
    match used {
        Use::Returned => "returned",
        Use::Tested => "tested",
        Use::LookedUp => "looked_up",
        Use::Aggregated => "aggregated",
        Use::Inferred => "inferred",
        Use::Written => "written",
        Use::Exported => "exported",
        Use::Copied => "copied",
    }
}

/// The word that a record has for it.
fn how_word(how: Derivation) -> &'static str {
    match how {
        Derivation::Identity => "identity",
        Derivation::Cast => "cast",
        Derivation::Expression => "expression",
        Derivation::Aggregate => "aggregate",
    }
}

fn method_word(method: MaskMethod) -> &'static str {
    match method {
        MaskMethod::Generalise => "generalise",
        MaskMethod::Partial => "partial",
        MaskMethod::Pseudonym => "pseudonym",
        MaskMethod::Full => "full",
        MaskMethod::Null => "null",
    }
}

fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::Soon => "soon",
        Durability::BeforeRow => "before_row",
        Durability::BeforeEffect => "before_effect",
        Durability::BeforeForward => "before_forward",
    }
}

/// Whether it runs code that can do what the facts do not say.
fn dynamic(shape: &Shape<'_>) -> bool {
    shape.basis.as_ref().is_some_and(|basis| basis.facts.dynamic)
        || shape.risk.iter().any(|risk| risk.part == "dynamic")
}
