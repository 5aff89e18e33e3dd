//! How values and rows go into the variables of a body. All variables of one name are one, and
//! nothing ever leaves it. Its fields are told apart where every row that goes in has its place for
//! each of them by its type, or names them alike.

use super::{Step, run::Yield, run::stores};
use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Field, Flow, Rest, same_names},
    frame::{Shape, same_name},
};
use model::{ColumnId, Use, facts::Destination};
use std::{collections::BTreeSet, rc::Rc};

/// Rows on their way into variables.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) columns: Columns,
    /// True if they may also be rows with other names.
    pub(super) mixed: bool,
}

impl Rows {
    pub(super) fn of(columns: Columns) -> Self {
        Self { columns, mixed: false }
    }
}

/// The names that ALIAS makes one, group by group.
pub(super) fn same(steps: &[Step]) -> Vec<BTreeSet<String>> {
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    for step in steps {
        let Step::Alias { name, of } = step else { continue };
        let mut group = BTreeSet::from([name.clone(), of.clone()]);
        groups.retain_mut(|known| {
            let apart = known.is_disjoint(&group);
            if !apart {
                group.append(known);
            }
            apart
        });
        groups.push(group);
    }
    groups
}

impl Walk<'_> {
    /// A row into variables: one variable that holds rows takes it whole.
    pub(super) fn fill_all(&mut self, into: &[Vec<String>], rows: Rows) {
        let Rows { columns, mixed } = rows;
        let open = columns.rest != Rest::Closed;
        let missing = if open { Flow::unknown() } else { Flow::constant(None) };
        if let [path] = into {
            let first = columns.fields.first().map_or(missing, |field| field.flow.clone());
            let mut row = Flow::row(columns.fields);
            row.unknown |= open;
            row.fields = row.fields.filter(|_| !open);
            let row = Whole { row, certain: !open && !mixed };
            return self.fill_path(path, &first, Some(&row));
        }
        for (index, path) in into.iter().enumerate() {
            let flow = columns.fields.get(index).map(|field| field.flow.clone());
            self.fill_path(path, &flow.unwrap_or_else(|| missing.clone()), None);
        }
    }

    /// A value into a variable, or into a field of one.
    pub(super) fn fill(&mut self, path: &[String], value: Flow) {
        self.fill_path(path, &value, None);
    }

    /// The same; `row` if it may go into the variable as a whole, of which `value` is the first
    /// place.
    fn fill_path(&mut self, path: &[String], value: &Flow, row: Option<&Whole>) {
        let reached: Vec<(String, Vec<String>)> = match self.frames.last() {
            Some(frame) => {
                let reached = frame.reached(path).into_iter();
                reached.map(|(name, fields)| (name.clone(), fields.to_vec())).collect()
            }
            None => return,
        };
        if reached.is_empty() {
            // A name that was not seen declared: all variables may be meant.
            let value = self.decided(row.map_or(value, |row| &row.row).clone());
            let Some(frame) = self.frames.last_mut() else { return };
            for (_, slot) in &mut frame.arguments {
                slot.absorb(&value);
                (slot.unknown, slot.fields) = (true, None);
            }
            frame.kinds.values_mut().for_each(|kind| kind.named = None);
            return;
        }
        for (name, fields) in reached {
            let shape = self.frames.last().map_or(Shape::Any, |frame| frame.shape(&name));
            match row.filter(|_| fields.is_empty() && shape != Shape::Value) {
                Some(row) => self.put(&name, &fields, row.row.clone(), row.certain),
                None => self.put(&name, &fields, value.clone(), true),
            }
        }
    }

    fn put(&mut self, name: &str, fields: &[String], value: Flow, certain: bool) {
        let Some(frame) = self.frames.last() else { return };
        let (key, places) = (frame.key(name), frame.places(name));
        if frame.names_of(name).contains("new") {
            self.fill_row(fields.first(), &value);
        }
        let value = self.decided(value);
        let Some(frame) = self.frames.last() else { return };
        let types = frame.kinds.get(&key).map(|kind| kind.types.clone()).unwrap_or_default();
        types.into_iter().for_each(|ty| self.becomes(Some(ty), &value));
        if value.carries() && self.may_refuse(name, &value) {
            // Whether it is taken is a question.
            self.facts.uses(&value, Use::Inferred);
        }
        let named = self.rows_of(name);
        let Some(frame) = self.frames.last_mut() else { return };
        let kind = frame.kinds.entry(key).or_default();
        let mut value = value;
        if fields.len() > 1 {
            value.fields = None;
        }
        kind.names(fields.first().map(String::as_str), &value, certain);
        for place in places {
            let Some((_, slot)) = frame.arguments.get_mut(place) else { continue };
            match fields.first() {
                None => into_slot(slot, &mut kind.shape, named.as_deref(), &value, certain),
                Some(field) => into_field(slot, &mut kind.shape, field, &value),
            }
        }
    }

    /// The fields of the named type whose rows a variable holds.
    fn rows_of(&self, name: &str) -> Option<Vec<(String, model::TypeId)>> {
        let frame = self.frames.last()?;
        let kind = frame.kinds.get(&frame.key(name)).filter(|kind| kind.shape == Shape::Row)?;
        self.composite(*kind.types.first()?)
    }

    /// What a trigger puts into the row goes into the table: into the column of that name, or into
    /// any of them.
    pub(super) fn fill_row(&mut self, field: Option<&String>, value: &Flow) {
        let on = self.trigger_on.and_then(|id| self.catalog.relation(id));
        let Some(relation) = on else { return self.facts.uses(value, Use::Exported) };
        let row = self.columns(relation);
        for (place, column) in relation.columns.iter().enumerate() {
            if field.is_some_and(|field| !same_name(field, &column.name)) {
                continue;
            }
            let id = relation.column_id(column.number);
            // A row in the place of the row: each column takes the field in its place.
            let of_row = value.fields.as_deref().filter(|_| field.is_none());
            let of_row = of_row.map(|fields| {
                let at = fields.get(place).map(|field| field.flow.clone());
                at.unwrap_or_else(|| Flow::constant(None))
            });
            let mut flow = of_row.unwrap_or_else(|| value.clone());
            let own = row.fields.get(place).map(|field| &field.flow.sources);
            // A part of what stands there is not what stands there.
            let whole = flow.distance <= Distance::Folded;
            let kept = |source: &ColumnId| {
                whole && (*source == id || own.is_some_and(|own| own.contains(source)))
            };
            flow.sources.retain(|source| !kept(source));
            if stores(relation.kind) {
                self.facts.uses(&flow, Use::Copied);
                self.facts.moved(Destination::Column(id), &flow);
            } else {
                self.facts.uses(&flow, Use::Exported);
            }
        }
    }

    /// What a trigger returns is the row that is stored.
    pub(crate) fn returns_row(&mut self, columns: &Columns) {
        let row = match columns.fields.as_slice() {
            [only] => only.flow.clone(),
            fields => Flow::merge(fields.iter().map(|field| &field.flow)),
        };
        let unknown = row.unknown || columns.rest == Rest::Open;
        if !row.is_given() || unknown {
            self.fill_row(None, &Flow { unknown, ..row });
        }
    }
}

