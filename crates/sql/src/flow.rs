//! What a value carries: the columns that can be part of it, and how. Knows no SQL.

use crate::relate::{Stand, stand};
use model::{
    ColumnId, TypeId,
    facts::{Derivation, Output, Step},
};
use smallvec::SmallVec;
use std::rc::Rc;

/// How many values are told apart in a row.
const MOST_LEAVES: usize = 10_000;

/// A small set of columns. Unsorted while it grows; [`Flow::output`] sorts.
pub(crate) type Sources = SmallVec<[ColumnId; 3]>;

/// How far a value is from its column. Ordered: the greater covers the lesser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Distance {
    /// The column itself.
    #[default]
    Identity,
    /// Through casts that keep its text.
    Cast,
    /// Through something that maps equal values to equal values and tells nothing about order or
    /// parts, such as `lower`: equality with it is still a look-up.
    Folded,
    /// Through any other expression.
    Expression,
    /// Through an aggregate or a window function.
    Aggregate,
}

/// One value on its way through a statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    /// Every column whose value can be part of it.
    pub(crate) sources: Sources,
    /// How far it is from them.
    pub(crate) distance: Distance,
    /// The column that the server will name in RowDescription.
    pub(crate) origin: Option<ColumnId>,
    /// True if something in it was not understood.
    pub(crate) unknown: bool,
    /// The fields of a composite value, where they are known.
    pub(crate) fields: Option<Rc<[Field]>>,
    /// How many values stand in it, if it is composite, fields of fields and all.
    pub(crate) leaves: usize,
    /// Its type, where it is known.
    pub(crate) ty: Option<TypeId>,
    /// True if it is certainly no row, though its type is not known.
    pub(crate) single: bool,
    /// True if its length, or the number of its elements, depends on a value of its sources: as
    /// many rows of it as there are tell that value.
    pub(crate) sized: bool,
    /// True for an array that has as many elements as its text lists.
    pub(crate) listed: bool,
    /// About how many times as long as what it is made of it can be made, or how long a constant
    /// is: what becomes too long to be computed fails, and that tells what it is made of.
    pub(crate) growth: u32,
    /// True if it is a document in which a value of its sources can be a key.
    pub(crate) keyed: bool,
    /// The constant keys by which it, or what it is made of, was taken out of documents.
    pub(crate) keys: SmallVec<[Rc<str>; 1]>,
    /// True for a row whose fields are certain to be called so when it becomes a document.
    pub(crate) named: bool,
    /// True if it can be another value in each row though it comes from no column: a number of
    /// rows, a random number, one row after the other of a function. Compared with a column it is
    /// as many guesses as there are rows.
    pub(crate) varies: bool,
    /// How many given values can stand in the place of its column's, where that has none.
    pub(crate) instead: u32,
    /// How many values there are of it, if it is of a set that lists them.
    pub(crate) rows: u32,
    /// What stands where, if it is a document or a list of which that is certain.
    pub(crate) document: Option<Rc<[Leaf]>>,
}

/// A value within a document.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Where it stands.
    pub(crate) path: Vec<Step>,
    /// What it carries.
    pub(crate) flow: Flow,
}

/// A named value: a column of a table, a field of a row, an output.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: Rc<str>,
    /// What it carries.
    pub(crate) flow: Flow,
    /// True if nobody wrote the name: the server gives it one by its own rules.
    pub(crate) given_name: bool,
}

/// The columns of something that can stand in FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    /// Known columns in order.
    pub(crate) fields: Vec<Field>,
    /// What is not known about them.
    pub(crate) rest: Rest,
}

/// Whether there may be more columns than those listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The list is complete.
    #[default]
    Closed,
    /// There may be others, and nothing is known about them.
    Open,
    /// A recursive query that has not been looked at yet: its columns are added on a later pass.
    Pending,
}

impl Distance {
    /// At least as far as a derivation says.
    pub(crate) fn of(derivation: Derivation) -> Self {
        match derivation {
            Derivation::Identity => Self::Identity,
            Derivation::Cast => Self::Cast,
            Derivation::Expression => Self::Expression,
            Derivation::Aggregate => Self::Aggregate,
        }
    }
}

impl Flow {
    /// A value that nothing is known about.
    pub(crate) fn unknown() -> Self {
        Self { unknown: true, distance: Distance::Expression, ..Self::default() }
    }

