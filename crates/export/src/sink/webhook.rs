//! Batches by HTTP POST, signed as Standard Webhooks describes. Knows nothing of what they say.

use crate::{error::ExportError, event::Event, post::Post, settings::Key, signature::SigningKey};
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

/// A server that takes batches.
#[derive(Debug)]
pub(crate) struct Webhook {
    post: Post,
    key: SigningKey,
    /// One event is posted at a time.
    single: bool,
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
        let (post, key) = (Post::new(url, ca)?, SigningKey::new(secret)?);
        Ok(Self { post, key, single, count: 0 })
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
            for event in events {
                self.send(&event.id, "application/json", event.line()).await?;
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
        self.post.signed(&self.key, id, now, kind, body).await
    }
}
