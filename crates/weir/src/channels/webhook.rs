//! Webhooks: each step of each request, signed as Standard Webhooks describes. Whoever decides
//! signs what they send back with a key of their own; `http::api::hooks` reads it.

use super::{About, Channel, NotTold, Step, key};
use crate::{approvals, grants};
use anyhow::{Context, bail};
use config::Shows;
use export::{ExportError, Post, SigningKey};
use ledger::Time;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};
use store::Event;

/// A server that hears of every step.
pub(crate) struct Webhook {
    post: Post,
    key: SigningKey,
    pub(crate) deciders: Deciders,
}

/// Whose key is whose.
pub(crate) struct Deciders(Vec<(String, SigningKey)>);

impl Webhook {
    pub(super) fn new(webhook: &config::DecisionHook) -> anyhow::Result<Self> {
        let own = SigningKey::new(&key(&webhook.secret)?)?;
        // By what they sign, not by how they are written: with one key for two, either could speak
        // for the other.
        let same =
            |one: &SigningKey, two: &SigningKey| one.sign("", 0, b"") == two.sign("", 0, b"");
        let mut deciders: Vec<(String, SigningKey)> = Vec::new();
        for (person, source) in &webhook.deciders {
            let theirs = key(source).with_context(|| format!("the key of {person}"))?;
            let theirs = SigningKey::new(&theirs)?;
            if deciders.iter().any(|(_, known)| same(known, &theirs)) {
                bail!("{person} has the key of somebody else");
            }
            if same(&own, &theirs) {
                bail!("whoever decides needs another key than the one that Weir signs with");
            }
            deciders.push((person.clone(), theirs));
        }
        Ok(Self {
            post: Post::new(&webhook.url, webhook.ca.as_deref())?,
            key: own,
            deciders: Deciders(deciders),
        })
    }

    pub(super) async fn tell(
        &self,
        channel: &Channel,
        event: &Event,
        step: &Step<'_>,
        about: &About,
    ) -> Result<(), NotTold> {
        let now = SystemTime::now();
        let (kind, object) = match about {
            About::Hold(hold) => {
                let mut object = approvals::object(hold, channel.shows == Shows::Text);
                if let (Shows::Shape, Some(fields)) = (channel.shows, object.as_object_mut()) {
                    fields.insert("shape".into(), json!(hold.asked.shape));
                }
                ("approval", object)
            }
            About::Grant(grant) => ("grant", grants::object(grant, now)),
            About::Alarm(alarm) => ("alarm", json!({ "identity": alarm.identity, "by": alarm.by })),
        };
        let body = json!({
            "type": format!("{kind}.{}", step.what.replace(": ", "_")),
            "timestamp": Time::from(event.at),
            "data": {
                "what": step.what, "by": event.by, "via": step.via, "reason": step.reason,
                "on_behalf": step.on_behalf, kind: object,
            },
        });
        let body = body.to_string();
        // The same each time it is sent.
        let id = format!("{}-{}", step.about, event.id);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match self.post.signed(&self.key, &id, now, "application/json", body).await {
            Err(ExportError::Refused(status) | ExportError::TooLong(status)) => {
                Err(NotTold::by_status("the server", status.parse().unwrap_or(0)))
            }
            sent => Ok(sent?),
        }
    }
}

impl Deciders {
    /// Whose signature this is.
    pub(crate) fn who(&self, id: &str, time: u64, body: &[u8], signature: &str) -> Option<&str> {
        let signed = |(_, key): &&(String, SigningKey)| key.verify(id, time, body, signature);
        self.0.iter().find(signed).map(|(person, _)| person.as_str())
    }
}
