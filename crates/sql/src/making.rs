//! Relations that a statement makes, and what is put into their columns: at once for the rest of
//! the text, and in the facts for whoever reads them later. Knows no rows and no labels.

use crate::{
    analyse::{MadeAs, Walk},
    flow::{Columns, Distance, Field, Flow, Rest},
    made::{Home, MadeTable},
    names::{missing, parts},
    relation::Reached,
    scope::{Env, Fragment, Table},
};
use model::{
    Operation, Use,
    facts::{Destination, Effect, Made, RelationRef, SessionChange},
};
use pg_raw_parse::{
    Node,
    nodes::{ColumnDef, CreateStmt, IntoClause, RangeVar, ViewStmt},
    raw::ConstrType,
};
use std::rc::Rc;

/// `RELPERSISTENCE_TEMP`.
const TEMPORARY: u8 = b't';

/// True if a relation of this name is made to be temporary. What the path makes temporary is not
/// told by the name.
fn temporary(range: &RangeVar) -> bool {
    range.relpersistence.cast_unsigned() == TEMPORARY
        || range.schemaname().is_some_and(crate::is_temporary)
}

/// What is made, as facts name it.
fn made(range: &RangeVar) -> RelationRef {
    let schema = if temporary(range) { Some("pg_temp") } else { range.schemaname() };
    missing(schema, range.relname().unwrap_or_default())
}

