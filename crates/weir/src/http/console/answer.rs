//! Answers of the console: pages with the headers that hold for each, and pages that say why there
//! is none.

use super::looker::Looker;
use crate::http::api::problem::Problem;
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use console::{Icon, layout::failure};
use index::IndexError;
use ledger::LedgerError;
use std::fmt;
use store::StoreError;

/// Nothing comes from elsewhere, nothing runs that stands in a page, no page frames it, and no form
/// goes elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What holds for every answer. A page is kept by nobody; a file whose name has its content's hash
/// may be kept for ever, and says so itself.
pub(super) fn careful(mut answer: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With less than this a browser says "null" where our own forms come from.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    answer
}

/// Why there is no page.
#[derive(Debug)]
pub(super) enum No {
    /// Nobody is signed in; where they wanted to go.
    SignIn(String),
    /// They may not.
    Right(Box<Looker>),
    /// There is no such thing.
    Nothing(Option<Box<Looker>>),
    /// Whoever sent the form was not on a page of the console's, or on one of another sign-in.
    Forged,
    /// It cannot be told now: what is not available.
    Unavailable(&'static str),
}

pub(super) type Answer = Result<Html<String>, No>;

impl No {
    /// What cannot be reached, with its cause in the log.
    pub(super) fn because(what: &'static str, error: &dyn fmt::Display) -> Self {
        tracing::error!("the console cannot reach {what}: {error}");
        Self::Unavailable(what)
    }
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::because("the control state", &error)
    }
}

impl From<IndexError> for No {
    fn from(error: IndexError) -> Self {
        Self::because("the index of the record", &error)
    }
}

impl From<LedgerError> for No {
    fn from(error: LedgerError) -> Self {
        Self::because("the record", &error)
    }
}

impl From<Problem> for No {
    fn from(problem: Problem) -> Self {
        tracing::error!("the console was refused: {problem:?}");
        Self::Unavailable("the control state")
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response<Body> {
        let page = |status, looker: Option<&Looker>, title, picture, words: &str| {
            let viewer = looker.map(|looker| &looker.viewer);
            (status, Html(failure(viewer, title, picture, words))).into_response()
        };
        match &self {
            Self::SignIn(next) => {
                let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
                Redirect::to(&format!("/console/sign-in?{query}")).into_response()
            }
            Self::Right(looker) => {
                let words = "Your roles do not allow this page. They come from your groups: an \
                             operator names in [console] of weir.toml which groups may what.";
                let title = "Not yours to see";
                page(StatusCode::FORBIDDEN, Some(looker), title, Icon::Lock, words)
            }
            Self::Nothing(looker) => {
                let words = "There is nothing of that name, or it is gone.";
                let looker = looker.as_deref();
                page(StatusCode::NOT_FOUND, looker, "Nothing here", Icon::Empty, words)
            }
            Self::Forged => {
                let words = "It did not come from a page of this console that is still good. Go \
                             back, load the page again and repeat it.";
                page(StatusCode::FORBIDDEN, None, "Not taken", Icon::Warning, words)
            }
            Self::Unavailable(what) => {
                let words = format!("{what} cannot be read now. Nothing was changed. Try again.");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                page(status, None, "Not available", Icon::Warning, &words)
            }
        }
    }
}

/// Every path of the console that is none.
pub(super) async fn nothing(looker: Looker) -> No {
    No::Nothing(Some(Box::new(looker)))
}
