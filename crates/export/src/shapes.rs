//! The shapes of a run, without keeping all of them in memory. Knows where they lie in the log.

use ledger::{Entry, Reader, Record, Sequence, ShapeId, record::Shape};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// How many shapes are kept in memory, and how many bytes of their texts; others are read again
/// where they are needed.
const SHAPES_KEPT: usize = 4096;
const BYTES_KEPT: usize = 16 << 20;

/// Shapes by their ids. Every place is kept (40 bytes each), the contents of some.
#[derive(Debug)]
pub(crate) struct Shapes {
    dir: PathBuf,
    places: HashMap<ShapeId, Sequence>,
    kept: HashMap<ShapeId, Arc<Shape<'static>>>,
    bytes: usize,
}

impl Shapes {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), places: HashMap::new(), kept: HashMap::new(), bytes: 0 }
    }

    /// Forgets all: another run writes its own.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
        self.kept.clear();
        self.bytes = 0;
    }

    pub(crate) fn insert(&mut self, sequence: Sequence, shape: Shape<'static>) {
        self.places.insert(shape.shape, sequence);
        self.keep(shape);
    }

    fn keep(&mut self, shape: Shape<'static>) -> Arc<Shape<'static>> {
        // Columns are bounded by the catalog; how long a text is, by the client alone.
        let bytes = shape.text.len();
        if self.kept.len() >= SHAPES_KEPT || self.bytes + bytes > BYTES_KEPT {
            self.kept.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        let shape = Arc::new(shape);
        self.kept.insert(shape.shape, Arc::clone(&shape));
        shape
    }

    /// The shape, from memory or from the log; `None` if the log does not have it.
    pub(crate) fn find(&mut self, id: ShapeId) -> Option<Arc<Shape<'static>>> {
        if let Some(shape) = self.kept.get(&id) {
            return Some(Arc::clone(shape));
        }
        let place = *self.places.get(&id)?;
        let entry: Entry = Reader::open_at(&self.dir, place).ok()?.next()?.ok()?;
        match entry.record() {
            Ok(Record::Shape(shape)) if entry.sequence == place => Some(self.keep(shape)),
            _ => None,
        }
    }
}
