//! Connections to sinks, with and without TLS. Knows no protocol.

use crate::error::ExportError;
use net::{
    Stream,
    stream::tune,
    tls::{self, ClientTls, Mode},
};
use std::{path::Path, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// How long a connection may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The other side.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `None` without TLS.
    pub(crate) tls: Option<ClientTls>,
}

/// TLS that proves who answers; there is no other.
pub(crate) fn tls(wanted: bool, ca: Option<&Path>) -> Result<Option<ClientTls>, ExportError> {
    Ok(wanted.then(|| ClientTls::new(Mode::VerifyFull, ca, None)).transpose()?)
}

impl Peer {
    pub(crate) async fn connect(&self) -> Result<Stream, ExportError> {
        let connecting = async {
            let tcp = TcpStream::connect((self.host.as_str(), self.port))
                .await
                .and_then(|tcp| tune(&tcp).map(|()| tcp))
                .map_err(|error| ExportError::broken("connect", error))?;
            match &self.tls {
                None => Ok(Stream::Tcp(tcp)),
                Some(tls) => {
                    let (stream, _) = tls::connect(tcp, &self.host, tls, false).await?;
                    Ok(stream)
                }
            }
        };
        timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or(Err(ExportError::Slow))
    }
}
