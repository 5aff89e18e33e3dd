//! Labels follow values: which columns get which labels by what a plan puts into them. Knows facts
//! and labels; the storage is whoever keeps them.

use crate::{
    book::{CarriedLabel, LabelBook, Place, place_of},
    database::Knowledge,
    plan::Plan,
    record,
    refusal::Refusal,
    session::Session,
};
use model::{
    Catalog, ColumnId, Facts, Label, LabelMap, Operation,
    catalog::RelationKind,
    facts::{Derivation, Destination, Move, RelationRef, Renamed, SessionChange},
    stronger,
};
use sql::is_temporary;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError},
    time::SystemTime,
};

/// Resolves when labels are kept where a restart finds them, or says why they are not.
pub type Keeping = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Keeps labels of the database of this name.
pub type Keep = Arc<dyn Fn(&str, Vec<CarriedLabel>) -> Keeping + Send + Sync>;

/// The most columns whose names stand in an evidence.
const NAMED: usize = 3;

/// What a value brings: a label, and whether only pieces of it.
type Brought = (Label, bool);

impl Session {
    /// Puts the labels in force that the values which a plan moves carry with them, before it runs:
    /// for all sessions at once. `Some` if there are any that were not in force: wait until they
    /// are kept, then plan anew.
    pub fn carry(&mut self, plan: &Plan, now: SystemTime) -> Result<Option<Keeping>, Refusal> {
        let moves =
            |part: &crate::Part| !part.facts.moves.is_empty() || !part.facts.renamed.is_empty();
        if !plan.parts.iter().any(moves) {
            return Ok(None);
        }
        let database = Arc::clone(self.database());
        let labels = {
            let book = database.book.lock().unwrap_or_else(PoisonError::into_inner);
            let labels = carried(self, plan, &book);
            let decided = labels.iter().find(|label| !may_bear(&book, label));
            if let (Some(label), false) = (decided, plan.unrestricted) {
                return Err(decided_otherwise(label));
            }
            labels
        };
        if labels.is_empty() {
            return Ok(None);
        }
        let borne = Arc::clone(&database.knowledge().labels);
        for label in labels.iter().filter(|label| !bears(&borne, label)) {
            record::label_carried(self, label, now);
        }
        database.carry(labels.clone());
        let keep = self.gate().keep.get().cloned();
        Ok(Some(Box::pin(async move {
            if let Some(keep) = keep {
                keep(database.name.as_str(), labels.clone()).await?;
            }
            database.kept(&labels);
            Ok(())
        })))
    }

    /// True if what a plan puts where may be other than its facts say, because what its names mean
    /// is not known now. Asked only of those whose statements run without being understood.
    pub fn may_carry_unseen(&self, plan: &Plan) -> bool {
        let carries = |part: &crate::Part| {
            let facts = &part.facts;
            let writes = facts.effects.iter().any(|effect| puts(effect.operation));
            let own = |name: &str| name.starts_with("pg_catalog.");
            let more = facts.functions.iter().any(|function| !own(&function.name));
            let doubtful = more || !facts.unknowns.is_empty();
            !facts.moves.is_empty() || !facts.renamed.is_empty() || writes && doubtful
        };
        !self.is_certain() && plan.parts.iter().any(carries)
    }

    /// The schemas in which a relation may come to stand that is made without one. Those of the
    /// path that are not known may be there and empty.
    fn homes(&self, plan: &Plan) -> Vec<String> {
        let scope = |change: &SessionChange| matches!(change, SessionChange::Scope);
        if plan.parts.iter().any(|part| part.facts.session.iter().any(scope)) {
            return vec![String::new()];
        }
        let mut homes = Vec::new();
        for schema in self.path().iter().filter(|schema| *schema != "pg_catalog") {
            if is_temporary(schema) {
                continue;
            }
            homes.push(schema.clone());
            if plan.knowledge.catalog.has_schema(schema) {
                break;
            }
        }
        homes
    }
}

