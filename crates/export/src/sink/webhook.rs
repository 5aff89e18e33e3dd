//! Batches by HTTP POST, signed as Standard Webhooks (standardwebhooks.com) describes: the header
//! `webhook-signature` holds an HMAC-SHA-256 of id, time and body. Knows nothing of what they say.

use super::http::Server;
use crate::{error::ExportError, event::Event, settings::Key};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// What Standard Webhooks' tools put before a secret in base64.
const ENCODED: &str = "whsec_";

/// A server that takes batches.
#[derive(Debug)]
pub(crate) struct Webhook {
    server: Server,
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
        let server = Server::new(url, ca)?;
        let secret = match secret.expose().strip_prefix(ENCODED) {
            Some(text) => STANDARD.decode(text).map_err(|_| {
                ExportError::Setting(format!("the secret after {ENCODED} is not base64"))
            })?,
            None => secret.expose().as_bytes().to_vec(),
        };
        Ok(Self { server, secret, single, taken: None, count: 0 })
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
        let (now_text, signature) = (now.to_string(), self.sign(id, now, &body)?);
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now_text.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let (status, _) = self.server.post(kind, &headers, body).await?;
        if status.is_success() { Ok(()) } else { Err(ExportError::Refused(status.to_string())) }
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
