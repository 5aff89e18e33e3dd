//! The session's own tables and views: what the server says they are, and what was put into each of
//! their columns. They are told by number, so that no name hides anything; what was put into them
//! only grows, whatever is rolled back.

use crate::{database::Knowledge, plan::Plan};
use model::{
    Catalog, ColumnId, Label, LabelMap, Labelling, Operation, RelationId, Use,
    catalog::{Relation, RelationKind},
    facts::{Derivation, Destination, Facts},
    stronger,
};
use sql::{ASKED, Carried, LOOKED_UP, MadeBefore, is_temporary};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

/// What was put into something that the server has not told of yet.
#[derive(Debug, Default)]
struct Pending {
    columns: HashMap<String, Carried>,
    /// What may be in any column.
    all: Option<Carried>,
    /// Its columns, if it was made of a query.
    exact: Option<Vec<String>>,
    /// A statement made it; else only its name is known.
    made: bool,
    /// It was made of a query.
    query: bool,
    view: bool,
    /// What a view asks about, and what it looks up.
    asks: [BTreeSet<ColumnId>; 2],
}

/// Under which numbers these stand beside its columns.
const ASKS: [(i16, Use); 2] = [(ASKED, Use::Inferred), (LOOKED_UP, Use::LookedUp)];

/// See the module's own page.
#[derive(Debug, Default)]
pub(super) struct Temporary {
    /// Relations and types of the temporary schema, as the server last told.
    own: Catalog,
    schema: Option<String>,
    /// What they were when what they hold was settled.
    kinds: HashMap<RelationId, RelationKind>,
    /// What was put into each column, as it was put.
    put: HashMap<ColumnId, Carried>,
    pending: BTreeMap<String, Pending>,
    /// Tables that the open transaction made, which others do not see yet.
    uncommitted: BTreeMap<String, MadeBefore>,
    /// What each column may hold, views followed to the tables below them.
    carried: Arc<HashMap<ColumnId, Carried>>,
    /// Grows with each change.
    pub(super) version: u64,
    /// Grows with each change of what names mean.
    pub(super) named: u64,
    /// The server must be asked.
    pub(super) asked_for: bool,
    /// The open transaction made, changed or dropped some.
    pub(super) touched: bool,
    /// The server could not be asked: no name means for certain what it says.
    pub(super) lost: bool,
    laid: Option<(u64, u64, u64, Arc<Knowledge>)>,
}

impl Temporary {
    /// True if the session has any.
    pub(super) fn any(&self) -> bool {
        self.schema.is_some() || self.lost
    }

    /// True if names mean for this session what they mean for no other.
    pub(super) fn is_own(&self) -> bool {
        self.any() || !self.uncommitted.is_empty()
    }

    pub(super) fn schema(&self) -> Option<&String> {
        self.schema.as_ref()
    }

    pub(super) fn carried(&self) -> Arc<HashMap<ColumnId, Carried>> {
        Arc::clone(&self.carried)
    }

    /// Takes in what all statements of a plan put into them. True if anything is new for a column
    /// that is known.
    pub(super) fn absorb_all(&mut self, plan: &Plan) -> bool {
        let mut new = false;
        for part in &plan.parts {
            new |= self.absorb(&part.facts, &plan.knowledge.labels);
        }
        new
    }

    /// Takes in what a statement puts into them, before it runs. True if anything is new for a
    /// column that is known.
    fn absorb(&mut self, facts: &Facts, labels: &LabelMap) -> bool {
        let mut new = false;
        for made in &facts.made {
            let pending = self.pending.entry(made.relation.name.to_string()).or_default();
            pending.exact = made.columns.clone().filter(|_| made.query);
            pending.query = made.query;
            (pending.made, pending.view) = (true, made.view);
            if made.view {
                pending.asks = ASKS.map(|(_, usage)| {
                    let asked = facts.columns.iter().filter(|used| used.usage == usage);
                    asked.map(|used| used.column).collect()
                });
            }
        }
        for moved in &facts.moves {
            let told = policy::told(facts, &moved.from, labels);
            let told_of = if told.is_empty() { moved.derivation } else { Derivation::Expression };
            let carried = Carried {
                sources: moved.from.iter().chain(&told).copied().collect(),
                derivation: moved.derivation.max(told_of),
                unknown: moved.unknown,
            };
            match &moved.to {
                Destination::Column(id) if self.own.relation(id.relation).is_some() => {
                    new |= self.put_column(*id, carried);
                }
                Destination::Column(_) => {}
                Destination::Named { relation, column } => {
                    let pending = self.pending.entry(relation.name.to_string()).or_default();
                    match pending.columns.get_mut(column) {
                        Some(known) => {
                            add(known, &carried);
                        }
                        None => {
                            pending.columns.insert(column.clone(), carried.clone());
                        }
                    }
                    new |= self.put_named(&relation.name, Some(column), &carried);
                }
                Destination::All(relation) => {
                    let pending = self.pending.entry(relation.name.to_string()).or_default();
                    match &mut pending.all {
                        Some(known) => {
                            add(known, &carried);
                        }
                        None => pending.all = Some(carried.clone()),
                    }
                    new |= self.put_named(&relation.name, None, &carried);
                }
            }
        }
        for renamed in &facts.renamed {
            // By number it is known already; under its new name it holds what was put into it
            // under the old.
            if let Some(before) = self.pending.get(&*renamed.relation.name) {
                let unknown = renamed.column.is_some();
                let copy = before.copy(unknown);
                self.pending.insert(renamed.to.name.to_string(), copy);
            }
        }
        if new {
            self.settle();
        }
        new
    }

