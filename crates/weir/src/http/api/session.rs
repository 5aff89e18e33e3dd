//! Signing in and out. The password is the one that the person signs in with to databases, and
//! wrong ones are counted together with those.

use super::{
    Api, Peer,
    body::Body,
    problem::{Kind, Problem},
};
use crate::http::console::roles::roles;
use crate::second_factor::{self, Checked};
use axum::{
    Json,
    extract::{ConnectInfo, FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
};
use console::layout::Right;
use identity::{Attempts, IdentityError, Secret, token, token_hash};
use ledger::{Time, record::SessionRefused};
use model::{CredentialKind, IdentityKind};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    borrow::Cow,
    net::SocketAddr,
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use store::SignedIn;

/// The longest name that is looked at.
const NAME_BYTES: usize = store::MAX_NAME_BYTES;

/// Somebody with a token that is good now.
pub(super) struct Caller {
    pub(super) who: SignedIn,
    pub(super) peer: SocketAddr,
    hash: [u8; 32],
    /// The token for databases that it is, by its name.
    credential: Option<String>,
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION);
        let text = header.and_then(|header| header.to_str().ok()).unwrap_or_default();
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Problem::new(Kind::NotSignedIn, "send Authorization: Bearer TOKEN"));
        }
        let secret = Secret::from(token.trim().to_owned());
        let hash = token_hash(&secret);
        let who = match api.shared.store.token(&hash, SystemTime::now()).await? {
            Some(who) => (who, None),
            None => bearer(api, &secret).await?,
        };
        let (who, credential) = who;
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|peer| peer.0.address);
        let peer = peer.ok_or(Kind::Unavailable)?;
        Ok(Self { who, peer, hash, credential })
    }
}

impl Caller {
    /// Whoever may not is told so: the roles are those of the console.
    pub(super) fn need(self, api: &Api, right: Right) -> Result<Self, Problem> {
        let (_, rights) = roles(&api.shared.config.load().console, &self.who.groups);
        if rights.contains(&right) { Ok(self) } else { Err(Kind::NoRight.into()) }
    }
}

/// The person who bears a token for databases, if it is for all of them.
async fn bearer(api: &Api, secret: &Secret) -> Result<(SignedIn, Option<String>), Problem> {
    let now = SystemTime::now();
    let found = api.shared.directory.bearer(secret, now);
    let found = found.map_err(|_| Kind::NotSignedIn)?;
    // A key is for a program, which has no voice.
    let person = found.identity.kind == IdentityKind::Person
        && found.credential.kind == CredentialKind::Token;
    let until = found.credential.expires.filter(|_| found.credential.databases.is_empty());
    match until {
        Some(until) if person => {
            let who = api.shared.store.signed_in(found.identity.name.as_str(), until, now).await?;
            Ok((who.ok_or(Kind::NotSignedIn)?, Some(found.credential.id.clone())))
        }
        _ => Err(Kind::NotSignedIn.into()),
    }
}

/// What somebody signs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    name: String,
    password: String,
    /// Of the second factor, for whoever has one: six digits, or a recovery code.
    #[serde(default)]
    code: Option<String>,
}

/// `POST /api/v1/session`.
pub(super) async fn sign_in(
    State(api): State<Arc<Api>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    Body(Credentials { name, password, code }): Body<Credentials>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let shown = Proof::new(password, code);
    let door = Door { name: "the API", takes_passkeys: false };
    let proven = admit(&api, peer, &name, shown, door).await?;
    let token = token().map_err(|_| Problem::from(Kind::Unavailable))?;
    let lifetime = api.shared.config.load().api.session_lifetime;
    let entry = Entry { hash: token_hash(&token), lifetime, to: "the API", from: peer };
    let who = enter(&api, &name, &proven, &entry).await?;
    let mut answer = object(&who);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("token".into(), json!(token.expose()));
        fields.insert("token_type".into(), json!("Bearer"));
    }
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What the API says to whoever is none.
pub(crate) const PERSONS_ONLY: &str = "only persons sign in by name and password here";

/// Why a password is not looked at.
const TOO_MANY: &str = "too many wrong passwords";

/// What somebody shows of themselves.
pub(in crate::http) struct Proof {
    password: Secret,
    code: Option<Secret>,
}

/// By what somebody was let in.
pub(in crate::http) struct Proven {
    /// What the password was checked against.
    verifier: store::Verifier,
    /// With a second factor.
    by_both: bool,
}

impl Proven {
    /// By the password that this was checked against, and a passkey.
    pub(in crate::http) const fn by_passkey(verifier: store::Verifier) -> Self {
        Self { verifier, by_both: true }
    }
}

/// Why somebody is not let in.
pub(in crate::http) struct NotAdmitted {
    pub(in crate::http) problem: Problem,
    /// What the password was checked against, if it was right and the second factor is missing.
    pub(in crate::http) half: Option<store::Verifier>,
}

