//! Gathers what a walk finds and turns it into [`Facts`]. Knows no SQL and no catalog.

use crate::{
    document,
    flow::{Columns, Distance, Flow, Rest},
    relate::{Relations, Stand, stand},
};
use model::{
    ColumnId, Facts, FunctionId, Operation, Use,
    catalog::Function,
    facts::{
        ColumnUse, Destination, Effect, FunctionRef, LookUp, Made, Move, Output, RelationRef,
        Renamed, SessionChange, Unknown,
    },
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Facts in the making.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// In the order of finding; no duplicates.
    pub(crate) effects: Vec<Effect>,
    /// No duplicates.
    pub(crate) functions: Vec<FunctionRef>,
    /// See [`Facts::code`].
    pub(crate) code: BTreeSet<FunctionId>,
    /// No duplicates.
    pub(crate) unknowns: Vec<Unknown>,
    /// In order.
    pub(crate) session: Vec<SessionChange>,
    /// See [`Facts::dynamic`].
    pub(crate) dynamic: bool,
    /// What was compared with what.
    pub(crate) relations: Relations,
    /// In the order of finding.
    pub(crate) moves: Vec<(Destination, Flow)>,
    /// In order.
    pub(crate) made: Vec<Made>,
    /// In order.
    pub(crate) renamed: Vec<Renamed>,
    /// Code opens a cursor under a name that something else may have too.
    pub(crate) named_cursors: bool,
    /// See [`Facts::keeps_names`].
    pub(crate) keeps_names: bool,
    uses: HashSet<(ColumnId, Use)>,
    /// A predicate asks something of a value of which it is not known what it is made of.
    pub(crate) asks_unknown: bool,
    /// How many values each column was compared with so far.
    pub(crate) look_ups: BTreeMap<ColumnId, u32>,
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

    /// Notes an effect on all of something that is not a relation.
    pub(crate) fn whole(&mut self, operation: Operation, object: String) {
        let (relation, object) = (None, Some(object));
        self.effect(Effect { operation, relation, object, unbounded: true });
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

    /// Notes that a function's code can run.
    pub(crate) fn runs(&mut self, function: &Function) {
        if function.schema != "pg_catalog" {
            self.code.insert(function.id);
        }
    }

    /// Notes something that was not understood.
    pub(crate) fn unknown(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let unknown = Unknown { what: what.into(), why: why.into() };
        if !self.unknowns.contains(&unknown) {
            self.unknowns.push(unknown);
        }
    }

    /// Notes that every source of a value is used in this way. Of a statistic nothing but the
    /// statistic can be learned, unless it leaves by a way on which no group is guarded.
    pub(crate) fn uses(&mut self, flow: &Flow, usage: Use) {
        let asks = matches!(usage, Use::Tested | Use::LookedUp | Use::Inferred);
        self.asks_unknown |= asks && flow.unknown;
        for source in &flow.sources {
            self.uses.insert(match (stand(*source), usage) {
                (Stand::Statistic(column), Use::Written | Use::Exported | Use::Copied) => {
                    (column, usage)
                }
                (Stand::Statistic(column), _) => (column, Use::Aggregated),
                // What a set stands for is known at the end.
                (Stand::Column(_) | Stand::Set, _) => (*source, usage),
            });
        }
    }

    /// Notes that a value leaves by another way than the result, or is kept where anybody may read
    /// it. One of which it is not known what it is may be any.
    pub(crate) fn exports(&mut self, flow: &Flow) {
        self.uses(flow, Use::Exported);
        if flow.unknown {
            self.dynamic = true;
            let why = "it is not known what it holds, and it leaves by another way than the result";
            self.unknown("a value", why);
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
        if flow.instead > 0 {
            // Whether a given value is one of the others is what a look-up asks.
            self.looked_up(flow, flow.instead);
        }
        let told = self.relations.tie_within(flow);
        let usage = if flow.distance <= Distance::Folded && !flow.is_mixed() && told {
            Use::Tested
        } else {
            Use::Inferred
        };
        self.uses(flow, usage);
    }

    /// Notes a comparison of two values; `values` is how many the client gave, if one of the sides
    /// is of its making. Each side is a question about the other.
    pub(crate) fn compared(&mut self, left: &Flow, right: &Flow, equality: bool, values: u32) {
        if let (true, Some(lefts), Some(rights)) = (equality, &left.fields, &right.fields)
            && lefts.len() == rights.len()
        {
            for (left, right) in lefts.iter().zip(rights.iter()) {
                self.compared(&left.flow, &right.flow, equality, values);
            }
            return;
        }
        if let Some((side, rows)) = listed(left, right).filter(|_| equality) {
            self.relations.count(&[left, right]);
            return self.looked_up(side, rows);
        }
        self.relations.relate(&[left, right]);
        let told = self.relations.tie(left, right, equality);
        for (side, other) in [(left, right), (right, left)] {
            let whole = side.distance <= Distance::Folded;
            if other.instead > 0 && side.carries() {
                self.looked_up(side, other.instead);
            }
            let stands = other.distance <= Distance::Folded || other.fields.is_some();
            if !equality || !told || !whole && side.fields.is_none() {
                self.uses(side, Use::Inferred);
            } else if other.is_fixed() {
                self.looked_up(side, values);
            } else if (other.carries() || other.unknown) && stands && !other.is_made_up() {
                self.tested(side);
            } else {
                // A set of guesses is no look-up: nobody can say how many there are. Nor is what is
                // computed, which can be any of them.
                self.uses(side, Use::Inferred);
            }
        }
    }

    pub(crate) fn looked_up(&mut self, flow: &Flow, values: u32) {
        if let Some(fields) = &flow.fields {
            return fields.iter().for_each(|field| self.looked_up(&field.flow, values));
        }
        // Of so many nobody can say how many they are.
        if flow.distance > Distance::Folded || values == u32::MAX {
            return self.uses(flow, Use::Inferred);
        }
        self.uses(flow, Use::LookedUp);
        for source in &flow.sources {
            if let Stand::Column(column) = stand(*source) {
                let count = self.look_ups.entry(column).or_default();
                *count = count.saturating_add(values);
            }
        }
    }

    /// What the author of a view asks is no question of the client's.
    pub(crate) fn forget_look_ups(&mut self) {
        self.look_ups.clear();
    }

    /// The columns that predicates here ask about, other than by comparing them with columns: a
    /// value that depends on the answer tells something of them.
    pub(crate) fn asked(&self) -> Flow {
        self.used(|usage| matches!(usage, Use::Inferred | Use::LookedUp))
    }

    /// The same without what is only looked up: each look-up is counted, and says as much as a
    /// value as it says by the rows that come.
    pub(crate) fn inferred(&self) -> Flow {
        self.used(|usage| usage == Use::Inferred)
    }

    fn used(&self, wanted: impl Fn(Use) -> bool) -> Flow {
        let mut flow = Flow::constant(None);
        let columns = self.uses.iter().filter(|(_, usage)| wanted(*usage));
        flow.sources.extend(columns.map(|(column, _)| *column));
        flow.sources.sort_unstable();
        flow.sources.dedup();
        flow
    }

    /// Notes that a value is put into a column, unless it comes from nowhere.
    pub(crate) fn moved(&mut self, to: Destination, flow: &Flow) {
        if !flow.sources.is_empty() || flow.unknown {
            self.moves.push((to, Flow { fields: None, ..flow.clone() }));
        }
    }

    /// Notes that a column comes to be that holds nothing yet.
    pub(crate) fn added(&mut self, to: Destination) {
        self.moves.push((to, Flow::default()));
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
            column.relation == relation
                && !matches!(usage, Use::Written | Use::Exported | Use::Copied)
        })
    }

    /// Takes over another collection. `keep` says which uses count.
    pub(crate) fn take(&mut self, other: Collector, keep: impl Fn(ColumnId, Use) -> Option<Use>) {
        other.effects.into_iter().for_each(|effect| self.effect(effect));
        other.functions.into_iter().for_each(|function| self.function(function));
        self.code.extend(other.code);
        for unknown in other.unknowns {
            self.unknown(unknown.what, unknown.why);
        }
        self.session.extend(other.session);
        self.dynamic |= other.dynamic;
        self.asks_unknown |= other.asks_unknown;
        self.named_cursors |= other.named_cursors;
        self.relations.take(other.relations);
        for (column, values) in other.look_ups {
            let count = self.look_ups.entry(column).or_default();
            *count = count.saturating_add(values);
        }
        self.moves.extend(other.moves);
        self.made.extend(other.made);
        self.renamed.extend(other.renamed);
        for (column, usage) in other.uses {
            if let Some(usage) = keep(column, usage) {
                self.uses.insert((column, usage));
            }
        }
    }

    /// Counts so many more values for what these facts look up; `u32::MAX` if nobody can say how
    /// many.
    pub(crate) fn look_up_more(&mut self, facts: &Facts, more: u32) {
        for look_up in &facts.look_ups {
            let count = self.look_ups.entry(look_up.column).or_default();
            *count = count.saturating_add(more);
            if more == u32::MAX {
                self.uses.insert((look_up.column, Use::Inferred));
            }
        }
    }

    /// Takes over facts that were stated earlier (EXECUTE, FETCH).
    pub(crate) fn replay(&mut self, facts: &Facts, keep: impl Fn(Use) -> Option<Use>) {
        facts.effects.iter().for_each(|effect| self.effect(effect.clone()));
        facts.functions.iter().for_each(|function| self.function(function.clone()));
        self.code.extend(&facts.code);
        for unknown in &facts.unknowns {
            self.unknown(unknown.what.clone(), unknown.why.clone());
        }
        self.dynamic |= facts.dynamic;
        self.relations.ties.extend(facts.ties.iter().cloned());
        for look_up in &facts.look_ups {
            let count = self.look_ups.entry(look_up.column).or_default();
            *count = count.saturating_add(look_up.values);
        }
        for moved in &facts.moves {
            let flow = Flow {
                sources: moved.from.iter().copied().collect(),
                distance: Distance::of(moved.derivation),
                unknown: moved.unknown,
                ..Flow::default()
            };
            self.moves.push((moved.to.clone(), flow));
        }
        self.made.extend(facts.made.iter().cloned());
        self.renamed.extend(facts.renamed.iter().cloned());
        for use_ in &facts.columns {
            if let Some(usage) = keep(use_.usage) {
                self.uses.insert((use_.column, usage));
            }
        }
    }

    /// Closes the collection. `outputs` are the result's columns, if there is a result.
    pub(crate) fn finish(mut self, outputs: Option<Columns>) -> Facts {
        let mut outputs_unknown = false;
        let outputs = outputs.map(|mut columns| {
            let mut said = Vec::with_capacity(columns.fields.len());
            outputs_unknown = columns.rest != Rest::Closed;
            for field in &mut columns.fields {
                let widen = |flow: &mut Flow| self.relations.widen(&mut flow.sources);
                let inner = document::inner(&field.flow, widen);
                self.relations.widen(&mut field.flow.sources);
                self.uses(&field.flow, Use::Returned);
                said.push(Output { inner, ..field.flow.output(&field.name) });
            }
            said
        });
        let moves = self.settled_moves();
        self.settle_sets();
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
            code: self.code.into_iter().collect(),
            columns,
            look_ups: self
                .look_ups
                .into_iter()
                .map(|(column, values)| LookUp { column, values })
                .collect(),
            outputs,
            outputs_unknown,
            dynamic: self.dynamic,
            unknowns: self.unknowns,
            session: self.session,
            ties: self.relations.ties.into_iter().collect(),
            moves,
            made: self.made,
            renamed: self.renamed,
            keeps_names: self.keeps_names,
        }
    }

    /// What is put where. What sets were compared with goes along, and a statistic is guarded
    /// nowhere but in a result.
    fn settled_moves(&mut self) -> Vec<Move> {
        let mut settled: Vec<Move> = Vec::with_capacity(self.moves.len());
        for (to, mut flow) in std::mem::take(&mut self.moves) {
            let added = flow.sources.is_empty() && !flow.unknown;
            self.relations.widen_put(&mut flow.sources);
            let output = flow.output("");
            let mut from = output.sources;
            from.extend(output.statistics);
            from.sort_unstable();
            from.dedup();
            let (derivation, unknown) = (output.derivation, output.unknown);
            if from.is_empty() && !unknown && !added {
                continue;
            }
            let moved = Move { to, from, derivation, unknown };
            if !settled.contains(&moved) {
                settled.push(moved);
            }
        }
        settled
    }

    /// What was noted of a set holds for the columns that it was compared with.
    fn settle_sets(&mut self) {
        let is_set = |column: ColumnId| stand(column) == Stand::Set;
        let sets: Vec<_> =
            self.uses.iter().filter(|(column, _)| is_set(*column)).copied().collect();
        for (set, usage) in sets {
            self.uses.remove(&(set, usage));
            let mut flow = Flow::constant(None);
            flow.sources.push(set);
            self.relations.widen_put(&mut flow.sources);
            flow.sources.retain(|source| !is_set(*source));
            self.uses(&flow, usage);
        }
    }
}

/// Of a column and a set that lists its values: the column, and how many they are.
fn listed<'f>(left: &'f Flow, right: &'f Flow) -> Option<(&'f Flow, u32)> {
    let single = |flow: &Flow| !flow.unknown && flow.fields.is_none();
    let rows = |flow: &Flow| match flow.sources.as_slice() {
        [_] if single(flow) && !flow.varies => Some(flow.rows).filter(|rows| *rows > 0),
        _ => None,
    };
    let column = |flow: &Flow| {
        single(flow) && flow.distance <= Distance::Folded && flow.carries() && !flow.is_mixed()
    };
    let pairs = [(left, right), (right, left)];
    pairs
        .into_iter()
        .find_map(|(side, set)| rows(set).filter(|_| column(side)).map(|rows| (side, rows)))
}

/// True if what comes behind may find that names mean something else.
pub(crate) fn changes_names(effect: &Effect) -> bool {
    let harmless =
        matches!(effect.operation, Operation::Comment | Operation::Grant | Operation::DropTemp);
    let made = matches!(effect.operation, Operation::Create | Operation::CreateTemp);
    effect.operation.changes_catalog() && !harmless && !made
}
