//! One POST, over a connection of its own. Knows URLs and HTTP, and nothing of what is posted.

use super::connect::{self, Peer};
use crate::error::ExportError;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::{Request, StatusCode, Uri, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::path::Path;

/// How much of an answer is read.
const ANSWER_BYTES: usize = 64 << 10;

/// A server, and a path on it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) peer: Peer,
    pub(super) host: String,
    pub(super) path: String,
}

impl Server {
    /// Takes a URL apart; connects to nothing.
    pub(super) fn new(url: &str, ca: Option<&Path>) -> Result<Self, ExportError> {
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
        Ok(Self { peer, host: authority.to_string(), path })
    }

    /// Posts a body; the answer's status, and as much of its body as is read.
    pub(super) async fn post(
        &self,
        kind: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<(StatusCode, Bytes), ExportError> {
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
        let failed = |error: hyper::Error| ExportError::broken("post", error);
        let stream = self.peer.connect().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let status = response.status();
            // A server may want its answer to be read, whatever it says.
            let answer = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            Ok((status, answer.map(Collected::to_bytes).unwrap_or_default()))
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