/// A row for a variable, and whether its names are those that every row of it has.
struct Whole {
    row: Flow,
    certain: bool,
}

/// A value into a variable.
fn into_slot(
    slot: &mut Flow,
    shape: &mut Shape,
    named: Option<&[(String, model::TypeId)]>,
    value: &Flow,
    certain: bool,
) {
    let fields: Option<Rc<[Field]>> = match (&*shape, &slot.fields, named) {
        (Shape::Row, Some(own), Some(named)) => {
            let placed = value.placed(named);
            Some(own.iter().zip(placed).map(|(own, placed)| absorbed(own, &placed)).collect())
        }
        (Shape::Record, own, _) => match (own, value.fields.as_ref().filter(|_| certain)) {
            (Some(own), Some(new)) if same_names(own, new) => {
                Some(own.iter().zip(new.iter()).map(|(own, new)| absorbed(own, new)).collect())
            }
            // Nothing was in it so far, so the new row's names are the variable's.
            (None, Some(new)) => Some(Rc::clone(new)),
            // A constant (NULL) leaves the names as they are.
            (own, None) if value.is_given() && value.fields.is_none() => own.clone(),
            _ => {
                *shape = Shape::Any;
                None
            }
        },
        _ => None,
    };
    // A constant or a column, as COALESCE has it: still a look-up of that one.
    let given = slot.is_given();
    slot.absorb(&Flow { fields: None, ..value.clone() });
    if given {
        slot.distance = value.distance.max(Distance::Folded);
    }
    slot.ty = slot.ty.filter(|_| *shape != Shape::Any);
    slot.fields = fields;
}

