//! Signing in by the password of the wire, and out. Each sign-in has a new cookie, whatever the
//! browser had before; the one that it had is over.

use super::{
    Console,
    answer::{Answer, No},
    halves::Half,
    kept::{self, SignIns},
    looker::{COOKIE, Looker, Pressed, cookie},
};
use crate::{
    http::api::{
        Peer,
        problem::Problem,
        session::{
            Door, Entry, NotAdmitted, Proof, Proven, admit, enter, may_try, note_refused, tried,
        },
    },
    signing::{self, Said, once},
};
use axum::{
    Form,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use console::{
    layout::Place,
    sign_in::{self, SecondHalf, SignIn},
};
use identity::{IdentityError, Secret};
use serde::Deserialize;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};
use store::Verifier;

/// What is signed in to.
const DOOR: &str = "the console";

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
    let entry = console.entry(&token, DOOR, peer);
    let keys = console.keys_here(&name, &headers).await?;
    let door = Door { name: DOOR, takes_passkeys: !keys.is_empty() };
    let next = safe(&next);
    let entered = match admit(api, peer, &name, Proof::new(password, code), door).await {
        Ok(proven) => enter(api, &name, &proven, &entry).await,
        Err(NotAdmitted { half: Some(verifier), .. }) if door.takes_passkeys => {
            return console.second_half(&name, verifier, &keys, next);
        }
        Err(not) => Err(not.problem),
    };
    match entered {
        Ok(who) => console.begin(&token, (&entry.hash, &who.name), &headers, next).await,
        Err(why) => Ok(console.again(&why, next, &name)),
    }
}

/// What a key signed for somebody whose password was right.
#[derive(Deserialize)]
pub(super) struct Signed {
    /// The word that the page carried.
    word: String,
    #[serde(default)]
    next: String,
    id: String,
    client: String,
    authenticator: String,
    signature: String,
}

/// `POST /console/sign-in/passkey`.
pub(super) async fn by_passkey(
    State(console): State<Arc<Console>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    headers: HeaderMap,
    Form(Signed { word, next, id, client, authenticator, signature }): Form<Signed>,
) -> Result<Response, No> {
    let (api, store, next) = (&console.api, &console.shared.store, safe(&next));
    let Some(half) = console.halves.take(&kept::hash(&word), Instant::now()) else {
        let why = "That took too long, or was tried before. Sign in again.";
        let page = console.sign_in_page(Some(why), next, "");
        return Ok((StatusCode::UNAUTHORIZED, Html(page)).into_response());
    };
    let name = half.name.as_str();
    if let Err(why) = may_try(api, peer, name) {
        return Ok(console.again(&why, next, name));
    }
    let keys = store.passkeys(name).await?;
    let site = signing::site(&console.shared.config.load(), &headers);
    let said = Said { id, client, authenticator, signature };
    let signed = signing::check(&keys, site.as_ref(), &half.challenge, &[], &said);
    let signed = match signed {
        Ok(by) => match store.use_passkey(name, once(&keys, &by), SystemTime::now()).await? {
            true => Ok(by),
            false => Err("the key has signed as often before".to_owned()),
        },
        Err(why) => Err(why),
    };
    tried(api, peer, name, signed.is_ok());
    let by = match signed {
        Ok(by) => by,
        Err(why) => {
            note_refused(api, peer, name, format!("{DOOR}: the passkey: {why}"));
            let page = console.sign_in_page(Some(&format!("Not signed in: {why}.")), next, name);
            return Ok((StatusCode::UNAUTHORIZED, Html(page)).into_response());
        }
    };
    let token = SignIns::cookie().map_err(|error| No::because("random numbers", &error))?;
    let to = format!("{DOOR} with passkey {}", by.name);
    let entry = console.entry(&token, &to, peer);
    match enter(api, name, &Proven::by_passkey(half.verifier.clone()), &entry).await {
        Ok(who) => console.begin(&token, (&entry.hash, &who.name), &headers, next).await,
        Err(why) => Ok(console.again(&why, next, name)),
    }
}

impl Console {
    /// A sign-in that begins.
    fn entry<'e>(&self, token: &Secret, to: &'e str, from: SocketAddr) -> Entry<'e> {
        let lifetime = self.shared.config.load().console.lifetime;
        Entry { hash: kept::hash(token.expose()), lifetime, to, from }
    }

    /// The page again, with why.
    fn again(&self, why: &Problem, next: &str, name: &str) -> Response {
        let (status, words) = why.told();
        (status, Html(self.sign_in_page(Some(&words), next, name))).into_response()
    }

    /// The ids of somebody's passkeys that are for this site.
    async fn keys_here(&self, name: &str, headers: &HeaderMap) -> Result<Vec<String>, No> {
        let Some(site) = signing::site(&self.shared.config.load(), headers) else {
            return Ok(Vec::new());
        };
        let keys = self.shared.store.passkeys(name).await?;
        Ok(keys.into_iter().filter(|key| key.site == site.name()).map(|key| key.id).collect())
    }

    /// Asks somebody whose password was right for a signature of one of these keys.
    fn second_half(
        &self,
        name: &str,
        verifier: Verifier,
        keys: &[String],
        next: &str,
    ) -> Result<Response, No> {
        let random = |error: &IdentityError| No::because("random numbers", error);
        let word = SignIns::cookie().map_err(|error| random(&error))?;
        let half = Half::new(name, verifier, Instant::now()).map_err(|error| random(&error))?;
        let challenge = URL_SAFE_NO_PAD.encode(half.challenge);
        self.halves.begin(kept::hash(word.expose()), half);
        let (word, challenge, keys) = (word.expose(), challenge.as_str(), &keys.join(" "));
        let page = SecondHalf { name, word, challenge, keys, next };
        Ok(Html(sign_in::second_half(&page)).into_response())
    }

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
