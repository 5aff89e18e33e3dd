//! What earlier statements of the same text made, by name, and of what of it there is doubt. Knows
//! no statement.

use crate::flow::{Columns, Field};
use model::RelationId;
use std::{collections::HashMap, rc::Rc};

/// What earlier statements of the same text did to names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    /// Tables and views they made or dropped, by name.
    pub(crate) tables: HashMap<String, MadeTable>,
    /// The names of these, in the order in which something was done to them.
    pub(crate) log: Vec<String>,
    /// Functions they made.
    pub(crate) functions: Vec<String>,
    /// Types they made that run nothing.
    pub(crate) types: Vec<String>,
    /// Tables on which they hung code.
    pub(crate) hung: Vec<String>,
    /// True if the last of them added plain columns, and changed nothing else.
    pub(crate) grown: bool,
    /// Columns that they added, with what was put there.
    pub(crate) added: HashMap<RelationId, Vec<Field>>,
    /// True if they may have changed what existing names mean.
    pub(crate) stale: bool,
}

/// A table or view that an earlier statement of the same text made.
#[derive(Clone, Debug)]
pub(crate) struct MadeTable {
    /// Where it stands; `None` if that is not clear, or if it is gone.
    pub(crate) home: Option<Home>,
    /// Its columns, where they are known.
    pub(crate) columns: Option<Rc<Columns>>,
    /// How many bodies of code are around the statement that made it. Code below may go on by plans
    /// that the server made when the name meant something else.
    pub(crate) depth: usize,
}

impl MadeTable {
    /// One that may be there or not.
    pub(crate) const UNCLEAR: Self = Self { home: None, columns: None, depth: 0 };
}

impl Made {
    /// Notes that a relation of this name was made here, or that it is not clear what is there.
    pub(crate) fn note(&mut self, name: &str, table: MadeTable) {
        self.log.push(name.to_owned());
        self.tables.insert(name.to_owned(), table);
    }

    /// How much was noted so far.
    pub(crate) fn noted(&self) -> usize {
        self.log.len()
    }

    /// What was noted behind this place may not have happened: each of its names can mean what was
    /// there before.
    pub(crate) fn doubt(&mut self, since: usize) {
        for name in self.log.iter().skip(since) {
            self.tables.insert(name.clone(), MadeTable::UNCLEAR);
        }
    }

    /// The same of everything that was ever noted.
    pub(crate) fn doubt_all(&mut self) {
        for table in self.tables.values_mut() {
            *table = MadeTable::UNCLEAR;
        }
    }
}

/// Where something stands that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Among the session's temporary objects.
    Temporary,
    /// In the first schema of the path that is no other's.
    Path,
    /// In a schema that was named.
    Schema(String),
}
