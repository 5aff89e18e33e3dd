//! Gathers what a walk finds and turns it into [`Facts`]. Knows no SQL and no catalog.

use crate::flow::{Columns, Distance, Flow, Rest};
use model::{
    ColumnId, Facts, Operation, Use,
    facts::{ColumnUse, Effect, FunctionRef, RelationRef, SessionChange, Unknown},
};
use std::collections::HashSet;

/// Facts in the making.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// In the order of finding; no duplicates.
    pub(crate) effects: Vec<Effect>,
    /// No duplicates.
    pub(crate) functions: Vec<FunctionRef>,
    /// No duplicates.
    pub(crate) unknowns: Vec<Unknown>,
    /// In order.
    pub(crate) session: Vec<SessionChange>,
    /// See [`Facts::dynamic`].
    pub(crate) dynamic: bool,
    uses: HashSet<(ColumnId, Use)>,
}

impl Collector {
    /// Notes an effect once.
    pub(crate) fn effect(&mut self, effect: Effect) {
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    /// Notes an effect on a relation.
    pub(crate) fn on(&mut self, operation: Operation, relation: RelationRef) {
        let relation = Some(relation);
        self.effect(Effect { operation, relation, object: None, unbounded: false });
    }

    /// Notes an effect on something that is not a relation.
    pub(crate) fn about(&mut self, operation: Operation, object: impl Into<String>) {
        let object = Some(object.into());
        self.effect(Effect { operation, relation: None, object, unbounded: false });
    }

    /// Notes an effect without an object.
    pub(crate) fn plain(&mut self, operation: Operation) {
        self.effect(Effect { operation, relation: None, object: None, unbounded: false });
    }

    /// Notes a function once.
    pub(crate) fn function(&mut self, function: FunctionRef) {
        if !self.functions.contains(&function) {
            self.functions.push(function);
        }
    }

    /// Notes something that was not understood.
    pub(crate) fn unknown(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let unknown = Unknown { what: what.into(), why: why.into() };
        if !self.unknowns.contains(&unknown) {
            self.unknowns.push(unknown);
        }
    }

    /// Notes that every source of a value is used in this way.
    pub(crate) fn uses(&mut self, flow: &Flow, usage: Use) {
        for source in &flow.sources {
            self.uses.insert((*source, usage));
        }
    }

    /// Notes a use of one column.
    pub(crate) fn column(&mut self, column: ColumnId, usage: Use) {
        self.uses.insert((column, usage));
    }

    /// Notes an equality test of a value: a look-up if the value is a column as it stands, an
    /// inference if it is a part or a function of it.
    pub(crate) fn tested(&mut self, flow: &Flow) {
        if let Some(fields) = &flow.fields {
            for field in fields.iter() {
                self.tested(&field.flow);
            }
            return;
        }
        let usage = if flow.distance <= Distance::Folded { Use::Tested } else { Use::Inferred };
        self.uses(flow, usage);
    }

    /// Notes that the session's scope may change, once in a row.
    pub(crate) fn scope(&mut self) {
        if self.session.last() != Some(&SessionChange::Scope) {
            self.session.push(SessionChange::Scope);
        }
    }

    /// True if a column of the relation is looked at, not just carried to another place.
    pub(crate) fn touches(&self, relation: model::RelationId) -> bool {
        self.uses.iter().any(|(column, usage)| {
            column.relation == relation && !matches!(usage, Use::Written | Use::Exported)
        })
    }

    /// Takes over another collection. `keep` says which uses count.
    pub(crate) fn take(&mut self, other: Collector, keep: impl Fn(ColumnId, Use) -> Option<Use>) {
        other.effects.into_iter().for_each(|effect| self.effect(effect));
        other.functions.into_iter().for_each(|function| self.function(function));
        for unknown in other.unknowns {
            self.unknown(unknown.what, unknown.why);
        }
        self.session.extend(other.session);
        self.dynamic |= other.dynamic;
        for (column, usage) in other.uses {
            if let Some(usage) = keep(column, usage) {
                self.uses.insert((column, usage));
            }
        }
    }

    /// Takes over facts that were stated earlier (EXECUTE, FETCH).
    pub(crate) fn replay(&mut self, facts: &Facts, keep: impl Fn(Use) -> Option<Use>) {
        facts.effects.iter().for_each(|effect| self.effect(effect.clone()));
        facts.functions.iter().for_each(|function| self.function(function.clone()));
        for unknown in &facts.unknowns {
            self.unknown(unknown.what.clone(), unknown.why.clone());
        }
        self.dynamic |= facts.dynamic;
        for use_ in &facts.columns {
            if let Some(usage) = keep(use_.usage) {
                self.uses.insert((use_.column, usage));
            }
        }
    }

    /// Closes the collection. `outputs` are the result's columns, if there is a result.
    pub(crate) fn finish(mut self, outputs: Option<Columns>) -> Facts {
        let mut outputs_unknown = false;
        let outputs = outputs.map(|columns| {
            outputs_unknown = columns.rest != Rest::Closed;
            for field in &columns.fields {
                self.uses(&field.flow, Use::Returned);
            }
            columns.fields.iter().map(|field| field.flow.output(&field.name)).collect()
        });
        if self.effects.is_empty() {
            self.plain(Operation::Select);
        }
        let mut columns: Vec<ColumnUse> = Vec::with_capacity(self.uses.len());
        columns.extend(self.uses.into_iter().map(|(column, usage)| ColumnUse { column, usage }));
        columns.sort_unstable();
        let operation = self.effects.first().map_or(Operation::Select, |effect| effect.operation);
        Facts {
            operation,
            effects: self.effects,
            functions: self.functions,
            columns,
            outputs,
            outputs_unknown,
            dynamic: self.dynamic,
            unknowns: self.unknowns,
            session: self.session,
        }
    }
}
