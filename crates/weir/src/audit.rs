//! `weir audit …`: the ledger as people and scripts read it. Reads beside a running `weir serve`,
//! changes nothing, and knows no session.
//!
//! A statement's record is spread over its session (who), its shape (what and why), its intent and
//! its outcome; [`join`] puts them together, [`window`] finds where to begin reading, [`line`] and
//! [`detail`] print.

mod detail;
mod join;
mod line;
mod proof;
mod show;
mod tail;
mod verify;
mod window;

pub(crate) use proof::{check_proof, checkpoint, key, proof};
pub(crate) use show::show;
pub(crate) use tail::tail;
pub(crate) use verify::verify;

use crate::exit::Failure;
use ledger::{LedgerError, Reader, Sequence};
use std::path::Path;

/// Opens the ledger, or says what its absence means.
fn open(dir: &Path, from: Sequence) -> Result<Reader, Failure> {
    if !dir.is_dir() {
        let why = format!("there is no ledger in {}: has `weir serve` run yet?", dir.display());
        return Err(Failure::Refused(why));
    }
    Ok(Reader::open_at(dir, from)?)
}

/// Says on standard error that a part of the ledger cannot be read; what follows still can.
fn warn(error: &LedgerError) {
    eprintln!("weir: the ledger is damaged: {error} (see `weir audit verify`)");
}
