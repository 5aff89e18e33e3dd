//! Texts that are stored once and referred to by number. Knows no records.

use crate::error::IndexError;
use foldhash::fast::RandomState;
use rusqlite::Connection;
use std::collections::HashMap;

/// How many texts of one kind are remembered, and how many bytes of them; beyond it memory is
/// emptied, and the tables answer.
const REMEMBERED: usize = 100_000;
const REMEMBERED_BYTES: usize = 16 << 20;
/// The longest text that is remembered: clients write texts as long as they like.
const LONGEST: usize = 16 << 10;

/// What is looked up for every record. The hash is seeded anew by each process, since clients
/// choose texts.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;

/// One dictionary: a table with `id` and a unique `text`.
#[derive(Debug)]
pub(crate) struct Dictionary {
    find: &'static str,
    add: &'static str,
    known: Map<String, i64>,
    bytes: usize,
}

/// The dictionaries of the index.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) words: Dictionary,
    pub(crate) counts: Dictionary,
    pub(crate) texts: Dictionary,
}

impl Default for Words {
    fn default() -> Self {
        let new = |find, add| Dictionary { find, add, known: Map::default(), bytes: 0 };
        Self {
            words: new(
                "SELECT id FROM word WHERE text = ?1",
                "INSERT INTO word (text) VALUES (?1)",
            ),
            counts: new(
                "SELECT id FROM counts WHERE text = ?1",
                "INSERT INTO counts (text) VALUES (?1)",
            ),
            texts: new(
                "SELECT id FROM text WHERE text = ?1",
                "INSERT INTO text (text) VALUES (?1)",
            ),
        }
    }
}

impl Dictionary {
    /// The number of a text, and whether it is new. The empty text is 0.
    pub(crate) fn number(
        &mut self,
        db: &Connection,
        text: &str,
    ) -> Result<(i64, bool), IndexError> {
        if text.is_empty() {
            return Ok((0, false));
        }
        if let Some(id) = self.known.get(text) {
            return Ok((*id, false));
        }
        let found = db.prepare_cached(self.find)?.query([text])?.next()?.map(|row| row.get(0));
        let (id, new) = match found {
            Some(id) => (id?, false),
            None => {
                db.prepare_cached(self.add)?.execute([text])?;
                (db.last_insert_rowid(), true)
            }
        };
        self.remember(text, id);
        Ok((id, new))
    }
}

impl Dictionary {
    fn remember(&mut self, text: &str, id: i64) {
        if text.len() > LONGEST {
            return;
        }
        if self.known.len() >= REMEMBERED || self.bytes + text.len() > REMEMBERED_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.known.insert(text.to_owned(), id);
    }
}

impl Words {
    /// The number of a word.
    pub(crate) fn word(&mut self, db: &Connection, text: &str) -> Result<i64, IndexError> {
        Ok(self.words.number(db, text)?.0)
    }

    /// The number of a word that may be absent.
    pub(crate) fn maybe(&mut self, db: &Connection, text: Option<&str>) -> Result<i64, IndexError> {
        self.word(db, text.unwrap_or_default())
    }
}
