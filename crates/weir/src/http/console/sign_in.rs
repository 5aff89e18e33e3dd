//! Signing in by the password of the wire, and out. Each sign-in has a new cookie, whatever the
//! browser had before; the one that it had is over.

use super::{
    Console,
    answer::{Answer, No},
    kept::{self, SignIns},
    looker::{COOKIE, Looker, Pressed, cookie},
};
use crate::http::api::{
    Peer,
    session::{Entry, Proof, admit, enter},
};
use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use console::{
    layout::Place,
    sign_in::{self, SignIn},
};
use identity::Secret;
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

/// Where somebody goes who came for nothing in particular: the first place that they may see.
pub(super) async fn home(looker: Looker) -> Result<Redirect, No> {
    let first = Place::ALL.iter().find(|place| looker.viewer.may(place.right()));
    first.map(|place| Redirect::to(place.path())).ok_or_else(|| No::Right(Box::new(looker)))
}

/// What the page is asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    next: String,
}

/// `GET /console/sign-in`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    Query(asked): Query<Asked>,
) -> Html<String> {
    Html(console.sign_in_page(None, safe(&asked.next), ""))
}

impl Console {
    pub(super) fn sign_in_page(&self, why: Option<&str>, next: &str, name: &str) -> String {
        let shown = self.shared.providers.iter().map(|one| one.settings.name.clone());
        let providers: Vec<String> = shown.collect();
        sign_in::page(&SignIn { why, next, name, providers: &providers })
    }
}

/// Somebody's word for who they are. The password goes nowhere else.
#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    next: String,
}

/// `POST /console/sign-in`.
pub(super) async fn by_password(
    State(console): State<Arc<Console>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    headers: HeaderMap,
    Form(Credentials { name, password, code, next }): Form<Credentials>,
) -> Result<Response, No> {
    let api = &console.api;
    let token = SignIns::cookie().map_err(|error| No::because("random numbers", &error))?;
    let entry = Entry {
        hash: kept::hash(token.expose()),
        lifetime: console.shared.config.load().console.lifetime,
        to: "the console",
        from: peer,
    };
    let admitted = admit(api, peer, &name, Proof::new(password, code), "the console").await;
    let entered = match admitted {
        Ok(proven) => enter(api, &name, &proven, &entry).await,
        Err(why) => Err(why),
    };
    let next = safe(&next);
    match entered {
        Ok(who) => console.begin(&token, (&entry.hash, &who.name), &headers, next).await,
        Err(why) => {
            let (status, words) = why.told();
            let page = console.sign_in_page(Some(&words), next, &name);
            Ok((status, Html(page)).into_response())
        }
    }
}

impl Console {
    /// Sends somebody on whose sign-in is kept, with its cookie; what the browser had is over.
    pub(super) async fn begin(
        &self,
        token: &Secret,
        (hash, name): (&kept::Hash, &str),
        headers: &HeaderMap,
        next: &str,
    ) -> Result<Response, No> {
        if let Some(before) = cookie(headers, COOKIE) {
            self.end(&kept::hash(before), "replaced by another").await?;
        }
        let begun = self.sign_ins.begin(*hash, name, Instant::now());
        begun.map_err(|error| No::because("random numbers", &error))?;
        let cookie = format!("{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose());
        Ok(with_cookie(Redirect::to(next).into_response(), &cookie))
    }

    /// Ends a sign-in, if it is one.
    async fn end(&self, hash: &kept::Hash, how: &str) -> Result<(), No> {
        self.sign_ins.end(hash);
        let now = SystemTime::now();
        if let Some(who) = self.shared.store.token(hash, now).await? {
            let what = format!("signed out of the console: {how}");
            self.shared.store.end_token(hash, (now, &who.name), &what).await?;
        }
        Ok(())
    }
}

/// `POST /console/sign-out`.
pub(super) async fn out(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Response, No> {
    let from = format!("from {}", pressed.looker.peer.address.ip());
    console.end(&pressed.looker.hash, &from).await?;
    let cookie = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    let mut answer = with_cookie(Redirect::to("/console/sign-in").into_response(), &cookie);
    // What the browser kept of the pages goes too.
    let all = HeaderValue::from_static("\"cache\", \"storage\"");
    answer.headers_mut().insert("clear-site-data", all);
    Ok(answer)
}

pub(super) fn with_cookie(mut answer: Response, cookie: &str) -> Response {
    match HeaderValue::from_str(cookie) {
        Ok(value) => {
            answer.headers_mut().append(header::SET_COOKIE, value);
            answer
        }
        // A token is letters and digits; without its cookie a sign-in is none.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Where to go then, if it is a path of the console's: of letters that no browser reads as anything
/// else. All else is the beginning.
pub(super) fn safe(next: &str) -> &str {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '#');
    let ours = next.starts_with("/console/") && !next.starts_with("/console/sign-");
    let fits = ours && next.len() <= 2_000 && next.chars().all(plain) && !next.contains("//");
    if fits && !next.contains("..") { next } else { "/console/" }
}

/// A page, for handlers that make one.
pub(super) fn html(page: String) -> Answer {
    Ok(Html(page))
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for good in ["/console/now", "/console/approvals/abc?x=1&y=%2F", "/console/"] {
            assert_eq!(safe(good), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/api/v1/session",
            "/console//evil.example",
            "/console/\\evil",
            "/console/../x",
            "console/now",
            "/console/now\r\nset-cookie: a=b",
            "/console/n ow",
            "/console/sign-out",
            "/consolex",
            "javascript:alert(1)",
            "/console/é",
        ] {
            assert_eq!(safe(bad), "/console/", "{bad}");
        }
    }
}