impl From<NotAdmitted> for Problem {
    fn from(not: NotAdmitted) -> Self {
        not.problem
    }
}

/// A door that somebody stands before.
#[derive(Clone, Copy)]
pub(in crate::http) struct Door {
    pub(in crate::http) name: &'static str,
    /// A passkey may be the second factor there: a code that is missing is no refusal yet.
    pub(in crate::http) takes_passkeys: bool,
}

impl Proof {
    pub(in crate::http) fn new(password: String, code: Option<String>) -> Self {
        let code = code.filter(|code| !code.trim().is_empty()).map(Secret::from);
        Self { password: Secret::from(password), code }
    }
}

/// Lets a person in who knows their password; whoever is not let in is in the record, with the
/// door that they stood before.
pub(in crate::http) async fn admit(
    api: &Arc<Api>,
    peer: SocketAddr,
    name: &str,
    shown: Proof,
    door: Door,
) -> Result<Proven, NotAdmitted> {
    if name.len() > NAME_BYTES {
        return Err(NotAdmitted { problem: Kind::WrongPassword.into(), half: None });
    }
    let proven = prove(api, peer, name, shown).await;
    proven.map_err(|NotProven { problem, reason, half }| {
        match reason {
            TOO_MANY => note_unlooked(api, peer, name, door.name),
            _ if door.takes_passkeys && half.is_some() => {}
            _ => note_refused(api, peer, name, format!("{}: {reason}", door.name)),
        }
        NotAdmitted { problem, half }
    })
}

/// Makes sure that whoever tries by a passkey has not tried too often; their wait, in the record.
pub(in crate::http) fn may_try(api: &Api, peer: SocketAddr, name: &str) -> Result<(), Problem> {
    let wait = attempts(api).check(peer.ip(), name, Instant::now());
    wait.map_err(|wait| {
        note_unlooked(api, peer, name, "the console");
        wait.into()
    })
}

/// Counts what somebody tried by a passkey.
pub(in crate::http) fn tried(api: &Api, peer: SocketAddr, name: &str, right: bool) {
    let (mut counts, now) = (attempts(api), Instant::now());
    match right {
        true => counts.succeeded(peer.ip(), name, now),
        false => counts.failed(peer.ip(), name, now),
    }
}

/// How often the record says that passwords are not looked at: it costs whoever sends them nothing.
const UNLOOKED: Duration = Duration::from_secs(5);

/// Puts a password that was not looked at into the record, with how many there were since.
fn note_unlooked(api: &Api, peer: SocketAddr, name: &str, door: &str) {
    let since = {
        let mut unlooked = api.unlooked.lock().unwrap_or_else(PoisonError::into_inner);
        let (noted, since) = &mut *unlooked;
        if noted.is_some_and(|noted| noted.elapsed() < UNLOOKED) {
            *since += 1;
            return;
        }
        *noted = Some(Instant::now());
        std::mem::take(since)
    };
    let more = if since > 0 { format!(", and {since} more since the last") } else { String::new() };
    note_refused(api, peer, name, format!("{door}: {TOO_MANY}{more}"));
}

/// Puts a refused sign-in into the record.
pub(in crate::http) fn note_refused(api: &Api, peer: SocketAddr, name: &str, reason: String) {
    let record = SessionRefused {
        time: Time::from(SystemTime::now()),
        address: Some(peer.ip()),
        claimed: Cow::Borrowed(name),
        database: Cow::Borrowed(""),
        reason: Cow::Owned(reason),
    };
    if let Err(error) = api.shared.ledger.append(&record.into()) {
        tracing::error!("a refused sign-in is not in the record: {error}");
    }
}

/// A sign-in that begins.
pub(in crate::http) struct Entry<'e> {
    /// The hash of its token.
    pub(in crate::http) hash: [u8; 32],
    /// How long it lasts.
    pub(in crate::http) lifetime: Duration,
    /// To what.
    pub(in crate::http) to: &'e str,
    /// From where.
    pub(in crate::http) from: SocketAddr,
}

/// Keeps the sign-in of somebody who was let in.
pub(in crate::http) async fn enter(
    api: &Api,
    name: &str,
    proven: &Proven,
    entry: &Entry<'_>,
) -> Result<SignedIn, Problem> {
    let now = SystemTime::now();
    let times = (now, now + entry.lifetime);
    let what = format!("signed in to {} from {}", entry.to, entry.from.ip());
    let kept = api.shared.store.add_token(&entry.hash, name, times, &what).await?;
    let who = kept.ok_or(Kind::WrongPassword)?;
    // The directory may be a moment behind. A change before the token was kept is seen here; one
    // after it has ended the token.
    let account = api.shared.store.identity(name).await?;
    let other = account.is_none_or(|account| account.verifier != proven.verifier);
    if other || !proven.by_both && api.shared.store.second_factor(name).await?.is_some() {
        let what = format!("a sign-in to {} with what was enough before was ended", entry.to);
        api.shared.store.end_token(&entry.hash, (now, name), &what).await?;
        return Err(Kind::WrongPassword.into());
    }
    Ok(who)
}

