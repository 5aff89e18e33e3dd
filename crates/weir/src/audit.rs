//! `weir audit …`: the ledger as people and scripts read it. Reads beside a running `weir serve`,
//! changes nothing, and knows no session.
//!
//! A statement's record is spread over its session (who), its shape (what and why), its intent and
//! its outcome; [`join`] puts them together, [`window`] finds where to begin reading, [`line`] and
//! [`detail`] print. [`answer`] asks the index instead, which is derived from the ledger, and
//! [`mod@report`] makes pages of such answers.

mod answer;
mod detail;
mod forget;
mod join;
mod line;
mod proof;
mod report;
mod show;
mod tail;
mod verify;
mod window;

pub(crate) use answer::{csv, index, no_formula, object, search, sql, trace, words};
pub(crate) use forget::forget;
pub(crate) use proof::{check_proof, checkpoint, key, proof};
pub(crate) use report::{report, told, wait_for_checkpoint};
pub(crate) use show::{How, show};
pub(crate) use tail::tail;
pub(crate) use verify::verify;

use crate::{exit::Failure, visible::in_line};
use config::Config;
use ledger::{LedgerError, Reader, Sequence};
use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};
use store::Store;

/// Opens the ledger, or says what its absence means.
fn open(dir: &Path, from: Sequence) -> Result<Reader, Failure> {
    if !dir.is_dir() {
        let why = format!("there is no ledger in {}: has `weir serve` run yet?", dir.display());
        return Err(Failure::Refused(why));
    }
    Ok(Reader::open_at(dir, from)?)
}

/// The ledger's folder, for a reading that is a record itself: somebody else's eyes on the record
/// are an event too. A store that cannot be written keeps nobody from reading what files show.
pub(crate) async fn noted(config: &Config, what: &str) -> Result<PathBuf, Failure> {
    let dir = crate::layout::ledger(config);
    if dir.is_dir() {
        let what = format!("read the record: {what}");
        if let Err(error) = note(config, &what).await {
            eprintln!("weir: this reading is not recorded: {error:#}");
        }
    }
    Ok(dir)
}

/// Leaves something for the record; a running Weir writes it within a second.
async fn note(config: &Config, what: &str) -> anyhow::Result<()> {
    let store = Store::open(&config.state_dir).await?;
    store.administered(SystemTime::now(), &crate::actor::actor(), what).await?;
    store.close().await;
    Ok(())
}

/// Says on standard error that a part of the ledger cannot be read; what follows still can.
pub(crate) fn warn(error: &LedgerError) {
    let error = in_line(&error.to_string());
    eprintln!("weir: the ledger is damaged: {error} (see `weir audit verify`)");
}