impl Walk<'_> {
    /// The effect of a statement that makes a relation of this name.
    pub(crate) fn effect_of_making(&mut self, range: Option<&RangeVar>) {
        let Some(range) = range else { return };
        if temporary(range) {
            return self.facts.on(Operation::CreateTemp, made(range));
        }
        if range.schemaname().is_some() {
            return self.facts.on(Operation::Create, made(range));
        }
        // Of a role that is put on it is not known which schemas it may use.
        let (sure, usable) = (!self.made.stale, self.scope.role.is_none());
        let path = std::rc::Rc::clone(&self.path);
        for schema in path.creation(self.catalog, sure, usable) {
            let name = range.relname().unwrap_or_default();
            self.facts.on(Operation::Create, missing(schema, name));
        }
    }

    /// Notes that a statement made a relation of this name, for the rest of the text.
    fn note_made(&mut self, range: &RangeVar, columns: Option<Columns>, if_not_exists: bool) {
        let (schema, name) = (range.schemaname(), range.relname().unwrap_or_default());
        // What is there already stays as it is, and what that is the catalog may know or not.
        let kept = if_not_exists
            && (self.made.tables.contains_key(name)
                || self.path.relation(self.catalog, schema, name).is_some());
        let home = match (temporary(range), schema) {
            (true, _) => Home::Temporary,
            (false, None) => Home::Path,
            (false, Some(schema)) => Home::Schema(schema.to_owned()),
        };
        let columns = columns.filter(Columns::is_certain).map(Rc::new);
        let known = self.made.tables.get(name);
        // Two of one name at different places: which one is meant is not followed.
        let elsewhere =
            known.is_some_and(|known| known.home.as_ref().is_some_and(|known| *known != home));
        match kept || elsewhere {
            true => self.made.note(name, MadeTable::UNCLEAR),
            false => {
                let depth = self.frames.len();
                self.made.note(name, MadeTable { home: Some(home), columns, depth });
            }
        }
    }

    /// True if the name means something temporary that the same text made.
    pub(crate) fn is_made_temporary(&self, schema: Option<&str>, name: &str) -> bool {
        let home = self.made.tables.get(name).and_then(|made| made.home.as_ref());
        home == Some(&Home::Temporary)
            && !self.has_rival(schema, name)
            && !matches!(self.made_as(schema, name), MadeAs::Other)
    }

    /// CREATE SEQUENCE and its like: nothing that holds what people wrote.
    pub(crate) fn makes(&mut self, range: &RangeVar) {
        self.effect_of_making(Some(range));
        let relation = made(range);
        self.facts.made.push(Made { relation, columns: None, query: false, view: false });
        self.note_made(range, None, false);
    }

    /// CREATE TABLE: its columns hold nothing yet, but for what their defaults may bring.
    pub(crate) fn create_table(&mut self, create: &CreateStmt, env: &Env<'_>) {
        let Some(range) = create.relation() else { return };
        self.effect_of_making(Some(range));
        let relation = made(range);
        if create.partspec().is_some() || create.partbound().is_some() {
            self.sorts_rows(range, "a partition");
        }
        if let Some(bound) = create.partbound() {
            self.bounds(bound, env);
        }
        let mut columns = Columns::default();
        if create.table_elts().iter().any(|element| self.hangs_code(element, env)) {
            // Its rows come with other statements, of which it cannot be told what runs there.
            columns.rest = Rest::Open;
        }
        if !create.inh_relations().is_empty() {
            self.sorts_rows(range, "a parent");
        }
        if !create.inh_relations().is_empty() || create.of_typename().is_some() {
            columns.rest = Rest::Open;
        }
        for element in create.table_elts() {
            let Node::ColumnDef(definition) = element else {
                if let Node::TableLikeClause(like) = element {
                    columns.rest = Rest::Open;
                    self.defaults_like(like.relation(), &relation);
                }
                self.checked(element, range, env);
                continue;
            };
            definition.constraints().iter().for_each(|node| self.checked(node, range, env));
            let name = definition.colname().unwrap_or_default();
            let mut flow = self.default_of(definition, range, env);
            let to = Destination::Named { relation: relation.clone(), column: name.to_owned() };
            self.facts.moved(to, &flow);
            if generated(definition) {
                flow.unknown = true;
            }
            if flow.sources.is_empty() && !flow.unknown {
                // Nothing is in it yet, so what comes first comes as it is.
                flow.distance = Distance::Identity;
            }
            flow.ty = definition.type_name().and_then(|name| self.type_of(name));
            columns.fields.push(Field::new(name, flow));
        }
        let names = columns.fields.iter().map(|field| field.name.to_string()).collect();
        let names = Some(names).filter(|_| columns.rest == Rest::Closed);
        self.facts.made.push(Made { relation, columns: names, query: false, view: false });
        self.note_made(range, Some(columns), create.if_not_exists);
    }

    /// Something that tells by a name, a failure or a missing row what stands in a row. On a table
    /// of the session's own whoever reads it asks so what it likes of all that is put there later,
    /// so it takes the right to set up what protects.
    pub(crate) fn sorts_rows(&mut self, range: &RangeVar, what: &str) {
        if temporary(range) || crate::is_temporary(&self.reached_as(range).schema) {
            self.facts.about(Operation::Security, format!("{what} of a temporary table"));
        }
    }

    /// A CHECK runs its functions with each row. What they do is done by whoever writes it for a
    /// table of the session's own; elsewhere, it is up to whoever may make the table.
    pub(crate) fn checked(&mut self, node: Node<'_>, range: &RangeVar, env: &Env<'_>) {
        let Node::Constraint(constraint) = node else { return };
        match constraint.contype {
            ConstrType::CONSTR_CHECK => self.sorts_rows(range, "a check"),
            ConstrType::CONSTR_FOREIGN => self.sorts_rows(range, "a foreign key"),
            ConstrType::CONSTR_EXCLUSION => self.sorts_rows(range, "an exclusion"),
            ConstrType::CONSTR_GENERATED => self.sorts_rows(range, "a generated column"),
            _ => {}
        }
        let own = temporary(range) || crate::is_temporary(&self.reached_as(range).schema);
        if constraint.contype != ConstrType::CONSTR_CHECK || !own {
            return;
        }
        let mut level = env.below();
        let name = range.relname().unwrap_or_default();
        level.fragments.push(Fragment::table(Table::new(name, Columns::open())));
        self.value(constraint.raw_expr(), &level);
    }

    /// LIKE can take over defaults that run code, under the columns' own names.
    fn defaults_like(&mut self, like: Option<&RangeVar>, to: &RelationRef) {
        let Some(Reached::Known(model)) = like.map(|like| self.reach(like)) else { return };
        for (id, flow) in self.column_defaults(model) {
            let Some(column) = model.columns.iter().find(|c| c.number == id.number) else {
                continue;
            };
            let column = column.name.clone();
            self.facts.moved(Destination::Named { relation: to.clone(), column }, &flow);
        }
    }

    /// What a column's default brings into it. A generated column is computed from its row each
    /// time, and the catalog tells how.
    pub(crate) fn default_of(
        &mut self,
        definition: &ColumnDef,
        range: &RangeVar,
        env: &Env<'_>,
    ) -> Flow {
        let mut flow = self.kept(definition.raw_default(), range, env);
        for constraint in definition.constraints() {
            let Node::Constraint(constraint) = constraint else { continue };
            if constraint.contype == ConstrType::CONSTR_DEFAULT {
                flow.absorb(&self.kept(constraint.raw_expr(), range, env));
            }
        }
        flow.moved(Distance::Expression)
    }

    /// A value that is computed each time somebody leaves it out.
    pub(crate) fn kept(&mut self, node: Node<'_>, range: &RangeVar, env: &Env<'_>) -> Flow {
        let own = temporary(range) || crate::is_temporary(&self.reached_as(range).schema);
        self.stays("a default", own, |walk| walk.value(node, env))
    }

    /// Walks code that stays with what is made and runs with statements that do not show it: names
    /// must mean the same behind these. What is the session's own is not followed either when it is
    /// read, so there it may do no more than read.
    fn stays<T>(&mut self, what: &str, own: bool, walk: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.facts);
        let result = walk(self);
        let inner = std::mem::replace(&mut self.facts, outer);
        let reads = |effect: &Effect| {
            matches!(effect.operation, Operation::Select | Operation::Empty)
                || effect.object.as_deref() == Some("function nextval")
        };
        let moves = inner.session.contains(&SessionChange::Scope);
        let acts = own && (inner.dynamic || !inner.effects.iter().all(reads));
        self.facts.take(inner, |_, usage| Some(usage));
        if moves || acts {
            self.runs_later(what);
        }
        result
    }

    /// Notes code that does something when nobody sees it run.
    pub(crate) fn runs_later(&mut self, what: &str) {
        self.facts.unknown(what, "it does more than read, later and unseen; do that by itself");
        self.facts.plain(Operation::Unknown);
        self.facts.dynamic = true;
    }

    /// A new table's content: its sources are copied there, and later statements of the text can
    /// read them there.
    pub(crate) fn filled(&mut self, into: &IntoClause, mut columns: Columns, kept: bool) {
        let Some(range) = into.rel() else { return };
        columns.rename(parts(into.col_names()));
        for field in &mut columns.fields {
            // The next statement of the text reads them; what sets were compared with goes along.
            self.facts.relations.widen(&mut field.flow.sources);
            if into.skip_data {
                field.flow = Flow::constant(field.flow.ty);
            }
            self.facts.uses(&field.flow, Use::Copied);
            field.flow.origin = None;
        }
        let closed = columns.is_certain();
        if !closed {
            self.facts.unknown("the columns of the new table", "name them");
        }
        self.made_of(range, &columns, false);
        self.note_made(range, Some(columns), kept);
    }

    /// States that a relation is made of a query with these columns.
    fn made_of(&mut self, range: &RangeVar, columns: &Columns, view: bool) {
        let relation = made(range);
        let names = columns.fields.iter().map(|field| field.name.to_string()).collect();
        let closed = columns.is_certain();
        for field in &columns.fields {
            let column = field.name.to_string();
            self.facts
                .moved(Destination::Named { relation: relation.clone(), column }, &field.flow);
        }
        if !closed {
            self.facts.moved(Destination::All(relation.clone()), &Flow::unknown());
        }
        let columns = closed.then_some(names);
        self.facts.made.push(Made { relation, columns, query: true, view });
    }

    /// CREATE VIEW. A temporary one is the session's own, and nobody can be asked for its text
    /// later in the words that are understood: it is followed here. Whoever makes it is who asks
    /// what it asks.
    pub(crate) fn create_view(&mut self, view: &ViewStmt, env: &Env<'_>) {
        let Some(range) = view.view() else { return };
        self.effect_of_making(Some(range));
        if !temporary(range) {
            let relation = made(range);
            self.facts.made.push(Made { relation, columns: None, query: true, view: true });
            // Whoever reads it later does not ask what it asks: its author does.
            let outer = std::mem::take(&mut self.facts);
            self.statement(view.query(), env);
            let asked = std::mem::replace(&mut self.facts, outer).asked();
            self.facts.uses(&asked, Use::Inferred);
            return self.note_made(range, None, false);
        }
        let walk = |walk: &mut Self| walk.statement(view.query(), env);
        let columns = self.stays("a temporary view", true, walk);
        let mut columns = columns.unwrap_or_else(Columns::open);
        columns.rename(parts(view.aliases()));
        for field in &mut columns.fields {
            field.flow.origin = None;
        }
        self.made_of(range, &columns, true);
        self.note_made(range, Some(columns), false);
    }
}

fn generated(definition: &ColumnDef) -> bool {
    definition.constraints().iter().any(|constraint| {
        matches!(constraint, Node::Constraint(c) if c.contype == ConstrType::CONSTR_GENERATED)
    })
}
