//! Which row versions a catalog was made of, so that the next reading brings only what differs.
//! Knows the system catalogs' rows, not what they mean.
//!
//! A catalog is told apart into parts that are read as one: a relation with all that hangs on it
//! (columns, defaults, unique indexes, foreign keys, rules, triggers, comments), a function, a
//! type. Of each the server says one number: the sum of hashes over its rows' keys and the ids of
//! the transactions that wrote them (`xmin`). A row that is added, replaced or deleted, by
//! whomever, makes it another; what was rolled back was never there. PostgreSQL's own objects are
//! one part together.
//!
//! To have all these numbers each time would cost more than the rest of a reading. So the server is
//! asked how many rows there are, and which parts have rows of transactions that may not have ended
//! when it was asked last. Those alone are hashed again. If the others still have as many rows as
//! they had, they have the same ones: what they lost would be missing, and nothing can have come in
//! its place without being new.

pub(super) mod questions;

use super::{CatalogError, row::Row};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    str::FromStr,
};
use wire_pg::Values;

/// Objects below this oid came with the server (`FirstNormalObjectId`).
pub(super) const FIRST_NORMAL_OID: u32 = 16_384;

/// The part of PostgreSQL's own objects.
const SERVERS_OWN: u32 = 0;

/// Kinds of parts, as the server names them in its answers.
const RELATION: char = 'r';
const FUNCTION: char = 'f';
const TYPE: char = 't';
const OPERATORS: char = 'o';
const CASTS: char = 'c';
/// Schemas and languages, by name: what stands in them is not told apart from them.
const SCHEMA: char = 's';
const LANGUAGE: char = 'l';
/// What expressions name besides (collations, text search): of no meaning but for their texts.
const SURROUNDINGS: char = 'x';
/// Not a part: see [`Versions::horizon`].
const HORIZON: char = 'h';

/// One number per part, and how many rows it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    parts: BTreeMap<char, HashMap<u32, Version>>,
    /// Rows of earlier transactions were seen.
    horizon: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    hash: i128,
    rows: u64,
}

/// What may be new since a reading.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    /// How many rows there are by kind.
    rows: BTreeMap<char, u64>,
    /// The least part with rows that may be new.
    least: Option<u32>,
    /// The parts with rows that may be new; schemas, languages and the horizon.
    parts: Versions,
}

/// One number per kind of part: enough to tell that something changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<char, i128>);

/// What has to be read again.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// Relations that are new or other than before.
    pub(super) relations: BTreeSet<u32>,
    /// Functions that are.
    pub(super) functions: BTreeSet<u32>,
    /// Types that are.
    pub(super) types: BTreeSet<u32>,
    /// Relations, functions and types that are gone.
    pub(super) gone: [BTreeSet<u32>; 3],
    /// The operators.
    pub(super) operators: bool,
    /// The casts.
    pub(super) casts: bool,
    /// All that the server writes out: something is named in it that has another name now.
    pub(super) texts: bool,
}

impl Versions {
    /// Takes one row of [`questions::all`].
    pub(super) fn row(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let mut row = Row::new(values, "versions");
        let (kind, list) = (row.letter()?, row.text()?);
        self.take(kind, &list)
    }

    fn take(&mut self, kind: char, list: &str) -> Result<(), CatalogError> {
        if kind == HORIZON {
            self.horizon = number(list)?;
            return Ok(());
        }
        let parts = self.parts.entry(kind).or_default();
        for part in list.split(',') {
            let mut words = part.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let id = number(word())?;
            parts.insert(id, Version { hash: number(word())?, rows: number(word())? });
        }
        Ok(())
    }

    /// The transaction since which rows may not have been seen.
    pub(super) const fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Goes on to what is fresh.
    pub(super) fn advance(&mut self, fresh: Fresh) -> BTreeMap<char, u64> {
        self.horizon = fresh.parts.horizon;
        for (kind, parts) in fresh.parts.parts {
            let known = self.parts.entry(kind).or_default();
            if matches!(kind, SCHEMA | LANGUAGE) {
                known.clear();
            }
            known.extend(parts);
        }
        fresh.rows
    }

    /// True if nothing but what may be new can be other than it was: rows that went away are
    /// missed, and none can have come in their place without being new.
    pub(super) fn add_up(&self, rows: &BTreeMap<char, u64>) -> bool {
        rows.iter().all(|(kind, rows)| {
            let parts = self.parts.get(kind).into_iter().flat_map(HashMap::values);
            parts.map(|version| version.rows).sum::<u64>() == *rows
        })
    }

