//! Where what is known of a database's labels outlasts a run. Knows no storage.

use crate::labels::FoundColumn;
use gate::{CarriedLabel, DecidedLabel, LabelRules};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::watch;

/// What is known of a database's labels beside what is found.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Labels that values carried.
    pub carried: Vec<CarriedLabel>,
    /// What people decided.
    pub decided: Vec<DecidedLabel>,
    /// What the last run found.
    pub found: Vec<FoundColumn>,
    /// Labels that the configuration gives.
    pub rules: Arc<LabelRules>,
    /// After how long all columns are weighed anew; `None` for never.
    pub interval: Option<Duration>,
    /// Grows whenever somebody asks for that at once.
    pub asked: i64,
}

/// Resolves when something is done, or says why it is not.
pub type Doing<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// Reads what was kept of the database of this name.
pub type Load = Arc<dyn Fn(&str) -> Doing<Kept> + Send + Sync>;

/// Keeps what was found about all columns of the database of this name.
pub type KeepFound = Arc<dyn Fn(&str, Vec<FoundColumn>) -> Doing<()> + Send + Sync>;

/// Where labels outlast a run. Kept by whoever has a place for them.
#[derive(Clone)]
pub struct Shelf {
    /// Reads what was kept.
    pub load: Load,
    /// Keeps what was found.
    pub found: KeepFound,
    /// Changes with each change of what [`Self::load`] reads.
    pub changes: watch::Receiver<u64>,
}