    /// A value that comes from no column.
    pub(crate) fn constant(ty: Option<TypeId>) -> Self {
        Self { distance: Distance::Expression, ty, ..Self::default() }
    }

    /// Adds the sources of another value. The type and origin stay. Fields stay where the other
    /// value has them too, of the same names; a field must never carry less than the whole.
    pub(crate) fn absorb(&mut self, other: &Flow) {
        if !other.is_given() {
            (self.named, self.document) = (false, None);
        }
        if let Some(own) = &self.fields {
            let empty = other.sources.is_empty() && !other.unknown;
            self.fields = match &other.fields {
                Some(theirs) if same_names(own, theirs) => {
                    let pairs = own.iter().zip(theirs.iter()).map(|(own, theirs)| {
                        let mut field = own.clone();
                        field.flow.origin = None;
                        field.flow.absorb(&theirs.flow);
                        field
                    });
                    Some(pairs.collect())
                }
                None if empty => Some(Rc::clone(own)),
                _ => None,
            };
        }
        for source in &other.sources {
            if !self.sources.contains(source) {
                self.sources.push(*source);
            }
        }
        self.unknown |= other.unknown;
        self.sized |= other.sized;
        self.growth = self.growth.max(other.growth);
        self.keyed |= other.keyed;
        self.varies |= other.varies;
        if !other.is_fixed() {
            self.rows = 0;
        }
        self.instead = self.instead.saturating_add(other.instead);
        self.take_keys(&other.keys);
        self.distance = self.distance.max(other.distance);
    }

    /// Adds keys behind those that it has.
    pub(crate) fn take_keys(&mut self, keys: &[Rc<str>]) {
        for key in keys {
            if !self.keys.contains(key) {
                self.keys.push(Rc::clone(key));
            }
        }
    }

    /// True if it carries no column and is known: a constant, a parameter, or made of these.
    pub(crate) fn is_given(&self) -> bool {
        self.sources.is_empty() && !self.unknown
    }

    /// True if it is the same known value in every row.
    pub(crate) fn is_fixed(&self) -> bool {
        self.is_given() && !self.varies
    }

    /// True if it carries something of a column.
    pub(crate) fn carries(&self) -> bool {
        self.sources.iter().any(|source| stand(*source) != Stand::Set)
    }

    /// True if all of it can be of the client's making: a temporary table's column into which no
    /// other column was put, a row of a set.
    pub(crate) fn is_made_up(&self) -> bool {
        let sets = || self.sources.iter().filter(|source| stand(**source) == Stand::Set);
        let own = |source: &ColumnId| sets().any(|set| set.relation == source.relation);
        sets().next().is_some() && self.sources.iter().all(own)
    }

    /// True if values of the client's making stand among those of a column.
    pub(crate) fn is_mixed(&self) -> bool {
        let columns = || self.sources.iter().filter(|source| stand(**source) != Stand::Set);
        let made = |set: &ColumnId| {
            stand(*set) == Stand::Set && columns().all(|column| column.relation != set.relation)
        };
        columns().next().is_some() && self.sources.iter().any(made)
    }

    /// The same sources, at least this far away; origin, fields and type are gone.
    pub(crate) fn moved(mut self, distance: Distance) -> Self {
        self.distance = self.distance.max(distance);
        self.origin = None;
        self.fields = None;
        self.ty = None;
        (self.single, self.listed, self.rows) = (false, false, 0);
        (self.named, self.document) = (false, None);
        self
    }

    /// True if as many elements as it has tell nothing but how many stand in one column, or what
    /// the text says: it was not computed of a value what stands in it.
    pub(crate) fn is_counted(&self) -> bool {
        self.is_given()
            || self.listed
            || self.document.is_some()
            || self.distance <= Distance::Folded
    }

    /// How long it can be, at least one.
    pub(crate) fn length(&self) -> u32 {
        self.growth.max(1)
    }

    /// The same value as it leaves its query: only a row straight from its table has fields that
    /// the server traces to columns.
    pub(crate) fn detached(mut self) -> Self {
        let traced = |fields: &Rc<[Field]>| fields.iter().any(|f| f.flow.origin.is_some());
        if let Some(fields) = self.fields.as_ref().filter(|fields| traced(fields)) {
            let detached = fields.iter().map(|field| {
                let flow = Flow { origin: None, ..field.flow.clone() };
                Field { name: Rc::clone(&field.name), flow, given_name: field.given_name }
            });
            self.fields = Some(detached.collect());
        }
        self
    }

