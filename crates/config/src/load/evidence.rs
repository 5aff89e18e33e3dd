//! `[ledger]`, who witnesses it, and `[witness]`: for whom this Weir is one.

use crate::{
    kind::{Cosigner, FilePath, Origin, Origins, SecretRef, Text, Time, TimeOrNone, Url},
    settings::{Bucket, Ledger, Repository, Witness, Witnessing},
    table::Table,
};
use std::time::Duration;

pub(super) const LEDGER: &str = "The record. See docs/ledger.md.";

pub(super) const WITNESS: &str = "Somebody who cosigns this ledger's checkpoints (C2SP \
tlog-witness), so that nobody who takes this machine can cut the ledger short unseen; the section \
stands once for each.";

pub(super) const GIT: &str = "A git repository into which the newest checkpoint is committed, by \
the `git` program, and pushed; the section stands once for each.";

pub(super) const BUCKET: &str = "A bucket of an object store (S3) with Object Lock, in which each \
new checkpoint becomes an object that nobody can remove before its time; the section stands once \
for each.";

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
        repositories: {
            let tables = table.tables("git", "[[ledger.git]]", GIT);
            tables.into_iter().filter_map(repository).collect()
        },
        buckets: {
            let tables = table.tables("bucket", "[[ledger.bucket]]", BUCKET);
            tables.into_iter().filter_map(bucket).collect()
        },
        witnesses: {
            let tables = table.tables("witness", "[[ledger.witness]]", WITNESS);
            tables.into_iter().filter_map(witness).collect()
        },
    };
    table.finish();
    ledger
}

fn hourly(table: &mut Table<'_>) -> Duration {
    let second = Duration::from_secs(1);
    table.or(
        "interval",
        &Time { range: second..=second * 60 * 60 * 24 },
        "\"1h\"",
        "How often, if there is something new.",
    )
}

/// One repository; also read empty, for the reference page.
pub(super) fn repository(mut table: Table<'_>) -> Option<Repository> {
    let before = table.reader().problems();
    let path = table.required(
        "path",
        &FilePath,
        "A clone of it, with the branch that is pushed checked out. Weir's user needs the right to \
         write there and to push.",
    );
    let remote = table.or(
        "remote",
        &Text { what: "a remote" },
        "\"origin\"",
        "The remote that is pushed to.",
    );
    let (interval, reader) = (hourly(&mut table), table.reader());
    table.finish();
    (reader.problems() == before).then_some(Repository { path, remote, interval })
}

/// One bucket; also read empty, for the reference page.
pub(super) fn bucket(mut table: Table<'_>) -> Option<Bucket> {
    let before = table.reader().problems();
    let day = Duration::from_secs(60 * 60 * 24);
    let url = table.required(
        "url",
        &Url,
        "The server and the bucket, and what objects' names begin with: \
         https://s3.eu-central-1.amazonaws.com/weir/gateway-1.",
    );
    let region = table.or(
        "region",
        &Text { what: "a region" },
        "\"us-east-1\"",
        "The bucket's region, as signatures name it.",
    );
    let access_key =
        table.required("access_key", &Text { what: "a key's name" }, "The access key's name.");
    let secret_key = table.required("secret_key", &SecretRef, "Where the secret key is.");
    let retention = table.required(
        "retention",
        &Time { range: day..=day * 36_500 },
        "For how long nobody may remove or replace an object (Object Lock in compliance mode).",
    );
    let ca = table.optional(
        "ca",
        &FilePath,
        "PEM file of certificate authorities. Without it, the system's.",
    );
    let (interval, reader) = (hourly(&mut table), table.reader());
    table.finish();
    (reader.problems() == before).then_some(Bucket {
        url,
        region,
        access_key,
        secret_key,
        ca,
        retention,
        interval,
    })
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
