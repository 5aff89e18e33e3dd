//! `[api]`: what people who sign in to it are given. Knows no route.

use crate::{
    kind::{Fault, Text, Time},
    settings::Api,
    table::Table,
};
use std::time::Duration;

pub(super) const API: &str = "The API for people, if `api` in `[listen]` gives it an address. See \
docs/api.md.";

pub(super) fn api(mut table: Table<'_>) -> Api {
    let minute = Duration::from_secs(60);
    let url_span = table.span_of("url");
    let api = Api {
        session_lifetime: table.or(
            "session_lifetime",
            &Time { range: minute..=minute * 60 * 24 },
            "\"30m\"",
            "How long somebody who signed in with their password stays signed in. A change of \
             their identity ends it at once.",
        ),
        url: table
            .optional(
                "url",
                &Text { what: "a URL" },
                "Where people reach it (\"https://weir.internal:6443\"), for links in messages.",
            )
            .map(|url| url.trim_end_matches('/').to_owned()),
    };
    if let (Some(url), Some(span)) = (&api.url, url_span)
        && url.strip_prefix("https://").is_none_or(str::is_empty)
    {
        table.fault(span, Fault::new("`url` begins with https://"));
    }
    table.finish();
    api
}
