//! NATS JetStream: each event is published with an id by which the stream knows one that came
//! before, and counts when the stream says that it has it. Knows nothing of what events say.

use crate::connect;
use crate::{error::ExportError, event::Event, settings::Key, shorten::shorten};
use async_nats::{
    Client, ConnectOptions, HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{self, Context, ErrorCode, context::PublishError},
};
use net::tls::ClientTls;
use std::{error::Error, path::Path, time::Duration};

/// How long a stream may take to acknowledge.
const ACK_TIMEOUT: Duration = Duration::from_secs(10);
/// What a message has beside its id and its event, and more.
const HEADERS: usize = 256;

/// A stream.
pub(crate) struct Nats {
    url: String,
    /// `None` without TLS.
    tls: Option<ClientTls>,
    subject: String,
    user: Option<(String, Key)>,
    open: Option<(Client, Context)>,
}

impl std::fmt::Debug for Nats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A URL may have a password.
        f.debug_struct("Nats").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Nats {
    pub(super) fn new(
        url: &str,
        ca: Option<&Path>,
        subject: &str,
        user: Option<(String, Key)>,
    ) -> Result<Self, ExportError> {
        if !url.starts_with("nats://") && !url.starts_with("tls://") {
            let why = "the URL begins with neither nats:// nor tls://".to_owned();
            return Err(ExportError::Setting(why));
        }
        let tls = connect::tls(url.starts_with("tls://"), ca)?;
        Ok(Self { url: url.to_owned(), tls, subject: subject.to_owned(), user, open: None })
    }

    /// Publishes a batch; returns when the stream has all of it.
    pub(super) async fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        let (client, context) = match self.open.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        let most = client.server_info().max_payload;
        publish(&context, &self.subject, events, most).await?;
        // A connection that failed is not used again.
        self.open = Some((client, context));
        Ok(())
    }

    async fn connect(&self) -> Result<(Client, Context), ExportError> {
        let mut options =
            ConnectOptions::new().name("weir").connection_timeout(ACK_TIMEOUT).max_reconnects(1);
        if let Some(tls) = &self.tls {
            options = options.require_tls(true).tls_client_config(tls.config());
        }
        if let Some((name, password)) = &self.user {
            options = options.user_and_password(name.clone(), password.expose().to_owned());
        }
        let client = options
            .connect(self.url.as_str())
            .await
            .map_err(|error| ExportError::broken("connect", error))?;
        let mut context = jetstream::new(client.clone());
        context.set_timeout(ACK_TIMEOUT);
        Ok((client, context))
    }
}

/// The server takes so many bytes at most in a message.
async fn publish(
    context: &Context,
    subject: &str,
    events: &[Event],
    most: usize,
) -> Result<(), ExportError> {
    let mut waiting = Vec::with_capacity(events.len());
    for event in events {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, event.id.as_str());
        let line = shorten(event, most.saturating_sub(event.id.len() + HEADERS)).into();
        let sent = context.publish_with_headers(subject.to_owned(), headers, line).await;
        waiting.push(sent.map_err(|error| ExportError::broken("publish", error))?);
    }
    for acknowledgement in waiting {
        acknowledgement.await.map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// A stream may take less in a message than the server does.
fn refused(error: &PublishError) -> ExportError {
    let answer = error.source().and_then(|error| error.downcast_ref::<jetstream::Error>());
    match answer {
        Some(answer) if answer.error_code() == ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => {
            ExportError::TooLong(answer.to_string())
        }
        _ => ExportError::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[test]
    fn a_password_in_a_url_is_not_told() {
        let debug = Nats::new("nats://weir:s3cret@[::1]", None, "weir.x", None).unwrap();
        assert!(!format!("{debug:?}").contains("s3cret"));
        let error = Nats::new("http://weir:s3cret@[::1]", None, "weir.x", None).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
