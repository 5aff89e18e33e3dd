//! What the steps of a PL/pgSQL body do: variables are filled until nothing new comes, in no
//! order, so every path through the body is covered.

use super::{Sql, Step, control::Control, doubts::Doubts, rows::Rows};
use crate::{
    analyse::Walk,
    flow::{Columns, Field, Flow, Rest},
    frame::Shape,
    scope::Env,
};
use model::{Use, catalog::RelationKind, facts::SessionChange};
use pg_raw_parse::Node;
use std::{
    collections::{BTreeMap, BTreeSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    rc::Rc,
};

/// How often the steps are walked until the variables must have settled.
const MAX_PASSES: usize = 12;

/// A body on its way: what is returned, and what cursors yield.
#[derive(Default)]
pub(super) struct Yield {
    columns: Option<Columns>,
    pub(super) cursors: BTreeMap<String, Rows>,
    /// Cursors that are declared with a query.
    pub(super) bound: BTreeSet<String>,
    /// Variables that something is put into: as a cursor each may be any of that name.
    pub(super) given: BTreeSet<String>,
    /// Cursors that were opened on the way to this step, each with the branches around it.
    pub(super) opened: Vec<(String, Vec<usize>)>,
    /// The body in words, for messages.
    what: String,
    /// True if it returns rows, false if it returns a value.
    set: bool,
}

impl Walk<'_> {
    /// Walks the steps of a body whose arguments are in the innermost frame. The columns it
    /// returns, if it returns any by itself.
    pub(crate) fn steps(&mut self, what: &str, set: bool, steps: &[Step]) -> Option<Columns> {
        let given = given(steps);
        let mut body = Yield { what: what.to_owned(), set, given, ..Yield::default() };
        let outer = std::mem::take(&mut self.loops);
        self.loops.repeating = steps.iter().any(|step| matches!(step, Step::Opens { again: true }));
        self.enters_body(steps);
        let (look_ups, sets) = (self.facts.look_ups.clone(), self.sets);
        let (path, lost_path) = (Rc::clone(&self.path), self.lost_path);
        for pass in 0..=MAX_PASSES {
            let before = self.known_so_far(&body);
            if pass == MAX_PASSES {
                self.gives_up(&mut body);
            }
            // Each pass is the same steps once more.
            self.facts.look_ups.clone_from(&look_ups);
            self.sets = sets;
            body.opened.clear();
            if !self.loops.repeating {
                // Nothing comes before what stands before it.
                (self.path, self.lost_path) = (Rc::clone(&path), lost_path);
            }
            let mut doubts = Doubts::default();
            for (index, step) in steps.iter().enumerate() {
                self.controls(index, step);
                self.step_of_body(step, &mut body);
                self.doubts(&mut doubts, step, steps.get(index + 1));
            }
            self.doubts_end(&doubts);
            if pass > 0 && self.known_so_far(&body) == before {
                // A cursor that stays open runs its query as it is read.
                if self.lost_path && steps.iter().any(|step| matches!(step, Step::Open(_))) {
                    self.runs_later("a cursor in code");
                }
                self.loops = outer;
                return body.columns;
            }
        }
        self.loops = outer;
        Some(Columns::open())
    }

    /// Nothing is told apart any more: each variable may hold what any of them holds.
    fn gives_up(&mut self, body: &mut Yield) {
        self.facts.unknown(&body.what, "its variables could not be followed to the end");
        self.facts.dynamic = true;
        let Some(frame) = self.frames.last_mut() else { return };
        let all = frame.arguments.iter().map(|(_, flow)| flow);
        let cursors = body.cursors.values().flat_map(|rows| &rows.columns.fields);
        let mut all = Flow::merge(all.chain(cursors.map(|field| &field.flow)));
        all.unknown = true;
        for (_, slot) in &mut frame.arguments {
            *slot = all.clone();
        }
        for kind in frame.kinds.values_mut() {
            (kind.shape, kind.named) = (Shape::Any, None);
        }
    }

    /// What is known of the variables and the way, in short: a pass that brings nothing new leaves
    /// it as it is.
    fn known_so_far(&self, body: &Yield) -> u64 {
        let mut hasher = DefaultHasher::new();
        let frame = self.frames.last();
        for (name, flow) in frame.into_iter().flat_map(|frame| &frame.arguments) {
            name.hash(&mut hasher);
            known_of(flow, &mut hasher);
        }
        let kinds: BTreeMap<_, _> = frame.into_iter().flat_map(|frame| &frame.kinds).collect();
        for kind in kinds.values() {
            (kind.shape == Shape::Any, kind.named.is_some()).hash(&mut hasher);
            kind.named.iter().flatten().for_each(|field| known_of(&field.flow, &mut hasher));
        }
        for (name, rows) in &body.cursors {
            (name, rows.mixed).hash(&mut hasher);
            for field in &rows.columns.fields {
                field.name.hash(&mut hasher);
                known_of(&field.flow, &mut hasher);
            }
        }
        self.facts.named_cursors.hash(&mut hasher);
        (self.loops.ranging.len(), self.loops.control.weight()).hash(&mut hasher);
        hasher.finish()
    }

    fn step_of_body(&mut self, step: &Step, body: &mut Yield) {
        match step {
            Step::Declare { name, ty, default } => {
                self.declared(name, ty, default.as_ref());
            }
            Step::Cursor { name, query, bound } => {
                if *bound {
                    body.bound.insert(name.clone());
                }
                self.cursor(name, query.as_ref(), body);
            }
            Step::Open(name) => {
                self.forget_cursors();
                self.opened(name, body);
                // The server's list of cursors shows the name to whoever asks.
                if let Some(flow) = self.variable(name) {
                    self.facts.exports(&flow);
                }
            }
            Step::Label(_)
            | Step::Alias { .. }
            | Step::Opens { .. }
            | Step::Closes
            | Step::Leaves { .. }
            | Step::Varies(_)
            | Step::Times(_)
            | Step::Condition(_) => {}
            Step::Each { names, over } => {
                if self.goes_through_all(over, true) {
                    names.iter().for_each(|name| self.range(name));
                }
            }
            Step::Assign { target, value, each } => self.assign(target, value, *each),
            Step::Statement { sql, into } => self.stated(sql, into, false),
            Step::Rows { sql, into } => self.stated(sql, into, true),
            Step::Fetch { cursor, into, own } => {
                let rows = self.fetched(cursor, *own, body);
                if self.loops.ranges(cursor) {
                    into.iter().for_each(|path| self.range_path(path));
                }
                self.fill_all(into, rows);
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
            Step::Diagnostics { target, error } => self.diagnosed(target, *error),
        }
    }

    /// What is said of the statement before, or of an error, is put into a variable.
    fn diagnosed(&mut self, target: &[String], error: bool) {
        if error && self.facts.session.contains(&SessionChange::Scope) {
            // What the block did to the path is undone, if an error came behind it.
            self.doubts_path();
        }
        // What an error says can hold any value that the body met.
        let flow = if error { Flow::unknown() } else { self.counted(None) };
        match target {
            [name] if name == "sqlerrm" => self.define(name, flow),
            target => self.fill(target, flow),
        }
    }

    fn assign(&mut self, target: &[String], value: &Sql, each: bool) {
        if self.goes_through_all(value, false) {
            self.range_path(target);
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
    fn stated(&mut self, sql: &Sql, into: &[Vec<String>], looped: bool) {
        let sets = self.sets;
        let columns = self.run_sql(sql);
        if self.goes_through_all(sql, false) {
            into.iter().for_each(|path| self.range_path(path));
        }
        if looped {
            self.goes_round(sets);
        }
        self.called(sql, &columns);
        self.fill_all(into, Rows::of(columns));
        let found = self.counted(None);
        self.define("found", found);
    }

    fn declared(&mut self, name: &String, ty: &str, default: Option<&Sql>) {
        self.declare(name, ty);
        let Some(default) = default else { return };
        if self.goes_through_all(default, false) {
            self.range(name);
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
            self.range(name);
        }
        let rows = Rows::of(columns);
        match body.cursors.remove(name) {
            None => _ = body.cursors.insert(name.to_owned(), rows),
            Some(mut known) => {
                self.joins(&mut known, &rows);
                body.cursors.insert(name.to_owned(), known);
            }
        }
    }

    /// OPEN: under a name that something else gave, it can be any cursor that code reads.
    fn opened(&mut self, name: &str, body: &mut Yield) {
        let names = self.frames.last().map(|frame| frame.names_of(name)).unwrap_or_default();
        self.facts.named_cursors |= names.iter().any(|name| body.given.contains(name));
        body.opened.push((name.to_owned(), self.loops.control.around().to_vec()));
    }

    fn range(&mut self, name: &str) {
        let names = self.frames.last().map(|frame| frame.names_of(name)).unwrap_or_default();
        names.iter().for_each(|name| self.loops.range(name));
    }

    /// In front of a variable there may be the name of its block.
    fn range_path(&mut self, path: &[String]) {
        path.iter().take(2).for_each(|name| self.range(name));
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
            if let Some(path) = written_to(argument) {
                self.fill(&path, value.clone());
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
        let nothing = |columns: &Columns| {
            let is_null = |only: &Field| only.flow.is_given() && only.flow.fields.is_none();
            matches!(columns.fields.as_slice(), [only] if is_null(only))
        };
        let Some(mut known) = body.columns.take() else {
            body.columns = Some(columns);
            return;
        };
        let differs = known.fields.len() != columns.fields.len();
        // NULL in the place of a row is nothing of it.
        body.columns = Some(if (differs || self.trigger_on.is_some()) && nothing(&columns) {
            known
        } else if (differs || self.trigger_on.is_some()) && nothing(&known) {
            columns
        } else {
            self.union(&mut known, &columns);
            if differs {
                known.rest = Rest::Open;
            }
            known
        });
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
        self.frames.last()?.value(name)
    }

    /// Adds a variable to the frame, or what flows into it.
    pub(super) fn define(&mut self, name: &str, flow: Flow) {
        let Some(frame) = self.frames.last_mut() else { return };
        let places = frame.places(name);
        if places.is_empty() {
            frame.arguments.push((name.to_owned(), flow));
            return;
        }
        for place in places {
            if let Some((_, slot)) = frame.arguments.get_mut(place) {
                slot.absorb(&flow);
            }
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
}

/// True for relations whose columns keep what is put into them, in this database.
pub(super) fn stores(kind: RelationKind) -> bool {
    match kind {
        RelationKind::Table | RelationKind::Partitioned | RelationKind::Materialized => true,
        RelationKind::View
        | RelationKind::Foreign
        | RelationKind::Sequence
        | RelationKind::Composite => false,
    }
}

/// What is known of a value, in short.
fn known_of(flow: &Flow, hasher: &mut DefaultHasher) {
    let mut sources = flow.sources.to_vec();
    sources.sort_unstable();
    (sources, flow.unknown, flow.distance, flow.sized, flow.keyed).hash(hasher);
    flow.fields.is_some().hash(hasher);
    for field in flow.fields.iter().flat_map(|fields| fields.iter()) {
        field.name.hash(hasher);
        known_of(&field.flow, hasher);
    }
}

/// The variable that CALL writes an OUT argument back into.
fn written_to(argument: Node<'_>) -> Option<Vec<String>> {
    match argument {
        Node::ColumnRef(reference) => {
            let names = crate::names::parts(reference.fields());
            Some(names.into_iter().map(str::to_owned).collect())
        }
        Node::ParamRef(param) => Some(vec![format!("${}", param.number)]),
        Node::NamedArgExpr(named) => written_to(named.arg()),
        _ => None,
    }
}

/// Variables that something is put into, other than by OPEN.
fn given(steps: &[Step]) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    for step in steps {
        match step {
            Step::Declare { name, default: Some(_), .. } => _ = given.insert(name.clone()),
            Step::Assign { target, .. } | Step::Diagnostics { target, .. } => {
                given.extend(target.iter().cloned());
            }
            Step::Statement { into, .. }
            | Step::Rows { into, .. }
            | Step::Fetch { into, .. }
            | Step::Dynamic { into, .. } => given.extend(into.iter().flatten().cloned()),
            _ => {}
        }
        let Step::Statement { sql, .. } = step else { continue };
        let Some(Node::CallStmt(call)) = sql.0.stmts().next() else { continue };
        let arguments = call.funccall().into_iter().flat_map(|call| call.args());
        given.extend(arguments.filter_map(written_to).flatten());
    }
    given
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
