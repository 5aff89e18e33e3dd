//! What the steps of a PL/pgSQL body do: variables are filled until nothing new comes, in no
//! order, so every path through the body is covered.

use super::{Sql, Step, control::Control};
use crate::{
    analyse::{Frame, Walk},
    flow::{Columns, Distance, Field, Flow, Rest},
    scope::Env,
};
use model::{
    Use,
    catalog::RelationKind,
    facts::{Destination, SessionChange},
};
use pg_raw_parse::Node;
use std::collections::HashMap;

/// How often the steps are walked until the variables must have settled.
const MAX_PASSES: usize = 12;

/// A body on its way: what is returned, and what cursors yield.
#[derive(Default)]
pub(super) struct Yield {
    columns: Option<Columns>,
    cursors: HashMap<String, Columns>,
    /// Variables that hold whole rows.
    pub(super) rows: Vec<String>,
    /// The body in words, for messages.
    what: String,
    /// True if it returns rows, false if it returns a value.
    set: bool,
}

impl Walk<'_> {
    /// Walks the steps of a body whose arguments are in the innermost frame. The columns it
    /// returns, if it returns any by itself.
    pub(crate) fn steps(&mut self, what: &str, set: bool, steps: &[Step]) -> Option<Columns> {
        let mut body = Yield { what: what.to_owned(), set, ..Yield::default() };
        let outer = std::mem::take(&mut self.loops);
        self.loops.repeating = steps.iter().any(|step| matches!(step, Step::Opens { again: true }));
        self.enters_body(steps);
        let (look_ups, sets) = (self.facts.look_ups.clone(), self.sets);
        for pass in 0..=MAX_PASSES {
            let before = self.weight();
            // Each pass is the same steps once more.
            self.facts.look_ups.clone_from(&look_ups);
            self.sets = sets;
            for (index, step) in steps.iter().enumerate() {
                self.controls(index, step);
                self.step_of_body(step, &mut body);
            }
            if pass > 0 && self.weight() == before {
                // A cursor that stays open runs its query as it is read.
                if self.lost_path && steps.iter().any(|step| matches!(step, Step::Open(_))) {
                    self.runs_later("a cursor in code");
                }
                self.loops = outer;
                return body.columns;
            }
        }
        self.loops = outer;
        self.facts.unknown(what, "its variables could not be followed to the end");
        Some(Columns::open())
    }

    /// How much is known of the variables; it only grows.
    fn weight(&self) -> usize {
        let frame = self.frames.last();
        let flows = frame.map(|frame| frame.arguments.as_slice()).unwrap_or_default();
        let weigh = |flow: &Flow| flow.sources.len() * 4 + usize::from(flow.unknown);
        let ranging = self.loops.ranging.len();
        let known: usize = flows
            .iter()
            .map(|(_, flow)| {
                let fields = flow.fields.iter().flat_map(|fields| fields.iter());
                1 + weigh(flow) + fields.map(|field| weigh(&field.flow)).sum::<usize>()
            })
            .sum();
        ranging + known + self.loops.control.weight()
    }

    fn step_of_body(&mut self, step: &Step, body: &mut Yield) {
        match step {
            Step::Declare { name, ty, default } => {
                self.declared(name, ty, default.as_ref(), body);
            }
            Step::Alias { name, of } => {
                let flow = self.variable(of).unwrap_or_else(Flow::unknown);
                self.define(name, flow);
            }
            Step::Cursor { name, query } => self.cursor(name, query.as_ref(), body),
            Step::Open(name) => {
                self.forget_cursors();
                // The server's list of cursors shows the name to whoever asks.
                if let Some(flow) = self.variable(name) {
                    self.facts.uses(&flow, Use::Exported);
                }
            }
            Step::Opens { .. }
            | Step::Closes
            | Step::Leaves { .. }
            | Step::Varies(_)
            | Step::Times(_)
            | Step::Condition(_) => {}
            Step::Each { names, over } => {
                if self.goes_through_all(over, true) {
                    names.iter().for_each(|name| self.loops.range(name));
                }
            }
            Step::Assign { target, value, each } => self.assign(target, value, *each),
            Step::Statement { sql, into } => self.stated(sql, into, false, body),
            Step::Rows { sql, into } => self.stated(sql, into, true, body),
            Step::Fetch { cursor, into } => {
                let columns = body.cursors.get(cursor).cloned().unwrap_or_else(Columns::open);
                if self.loops.ranges(cursor) {
                    into.iter().for_each(|path| self.loops.range_path(path));
                }
                self.fill_all(into, columns, body);
            }
            Step::Bound(sql) => {
                let row = self.run_sql(sql);
                row.fields.iter().for_each(|field| self.facts.uses(&field.flow, Use::Inferred));
            }
            Step::Says => self.acts(&[], true),
            Step::Raise(sql) => {
                let row = self.run_sql(sql);
                row.fields.iter().for_each(|field| self.facts.uses(&field.flow, Use::Exported));
            }
            Step::Return(sql) => self.returns(sql, false, body),
            Step::Next(None) => self.acts(&[], true),
            Step::Next(Some(sql)) => self.returns(sql, true, body),
            Step::Query(sql) => {
                let mut columns = self.run_sql(sql);
                self.decided_rows(&mut columns, true);
                self.yields(columns, body);
            }
            Step::Dynamic { into, returned } => self.dynamic(into, *returned, body),
            Step::Diagnostics { target, error } => {
                if *error && self.facts.session.contains(&SessionChange::Scope) {
                    // What the block did to the path is undone, if an error came behind it.
                    self.doubts_path();
                }
                // What an error says can hold any value that the body met.
                let flow = if *error { Flow::unknown() } else { self.counted(None) };
                match target.as_slice() {
                    [name] if name == "sqlerrm" => self.define(name, flow),
                    target => self.fill(target, flow),
                }
            }
        }
    }

    fn assign(&mut self, target: &[String], value: &Sql, each: bool) {
        if self.goes_through_all(value, false) {
            self.loops.range_path(target);
        }
        let row = self.run_sql(value);
        let value = first(row);
        if each && (value.sized || !value.is_counted()) {
            // As many rounds as it has elements.
            self.facts.uses(&value, Use::Exported);
        }
        if let (true, true, [name]) = (each, !value.carries(), target) {
            self.varies(name);
        }
        self.fill(target, value);
    }

    /// A statement, or the query that a loop goes through.
    fn stated(&mut self, sql: &Sql, into: &[Vec<String>], looped: bool, body: &Yield) {
        let sets = self.sets;
        let columns = self.run_sql(sql);
        if self.goes_through_all(sql, false) {
            into.iter().for_each(|path| self.loops.range_path(path));
        }
        if looped {
            self.goes_round(sets);
        }
        self.called(sql, &columns);
        self.fill_all(into, columns, body);
        let found = self.counted(None);
        self.define("found", found);
    }

    fn declared(&mut self, name: &String, ty: &str, default: Option<&Sql>, body: &mut Yield) {
        self.declare(name, ty, body);
        let Some(default) = default else { return };
        if self.goes_through_all(default, false) {
            self.loops.range(name);
        }
        let row = self.run_sql(default);
        self.fill(std::slice::from_ref(name), first(row));
    }

    fn cursor(&mut self, name: &str, query: Option<&Sql>, body: &mut Yield) {
        let columns = match query {
            Some(query) => self.run_sql(query),
            None => Columns::open(),
        };
        if query.is_some_and(|query| self.goes_through_all(query, true)) {
            self.loops.range(name);
        }
        body.cursors.insert(name.to_owned(), columns);
    }

    /// CALL writes its OUT arguments back into the variables it was given.
    fn called(&mut self, sql: &Sql, columns: &Columns) {
        let Some(Node::CallStmt(call)) = sql.0.stmts().next() else { return };
        let mut value = Flow::merge(columns.fields.iter().map(|field| &field.flow));
        value.unknown |= columns.rest == Rest::Open;
        if value.sources.is_empty() && !value.unknown {
            return;
        }
        for argument in call.funccall().into_iter().flat_map(|call| call.args()) {
            if let Some(name) = crate::query::single_name(argument) {
                self.fill(&[name.to_owned()], value.clone());
            }
        }
    }

    /// RETURN and RETURN NEXT: a row for functions that return rows, else a value.
    fn returns(&mut self, sql: &Sql, next: bool, body: &mut Yield) {
        let rows = body.set;
        let row = self.run_sql(sql);
        let fields = match row.fields.as_slice() {
            [only] if rows => only.flow.fields.clone(),
            _ => None,
        };
        let mut columns = fields.map_or(row, |fields| Columns::closed(fields.to_vec()));
        self.decided_rows(&mut columns, next);
        self.yields(columns, body);
    }

    fn dynamic(&mut self, into: &[Vec<String>], returned: bool, body: &mut Yield) {
        self.facts.dynamic = true;
        self.facts.scope();
        let why = "it puts SQL together while it runs (EXECUTE); query its tables directly";
        self.facts.unknown(body.what.clone(), why);
        for target in into {
            self.fill(target, Flow::unknown());
        }
        if returned {
            self.yields(Columns::open(), body);
        }
    }

    /// Rows that the body returns.
    fn yields(&mut self, columns: Columns, body: &mut Yield) {
        match &mut body.columns {
            None => body.columns = Some(columns),
            Some(known) => {
                let mut merged = std::mem::take(known);
                self.union(&mut merged, &columns);
                *known = merged;
            }
        }
    }

    /// True if a query yields all rows of a table, or many numbers: `each` for one that is looped
    /// over, else for one that gathers them into an array.
    fn goes_through_all(&self, sql: &Sql, each: bool) -> bool {
        let Some(Node::SelectStmt(select)) = sql.0.stmts().next() else { return false };
        // One of those that go through everything, as it is.
        let target = select.target_list().iter().next().map(|target| target.val());
        let same = target.and_then(crate::query::single_name);
        if same.is_some_and(|name| self.loops.ranges(name)) && select.from_clause().is_empty() {
            return true;
        }
        self.gathers_all(select, each, &Env::default())
    }

    pub(super) fn run_sql(&mut self, sql: &Sql) -> Columns {
        let before = std::mem::take(&mut self.facts.effects);
        let mut columns = Columns::default();
        for statement in sql.0.stmts() {
            columns = match statement {
                Node::SelectStmt(select) => self.select(select, &Env::default()),
                other => self.statement(other, &Env::default()).unwrap_or_default(),
            };
        }
        for field in &mut columns.fields {
            field.flow.origin = None;
        }
        self.acted(before);
        columns
    }

    pub(super) fn variable(&self, name: &str) -> Option<Flow> {
        let frame = self.frames.last()?;
        if let Some(number) = name.strip_prefix('$') {
            let index = number.parse::<usize>().ok()?.checked_sub(1)?;
            return frame.arguments.get(index).map(|(_, flow)| flow.clone());
        }
        frame.arguments.iter().find(|(known, _)| known == name).map(|(_, flow)| flow.clone())
    }

    /// Adds a variable to the frame, or what flows into it.
    pub(super) fn define(&mut self, name: &str, flow: Flow) {
        let Some(frame) = self.frames.last_mut() else { return };
        match frame.arguments.iter_mut().find(|(known, _)| known == name) {
            Some((_, slot)) => slot.absorb(&flow),
            None => frame.arguments.push((name.to_owned(), flow)),
        }
    }

    /// A row into variables: one variable that holds rows takes it whole.
    fn fill_all(&mut self, into: &[Vec<String>], columns: Columns, body: &Yield) {
        let open = columns.rest == Rest::Open;
        if let [path] = into
            && let [name] = path.as_slice()
            && body.rows.contains(name)
        {
            let mut row = Flow::row(columns.fields);
            row.unknown |= open;
            // A single composite column is the row itself.
            if let Some([only]) = row.fields.as_deref()
                && only.flow.fields.is_some()
            {
                row = only.flow.clone();
            }
            return self.fill(path, row);
        }
        for (index, path) in into.iter().enumerate() {
            let flow = columns.fields.get(index).map(|field| field.flow.clone());
            let missing = if open { Flow::unknown() } else { Flow::constant(None) };
            self.fill(path, flow.unwrap_or(missing));
        }
    }

    /// What a trigger puts into the row goes into the table: into the column of that name, or into
    /// any of them.
    fn fill_row(&mut self, field: Option<&String>, value: &Flow) {
        let on = self.trigger_on.and_then(|id| self.catalog.relation(id));
        let Some(relation) = on.filter(|relation| stores(relation.kind)) else {
            return self.facts.uses(value, Use::Exported);
        };
        for column in &relation.columns {
            if field.is_some_and(|field| *field != column.name) {
                continue;
            }
            let id = relation.column_id(column.number);
            // A row in the place of the row: each column takes the field of its name.
            let of_row = value.fields.as_deref().filter(|_| field.is_none());
            let of_row = of_row.and_then(|fields| crate::scope::field_of(fields, &column.name));
            let mut flow = of_row.unwrap_or_else(|| value.clone());
            flow.sources.retain(|source| *source != id);
            self.facts.uses(&flow, Use::Copied);
            self.facts.moved(Destination::Column(id), &flow);
        }
    }

    /// A value into a variable, or into a field of one.
    fn fill(&mut self, path: &[String], value: Flow) {
        let Some((name, fields)) = path.split_first() else { return };
        if name == "new" {
            self.fill_row(fields.first(), &value);
        }
        let value = self.decided(value);
        let ty = self.variable(name).and_then(|variable| variable.ty);
        self.becomes(ty, &value);
        if value.carries() && self.may_refuse(name, &value) {
            // Whether it is taken is a question.
            self.facts.uses(&value, Use::Inferred);
        }
        let Some(Frame { arguments, .. }) = self.frames.last_mut() else { return };
        let Some((_, slot)) = arguments.iter_mut().find(|(known, _)| known == name) else {
            // A label in front, or a name that was not seen declared: all variables may be meant.
            for (_, slot) in arguments.iter_mut() {
                slot.absorb(&value);
                slot.unknown = true;
            }
            return;
        };
        if let (Some(field), Some(known)) = (fields.first(), &slot.fields) {
            let mut changed = known.to_vec();
            match changed.iter_mut().find(|known| &*known.name == field.as_str()) {
                Some(known) => known.flow.absorb(&value),
                None => changed.push(Field::new(field, value.clone())),
            }
            slot.absorb(&value);
            slot.fields = Some(changed.into());
            return;
        }
        let merged = match (&slot.fields, &value.fields) {
            (Some(old), Some(new)) if old.len() == new.len() => {
                let pairs = old.iter().zip(new.iter());
                Some(
                    pairs
                        .map(|(old, new)| {
                            let mut field = old.clone();
                            field.flow.absorb(&new.flow);
                            field
                        })
                        .collect(),
                )
            }
            // Nothing was in it so far, so the new row's shape is the variable's.
            (None, Some(new)) if slot.sources.is_empty() && !slot.unknown => {
                Some(std::rc::Rc::clone(new))
            }
            // A constant (NULL) leaves the shape as it is.
            (Some(old), None) if value.sources.is_empty() && !value.unknown => {
                Some(std::rc::Rc::clone(old))
            }
            _ => None,
        };
        // A constant or a column, as COALESCE has it: still a look-up of that one.
        let given = slot.is_given();
        slot.absorb(&value);
        if given {
            slot.distance = value.distance.max(Distance::Folded);
        }
        slot.fields = merged;
        if slot.ty.is_none() && fields.is_empty() {
            slot.ty = value.ty;
        }
    }
}

