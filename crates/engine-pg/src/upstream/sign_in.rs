//! Sign-in at the upstream: trust, cleartext, MD5, SCRAM-SHA-256 with and without channel binding.
//! Knows one password, and nothing of what the session is for.

use super::{
    Connection, Host, MAX_SIGN_IN_BYTES, Secret, ServerError, UpstreamConfig, UpstreamError,
};
use bytes::Bytes;
use identity::{
    ScramClient,
    scram::{Binding, RememberedKeys},
};
use net::tls::end_point_hash;
use postgres_protocol::authentication::md5_hash;
use std::{io, net::IpAddr, sync::Arc};
use tokio::task;
use wire_pg::{
    Text,
    backend::{Authentication, Mechanisms, Tag},
    frontend::encode,
};

const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// Answers the server's authentication requests until it says that it is satisfied.
pub(super) async fn authenticate(
    connection: &mut Connection,
    config: &UpstreamConfig,
    certificate: Option<&[u8]>,
) -> Result<(), UpstreamError> {
    let mut out = Vec::new();
    loop {
        let payload = request(connection).await?;
        out.clear();
        match Authentication::parse(&payload)? {
            Authentication::Ok => return Ok(()),
            Authentication::Cleartext => {
                let peer = connection.stream.peer().map(|peer| peer.ip());
                if !clear_is_safe(config, peer, connection.stream.is_tls()) {
                    return Err(UpstreamError::Cleartext);
                }
                encode::password(&mut out, password(config)?.expose().as_bytes())?;
            }
            Authentication::Md5 { salt } => {
                let secret = password(config)?.expose().as_bytes();
                let answer = md5_hash(config.user.as_bytes(), secret, salt);
                encode::password(&mut out, answer.as_bytes())?;
            }
            Authentication::Sasl(mechanisms) => {
                let secret = password(config)?.clone();
                scram(connection, &secret, &config.salted, mechanisms, certificate).await?;
                continue;
            }
            Authentication::SaslContinue(_) | Authentication::SaslFinal(_) => {
                return Err(UpstreamError::Unexpected(Tag::Authentication));
            }
            Authentication::Unsupported(number) => {
                return Err(UpstreamError::Method(format!("authentication request {number}")));
            }
        }
        connection.write(&out).await?;
    }
}

/// The next authentication request's payload.
async fn request(connection: &mut Connection) -> Result<Bytes, UpstreamError> {
    loop {
        let (tag, payload) = connection.read(MAX_SIGN_IN_BYTES).await?;
        match tag {
            Tag::Authentication => return Ok(payload),
            Tag::ErrorResponse => return Err(ServerError::read(&payload)?.into()),
            Tag::NoticeResponse | Tag::NegotiateProtocolVersion => {}
            other => return Err(UpstreamError::Unexpected(other)),
        }
    }
}

fn password(config: &UpstreamConfig) -> Result<&Secret, UpstreamError> {
    config.password.as_ref().ok_or(UpstreamError::NoPassword)
}

/// True if nobody on a network can read along, or the configuration does not mind.
fn clear_is_safe(config: &UpstreamConfig, peer: Option<IpAddr>, tls: bool) -> bool {
    let local = match &config.host {
        Host::Unix(_) => true,
        Host::Tcp(_) => peer.is_some_and(|peer| peer.is_loopback()),
    };
    local || tls || config.allow_cleartext
}

/// The whole SCRAM exchange. Returns only if the server proved that it knows the password too:
/// an AuthenticationOk in place of that proof is refused.
async fn scram(
    connection: &mut Connection,
    secret: &Secret,
    remembered: &Arc<RememberedKeys>,
    offered: Mechanisms<'_>,
    certificate: Option<&[u8]>,
) -> Result<(), UpstreamError> {
    let (mechanism, binding) = choose(offered, certificate)?;
    let exchange = ScramClient::new(binding).map_err(io::Error::other)?;
    let mut out = Vec::new();
    let first = exchange.message();
    encode::sasl_initial_response(&mut out, mechanism.as_bytes(), Some(first.as_bytes()))?;
    connection.write(&out).await?;

    let payload = request(connection).await?;
    let Authentication::SaslContinue(challenge) = Authentication::parse(&payload)? else {
        return Err(UpstreamError::Unexpected(Tag::Authentication));
    };
    let salting = exchange.salting(challenge).map_err(UpstreamError::Scram)?;
    let proven = match salting.remembered(secret, remembered) {
        Some(keys) => salting.prove(&keys),
        // Thousands of rounds of hashing, as many as the server says: not on a thread that others'
        // sessions wait for.
        None => {
            let (secret, remembered) = (secret.clone(), Arc::clone(remembered));
            let work = move || {
                let keys = salting.work_out(&secret, &remembered);
                salting.prove(&keys)
            };
            task::spawn_blocking(work).await.map_err(io::Error::other)?
        }
    };
    out.clear();
    encode::sasl_response(&mut out, proven.message.as_bytes())?;
    connection.write(&out).await?;

    let payload = request(connection).await?;
    let Authentication::SaslFinal(proof) = Authentication::parse(&payload)? else {
        return Err(UpstreamError::Unexpected(Tag::Authentication));
    };
    proven.check(proof).map_err(UpstreamError::Scram)
}

/// The strongest mechanism that both sides have, and what to say about channel binding.
fn choose(
    offered: Mechanisms<'_>,
    certificate: Option<&[u8]>,
) -> Result<(&'static str, Binding), UpstreamError> {
    let has = |name: &str| offered.iter().any(|offer| offer.bytes() == name.as_bytes());
    let hash = certificate.and_then(end_point_hash);
    match (has(SCRAM_SHA_256_PLUS), has(SCRAM_SHA_256), hash) {
        (true, _, Some(hash)) => Ok((SCRAM_SHA_256_PLUS, Binding::EndPoint(hash))),
        // The server offers binding and we cannot (its certificate's signature has no hash that
        // RFC 5929 defines): "n", we do not support it. A liar in between gains nothing from
        // this: it has to show a certificate that TLS accepted.
        (true, true, None) => Ok((SCRAM_SHA_256, Binding::Cannot)),
        // We could bind and the server did not offer it: "y" tells it so, and a server whose
        // offer was taken away on the wire refuses (RFC 5802 section 6).
        (false, true, Some(_)) => Ok((SCRAM_SHA_256, Binding::NotOffered)),
        (false, true, None) => Ok((SCRAM_SHA_256, Binding::Cannot)),
        _ => {
            let names: Vec<_> = offered.iter().filter_map(Text::utf8).take(8).collect();
            Err(UpstreamError::Method(format!("SASL {}", names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests;