    /// Takes one row of [`questions::LIVE`]: what is not in it is gone.
    pub(super) fn live(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let mut row = Row::new(values, "versions");
        let (kind, list) = (row.letter()?, row.optional()?.unwrap_or_default());
        let list = list.split(',').filter(|id| !id.is_empty());
        let live: HashSet<u32> = list.map(number).collect::<Result<_, _>>()?;
        let parts = self.parts.entry(kind).or_default();
        parts.retain(|id, _| *id == SERVERS_OWN || live.contains(id));
        Ok(())
    }

    /// What the server says of the whole when it is asked for [`questions::totals`].
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let total = |parts: &HashMap<u32, Version>| parts.values().map(|one| one.hash).sum();
        let kinds = self.parts.iter().filter(|(_, parts)| !parts.is_empty());
        Fingerprint(kinds.map(|(kind, parts)| (*kind, total(parts))).collect())
    }

    /// What differs from a reading before; `None` if all has to be read.
    pub(super) fn since(&self, before: &Self) -> Option<Delta> {
        let own = |versions: &Self, kind| versions.part(kind, SERVERS_OWN);
        let same = |kind| own(self, kind) == own(before, kind);
        if ![RELATION, FUNCTION, TYPE].into_iter().all(same) {
            return None;
        }
        for kind in [SCHEMA, LANGUAGE] {
            let (changed, gone) = self.differing(before, kind);
            // One that is new changes nothing about what is known.
            if !gone.is_empty() || changed.iter().any(|id| before.part(kind, *id).is_some()) {
                return None;
            }
        }
        let differs = |kind| {
            let (changed, gone) = self.differing(before, kind);
            !changed.is_empty() || !gone.is_empty()
        };
        let (relations, relations_gone) = self.differing(before, RELATION);
        let (functions, functions_gone) = self.differing(before, FUNCTION);
        let (types, types_gone) = self.differing(before, TYPE);
        // Which casts count depends on their functions' language.
        let casts = differs(CASTS) || !functions.is_empty() || !functions_gone.is_empty();
        Some(Delta {
            relations,
            functions,
            types,
            gone: [relations_gone, functions_gone, types_gone],
            operators: differs(OPERATORS),
            casts,
            texts: differs(SURROUNDINGS),
        })
    }

    fn part(&self, kind: char, id: u32) -> Option<Version> {
        self.parts.get(&kind)?.get(&id).copied()
    }

    /// Parts that are new or other than before, and parts that are gone.
    fn differing(&self, before: &Self, kind: char) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let none = HashMap::new();
        let (now, before) = (&self.parts, &before.parts);
        let (now, before) = (now.get(&kind).unwrap_or(&none), before.get(&kind).unwrap_or(&none));
        let other = now.iter().filter(|(id, version)| before.get(*id) != Some(*version));
        let gone = before.keys().filter(|id| !now.contains_key(*id)).copied().collect();
        (other.map(|(id, _)| *id).collect(), gone)
    }
}

impl Fresh {
    /// Takes one row of [`questions::fresh`].
    pub(super) fn row(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let mut row = Row::new(values, "versions");
        let (sort, kind) = (row.letter()?, row.letter()?);
        let text = row.optional()?;
        match (sort, text) {
            ('n', Some(rows)) => drop(self.rows.insert(kind, number(&rows)?)),
            ('m', least) => self.least = least.as_deref().map(number).transpose()?,
            ('v', Some(list)) => self.parts.take(kind, &list)?,
            _ => return Err(CatalogError::Row("versions")),
        }
        Ok(())
    }

    /// True if something that came with the server may be new.
    pub(super) fn concerns_server(&self) -> bool {
        self.least.is_some_and(|id| id < FIRST_NORMAL_OID)
    }
}

/// A number in a list.
fn number<T: FromStr>(text: &str) -> Result<T, CatalogError> {
    text.parse().map_err(|_| CatalogError::Row("versions"))
}

impl Fingerprint {
    /// Takes one row of [`questions::totals`].
    pub(super) fn row(&mut self, values: Values<'_>) -> Result<(), CatalogError> {
        let mut row = Row::new(values, "fingerprint");
        let kind = row.letter()?;
        self.0.insert(kind, row.number()?);
        Ok(())
    }

    /// True if nothing was told.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
