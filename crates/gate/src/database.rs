//! One database of Weir's and what is known of it: catalog, labels, decided plans. Knows no
//! identity and no connection.

use crate::{
    book::{CarriedLabel, DecidedLabel, FoundBefore, LabelBook},
    cache::PlanCache,
    counters::Counters,
    flight::Flights,
    line::VerdictCache,
};
use arc_swap::ArcSwap;
use mask::LabelRules;
use model::{Catalog, ColumnId, DatabaseName, Facts, LabelMap, Labelling, facts::Effect, stronger};
use sql::{Analysed, Scope, Unasked};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Catalog and labels as of one moment; they are replaced together.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// The labels.
    pub labels: Arc<LabelMap>,
    /// 0 until something was read; then the value of [`Database::wanted`] at the moment before
    /// the reading began.
    pub generation: u64,
    /// Grows with each change of what is known, by reading or otherwise: part of every cache key.
    pub revision: u64,
    /// The value of [`Database::carried`] that its labels have.
    pub carried: u64,
    /// A hash of what all of the catalog means, once somebody asked.
    pub(crate) meaning: OnceLock<[u8; 16]>,
    /// What of its code may run unasked and change what names mean, once somebody asked.
    pub(crate) unasked: OnceLock<Unasked>,
}

impl Knowledge {
    /// True if code that a statement with these facts does not name may change what names mean.
    pub(crate) fn moves_unasked(&self, facts: &Facts) -> bool {
        self.unasked().runs(facts, &self.catalog)
    }

    /// The same where it is planned.
    pub(crate) fn plans_unasked(&self, facts: &Facts) -> bool {
        self.unasked().plans(facts, &self.catalog)
    }

    /// What each statement of a text does. Behind a change of the catalog code may have run that no
    /// text names, and moved the path on which the rest of the text looks its names up.
    pub(crate) fn analyse(&self, text: &str, scope: &Scope) -> Vec<Analysed> {
        let analysed = sql::analyse(text, &self.catalog, scope);
        let moves = |one: &Analysed| {
            let changes = |effect: &Effect| effect.operation.changes_catalog();
            one.facts.effects.iter().any(changes) && self.moves_unasked(&one.facts)
        };
        if !analysed.iter().rev().skip(1).any(moves) {
            return analysed;
        }
        sql::analyse(text, &self.catalog, &Scope { path_lost: true, ..scope.clone() })
    }

    fn unasked(&self) -> &Unasked {
        self.unasked.get_or_init(|| Unasked::of(&self.catalog))
    }
}

/// A database that clients can ask for.
#[derive(Debug)]
pub struct Database {
    /// The name by which clients ask.
    pub name: DatabaseName,
    /// `production`, `staging`, …: for policy.
    pub environment: String,
    knowledge: ArcSwap<Knowledge>,
    wanted: AtomicU64,
    /// What is known was found to be wrong.
    doubted: AtomicBool,
    rules: ArcSwap<LabelRules>,
    /// What the labels are made of; held while what is known is replaced.
    pub(crate) book: Mutex<LabelBook>,
    /// Grows each time a column gets a label between two readings.
    carried: AtomicU64,
    pub(crate) plans: PlanCache,
    /// Its own: the facts of a clone's statements name the same oids.
    pub(crate) verdicts: VerdictCache,
    /// What is under way in it.
    pub(crate) flights: Flights,
    /// What is counted of it; several databases may be counted together.
    pub counters: Arc<Counters>,
}

impl Database {
    /// A database of which nothing is known yet.
    pub fn new(name: DatabaseName, environment: String) -> Self {
        Self::counted(name, environment, Arc::default())
    }

    /// The same, counted where others are too.
    pub fn counted(name: DatabaseName, environment: String, counters: Arc<Counters>) -> Self {
        Self {
            name,
            environment,
            knowledge: ArcSwap::from_pointee(Knowledge::default()),
            wanted: AtomicU64::new(1),
            doubted: AtomicBool::new(false),
            rules: ArcSwap::default(),
            book: Mutex::default(),
            carried: AtomicU64::new(0),
            plans: PlanCache::default(),
            verdicts: VerdictCache::default(),
            flights: Flights::default(),
            counters,
        }
    }

