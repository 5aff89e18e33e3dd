//! One HTTP POST at a time, over TLS that proves who answers, or without TLS. Knows nothing of what
//! is said, and has no deadline but those of connecting and of the answer's body: the caller's
//! covers the rest.

use crate::{
    connect::{self, Peer},
    error::ExportError,
    signature::SigningKey,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::{path::Path, time::Duration};
use tokio::time::timeout;

/// How much of an answer is read.
const ANSWER_BYTES: usize = 64 << 10;
/// How long the body of an answer is waited for: what it says of whether something was taken stands
/// before it.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// Where to.
#[derive(Clone, Debug)]
pub struct Post {
    pub(crate) peer: Peer,
    pub(crate) host: String,
    pub(crate) path: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; empty if it was longer than is read, or did not come in time.
    pub body: Bytes,
}

impl Answer {
    /// Whether the other side took it.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// An error unless the other side took it; one of its own where it was too long.
    pub(crate) fn taken(&self) -> Result<(), ExportError> {
        let status = self.status.to_string();
        match self.status {
            413 => Err(ExportError::TooLong(status)),
            _ if self.is_success() => Ok(()),
            _ => Err(ExportError::Refused(status)),
        }
    }
}

impl Post {
    /// To `https://host[:port]/path`, or `http:`. The certificate's authority is one of the file's,
    /// or one of the system's without it.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Self, ExportError> {
        // A URL can hold a secret, so that of a channel is named in no message.
        let bad = |why: &str| ExportError::Setting(format!("the URL {why}"));
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
        Ok(Self { peer, host: authority.to_string(), path })
    }

    /// Posts a body of this type with further headers. Redirects are not followed.
    pub async fn send(
        &self,
        kind: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer, ExportError> {
        let mut request = Request::post(self.path.as_str())
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, kind)
            .header(header::USER_AGENT, "weir")
            .header(header::CONNECTION, "close");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| ExportError::broken("make the request", error))?;
        self.exchange(request).await
    }

    /// Posts a body signed as Standard Webhooks describes; any answer but 2xx is an error.
    pub async fn signed(
        &self,
        key: &SigningKey,
        id: &str,
        time: u64,
        kind: &str,
        body: String,
    ) -> Result<(), ExportError> {
        let signature = key.sign(id, time, body.as_bytes());
        let time = time.to_string();
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", time.as_str()),
            ("webhook-signature", signature.as_str()),
        ];
        let answer = self.send(kind, &headers, body).await?;
        answer.taken()
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, ExportError> {
        let failed = |error: hyper::Error| ExportError::broken("post", error);
        let stream = self.peer.connect().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let status = response.status().as_u16();
            // A server may want its answer to be read, whatever it says.
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect();
            let body = timeout(ANSWER_TIME, body).await.ok().and_then(Result::ok);
            let body = body.map(|body| body.to_bytes()).unwrap_or_default();
            Ok(Answer { status, body })
        };
        tokio::pin!(connection);
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            ended = &mut connection => {
                // The answer may have come with the connection's end.
                ended.map_err(failed)?;
                exchange.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWER_TIME, Post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::timeout,
    };

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_an_answer() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            assert!(read > 0);
            stream.write_all(b"HTTP/1.1 202 Taken\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            // Open for longer than anybody waits.
            std::future::pending::<()>().await;
        });
        let sent = Post::new(&url, None).unwrap();
        let sent = timeout(ANSWER_TIME * 4, sent.send("text/plain", &[], "event".to_owned())).await;
        assert_eq!(sent.expect("it waits for ever").unwrap().status, 202);
        server.abort();
    }

    #[test]
    fn urls_are_taken_apart() {
        let post = |url: &str| Post::new(url, None);
        let plain = post("http://siem.internal:8088/in?token=1").unwrap();
        assert_eq!((plain.peer.host.as_str(), plain.peer.port), ("siem.internal", 8088));
        let (path, host) = (plain.path.as_str(), plain.host.as_str());
        assert_eq!((path, host), ("/in?token=1", "siem.internal:8088"));
        assert!(plain.peer.tls.is_none());
        let six = post("http://[::1]/").unwrap();
        assert_eq!((six.peer.host.as_str(), six.peer.port), ("::1", 80));
        for bad in ["ftp://host/", "host", "/path", "http://"] {
            assert!(post(bad).is_err(), "{bad}");
        }
    }
}