/// True if a plan's values bring labels that are not in force yet.
pub(crate) fn would(session: &Session, plan: &Plan) -> bool {
    let book = session.database().book.lock().unwrap_or_else(PoisonError::into_inner);
    let borne = &session.database().knowledge().labels;
    carried(session, plan, &book).iter().any(|label| !bears(borne, label))
}

/// The columns to which a plan brings values that bear labels, whether or not these are in force;
/// `None` if it brings none.
pub(crate) fn reached(session: &Session, plan: &Plan) -> Option<BTreeSet<ColumnId>> {
    let moves = plan.parts.iter().flat_map(|part| &part.facts.moves);
    if !moves.into_iter().any(|moved| moved.unknown || !moved.from.is_empty()) {
        return None;
    }
    let book = session.database().book.lock().unwrap_or_else(PoisonError::into_inner);
    let reached = carrying(session, plan, &book).reached;
    (!reached.is_empty()).then_some(reached)
}

/// True if a column bears a label already, by whatever it was found.
fn bears(borne: &LabelMap, label: &CarriedLabel) -> bool {
    label.id.is_some_and(|id| {
        borne.label(id) == Some(&label.label) && borne.is_derived(id) >= label.derived
    })
}

/// The labels that a plan's values bring with them and that are not noted yet.
fn carried(session: &Session, plan: &Plan, book: &LabelBook) -> Vec<CarriedLabel> {
    carrying(session, plan, book).new.into_values().collect()
}

/// All that a plan's values bring.
fn carrying<'a>(session: &Session, plan: &'a Plan, book: &'a LabelBook) -> Carrying<'a> {
    let mut carrying = Carrying {
        catalog: &plan.knowledge.catalog,
        labels: &plan.knowledge.labels,
        shared: session.database().knowledge(),
        book,
        homes: session.homes(plan),
        unknown: !plan.unrestricted,
        brought: HashMap::new(),
        reached: BTreeSet::new(),
        new: BTreeMap::new(),
    };
    carrying.follow(plan);
    carrying
}

const fn puts(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Insert
            | Operation::Update
            | Operation::Merge
            | Operation::Create
            | Operation::CreateTemp
            | Operation::Call
            | Operation::Do
    )
}

/// False if a person decided that the column bears another label that is no stronger.
fn may_bear(book: &LabelBook, label: &CarriedLabel) -> bool {
    match book.decided(&label.place, label.id).map(|decided| &decided.label) {
        None => true,
        Some(None) => false,
        Some(Some(decided)) => *decided == label.label && !label.derived,
    }
}

fn decided_otherwise(label: &CarriedLabel) -> Refusal {
    let Place { schema, relation, column } = &label.place;
    let what = format!(
        "it puts values of label {} into {schema}.{relation}.{column}, of which a person decided \
         that it bears another or none",
        label.label
    );
    Refusal::unenforceable(&what, "Put them into another column, or have that decision changed.")
}

/// Labels on their way.
struct Carrying<'a> {
    catalog: &'a Catalog,
    /// As the session has them, its own tables included.
    labels: &'a LabelMap,
    /// What all know now.
    shared: Arc<Knowledge>,
    book: &'a LabelBook,
    homes: Vec<String>,
    /// What is not understood counts as the most sensitive there is.
    unknown: bool,
    /// Labels that columns will have by this plan.
    brought: HashMap<ColumnId, Brought>,
    /// Columns of tables that others may read, to which it brings labels or more of one.
    reached: BTreeSet<ColumnId>,
    /// What is not in force yet.
    new: BTreeMap<Place, CarriedLabel>,
}

