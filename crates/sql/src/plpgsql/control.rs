//! What the way that a PL/pgSQL body takes tells: which branch was run, and how often. A value that
//! is assigned in a branch carries what was asked, as that of CASE does. In a loop every round is
//! another question; what rounds compare with a column and then do spells it out, and no label
//! follows what is done, so that leaves.

use super::{Sql, Step};
use crate::{
    analyse::Walk,
    collect::changes_names,
    flow::{Columns, Distance, Field, Flow},
    relate::{Stand, stand},
    scope::Env,
};
use model::{ColumnId, Operation, Use, facts::Effect};
use pg_raw_parse::Node;
use std::collections::{BTreeSet, HashMap};

/// The branches and loops of a body.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Those around this step, by the step that opens them.
    around: Vec<usize>,
    /// What is known of each; it only grows.
    known: HashMap<usize, Branch>,
    /// What stands for the values that a variable takes from round to round.
    sets: HashMap<String, ColumnId>,
    /// What decides whether the body goes on to its end.
    ends: Flow,
    /// Sets of arguments and of variables, and the number behind which those of queries begin.
    outer: (Vec<ColumnId>, u32),
}

/// A branch or a loop.
#[derive(Clone, Debug, Default)]
struct Branch {
    again: bool,
    /// What its conditions carry.
    asked: Flow,
    /// What differs from round to round and carries columns as well.
    told: Flow,
}

impl Control {
    /// The branches around this step.
    pub(super) fn around(&self) -> &[usize] {
        &self.around
    }

    fn branch(&mut self) -> Option<&mut Branch> {
        self.known.get_mut(self.around.last()?)
    }

    fn here(&self) -> impl Iterator<Item = &Branch> {
        self.around.iter().filter_map(|index| self.known.get(index))
    }

    /// What decides whether this step is run.
    fn asked(&self) -> Flow {
        Flow::merge(self.here().map(|branch| &branch.asked))
    }

    /// What rounds have told when this step is run.
    fn told(&self) -> Flow {
        Flow::merge(self.here().map(|branch| &branch.told))
    }

    /// How much is known.
    pub(super) fn weight(&self) -> usize {
        let weigh = |flow: &Flow| flow.sources.len() * 4 + usize::from(flow.unknown);
        let branches = self.known.values();
        branches.map(|it| weigh(&it.asked) + weigh(&it.told)).sum::<usize>() + weigh(&self.ends)
    }
}

impl Flow {
    /// The same value, as far as it depends on another one: its fields depend on it too.
    pub(super) fn decided_by(mut self, other: &Flow) -> Self {
        if other.is_given() {
            return self;
        }
        let other = Flow { fields: None, ..other.clone() }.moved(Distance::Expression);
        let fields = self.fields.take();
        self.absorb(&other);
        self.origin = None;
        self.fields = fields.map(|fields| {
            let decided = fields.iter().map(|field| {
                let flow = field.flow.clone().decided_by(&other);
                Field { name: field.name.clone(), flow, given_name: field.given_name }
            });
            decided.collect()
        });
        self
    }
}

