//! `[ledger]`, who witnesses it, and `[witness]`: for whom this Weir is one.

use crate::{
    kind::{Cosigner, FilePath, Origin, Origins, Text, Time, TimeOrNone, Url},
    settings::{Ledger, Witness, Witnessing},
    table::Table,
};
use std::time::Duration;

pub(super) const LEDGER: &str = "The record. See docs/ledger.md.";

pub(super) const WITNESS: &str = "Somebody who cosigns this ledger's checkpoints (C2SP \
tlog-witness), so that nobody who takes this machine can cut the ledger short unseen; the section \
stands once for each.";

pub(super) const WITNESSING: &str = "For which other ledgers this Weir is a witness, at \
`/witness/add-checkpoint` of `listen.http`. Its public key is in `witness.pub` of `state_dir`.";

pub(super) fn ledger(mut table: Table<'_>) -> Ledger {
    let second = Duration::from_secs(1);
    let ledger = Ledger {
        name: table.optional(
            "name",
            &Origin,
            "The ledger's name in its checkpoints: a URL without its scheme. It is fixed when the \
             ledger begins; unless given it is the host's name and `/weir`.",
        ),
        interval: table.or(
            "witness_interval",
            &Time { range: second..=second * 60 * 60 * 24 },
            "\"10s\"",
            "How often witnesses are asked and the anchor is written, if there is something new.",
        ),
        keep_text: table.or(
            "keep_text",
            &TimeOrNone(Time { range: second * 60 * 60 * 24..=second * 60 * 60 * 24 * 36_500 }),
            "\"0\"",
            "For how long the texts that a policy keeps (`@keep`) can be read: then the keys of \
             the months that are older are destroyed. \"0\" keeps them until `weir audit forget`.",
        ),
        retention: table.or(
            "retention",
            &TimeOrNone(Time { range: second * 60 * 60 * 24..=second * 60 * 60 * 24 * 36_500 }),
            "\"0\"",
            "For how long records are kept: then their entries are removed, and a record says \
             which. Their hashes stay, so every proof and all other records still verify. \"0\" \
             keeps them for ever.",
        ),
        hold: table.optional(
            "hold",
            &Text { what: "a reason" },
            "While this stands here nothing that was kept is destroyed, neither texts nor records, \
             by time or by command: a legal hold, and its reason.",
        ),
        anchor: table.optional(
            "anchor",
            &FilePath,
            "A folder into which a copy of the newest checkpoint is written, under its size: on \
             storage that forbids overwriting, or a folder that is copied elsewhere. Nothing in it \
             is ever overwritten.",
        ),
        witnesses: {
            let tables = table.tables("witness", "[[ledger.witness]]", WITNESS);
            tables.into_iter().filter_map(witness).collect()
        },
    };
    table.finish();
    ledger
}

/// One witness; also read empty, for the reference page.
pub(super) fn witness(mut table: Table<'_>) -> Option<Witness> {
    let url =
        table.required("url", &Url, "Its submission prefix: `add-checkpoint` is put behind it.");
    let key = table.required("key", &Cosigner, "Its public key (`witness.pub` of another Weir).");
    table.finish();
    Some(Witness { url, key: key? })
}

pub(super) fn witnessing(mut table: Table<'_>) -> Witnessing {
    let witnessing = Witnessing {
        name: table.optional(
            "name",
            &Text { what: "a name" },
            "This witness's name in its cosignatures: a URL without its scheme; unless given it \
             is the host's name and `/weir-witness`. It is fixed when its key is made.",
        ),
        logs: table.or(
            "logs",
            &Origins,
            "[]",
            "The public keys of the ledgers: the first line of what `weir audit key` prints there.",
        ),
    };
    table.finish();
    witnessing
}