    /// An expression over several values.
    pub(crate) fn merge<'f>(flows: impl IntoIterator<Item = &'f Flow>) -> Self {
        let mut merged = Self::constant(None);
        for flow in flows {
            merged.absorb(flow);
        }
        merged
    }

    /// The same value known to have this type.
    pub(crate) fn typed(mut self, ty: Option<TypeId>) -> Self {
        self.ty = ty;
        self
    }

    /// A row of these fields.
    pub(crate) fn row(fields: Vec<Field>) -> Self {
        let mut flow = Self::merge(fields.iter().map(|field| &field.flow));
        flow.hold(&fields);
        flow
    }

    /// Makes it a row of these fields. Rows of rows double with each level: beyond a limit they are
    /// not told apart.
    pub(crate) fn hold(&mut self, fields: &[Field]) {
        self.leaves = fields.iter().map(|field| field.flow.leaves.max(1)).sum();
        let few = self.leaves <= MOST_LEAVES;
        self.fields = few.then(|| fields.into());
        self.unknown |= !few;
    }

    /// The value as the model states it.
    pub(crate) fn output(&self, name: &str) -> Output {
        let (mut sources, mut statistics) = (Vec::new(), Vec::new());
        for source in &self.sources {
            match stand(*source) {
                Stand::Column(column) => sources.push(column),
                Stand::Statistic(column) => statistics.push(column),
                Stand::Set => {}
            }
        }
        for columns in [&mut sources, &mut statistics] {
            columns.sort_unstable();
            columns.dedup();
        }
        let derivation = match self.distance {
            Distance::Identity => Derivation::Identity,
            Distance::Cast => Derivation::Cast,
            Distance::Folded | Distance::Expression => Derivation::Expression,
            Distance::Aggregate => Derivation::Aggregate,
        };
        let (name, origin, unknown) = (name.to_owned(), self.origin, self.unknown);
        let (keyed, type_id) = (self.keyed, self.ty);
        // A truth about a value is not the value.
        let told = type_id != Some(crate::types::BOOLEAN);
        let keys = self.keys.iter().filter(|_| told).map(|key| key.to_string()).collect();
        Output {
            name,
            sources,
            statistics,
            derivation,
            keyed,
            inner: Vec::new(),
            origin,
            unknown,
            type_id,
            keys,
        }
    }
}

/// True if two rows have fields of the same names in the same places.
pub(crate) fn same_names(left: &[Field], right: &[Field]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.name == right.name)
}

impl Field {
    pub(crate) fn new(name: &str, flow: Flow) -> Self {
        Self { name: name.into(), flow, given_name: false }
    }

    /// One that nobody named.
    pub(crate) fn nameless(name: &str, flow: Flow) -> Self {
        Self { given_name: true, ..Self::new(name, flow) }
    }
}

impl Columns {
    /// Columns that nothing is known about.
    pub(crate) fn open() -> Self {
        Self { fields: Vec::new(), rest: Rest::Open }
    }

    /// A complete list.
    pub(crate) fn closed(fields: Vec<Field>) -> Self {
        Self { fields, rest: Rest::Closed }
    }

    /// Renames the first columns, as `AS alias (a, b)` does.
    pub(crate) fn rename<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        for (index, name) in names.into_iter().enumerate() {
            match self.fields.get_mut(index) {
                Some(field) => (field.name, field.given_name) = (name.into(), false),
                // A name for a column that is not known yet: it exists, but carries anything.
                None if self.rest == Rest::Open => {
                    self.fields.push(Field::new(name, Flow::unknown()));
                }
                None => {}
            }
        }
    }

    /// What is longer in another analysis of the same thing.
    pub(crate) fn grown(&self, other: &Columns) -> Vec<Flow> {
        let pairs = self.fields.iter().zip(&other.fields);
        let longer = pairs.filter(|(before, now)| now.flow.growth > before.flow.growth);
        longer.map(|(_, now)| now.flow.clone()).collect()
    }

    /// True if another analysis of the same thing told nothing new.
    pub(crate) fn settled(&self, other: &Columns) -> bool {
        self.rest == other.rest
            && self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(left, right)| {
                left.name == right.name
                    && left.flow.unknown == right.flow.unknown
                    && left.flow.sources.len() == right.flow.sources.len()
                    && left.flow.distance == right.flow.distance
            })
    }
}
