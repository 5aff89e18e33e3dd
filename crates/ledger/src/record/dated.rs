//! When any record was written, those of later versions too. Knows one field.

use super::Entry;
use crate::time::Time;
use serde::Deserialize;

/// When a record was written, by its JSON; `None` if it does not say.
pub(crate) fn time(payload: &[u8]) -> Option<Time> {
    /// Of a record of any type and version.
    #[derive(Deserialize)]
    struct Dated {
        time: Time,
    }
    serde_json::from_slice::<Dated>(payload).ok().map(|dated| dated.time)
}

impl Entry {
    /// When it was written; `None` if it does not say.
    pub fn time(&self) -> Option<Time> {
        time(&self.payload)
    }
}