    /// A table that others do not see yet came to be, or got another name.
    pub(super) fn made(&mut self, facts: &Facts) {
        // A body may have made it or not.
        let sure = facts.operation == Operation::Create;
        for made in facts.made.iter().filter(|made| !is_temporary(&made.relation.schema)) {
            let name = made.relation.name.to_string();
            let schema = Some(made.relation.schema.to_string()).filter(|schema| !schema.is_empty());
            let put = self.pending.get(&name);
            let column = |column: &String| {
                let put = put.and_then(|pending| pending.of(column, &self.own));
                (column.clone(), put.unwrap_or_else(nothing))
            };
            let columns = made.columns.as_ref().filter(|_| sure && !made.view);
            let columns = columns.map(|columns| columns.iter().map(column).collect());
            self.uncommitted.insert(name, MadeBefore { schema, columns });
            self.named += 1;
        }
        for renamed in &facts.renamed {
            if let Some(mut made) = self.uncommitted.remove(&*renamed.relation.name) {
                let columns = made.columns.iter_mut().flatten();
                if let Some((before, after)) = &renamed.column {
                    columns.filter(|(name, _)| name == before).for_each(|(name, _)| {
                        name.clone_from(after);
                    });
                }
                self.uncommitted.insert(renamed.to.name.to_string(), made);
                self.named += 1;
            }
        }
    }

    /// The transaction ended: what it made is in the catalog from now on, or nowhere.
    pub(super) fn transaction_ended(&mut self) {
        self.asked_for |= std::mem::take(&mut self.touched);
        self.uncommitted_seen();
    }

    /// What the transaction made is in a catalog that was read since.
    pub(super) fn uncommitted_seen(&mut self) {
        if !std::mem::take(&mut self.uncommitted).is_empty() {
            self.named += 1;
        }
    }

    pub(super) fn uncommitted(&self) -> Arc<BTreeMap<String, MadeBefore>> {
        Arc::new(self.uncommitted.clone())
    }

    /// Into a table that others do not see yet.
    fn put_uncommitted(&mut self, name: &str, column: Option<&str>, carried: &Carried) -> bool {
        let made = self.uncommitted.get_mut(name).and_then(|made| made.columns.as_mut());
        let columns = made.into_iter().flatten();
        let meant = columns.filter(|(name, _)| column.is_none_or(|column| name == column));
        let mut new = false;
        for (_, known) in meant {
            new |= add(known, carried);
        }
        self.version += u64::from(new);
        new
    }

    /// Into one that is known under the name already: made anew in place, or there before.
    fn put_named(&mut self, name: &str, column: Option<&str>, carried: &Carried) -> bool {
        let new = self.put_uncommitted(name, column, carried);
        let known: Vec<ColumnId> = self
            .own
            .own_relations()
            .filter(|relation| relation.name == name)
            .flat_map(|relation| {
                let columns = relation.columns.iter();
                let meant = columns.filter(|c| column.is_none_or(|column| c.name == column));
                meant.map(|column| relation.column_id(column.number))
            })
            .collect();
        known.into_iter().fold(new, |new, id| self.put_column(id, carried.clone()) || new)
    }

    fn put_column(&mut self, id: ColumnId, mut carried: Carried) -> bool {
        let view = self.kinds.get(&id.relation) == Some(&RelationKind::View);
        if !view {
            // A table keeps what was there at that moment, which stands beside it in the sources.
            carried.sources.retain(|source| self.own.relation(source.relation).is_none());
        }
        match self.put.get_mut(&id) {
            Some(known) => add(known, &carried),
            None => {
                self.put.insert(id, carried);
                true
            }
        }
    }

