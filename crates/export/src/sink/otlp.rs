//! Spans to a collector: OTLP over HTTP, in JSON (opentelemetry.io, "OTLP Specification"). Knows
//! nothing of what spans say.

use crate::{
    error::ExportError,
    event::Event,
    post::Post,
    settings::{About, Key},
};
use serde_json::{Value, json};
use std::path::Path;

/// Where collectors take spans, unless the URL says where.
const PATH: &str = "/v1/traces";

/// A collector.
#[derive(Debug)]
pub(crate) struct Otlp {
    post: Post,
    token: Option<Key>,
    resource: Value,
    scope: Value,
}

impl Otlp {
    pub(super) fn new(
        url: &str,
        ca: Option<&Path>,
        token: Option<Key>,
        about: &About,
    ) -> Result<Self, ExportError> {
        let mut post = Post::new(url, ca)?;
        if post.path == "/" {
            post.path = PATH.to_owned();
        }
        let attribute =
            |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let resource = json!({ "attributes": [
            attribute("service.name", "weir"),
            attribute("service.version", &about.version),
            attribute("service.instance.id", &about.node),
        ]});
        let scope = json!({ "name": "weir", "version": about.version });
        Ok(Self { post, token, resource, scope })
    }

    /// Posts a batch; any answer but 2xx means that it was not taken.
    pub(super) async fn deliver(&self, events: &[Event]) -> Result<(), ExportError> {
        let spans: Vec<&Value> = events.iter().map(|event| &event.body).collect();
        let body = json!({ "resourceSpans": [{
            "resource": self.resource,
            "scopeSpans": [{ "scope": self.scope, "spans": spans }],
        }]});
        let bearer = self.token.as_ref().map(|token| format!("Bearer {}", token.expose()));
        let headers: Vec<_> = bearer.iter().map(|text| ("authorization", text.as_str())).collect();
        let answer = self.post.send("application/json", &headers, body.to_string()).await?;
        answer.taken()?;
        // What a collector took and threw away is not to be sent again, says the specification.
        let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let partial = |field: &str| answer.pointer(&format!("/partialSuccess/{field}"));
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let rejected = partial("rejectedSpans").and_then(number).unwrap_or(0);
        if rejected > 0 {
            let why = partial("errorMessage").and_then(Value::as_str).unwrap_or_default();
            tracing::error!(rejected, why, "the collector threw spans away");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