impl Walk<'_> {
    /// A body of these steps begins, whose arguments are in the innermost frame.
    pub(super) fn enters_body(&mut self, steps: &[Step]) {
        self.enters_names(steps);
        for step in steps {
            let names = match step {
                Step::Varies(name) => std::slice::from_ref(name),
                Step::Assign { target, each: true, .. } => target.as_slice(),
                _ => continue,
            };
            let control = &self.loops.control;
            let new = names.iter().filter(|name| !control.sets.contains_key(*name));
            for name in new.collect::<BTreeSet<_>>() {
                let set = self.new_set();
                self.loops.control.sets.insert(name.clone(), set);
            }
        }
        let arguments = self.frames.last().map(|frame| frame.arguments.as_slice());
        let flows = arguments.unwrap_or_default().iter().map(|(_, flow)| flow);
        let sets = flows.flat_map(|flow| flow.sources.iter().copied());
        let sets = sets.filter(|source| stand(*source) == Stand::Set);
        let sets = sets.chain(self.loops.control.sets.values().copied()).collect();
        self.loops.control.outer = (sets, self.sets);
    }

    /// A step that opens or closes a branch, or decides about it.
    pub(super) fn controls(&mut self, index: usize, step: &Step) {
        let control = &mut self.loops.control;
        match step {
            Step::Opens { again } => {
                control.around.push(index);
                control.known.entry(index).or_default().again = *again;
            }
            Step::Closes => _ = control.around.pop(),
            Step::Condition(sql) => self.condition(sql),
            Step::Times(sql) => {
                let row = self.run_sql(sql);
                for field in &row.fields {
                    self.facts.uses(&field.flow, Use::Inferred);
                    self.decides(&field.flow, true);
                }
            }
            Step::Leaves { body: false } => {
                // What differs from round to round decides how many there are.
                let inner = control.here().collect::<Vec<_>>();
                let last = inner.iter().rposition(|branch| branch.again);
                let inner = inner.iter().skip(last.unwrap_or_default());
                let told = Flow::merge(inner.map(|branch| &branch.told));
                let last = last.and_then(|last| control.around.get(last).copied());
                if let Some(branch) = last.and_then(|last| control.known.get_mut(&last)) {
                    branch.asked.absorb(&told);
                    branch.told.absorb(&told);
                }
            }
            Step::Leaves { body: true } => {
                let asked = control.asked();
                control.ends.absorb(&asked);
            }
            Step::Varies(name) => self.varies(name),
            _ => {}
        }
    }

    /// A condition: each part of it that AND and OR join is a question of its own.
    fn condition(&mut self, sql: &Sql) {
        let Some(Node::SelectStmt(select)) = sql.0.stmts().next() else { return };
        let plain = select.from_clause().is_empty() && matches!(select.where_clause(), Node::None);
        let mut next: Vec<Node<'_>> = select.target_list().iter().map(|it| it.val()).collect();
        if !plain {
            let row = self.run_sql(sql);
            return row.fields.iter().for_each(|field| self.asks(&field.flow));
        }
        while let Some(node) = next.pop() {
            match node {
                Node::BoolExpr(expr) => next.extend(expr.args()),
                leaf => {
                    let flow = self.expression_of_body(leaf);
                    self.asks(&flow);
                }
            }
        }
    }

    fn asks(&mut self, flow: &Flow) {
        self.facts.uses(flow, Use::Inferred);
        self.facts.relations.relate(&[flow]);
        self.decides(flow, flow.sources.iter().any(|source| self.is_made_up(*source)));
    }

    /// Notes what decides about the branch at this point.
    fn decides(&mut self, flow: &Flow, told: bool) {
        let flow = Flow { fields: None, origin: None, ..flow.clone() };
        let Some(branch) = self.loops.control.branch() else { return };
        branch.asked.absorb(&flow);
        if told && (flow.carries() || flow.unknown) {
            branch.told.absorb(&flow);
        }
    }

    /// True for what stands for values that the client made up for this statement. A temporary
    /// table is not: what is compared with it asks for the right to.
    fn is_made_up(&self, source: ColumnId) -> bool {
        stand(source) == Stand::Set && self.catalog.relation(source.relation).is_none()
    }

    /// A variable that has another value in each round.
    pub(super) fn varies(&mut self, name: &str) {
        let Some(set) = self.loops.control.sets.get(name).copied() else { return };
        let mut values = Flow::constant(None);
        values.sources.push(set);
        let Some(frame) = self.frames.last_mut() else { return };
        let key = frame.key(name);
        if let Some(kind) = frame.kinds.get_mut(&key) {
            kind.named = None;
        }
        for place in frame.places(name) {
            if let Some((_, slot)) = frame.arguments.get_mut(place) {
                let ty = slot.ty;
                *slot = std::mem::take(slot).decided_by(&values).typed(ty);
            }
        }
    }

    /// What is known of the number of rows that a statement met: what made-up rows or rounds were
    /// compared with. `since` is the number of the first set that counts.
    pub(super) fn counted(&self, since: Option<u32>) -> Flow {
        let (outer, first) = &self.loops.control.outer;
        let mut flow = Flow::constant(None);
        for (set, sources) in self.facts.relations.of_sets() {
            let newer = set.relation.0 > since.unwrap_or(*first);
            let counts = newer || since.is_none() && outer.contains(&set);
            if counts && self.is_made_up(set) {
                flow.sources.push(set);
                flow.sources.extend(sources.iter().copied());
            }
        }
        flow.sources.sort_unstable();
        flow.sources.dedup();
        flow
    }

    /// So many rounds as a query has rows.
    pub(super) fn goes_round(&mut self, since: u32) {
        let flow = self.counted(Some(since));
        self.decides(&flow, true);
    }

    /// A value that is assigned here.
    pub(super) fn decided(&self, value: Flow) -> Flow {
        if self.trigger_on.is_some() {
            // What a trigger's author derives from the row is no question of the client's.
            return value;
        }
        value.decided_by(&self.loops.control.asked())
    }

    /// What is returned here: the last rows and values, or one row of many.
    pub(super) fn decided_rows(&mut self, columns: &mut Columns, one_of_many: bool) {
        let mut asked = self.loops.control.asked();
        if one_of_many {
            self.acts(&[], true);
        } else {
            self.loops.control.ends.absorb(&asked);
            asked.absorb(&self.loops.control.ends);
        }
        for field in &mut columns.fields {
            // That a row is there at all is what a WHERE tells.
            if !one_of_many || field.flow.is_given() {
                field.flow = std::mem::take(&mut field.flow).decided_by(&asked);
            }
        }
    }

    /// Something is done here that others see, or that is kept.
    pub(super) fn acts(&mut self, operations: &[Operation], surely: bool) {
        let seen = |operation: &Operation| {
            operation.is_write()
                || matches!(operation, Operation::Set | Operation::Lock | Operation::CreateTemp)
        };
        let again = self.loops.control.here().any(|branch| branch.again);
        if again && self.trigger_on.is_none() && (surely || operations.iter().any(seen)) {
            let told = self.loops.control.told();
            self.facts.uses(&told, Use::Exported);
        }
    }

    /// An expression of a body.
    fn expression_of_body(&mut self, node: Node<'_>) -> Flow {
        let before = std::mem::take(&mut self.facts.effects);
        let flow = self.value(node, &Env::default());
        self.acted(before);
        Flow { origin: None, ..flow }
    }

    /// What a step did comes behind what was done before it.
    pub(super) fn acted(&mut self, before: Vec<Effect>) {
        let own = std::mem::replace(&mut self.facts.effects, before);
        self.follow_in_body(&own);
        let operations: Vec<Operation> = own.iter().map(|effect| effect.operation).collect();
        own.into_iter().for_each(|effect| self.facts.effect(effect));
        self.acts(&operations, false);
    }

    /// What the rest of a body must know of a statement before it: code that is called tells by
    /// itself what it does.
    pub(crate) fn follow_in_body(&mut self, effects: &[Effect]) {
        let told = |effect: &Effect| match effect.operation {
            Operation::Call | Operation::Do | Operation::Foreign => true,
            Operation::Drop => effect.relation.is_some(),
            _ => false,
        };
        if effects.iter().any(|effect| changes_names(effect) && !told(effect)) {
            self.made.stale = true;
            self.expanded.clear();
        }
    }
}