    /// What is known now.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        self.knowledge.load_full()
    }

    /// The revision of what is known now. Every statement asks: a count that all threads share is
    /// not touched.
    pub(crate) fn revision(&self) -> u64 {
        self.knowledge.load().revision
    }

    /// The same for the catalog's version.
    pub(crate) fn catalog_version(&self) -> u64 {
        self.knowledge.load().catalog.version
    }

    /// Replaces what is known. `proposed` are the labels that the columns' own evidence speaks for,
    /// `None` if they are the same as before; those that values carried and those that people
    /// decided are laid over them, and columns that are known by another name or type keep what
    /// they bore. `generation` is [`Self::wanted`] as it was before the reading began, so that a
    /// change which came during the reading still counts as not yet read. [`Self::unkept`] has what
    /// is to be kept then.
    pub fn learn(&self, catalog: Arc<Catalog>, proposed: Option<LabelMap>, generation: u64) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.follow(&catalog);
        book.hold(&self.knowledge(), &catalog);
        if let Some(proposed) = proposed {
            book.proposed = proposed;
        }
        self.publish(&book, catalog, generation);
    }

    /// The labels that are in force and that a restart would not find.
    pub fn unkept(&self) -> Vec<CarriedLabel> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).all_unkept()
    }

    /// Takes over what an earlier run found, before anything is learnt: a column that got another
    /// name or type since keeps its label.
    pub fn found_before(&self, found: Vec<FoundBefore>) {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).earlier = found;
    }

    /// Says that a reading brought what is known already. Plans that were made stand.
    pub fn confirm(&self, generation: u64) {
        let _book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.knowledge();
        self.knowledge.store(Arc::new(Knowledge {
            catalog: Arc::clone(&known.catalog),
            labels: Arc::clone(&known.labels),
            generation,
            revision: known.revision,
            carried: known.carried,
            meaning: known.meaning.clone(),
            unasked: known.unasked.clone(),
        }));
    }

    /// Takes over labels that are kept, and what people decided: in force at once, for every
    /// session.
    pub fn remember(&self, carried: Vec<CarriedLabel>, decided: Vec<DecidedLabel>) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut differs = book.decide(decided);
        for label in carried {
            differs |= book.put(label, true);
        }
        if differs {
            let knowledge = self.knowledge();
            self.carried.fetch_add(1, Ordering::SeqCst);
            self.publish(&book, Arc::clone(&knowledge.catalog), knowledge.generation);
        }
    }

    /// Puts labels in force at once, for every session.
    pub(crate) fn carry(&self, labels: Vec<CarriedLabel>) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        for label in labels {
            book.put(label, false);
        }
        let knowledge = self.knowledge();
        self.carried.fetch_add(1, Ordering::SeqCst);
        self.publish(&book, Arc::clone(&knowledge.catalog), knowledge.generation);
    }

    /// Notes that labels are kept where a restart finds them.
    pub fn kept(&self, labels: &[CarriedLabel]) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        labels.iter().for_each(|label| book.kept(label));
    }

    /// A number that grows each time a column gets a label between two readings: rows of a
    /// statement that was decided before may hold what bears it.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::SeqCst)
    }

    /// The labels of a catalog that only one session sees, with what the evidence of its new
    /// columns speaks for.
    pub(crate) fn labels_with(
        &self,
        catalog: &Catalog,
        proposed: &HashMap<ColumnId, Labelling>,
        revision: u64,
    ) -> LabelMap {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut map = book.proposed.clone();
        for (id, labelling) in proposed {
            let known = map.columns.entry(*id).or_insert_with(|| labelling.clone());
            if *stronger(&known.label, &labelling.label) != known.label {
                *known = labelling.clone();
            }
        }
        book.labels_upon(map, catalog, revision)
    }

    /// The configuration's rules for labels.
    pub fn rules(&self) -> Arc<LabelRules> {
        self.rules.load_full()
    }

    /// Takes over the configuration's rules, for labels that are found from now on.
    pub fn follow_rules(&self, rules: Arc<LabelRules>) {
        self.rules.store(rules);
    }

    fn publish(&self, book: &LabelBook, catalog: Arc<Catalog>, generation: u64) {
        let known = self.knowledge();
        let revision = known.revision + 1;
        let labels = Arc::new(book.labels(&catalog, revision));
        let carried = self.carried();
        let meaning = OnceLock::new();
        // Labels change more often than the code of a database.
        let unasked = match Arc::ptr_eq(&known.catalog, &catalog) {
            true => known.unasked.clone(),
            false => OnceLock::new(),
        };
        let knowledge =
            Knowledge { catalog, labels, generation, revision, carried, meaning, unasked };
        self.knowledge.store(Arc::new(knowledge));
    }

    /// The generation that a fresh reading would have.
    pub fn wanted(&self) -> u64 {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Says that the database's structure changed, or may have: what is known is stale from now on.
    /// Returns the generation that a reading must reach.
    pub fn changed(&self) -> u64 {
        self.wanted.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Says that the server disagrees with what is known: it is stale, and no reading shall rest on
    /// it.
    pub fn doubt(&self) {
        self.doubted.store(true, Ordering::SeqCst);
        self.changed();
    }

    /// True once after a doubt: everything has to be read.
    pub fn take_doubt(&self) -> bool {
        self.doubted.swap(false, Ordering::SeqCst)
    }

    /// True if nothing is known to have changed since the last reading began.
    pub fn is_fresh(&self) -> bool {
        self.has_reached(None)
    }

    /// The same as of a generation that was wanted before; `None` stands for the last.
    pub fn has_reached(&self, generation: Option<u64>) -> bool {
        self.knowledge.load().generation >= generation.unwrap_or_else(|| self.wanted())
    }
}
