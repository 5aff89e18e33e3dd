//! Errors of the API, as RFC 9457 has them. Nothing in them comes from a request.

use crate::exit::Failure;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use identity::Wait;
use serde_json::json;
use std::fmt;
use store::{NoVoice, StoreError};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Malformed,
    NotJson,
    TooLong,
    NotSignedIn,
    WrongPassword,
    SecondFactor,
    MayNot,
    NoRight,
    Nothing,
    TooMany,
    NoSuchPath,
    NoSuchMethod,
    NoRequest,
    OwnRequest,
    NotAsked,
    Settled,
    OutOfTime,
    SaidAlready,
    KeyNeeded,
    Refused,
    Unsigned,
    Elsewhere,
    Replayed,
    Unavailable,
}

impl Kind {
    /// The status, the word in the type, the title.
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "malformed", "The request is not understood")
            }
            Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body must be JSON")
            }
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too-long", "The body is too long"),
            Self::NotSignedIn => {
                (StatusCode::UNAUTHORIZED, "not-signed-in", "No token that is good now")
            }
            Self::WrongPassword => {
                (StatusCode::UNAUTHORIZED, "wrong-password", "Wrong name or password")
            }
            Self::SecondFactor => (
                StatusCode::UNAUTHORIZED,
                "second-factor",
                "The password is not enough: a code of the second factor goes with it",
            ),
            Self::MayNot => {
                (StatusCode::FORBIDDEN, "may-not", "This identity may not sign in here")
            }
            Self::NoRight => {
                (StatusCode::FORBIDDEN, "no-right", "No role of the caller's allows it")
            }
            Self::Nothing => (StatusCode::NOT_FOUND, "nothing", "There is no such thing"),
            Self::TooMany => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many wrong passwords")
            }
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "no-path", "There is nothing here"),
            Self::NoSuchMethod => {
                (StatusCode::METHOD_NOT_ALLOWED, "no-method", "Not with this method")
            }
            Self::NoRequest => (StatusCode::NOT_FOUND, "no-request", "There is no such request"),
            Self::OwnRequest => {
                (StatusCode::FORBIDDEN, "own-request", "Others must decide about it")
            }
            Self::NotAsked => {
                (StatusCode::FORBIDDEN, "not-asked", "In none of the groups that decide")
            }
            Self::Settled => (StatusCode::CONFLICT, "settled", "It is decided already"),
            Self::OutOfTime => (StatusCode::CONFLICT, "out-of-time", "It cannot be decided now"),
            Self::SaidAlready => (StatusCode::CONFLICT, "said-already", "Consented already"),
            Self::KeyNeeded => {
                (StatusCode::FORBIDDEN, "key-needed", "It takes a signature of a passkey")
            }
            Self::Refused => (StatusCode::FORBIDDEN, "refused", "It cannot be had, or not so"),
            Self::Unsigned => {
                (StatusCode::UNAUTHORIZED, "unsigned", "Not signed, or not now, or by nobody known")
            }
            Self::Elsewhere => {
                (StatusCode::FORBIDDEN, "elsewhere", "Signed, and about nothing of this channel")
            }
            Self::Replayed => (StatusCode::CONFLICT, "replayed", "It was sent before"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Control state is not available")
            }
        }
    }
}

/// An error of the API.
#[derive(Clone, Debug)]
pub(in crate::http) struct Problem {
    kind: Kind,
    detail: String,
    retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl fmt::Display) -> Self {
        Self { kind, detail: detail.to_string(), retry_after: None }
    }

    /// For a page: the status, and what is wrong in words.
    pub(in crate::http) fn told(&self) -> (StatusCode, String) {
        let (status, _, title) = self.kind.parts();
        match self.detail.is_empty() {
            true => (status, format!("{title}.")),
            false => (status, format!("{title}: {}.", self.detail)),
        }
    }

    /// Somebody has no voice in a request.
    pub(super) fn no_voice(why: &NoVoice, person: &str) -> Self {
        let kind = match why {
            NoVoice::Nothing => Kind::NoRequest,
            NoVoice::NoReason => Kind::Malformed,
            NoVoice::Settled(_) | NoVoice::NoReview(_) => Kind::Settled,
            NoVoice::OutOfTime(_) => Kind::OutOfTime,
            NoVoice::OwnRequest | NoVoice::OneWith(_) => Kind::OwnRequest,
            NoVoice::NoPerson | NoVoice::NotAsked(_) | NoVoice::OthersRequest => Kind::NotAsked,
            NoVoice::SaidAlready => Kind::SaidAlready,
            NoVoice::Unsigned(_) => Kind::KeyNeeded,
        };
        Self::new(kind, crate::approvals::words(why, person))
    }
}

impl From<Kind> for Problem {
    fn from(kind: Kind) -> Self {
        Self { kind, detail: String::new(), retry_after: None }
    }
}

impl From<Wait> for Problem {
    fn from(wait: Wait) -> Self {
        let seconds = wait.retry_after.as_secs() + 1;
        let detail = format!("try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(Kind::TooMany, detail) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!("the API cannot reach control state: {error}");
        Kind::Unavailable.into()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(why) => Self::new(Kind::Refused, why),
            Failure::Problems(_) | Failure::Usage(_) | Failure::Ended(_) => {
                Kind::Unavailable.into()
            }
            Failure::Failed(error) => {
                tracing::error!("the API cannot reach control state: {error:#}");
                Kind::Unavailable.into()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, word, title) = self.kind.parts();
        let mut body = json!({
            "type": format!("urn:weir:problem:{word}"), "title": title, "status": status.as_u16(),
        });
        if let (false, Some(fields)) = (self.detail.is_empty(), body.as_object_mut()) {
            fields.insert("detail".into(), json!(self.detail));
        }
        let mut answer = (status, Json(body)).into_response();
        let headers = answer.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if matches!(self.kind, Kind::NotSignedIn | Kind::WrongPassword | Kind::SecondFactor) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
