//! Signing in where somebody vouches for people (OpenID Connect): authorization code with PKCE,
//! nonce and state, by the same crate as `weir login`; the ID token is checked as one that is
//! exchanged, and counts once. What is under way is bound to the browser by a cookie of its own.

use super::{
    Console,
    answer::No,
    kept,
    kept::SignIns,
    looker::cookie,
    sign_in::{safe, with_cookie},
};
use crate::{
    exchange::{self, NoExchange},
    http::api::{Peer, session::note_refused},
    providers::Provider,
};
use axum::{
    extract::{ConnectInfo, Query, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
};
use identity::{Secret, network};
use serde::Deserialize;
use sso::{Flow, Pending, SsoError, Web};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// The cookie of what is under way.
const COOKIE: &str = "__Host-weir-sign-in";
/// How long somebody may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// The most that are under way at once; strangers begin them, so one more ends the oldest.
const MOST: usize = 512;
/// The most of one address, so that one does not end all others'; checked before the provider is
/// asked.
const OF_ONE: usize = 32;
/// Where browsers come back to.
pub(super) const BACK: &str = "/console/sign-in/back";

/// What is under way.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashMap<kept::Hash, One>>);

struct One {
    flow: Flow,
    pending: Pending,
    provider: String,
    next: String,
    begun: Instant,
    from: IpAddr,
}

impl UnderWay {
    fn begin(&self, hash: kept::Hash, one: One) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| other.begun.elapsed() < PATIENCE);
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, one)| one.begun).map(|(hash, _)| *hash);
            oldest.and_then(|hash| all.remove(&hash));
        }
        all.insert(hash, one);
    }

    /// True if an address has begun as many as it may.
    fn is_full(&self, from: IpAddr) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| other.begun.elapsed() < PATIENCE);
        all.values().filter(|one| one.from == from).count() >= OF_ONE
    }

    /// It comes back once.
    fn take(&self, hash: &kept::Hash) -> Option<One> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(hash).filter(|one| one.begun.elapsed() < PATIENCE)
    }
}

/// What it is begun with.
#[derive(Deserialize)]
pub(super) struct Asked {
    provider: String,
    #[serde(default)]
    next: String,
}

/// Somebody who is let in: what their cookie holds and is known by, who they are, and where they
/// wanted to go.
struct Arrived {
    token: Secret,
    hash: kept::Hash,
    name: String,
    next: String,
}

/// Why somebody is not let in: for the record and for them.
enum Failed {
    /// A cookie that stands for nothing: too late, or another browser's.
    NothingUnderWay,
    Provider(SsoError),
    Person(NoExchange),
    /// Another provider's token, or nobody who may sign in.
    Nobody(&'static str),
    No(No),
}

impl From<No> for Failed {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

impl Failed {
    fn words(&self) -> String {
        match self {
            Self::NothingUnderWay => "This sign-in took too long, or is another browser's.".into(),
            Self::Provider(error) => format!("The provider did not let you in: {error}."),
            Self::Person(why) => format!("You are not let in: {why}."),
            Self::Nobody(why) => format!("You are not let in: {why}."),
            Self::No(_) => "The control state is not available.".into(),
        }
    }
}

/// `GET /console/sign-in/elsewhere`.
pub(super) async fn begin(
    State(console): State<Arc<Console>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    Query(asked): Query<Asked>,
) -> Result<Response, No> {
    let provider = console.provider(&asked.provider).ok_or(No::Nothing(None))?;
    let from = network(peer.ip());
    if console.under_way.is_full(from) {
        let words = "Too many sign-ins began from your address. Try again in some minutes.";
        let page = console.sign_in_page(Some(words), safe(&asked.next), "");
        return Ok((StatusCode::TOO_MANY_REQUESTS, Html(page)).into_response());
    }
    match console.send_away(provider, safe(&asked.next), from).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            tracing::warn!("a provider cannot be asked: {error}");
            let words = format!("{} cannot be reached now. Try again.", asked.provider);
            let page = console.sign_in_page(Some(&words), safe(&asked.next), "");
            Ok((StatusCode::BAD_GATEWAY, Html(page)).into_response())
        }
    }
}