    /// Takes what the server says that there is. Gives the names that mean something else now.
    pub(super) fn told(&mut self, own: Catalog) -> BTreeSet<String> {
        let before = shape(&self.own);
        let relations: Vec<Arc<Relation>> = own.own_relations().cloned().collect();
        self.own = own;
        self.schema = relations.first().map(|relation| relation.schema.clone());
        let pending = std::mem::take(&mut self.pending);
        let kinds = std::mem::take(&mut self.kinds);
        for relation in &relations {
            self.kinds.insert(relation.id, relation.kind);
            let known = kinds.get(&relation.id) == Some(&relation.kind);
            self.settle_relation(relation, known, pending.get(&relation.name));
        }
        let there: HashSet<RelationId> = relations.iter().map(|relation| relation.id).collect();
        self.put.retain(|id, _| there.contains(&id.relation));
        self.settle();
        self.asked_for = false;
        let now = shape(&self.own);
        if std::mem::take(&mut self.lost) || before != now {
            self.named += 1;
        }
        let changed = |from: &Shapes, to: &Shapes| -> Vec<String> {
            let differs = |name: &&String| from.get(*name) != to.get(*name);
            from.keys().filter(differs).cloned().collect()
        };
        changed(&before, &now).into_iter().chain(changed(&now, &before)).collect()
    }

    fn settle_relation(&mut self, relation: &Relation, known: bool, pending: Option<&Pending>) {
        let names = relation.columns.iter().map(|column| &column.name);
        let exact = pending.and_then(|pending| pending.exact.as_ref());
        let as_made = exact.is_none_or(|exact| exact.iter().eq(names));
        for column in &relation.columns {
            let id = relation.column_id(column.number);
            let told = pending.and_then(|pending| pending.of(&column.name, &self.own));
            let there = known && self.put.contains_key(&id);
            let trusted = pending.is_some_and(|pending| pending.is_trusted()) && as_made;
            let carried = match told {
                Some(carried) if there || trusted => carried,
                Some(carried) if known && !as_made => Carried { unknown: true, ..carried },
                // By its name alone a new column of one that was there before is known.
                Some(carried) if known => carried,
                None if there => continue,
                None if trusted && !known => Carried {
                    sources: BTreeSet::new(),
                    derivation: Derivation::Identity,
                    unknown: relation.kind == RelationKind::Sequence,
                },
                Some(_) | None => nothing_known(),
            };
            if !known {
                self.put.remove(&id);
            }
            self.put_column(id, carried);
        }
        if relation.kind == RelationKind::View {
            self.settle_asks(relation, known, pending);
        }
    }

    /// One that nobody saw come to be may ask anything.
    fn settle_asks(&mut self, view: &Relation, known: bool, pending: Option<&Pending>) {
        let made = pending.filter(|pending| pending.made && pending.view);
        for (at, (number, _)) in ASKS.into_iter().enumerate() {
            let id = view.column_id(number);
            let carried = match made.and_then(|made| made.asks.get(at)) {
                Some(asked) => Carried { sources: asked.clone(), ..nothing() },
                None if known && self.put.contains_key(&id) => continue,
                None => nothing_known(),
            };
            if !known {
                self.put.remove(&id);
            }
            self.put_column(id, carried);
        }
    }

    /// Follows views to what the tables below them hold by now.
    fn settle(&mut self) {
        let mut carried = HashMap::with_capacity(self.put.len());
        for id in self.put.keys() {
            let mut sum = Carried {
                sources: BTreeSet::new(),
                derivation: Derivation::Identity,
                unknown: false,
            };
            let (mut todo, mut seen) = (vec![*id], HashSet::from([*id]));
            while let Some(next) = todo.pop() {
                if next != *id {
                    sum.sources.insert(next);
                }
                let Some(put) = self.put.get(&next) else {
                    // One of the session's own that is gone or was never settled.
                    sum.unknown |= self.own.relation(next.relation).is_some();
                    continue;
                };
                sum.unknown |= put.unknown;
                sum.derivation = sum.derivation.max(put.derivation);
                let further = put.sources.iter().filter(|source| seen.insert(**source));
                todo.extend(further);
            }
            carried.insert(*id, sum);
        }
        if *self.carried != carried {
            self.carried = Arc::new(carried);
            self.version += 1;
        }
    }