impl Carrying<'_> {
    /// Until nothing new comes: what one statement of the text brings, another carries on.
    fn follow(&mut self, plan: &Plan) {
        loop {
            let before = self.new.len() + self.brought.len();
            for part in &plan.parts {
                for moved in &part.facts.moves {
                    self.carry(&part.facts, moved);
                }
                for renamed in &part.facts.renamed {
                    self.rename(renamed);
                }
            }
            if self.new.len() + self.brought.len() == before {
                return;
            }
        }
    }

    fn carry(&mut self, facts: &Facts, moved: &Move) {
        let Some((brought, from)) = self.of(facts, moved) else { return };
        match &moved.to {
            Destination::Column(id) => self.brings_column(*id, &brought, &from),
            Destination::Named { relation, column } => {
                self.brings_place(relation, column, &brought, &from);
            }
            Destination::All(relation) => {
                match relation.id.and_then(|id| self.catalog.relation(id)) {
                    Some(relation) => {
                        for column in &relation.columns {
                            self.brings_column(relation.column_id(column.number), &brought, &from);
                        }
                    }
                    None => self.brings_place(relation, "", &brought, &from),
                }
            }
        }
    }

    /// What a move brings, and from which columns.
    fn of(&self, facts: &Facts, moved: &Move) -> Option<(Brought, Vec<ColumnId>)> {
        let mut found: Option<Label> = None;
        // What they were compared with may be all of it or a piece.
        let told = policy::told(facts, &moved.from, self.labels);
        let mut derived = moved.derivation != Derivation::Identity || !told.is_empty();
        let mut from = Vec::new();
        for id in moved.from.iter().chain(&told) {
            let Some((label, piece)) = self.on(*id) else { continue };
            derived |= piece || found.as_ref().is_some_and(|found| *found != label);
            found = Some(found.map_or_else(|| label.clone(), |f| stronger(&f, &label).clone()));
            from.push(*id);
        }
        if moved.unknown && self.unknown {
            derived = true;
            let other = found.take();
            found = Some(other.map_or(Label::UNKNOWN, |f| stronger(&f, &Label::UNKNOWN).clone()));
        }
        Some(((found?, derived), from))
    }

    /// The label of a column as it will be.
    fn on(&self, id: ColumnId) -> Option<Brought> {
        if let Some(brought) = self.brought.get(&id) {
            return Some(brought.clone());
        }
        if let Some(label) = self.labels.label(id) {
            return Some((label.clone(), self.labels.is_derived(id)));
        }
        // System columns hold nobody's data; what the catalog does not know may hold anything.
        let unheard_of = id.number > 0 && place_of(self.catalog, id).is_none();
        (unheard_of && self.unknown).then_some((Label::UNKNOWN, true))
    }

    fn brings_column(&mut self, id: ColumnId, brought: &Brought, from: &[ColumnId]) {
        let Some(place) = place_of(self.catalog, id).filter(|p| !is_temporary(&p.schema)) else {
            return;
        };
        let kind = self.catalog.relation(id.relation).map(|relation| relation.kind);
        if kind == Some(RelationKind::View) {
            return;
        }
        if place_of(&self.shared.catalog, id).is_none() {
            // Only this transaction sees it: the label waits at its place for the number.
            let evidence = self.evidence(from);
            return self.put(place, brought, evidence);
        }
        self.reached.insert(id);
        let now = self.brought.get(&id).cloned().or_else(|| {
            let label = self.shared.labels.label(id)?.clone();
            Some((label, self.shared.labels.is_derived(id)))
        });
        let together = join(now.as_ref(), brought);
        if now.as_ref() == Some(&together) {
            // In force; but whether a restart would find it is another question.
            if let Some(unkept) = self.book.unkept(&place) {
                self.new.entry(place).or_insert_with(|| unkept.clone());
            } else if self.book.decided(&place, Some(id)).is_none()
                && !self.book.has_noted(&place, &brought.0, brought.1)
            {
                // What it rests on may be the column's name, which may change.
                let (label, derived) = brought.clone();
                let evidence = self.evidence(from);
                self.new.entry(place.clone()).or_insert(CarriedLabel {
                    place,
                    id: Some(id),
                    label,
                    derived,
                    evidence,
                });
            }
            return;
        }
        self.brought.insert(id, together.clone());
        let evidence = self.evidence(from);
        let (label, derived) = together;
        let carried = CarriedLabel { place: place.clone(), id: Some(id), label, derived, evidence };
        self.new.insert(place, carried);
    }

    /// To a column of a relation that comes to be.
    fn brings_place(
        &mut self,
        relation: &RelationRef,
        column: &str,
        brought: &Brought,
        from: &[ColumnId],
    ) {
        if is_temporary(&relation.schema) {
            return;
        }
        let homes = match &*relation.schema {
            "" => self.homes.clone(),
            schema => vec![schema.to_owned()],
        };
        for schema in homes {
            let place =
                Place { schema, relation: relation.name.to_string(), column: column.to_owned() };
            self.put(place, brought, self.evidence(from));
        }
    }

    fn put(&mut self, place: Place, brought: &Brought, evidence: String) {
        let pending = self.new.get(&place);
        let in_force = || {
            let mut of = self.book.of(&place.schema, &place.relation);
            of.find(|known| known.place == place)
        };
        let now = pending.or_else(in_force).map(|label| (label.label.clone(), label.derived));
        let together = join(now.as_ref(), brought);
        if now.as_ref() == Some(&together) {
            if let (None, Some(unkept)) = (pending, self.book.unkept(&place)) {
                self.new.insert(place, unkept.clone());
            }
            return;
        }
        let (label, derived) = together;
        let carried = CarriedLabel { place: place.clone(), id: None, label, derived, evidence };
        self.new.insert(place, carried);
    }

    /// What was carried to a relation that has not been read yet goes with it to its new name. One
    /// that has is known by its number.
    fn rename(&mut self, renamed: &Renamed) {
        if is_temporary(&renamed.relation.schema) || is_temporary(&renamed.to.schema) {
            return;
        }
        let (schema, name) = (&*renamed.relation.schema, &*renamed.relation.name);
        let meant = |label: &&CarriedLabel| {
            let place = &label.place;
            match &renamed.column {
                // A column takes those of its heirs along, and an attribute those of typed tables.
                Some((old, _)) => {
                    place.column == *old && (place.relation == name || label.id.is_none())
                }
                None if name.is_empty() => place.schema == schema,
                None => place.relation == name && (schema.is_empty() || place.schema == schema),
            }
        };
        let known = self.book.all().chain(self.new.values()).filter(meant);
        let known: Vec<CarriedLabel> = known.cloned().collect();
        for label in known {
            let mut place = label.place.clone();
            match &renamed.column {
                Some((_, new)) => place.column.clone_from(new),
                None if name.is_empty() => place.schema = renamed.to.schema.to_string(),
                None => {
                    place.relation = renamed.to.name.to_string();
                    if !renamed.to.schema.is_empty() {
                        place.schema = renamed.to.schema.to_string();
                    }
                }
            }
            self.put(place, &(label.label, label.derived), label.evidence);
        }
    }

    fn evidence(&self, from: &[ColumnId]) -> String {
        let named = from.iter().filter_map(|id| place_of(self.catalog, *id));
        let named: Vec<String> = named
            .take(NAMED)
            .map(|place| format!("{}.{}.{}", place.schema, place.relation, place.column))
            .collect();
        match (named.as_slice(), from.len()) {
            ([], _) => "values of what was not understood were written here".to_owned(),
            (named, many) if many > named.len() => {
                format!("values of {} and others were written here", named.join(", "))
            }
            (named, _) => format!("values of {} were written here", named.join(", ")),
        }
    }
}

/// What a column holds by two labels.
fn join(now: Option<&Brought>, brought: &Brought) -> Brought {
    let Some((label, derived)) = now else { return brought.clone() };
    let differs = *label != brought.0;
    (stronger(label, &brought.0).clone(), *derived || brought.1 || differs)
}