/// `GET /console/sign-in/back`.
pub(super) async fn back(
    State(console): State<Arc<Console>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, No> {
    let under_way = cookie(&headers, COOKIE).map(kept::hash);
    let one = under_way.and_then(|hash| console.under_way.take(&hash));
    let query = query.unwrap_or_default();
    let from = format!("signed in to the console from {}", peer.ip());
    match console.arrived(one, &query, &from).await {
        Ok(Arrived { token, hash, name, next }) => {
            let answer = console.begin(&token, (&hash, &name), &headers, &next).await?;
            let over = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
            Ok(with_cookie(answer, &over))
        }
        Err(Failed::No(no)) => Err(no),
        Err(why) => {
            // Who brings nothing has tried nothing, and may do so as often as they like.
            if !matches!(why, Failed::NothingUnderWay) {
                note_refused(&console.api, peer, "", format!("the console: {}", why.words()));
            }
            let page = console.sign_in_page(Some(&why.words()), "/console/", "");
            Ok((StatusCode::FORBIDDEN, Html(page)).into_response())
        }
    }
}

impl Console {
    fn provider(&self, name: &str) -> Option<&Provider> {
        self.shared.providers.iter().find(|one| one.settings.name == name)
    }

    /// Where browsers come back to, as the provider knows it.
    fn back(&self) -> String {
        let config = self.shared.config.load();
        let listen = config.listen.api.map(|address| format!("https://{address}"));
        format!("{}{BACK}", config.api.url.clone().or(listen).unwrap_or_default())
    }

    async fn send_away(
        &self,
        provider: &Provider,
        next: &str,
        from: IpAddr,
    ) -> Result<Response, SsoError> {
        let settings = &provider.settings;
        let web = Web::new(settings.ca.as_deref())?;
        // Nobody is asked again later, so nothing is needed to ask with.
        let scopes = settings.scopes.iter().filter(|scope| *scope != "offline_access");
        let scopes: Vec<String> = scopes.cloned().collect();
        let flow = Flow::new(web, &settings.issuer, &settings.client_id, &scopes).await?;
        let pending = flow.browser(&self.back())?;
        let token = SignIns::cookie().map_err(|_| SsoError::Random)?;
        let answer = Redirect::to(&pending.url).into_response();
        let (provider, next) = (settings.name.clone(), next.to_owned());
        let one = One { flow, pending, provider, next, begun: Instant::now(), from };
        self.under_way.begin(kept::hash(token.expose()), one);
        let seconds = PATIENCE.as_secs();
        let cookie = format!(
            "{COOKIE}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}",
            token.expose()
        );
        Ok(with_cookie(answer, &cookie))
    }

    /// Whoever came back: their new sign-in, and where they wanted to go.
    async fn arrived(&self, one: Option<One>, query: &str, from: &str) -> Result<Arrived, Failed> {
        let One { flow, pending, provider, next, .. } = one.ok_or(Failed::NothingUnderWay)?;
        let tokens = flow.answered(pending, query).await.map_err(Failed::Provider)?;
        let (shared, now) = (&self.shared, SystemTime::now());
        let person = shared.providers.person(&Secret::from(tokens.id), now, Instant::now()).await;
        let person = person.map_err(|why| Failed::Person(NoExchange::Person(why)))?;
        if person.provider.settings.name != provider {
            return Err(Failed::Nobody("another provider answered than was asked"));
        }
        let (hash, until) = person.token;
        if !shared.store.spend(&hash, until, now).await.map_err(No::from)? {
            return Err(Failed::Person(NoExchange::Spent));
        }
        let account = exchange::arrive(shared, &person, now).await.map_err(Failed::Person)?;
        let token = SignIns::cookie();
        let token = token.map_err(|error| No::because("random numbers", &error))?;
        let hash = kept::hash(token.expose());
        let times = (now, now + shared.config.load().console.lifetime);
        let kept = shared.store.add_token(&hash, account.name.as_str(), times, from).await;
        let kept = kept.map_err(No::from)?;
        kept.ok_or(Failed::Nobody("only persons who are not disabled sign in here"))?;
        Ok(Arrived { token, hash, name: account.name.to_string(), next })
    }
}