/// A value into a field of a variable.
fn into_field(slot: &mut Flow, shape: &mut Shape, field: &str, value: &Flow) {
    let fields: Option<Rc<[Field]>> = slot.fields.as_ref().and_then(|known| {
        let meant = |known: &&Field| crate::frame::same_name(&known.name, field);
        known.iter().find(meant)?;
        let each = known.iter().map(|known| match meant(&known) {
            true => absorbed(known, &Field::new(field, value.clone())),
            false => known.clone(),
        });
        Some(each.collect())
    });
    if fields.is_none() && *shape != Shape::Value {
        *shape = Shape::Any;
        slot.ty = None;
    }
    slot.absorb(&Flow { fields: None, ..value.clone() });
    slot.fields = fields;
}

/// A field with what another brings.
fn absorbed(own: &Field, other: &Field) -> Field {
    let mut field = own.clone();
    field.flow.origin = None;
    field.flow.absorb(&other.flow);
    field
}

impl Walk<'_> {
    /// The rows of a cursor: of all queries that are opened under its name, and of any other if it
    /// can be one by that name. `own` if it is opened here.
    pub(super) fn fetched(&mut self, cursor: &str, own: bool, body: &Yield) -> Rows {
        let Some(frame) = self.frames.last() else { return Rows::of(Columns::open()) };
        let names = frame.names_of(cursor);
        let mut found: Option<Rows> = None;
        for name in &names {
            let Some(rows) = body.cursors.get(name) else { continue };
            match &mut found {
                None => found = Some(rows.clone()),
                Some(known) => self.joins(known, rows),
            }
        }
        let other = self.facts.named_cursors
            || names.iter().any(|name| body.given.contains(name))
            || !own && !self.surely_opened(&names, body);
        match found.filter(|_| !other) {
            Some(rows) => rows,
            // By its name it can be any cursor of the session.
            None => {
                let why = "it may be any of the session; open it where it is read";
                self.facts.unknown(format!("cursor \"{cursor}\""), why);
                let all = body.cursors.values().flat_map(|rows| &rows.columns.fields);
                let mut flow = Flow::merge(all.map(|field| &field.flow));
                flow.unknown = true;
                let longest = body.cursors.values().map(|rows| rows.columns.fields.len()).max();
                let field = Field::new("", flow);
                let fields = vec![field; longest.unwrap_or(1).max(1)];
                Rows { columns: Columns { fields, rest: Rest::Open }, mixed: true }
            }
        }
    }

    /// The rows of another query among those of one.
    pub(super) fn joins(&mut self, known: &mut Rows, other: &Rows) {
        known.mixed |= other.mixed || !same_names(&known.columns.fields, &other.columns.fields);
        let (own, more) = (known.columns.fields.len(), &other.columns.fields);
        known.columns.fields.extend(more.iter().skip(own).cloned());
        let mut columns = std::mem::take(&mut known.columns);
        self.union(&mut columns, &other.columns);
        // The same rows come together in each pass.
        for field in &mut columns.fields {
            field.flow.sources.sort_unstable();
            field.flow.sources.dedup();
        }
        known.columns = columns;
    }

    /// True if whoever comes to this point has opened the cursor in this body: before that its
    /// name may be another's.
    fn surely_opened(&self, names: &BTreeSet<String>, body: &Yield) -> bool {
        // Since then it has no name before it is opened.
        if self.catalog.server_version >= 160_000 || !names.iter().any(|n| body.bound.contains(n)) {
            return true;
        }
        let around = self.loops.control.around();
        let opened = body.opened.iter().filter(|(name, _)| names.contains(name));
        opened.into_iter().any(|(_, regions)| around.starts_with(regions))
    }
}
