//! `[api]`: what people who sign in to it are given. Knows no route.

use crate::{kind::Time, settings::Api, table::Table};
use std::time::Duration;

pub(super) const API: &str = "The API for people, if `api` in `[listen]` gives it an address. See \
docs/api.md.";

pub(super) fn api(mut table: Table<'_>) -> Api {
    let minute = Duration::from_secs(60);
    let api = Api {
        session_lifetime: table.or(
            "session_lifetime",
            &Time { range: minute..=minute * 60 * 24 },
            "\"30m\"",
            "How long somebody who signed in with their password stays signed in. A change of \
             their identity ends it at once.",
        ),
    };
    table.finish();
    api
}