    /// What is known of the database with the session's own laid over it, its labels included.
    /// `version` tells apart what is known under one revision.
    pub(super) fn over(&mut self, shared: &Arc<Knowledge>, version: u64) -> Arc<Knowledge> {
        if self.schema.is_none() {
            return Arc::clone(shared);
        }
        let now = (shared.revision, version, self.version + self.named);
        if let Some((revision, version, own, laid)) = &self.laid
            && (*revision, *version, *own) == now
        {
            return Arc::clone(laid);
        }
        let catalog = self.own.clone().over(Arc::clone(&shared.catalog));
        let mut labels = LabelMap::clone(&shared.labels);
        let is_column = |id: &ColumnId| !ASKS.iter().any(|(number, _)| *number == id.number);
        for (id, carried) in self.carried.iter().filter(|(id, _)| is_column(id)) {
            label(*id, carried, &catalog, &mut labels);
        }
        let laid = Arc::new(Knowledge {
            catalog: Arc::new(catalog),
            labels: Arc::new(labels),
            generation: shared.generation,
            revision: shared.revision,
            carried: shared.carried,
            meaning: OnceLock::new(),
            unasked: OnceLock::new(),
        });
        self.laid = Some((now.0, now.1, now.2, Arc::clone(&laid)));
        laid
    }

    /// True if a relation is one of them, by what facts know of it.
    pub(super) fn is_one(&self, relation: &model::facts::RelationRef) -> bool {
        is_temporary(&relation.schema)
            || relation.id.is_some_and(|id| self.own.relation(id).is_some())
    }
}

impl Pending {
    /// A new relation holds what was stated and no more, unless it is a view whose query was not
    /// followed.
    fn is_trusted(&self) -> bool {
        self.made && (self.exact.is_some() || !self.query)
    }

    fn of(&self, column: &str, own: &Catalog) -> Option<Carried> {
        let mut found = match (self.columns.get(column), &self.all) {
            (Some(one), Some(all)) => {
                let mut one = one.clone();
                add(&mut one, all);
                one
            }
            (Some(one), None) => one.clone(),
            (None, Some(all)) => all.clone(),
            (None, None) => return None,
        };
        if !self.view {
            found.sources.retain(|source| own.relation(source.relation).is_none());
        }
        Some(found)
    }

    fn copy(&self, unknown: bool) -> Self {
        let all = if unknown { Some(nothing_known()) } else { self.all.clone() };
        let (columns, exact) = (self.columns.clone(), self.exact.clone().filter(|_| !unknown));
        let asks = self.asks.clone();
        Self { columns, all, exact, made: self.made, query: self.query, view: self.view, asks }
    }
}

/// What an empty column holds.
fn nothing() -> Carried {
    Carried { sources: BTreeSet::new(), derivation: Derivation::Identity, unknown: false }
}

fn nothing_known() -> Carried {
    Carried { sources: BTreeSet::new(), derivation: Derivation::Expression, unknown: true }
}

/// Adds what was put into a column to what it held. True if that is more.
fn add(known: &mut Carried, more: &Carried) -> bool {
    let before = known.clone();
    // Values of several columns side by side: a part of one may be the whole of another.
    let mixed =
        !known.sources.is_empty() && !more.sources.is_empty() && known.sources != more.sources;
    known.sources.extend(&more.sources);
    known.unknown |= more.unknown;
    known.derivation = known.derivation.max(more.derivation);
    if mixed {
        known.derivation = known.derivation.max(Derivation::Expression);
    }
    *known != before
}

/// The label of a column by what was put into it.
fn label(id: ColumnId, carried: &Carried, catalog: &Catalog, labels: &mut LabelMap) {
    let mut found: Option<Label> = carried.unknown.then_some(Label::UNKNOWN);
    let mut derived = carried.derivation != Derivation::Identity || carried.unknown;
    for source in &carried.sources {
        let there = catalog.relation(source.relation).is_some();
        let label = match labels.label(*source) {
            Some(label) => label.clone(),
            None if there => continue,
            None => Label::UNKNOWN,
        };
        derived |= labels.is_derived(*source);
        derived |= found.as_ref().is_some_and(|found| *found != label);
        found = Some(found.map_or_else(|| label.clone(), |f| stronger(&f, &label).clone()));
    }
    let Some(label) = found else { return };
    let evidence = vec!["values that bear it were written here by this session".to_owned()];
    labels.columns.insert(id, Labelling { label, confidence: 1.0, evidence });
    if derived {
        labels.derived.insert(id);
    }
}

/// What names mean: numbers, kinds and columns.
type Shapes = BTreeMap<String, (RelationId, u8, Vec<(i16, String, u32)>)>;

fn shape(own: &Catalog) -> Shapes {
    let relations = own.own_relations().map(|relation| {
        let columns = relation.columns.iter();
        let columns = columns.map(|c| (c.number, c.name.clone(), c.type_id.0)).collect();
        (relation.name.clone(), (relation.id, relation.kind as u8, columns))
    });
    relations.collect()
}
