//! `[keys]`: how long keys of services and agents are good. Knows no key.

use crate::{
    kind::{Fault, Time},
    settings::Keys,
    table::Table,
};
use std::time::Duration;

pub(super) const KEYS: &str = "Keys of services and agents, as `weir key` makes them. See \
docs/identity.md.";

pub(super) fn keys(mut table: Table<'_>) -> Keys {
    let day = Duration::from_secs(24 * 3_600);
    let span = table.span_of("longest").or_else(|| table.span_of("lifetime"));
    let keys = Keys {
        lifetime: table.or(
            "lifetime",
            &Time { range: Duration::from_secs(1)..=day * 3_660 },
            "\"90d\"",
            "How long a key is good that is made without `--for`.",
        ),
        longest: table.or(
            "longest",
            &Time { range: Duration::from_secs(1)..=day * 3_660 },
            "\"366d\"",
            "How long a key is good at most. Keys that there are already keep their end.",
        ),
        delegated: table.or(
            "delegated",
            &Time { range: Duration::from_secs(1)..=day },
            "\"1h\"",
            "How long a token is good at most by which an agent acts for a person who gave it \
             theirs; never longer than theirs.",
        ),
    };
    if keys.lifetime > keys.longest {
        let fault = Fault::new("`lifetime` of keys is longer than `longest`");
        table.fault(span.unwrap_or(table.span()), fault);
    }
    table.finish();
    keys
}
