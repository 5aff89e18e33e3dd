//! SCRAM carried in the protocol's messages. The exchange itself is the identity crate's.

use super::{
    Door, Reason,
    bearer::{self, Bearers},
    talk::Talk,
};
use bytes::BytesMut;
use identity::{Admitted, Attempts, IdentityError, Mechanism, ScramServer, Signed};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};
use wire_pg::{backend::encode, frontend::SaslInitialResponse};

/// By what a client may sign in.
pub(super) struct Ways<'d> {
    /// The hash of the certificate that it was shown.
    pub(super) end_point: Option<Vec<u8>>,
    /// Who takes a token from it.
    pub(super) bearers: Option<&'d Bearers>,
    /// It asks for that alone.
    pub(super) only_bearer: bool,
}

/// What the client chose.
enum Chosen<'d> {
    Scram(Mechanism),
    Bearer(&'d Bearers),
}

impl<'d> Ways<'d> {
    fn offered(&self) -> Result<Vec<&'static str>, Reason> {
        let bearer = self.bearers.map(|_| bearer::NAME);
        if self.only_bearer {
            let none = || Reason::Protocol("OAUTHBEARER is not offered here".to_owned());
            return Ok(vec![bearer.ok_or_else(none)?]);
        }
        // After SCRAM: whoever has a password and knows both must not be asked for a token. And not
        // without need: there are drivers that give up at a mechanism that they do not know.
        let scram = Mechanism::offered(self.end_point.as_deref());
        let bearer = bearer.filter(|_| self.bearers.is_some_and(Bearers::has_provider));
        Ok(scram.iter().copied().chain(bearer).collect())
    }

    fn chosen(&self, name: &str) -> Option<Chosen<'d>> {
        if name == bearer::NAME {
            return self.bearers.map(Chosen::Bearer);
        }
        let scram =
            Mechanism::chosen(name, self.end_point.as_deref()).filter(|_| !self.only_bearer);
        scram.map(Chosen::Scram)
    }
}

/// Has the client prove that it is who it claims to be, and tells it so (AuthenticationOk).
pub(super) async fn sign_in(
    talk: &mut Talk,
    name: &str,
    ways: Ways<'_>,
    peer: SocketAddr,
    door: &Door,
    now: Instant,
) -> Result<(Admitted, &'static str), Reason> {
    let clock = Clock::starting(now);
    let failed = |error| Reason::Scram { error, name: name.to_owned() };
    may_try(door, peer.ip(), name, clock.now())?;

    let mut out = BytesMut::new();
    encode::authentication_sasl(&mut out, &ways.offered()?)
        .map_err(|error| Reason::Protocol(error.client_message()))?;
    talk.send(&out).await?;
    let (chosen, client_first) = initial_response(talk, &ways).await?;
    let mechanism = match chosen {
        Chosen::Scram(mechanism) => mechanism,
        Chosen::Bearer(bearers) => {
            let when = (peer, clock.now());
            let admitted = bearer::sign_in(talk, bearers, &client_first, name, when, door).await?;
            return Ok((admitted, "oauthbearer"));
        }
    };

    let claim = door.directory.claim(name);
    let exchange = ScramServer::new(mechanism, ways.end_point, claim);
    let challenge = exchange.first(&client_first).map_err(failed)?;
    out.clear();
    encode::authentication_sasl_continue(&mut out, &challenge.message);
    talk.send(&out).await?;
    let client_final = talk.response().await?;

    // Asked again, since others may have failed meanwhile: see identity::attempts.
    let outcome = {
        let mut attempts = lock(door);
        let now = clock.now();
        attempts.check(peer.ip(), name, now).map_err(|wait| Reason::Wait(wait.retry_after))?;
        let outcome = challenge.last(&client_final, SystemTime::now());
        match outcome {
            Ok(_) => attempts.succeeded(peer.ip(), name, now),
            Err(IdentityError::WrongProof) => attempts.failed(peer.ip(), name, now),
            Err(_) => {}
        }
        outcome
    };
    let Signed { message, admitted } = outcome.map_err(failed)?;
    door.directory.used(&admitted.credential, Some(peer.ip()), SystemTime::now());
    out.clear();
    encode::authentication_sasl_final(&mut out, &message);
    encode::authentication_ok(&mut out);
    talk.send(&out).await?;
    Ok((admitted, "scram-sha-256"))
}

/// The chosen mechanism and the client's first message.
async fn initial_response<'d>(
    talk: &mut Talk,
    ways: &Ways<'d>,
) -> Result<(Chosen<'d>, BytesMut), Reason> {
    let payload = talk.response().await?;
    let response = SaslInitialResponse::parse(&payload)
        .map_err(|error| Reason::Protocol(error.client_message()))?;
    let mechanism =
        response.mechanism.utf8().and_then(|name| ways.chosen(name)).ok_or_else(|| {
            Reason::Protocol("client selected an invalid SASL authentication mechanism".to_owned())
        })?;
    if let Some(data) = response.data {
        return Ok((mechanism, BytesMut::from(data)));
    }
    // RFC 4422 section 3: a mechanism in which the client goes first is then asked by an empty
    // challenge.
    let mut out = BytesMut::new();
    encode::authentication_sasl_continue(&mut out, &[]);
    talk.send(&out).await?;
    Ok((mechanism, talk.response().await?))
}

/// Turns away who guessed too often, before the exchange costs anything.
fn may_try(door: &Door, address: IpAddr, name: &str, now: Instant) -> Result<(), Reason> {
    lock(door).check(address, name, now).map_err(|wait| Reason::Wait(wait.retry_after))
}

/// The counters stay usable if a thread died while it held them: they are only counts.
pub(super) fn lock(door: &Door) -> MutexGuard<'_, Attempts> {
    door.attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The caller's time, moved on by what passed since: with tokio's clock, which tests can stop.
struct Clock {
    given: Instant,
    started: tokio::time::Instant,
}

impl Clock {
    fn starting(given: Instant) -> Self {
        Self { given, started: tokio::time::Instant::now() }
    }

    fn now(&self) -> Instant {
        self.given + self.started.elapsed()
    }
}