/// `GET /api/v1/session`.
pub(super) async fn show(caller: Caller) -> Json<Value> {
    Json(object(&caller.who))
}

/// `DELETE /api/v1/session`.
pub(super) async fn sign_out(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let what = format!("signed out of the API from {}", caller.peer.ip());
    let by = (SystemTime::now(), caller.who.name.as_str());
    api.shared.store.end_token(&caller.hash, by, &what).await?;
    if let Some(id) = &caller.credential {
        api.shared.store.revoke_credential(id, by.1, by.0).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn object(who: &SignedIn) -> Value {
    json!({ "name": who.name, "groups": who.groups, "until": Time::from(who.until) })
}

/// Why somebody was not let in: for them, and for the record.
struct NotProven {
    problem: Problem,
    reason: &'static str,
    /// See [`NotAdmitted::half`].
    half: Option<store::Verifier>,
}

impl NotProven {
    /// The password was right.
    fn code(reason: &'static str) -> Self {
        Self::new(Problem::new(Kind::SecondFactor, reason), reason)
    }

    fn new(problem: impl Into<Problem>, reason: &'static str) -> Self {
        Self { problem: problem.into(), reason, half: None }
    }
}

/// Makes sure that somebody is the person they say they are.
async fn prove(
    api: &Arc<Api>,
    peer: SocketAddr,
    name: &str,
    Proof { password, code }: Proof,
) -> Result<Proven, NotProven> {
    let internal = || NotProven::new(Kind::Unavailable, "passwords cannot be checked");
    let _one_at_a_time = api.proofs.acquire().await.map_err(|_| internal())?;
    // Codes have a count of their own: a token that signs in elsewhere forgives none of them.
    let codes = format!("{name}\0code");
    let wait = {
        let (counts, now) = (attempts(api), Instant::now());
        counts.check(peer.ip(), name, now).and_then(|()| counts.check(peer.ip(), &codes, now))
    };
    wait.map_err(|wait| NotProven::new(wait, TOO_MANY))?;
    let claim = api.shared.directory.claim(name);
    let verifier = store::Verifier::from(claim.verifier());
    // A few milliseconds of hashing are not for a thread that serves sessions.
    let proven = tokio::task::spawn_blocking(move || claim.prove(&password)).await;
    let proven = proven.map_err(|_| internal())?;
    let mut by_code = false;
    // The second half counts with the first: who has the password alone guesses no faster.
    let whole = match &proven {
        Ok(_) => match second_factor::check(&api.shared, name, code.as_ref()).await {
            Checked::None => true,
            Checked::Right => {
                by_code = true;
                true
            }
            Checked::Missing => {
                let half = Some(verifier);
                return Err(NotProven { half, ..NotProven::code("a code is missing") });
            }
            Checked::Wrong => false,
            Checked::Failed => return Err(internal()),
        },
        Err(_) => true,
    };
    match &proven {
        Ok(_) if whole => {
            let (mut counts, now) = (attempts(api), Instant::now());
            counts.succeeded(peer.ip(), name, now);
            if by_code {
                counts.succeeded(peer.ip(), &codes, now);
            }
        }
        Ok(_) => {
            let (mut counts, now) = (attempts(api), Instant::now());
            counts.failed(peer.ip(), name, now);
            counts.failed(peer.ip(), &codes, now);
        }
        Err(IdentityError::WrongProof) => {
            attempts(api).failed(peer.ip(), name, Instant::now());
        }
        Err(_) => {}
    }
    if !whole {
        return Err(NotProven::code("the code is wrong, or was used before"));
    }
    let may_not = |reason: &'static str| NotProven::new(Problem::new(Kind::MayNot, reason), reason);
    match proven {
        Ok(identity) if identity.kind == IdentityKind::Person => {
            Ok(Proven { verifier, by_both: by_code })
        }
        Ok(identity) => {
            let kind = match identity.kind {
                IdentityKind::Agent => "an agent",
                IdentityKind::Person | IdentityKind::Service => "a service",
            };
            let detail = format!("{name} is {kind}; {PERSONS_ONLY}");
            let problem = Problem::new(Kind::MayNot, detail);
            Err(NotProven::new(problem, "only persons sign in here"))
        }
        Err(IdentityError::WrongProof) => {
            let reason = IdentityError::WrongProof.client_message();
            Err(NotProven::new(Kind::WrongPassword, reason))
        }
        Err(other) => Err(may_not(other.client_message())),
    }
}

/// The counters stay usable if a thread died while it held them: they are only counts.
fn attempts(api: &Api) -> MutexGuard<'_, Attempts> {
    api.shared.attempts.lock().unwrap_or_else(PoisonError::into_inner)
}
