//! Who looks, and who pressed: the only two ways for a handler to know who asks. Each asks the
//! store anew, so whoever is disabled, or in other groups now, is somebody else from the next
//! request on.

use super::{
    Console,
    answer::No,
    kept::{self, Hash},
    roles::roles,
};
use crate::{
    http::api::{Peer, approvals::may_see},
    signing::Said,
};
use axum::{
    extract::{ConnectInfo, Form, FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use console::layout::{Right, Viewer};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::{HoldState, SignedIn};

/// The cookie. Its prefix binds it to this host, to every path of it and to TLS.
pub(super) const COOKIE: &str = "__Host-weir";
/// How long the connection of somebody who is signed in may stay open.
const CONNECTION: Duration = Duration::from_secs(60);
/// The most requests that are counted for the number beside the place.
const COUNTED: u32 = 200;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Looker {
    pub(super) viewer: Viewer,
    pub(super) who: SignedIn,
    pub(super) hash: Hash,
    pub(super) peer: Peer,
}

impl Looker {
    /// Whoever may not is told so.
    pub(super) fn need(self, right: Right) -> Result<Self, No> {
        match self.viewer.may(right) {
            true => Ok(self),
            false => Err(No::Right(Box::new(self))),
        }
    }

    /// There is no such thing, for whoever asks.
    pub(super) fn nothing(&self) -> No {
        No::Nothing(Some(Box::new(self.clone())))
    }
}

impl Console {
    /// Whose sign-in this is, if it is good now. That it is used counts if `used`.
    pub(super) async fn signed_in(
        &self,
        hash: &Hash,
        used: bool,
    ) -> Result<Option<(SignedIn, String)>, No> {
        let idle = self.shared.config.load().console.idle;
        let Some(csrf) = self.sign_ins.csrf(hash, idle, Instant::now(), used) else {
            return Ok(None);
        };
        let who = self.shared.store.token(hash, SystemTime::now()).await?;
        if who.is_none() {
            self.sign_ins.end(hash);
        }
        Ok(who.map(|who| (who, csrf)))
    }

    /// Somebody as the pages know them.
    pub(super) async fn viewer(&self, who: &SignedIn, csrf: String) -> Result<Viewer, No> {
        let (roles, rights) = roles(&self.shared.config.load().console, &who.groups);
        let waiting = match rights.contains(&Right::Decide) {
            true => self.shared.store.holds(&[HoldState::Open], COUNTED).await?,
            false => Vec::new(),
        };
        let theirs =
            |hold: &&store::KeptHold| may_see(hold, who) && !hold.asked.members.contains(&who.name);
        let waiting = waiting.iter().filter(theirs).count();
        Ok(Viewer { name: who.name.clone(), roles, rights, csrf, waiting })
    }
}

/// What the cookie of this name holds. One that is there twice is somebody's attempt, and none.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut found = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(one, _)| *one == name)
        .map(|(_, value)| value);
    found.next().filter(|value| !value.is_empty() && found.next().is_none())
}

impl FromRequestParts<Arc<Console>> for Looker {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, No> {
        // A form cannot be sent again by going somewhere.
        let next = match parts.method.is_safe() {
            true => parts.uri.path_and_query().map_or("/console/", |path| path.as_str()),
            false => "/console/",
        };
        let none = || No::SignIn(next.to_owned());
        let hash = kept::hash(cookie(&parts.headers, COOKIE).ok_or_else(none)?);
        let streams = parts.headers.get(header::ACCEPT);
        let streams = streams.is_some_and(|accept| accept == "text/event-stream");
        let (who, csrf) = console.signed_in(&hash, !streams).await?.ok_or_else(none)?;
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|peer| peer.0.clone());
        let peer = peer.ok_or(No::Unavailable("the connection"))?;
        // Among those who have proven who they are; without a place there it ends a little sooner.
        peer.lease.extend(&who.name, CONNECTION);
        let viewer = console.viewer(&who, csrf).await?;
        Ok(Self { viewer, who, hash, peer })
    }
}

/// Somebody who sent a form of the console's own.
#[derive(Debug)]
pub(super) struct Pressed {
    pub(super) looker: Looker,
    form: Vec<(String, String)>,
}

impl Pressed {
    /// What a field holds; empty if there is none.
    pub(super) fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// What a passkey signed, if one did.
    pub(super) fn assertion(&self) -> Option<Said> {
        let text = |name: &str| self.field(name).to_owned();
        let (id, client) = (text("id"), text("client"));
        let (authenticator, signature) = (text("authenticator"), text("signature"));
        let said = Said { id, client, authenticator, signature };
        (!said.id.is_empty()).then_some(said)
    }
}

impl FromRequest<Arc<Console>> for Pressed {
    type Rejection = No;

    async fn from_request(request: Request, console: &Arc<Console>) -> Result<Self, No> {
        let (mut parts, body) = request.into_parts();
        // Strangers send nothing long.
        Looker::from_request_parts(&mut parts, console).await?;
        let request = Request::from_parts(parts.clone(), body);
        let form = Form::<Vec<(String, String)>>::from_request(request, console).await;
        let Form(form) = form.map_err(|_| No::Forged)?;
        // A form may take as long as its connection: whoever was somebody at its first byte may be
        // nobody at its last.
        let looker = Looker::from_request_parts(&mut parts, console).await?;
        let pressed = Self { looker, form };
        // Hashes are compared: how long that takes tells nothing of the word.
        let same = kept::hash(pressed.field("csrf")) == kept::hash(&pressed.looker.viewer.csrf);
        if same { Ok(pressed) } else { Err(No::Forged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_is_none() {
        let of = |texts: &[&str]| {
            let mut headers = HeaderMap::new();
            for text in texts {
                headers.append(header::COOKIE, text.parse().unwrap());
            }
            cookie(&headers, COOKIE).map(str::to_owned)
        };
        assert_eq!(of(&["a=b; __Host-weir=x; c=d"]).as_deref(), Some("x"));
        assert_eq!(of(&["a=b", "__Host-weir=x"]).as_deref(), Some("x"));
        assert_eq!(of(&["__Host-weir=x; __Host-weir=y"]), None);
        assert_eq!(of(&["__Host-weir=", "xx__Host-weir=y", "__host-weir=y"]), None);
    }
}
