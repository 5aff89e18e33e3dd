//! A record as a reader meets it. Knows its place and its JSON.

use super::Record;
use crate::{error::LedgerError, ids::Sequence};

/// A record with its place, as a reader meets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the log.
    pub sequence: Sequence,
    /// Its JSON, as it stands in the log.
    pub payload: Vec<u8>,
}

impl Entry {
    /// What it says. An error for a record type of a later version; the JSON can still be shown.
    pub fn record(&self) -> Result<Record<'static>, LedgerError> {
        Record::decode(&self.payload)
    }
}
