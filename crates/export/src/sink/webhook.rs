//! Batches by HTTP POST, signed as Standard Webhooks (standardwebhooks.com) describes: the header
//! `webhook-signature` holds an HMAC-SHA-256 of id, time and body. Knows nothing of what they say.

use super::connect::{self, Peer};
use crate::{error::ExportError, event::Event, settings::Key};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// How much of an answer is read.
const ANSWER_BYTES: usize = 64 << 10;
/// What Standard Webhooks' tools put before a secret in base64.
const ENCODED: &str = "whsec_";

/// A server that takes batches.
#[derive(Debug)]
pub(crate) struct Webhook {
    peer: Peer,
    host: String,
    path: String,
    secret: Vec<u8>,
    /// One event is posted at a time.
    single: bool,
    /// The last event of a batch that was taken before another of it was not: the batch comes
    /// again, and goes on behind it.
    taken: Option<String>,
    /// How many were taken one at a time.
    count: u64,
}

impl Webhook {
    pub(super) fn new(
        url: &str,
        ca: Option<&Path>,
        secret: &Key,
        single: bool,
    ) -> Result<Self, ExportError> {
        let bad = |why: &str| ExportError::Setting(format!("the URL {url} {why}"));
        let uri: Uri = url.parse().map_err(|_| bad("is not one"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad("begins with neither https: nor http:")),
        };
        let authority = uri.authority().ok_or_else(|| bad("names no host"))?;
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let peer = Peer {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port,
            tls: connect::tls(secure, ca)?,
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let secret = match secret.expose().strip_prefix(ENCODED) {
            Some(text) => STANDARD.decode(text).map_err(|_| {
                ExportError::Setting(format!("the secret after {ENCODED} is not base64"))
            })?,
            None => secret.expose().as_bytes().to_vec(),
        };
        Ok(Self { peer, host: authority.to_string(), path, secret, single, taken: None, count: 0 })
    }

    /// Whether events are posted one at a time.
    pub(super) fn is_single(&self) -> bool {
        self.single
    }

    /// How many events were taken one at a time: it goes on even where batches fail.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Posts a batch; any answer but 2xx means that it was not taken.
    pub(super) async fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        if self.single {
            let taken = |event: &Event| self.taken.as_ref() == Some(&event.id);
            let first = events.iter().position(taken).map_or(0, |at| at + 1);
            for event in events.iter().skip(first) {
                self.send(&event.id, "application/json", event.line()).await?;
                self.taken = Some(event.id.clone());
                self.count += 1;
            }
            return Ok(());
        }
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        let id = format!("{}-{}", first.id, last.sequence);
        let mut body = String::new();
        for event in events {
            body.push_str(&event.line());
            body.push('\n');
        }
        self.send(&id, "application/x-ndjson", body).await
    }

    async fn send(&self, id: &str, kind: &str, body: String) -> Result<(), ExportError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let request = Request::post(self.path.as_str())
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, kind)
            .header(header::USER_AGENT, "weir")
            .header(header::CONNECTION, "close")
            .header("webhook-id", id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", self.sign(id, now, &body)?)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ExportError::broken("make the request", error))?;
        let status = self.post(request).await?;
        if status.is_success() { Ok(()) } else { Err(ExportError::Refused(status.to_string())) }
    }

    async fn post(&self, request: Request<Full<Bytes>>) -> Result<StatusCode, ExportError> {
        let failed = |error: hyper::Error| ExportError::broken("post", error);
        let stream = self.peer.connect().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let status = response.status();
            // The answer's text says nothing to us, but a server may want it to be read.
            let _ = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            Ok(status)
        };
        tokio::pin!(connection);
        tokio::pin!(exchange);
        tokio::select! {
            status = &mut exchange => status,
            ended = &mut connection => {
                // The answer may have come with the connection's end.
                ended.map_err(failed)?;
                exchange.await
            }
        }
    }

    fn sign(&self, id: &str, time: u64, body: &str) -> Result<String, ExportError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)
            .map_err(|error| ExportError::Setting(format!("the secret: {error}")))?;
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(body.as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests;