/// What loops do to the variables of a body.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    /// Variables that go through all rows of a table or hold a value of each, and cursors over
    /// such rows.
    ranging: Vec<String>,
    /// Something in the body happens again and again.
    pub(crate) repeating: bool,
    /// What the way through the body tells.
    pub(super) control: Control,
}

impl Loops {
    /// True if a variable goes through everything.
    pub(crate) fn ranges(&self, name: &str) -> bool {
        self.ranging.iter().any(|known| known == name)
    }

    fn range(&mut self, name: &str) {
        if !self.ranges(name) {
            self.ranging.push(name.to_owned());
        }
    }

    fn range_path(&mut self, path: &[String]) {
        if let Some(name) = path.first() {
            self.range(name);
        }
    }
}

/// True for relations whose columns keep what is put into them, in this database.
fn stores(kind: RelationKind) -> bool {
    match kind {
        RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized => true,
        RelationKind::View
        | RelationKind::Foreign
        | RelationKind::Sequence
        | RelationKind::Composite => false,
    }
}

/// The only value of a row.
fn first(columns: Columns) -> Flow {
    let open = columns.rest == Rest::Open;
    let mut fields = columns.fields.into_iter();
    match (fields.next(), fields.next()) {
        (Some(only), None) if !open => only.flow,
        (None, _) if !open => Flow::constant(None),
        (first, second) => {
            let mut flow = Flow::unknown();
            for field in first.into_iter().chain(second).chain(fields) {
                flow.absorb(&field.flow);
            }
            flow
        }
    }
}
