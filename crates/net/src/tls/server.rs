//! TLS as a server: which certificate is shown to clients. Knows no client.

use super::{ALPN_POSTGRESQL, certificate, provider};
use crate::{NetError, Stream};
use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::CertificateDer,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// The server's side of TLS. Clone it freely: all clones show the same certificate, and a
/// [`ServerTls::reload`] changes it for all of them, for new connections only.
#[derive(Clone)]
pub struct ServerTls {
    files: Arc<(PathBuf, PathBuf)>,
    /// The bundle that clients' certificates are checked against, where they may show one.
    clients: Option<Arc<PathBuf>>,
    protocol: &'static [u8],
    current: Arc<ArcSwap<Shown>>,
}

/// The longest TLS record that clients are sent: bytes. libpq waits on the socket alone, so what
/// OpenSSL holds back of a record that did not fit into libpq's buffer is waited for in vain. That
/// buffer always has room for the 8 KiB which PostgreSQL sends at a time, and for no more.
const RECORD_BYTES: usize = 8 * 1024;

/// One certificate in force, with everything that is derived from it.
struct Shown {
    config: Arc<ServerConfig>,
    leaf: CertificateDer<'static>,
    end_point: Option<Vec<u8>>,
}

impl ServerTls {
    /// A certificate (chain, leaf first) and its key from PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, NetError> {
        Self::speaking(certificate, key, ALPN_POSTGRESQL)
    }

    /// The same certificate for another protocol than PostgreSQL's.
    pub fn for_protocol(&self, protocol: &'static [u8]) -> Result<Self, NetError> {
        let (certificate, key) = &*self.files;
        Self::speaking(certificate, key, protocol)
    }

    fn speaking(certificate: &Path, key: &Path, protocol: &'static [u8]) -> Result<Self, NetError> {
        let shown = Shown::read(certificate, key, protocol, None)?;
        Ok(Self {
            clients: None,
            files: Arc::new((certificate.to_owned(), key.to_owned())),
            protocol,
            current: Arc::new(ArcSwap::from_pointee(shown)),
        })
    }

    /// A self-signed certificate for `localhost`, 127.0.0.1 and ::1, made in the folder `state` on
    /// first use and used again afterwards; its key is readable by this user only. Good for trying
    /// Weir out, and for encryption without proof of who answers.
    pub fn development(state: &Path) -> Result<Self, NetError> {
        let (certificate, key) = certificate::development(state)?;
        Self::from_files(&certificate, &key)
    }

    /// The same, where clients may show a certificate that the authorities of a PEM file signed.
    /// One that they did not sign ends the handshake; a client without one is let in.
    pub fn trusting(self, authorities: &Path) -> Result<Self, NetError> {
        let (certificate, key) = &*self.files;
        let shown = Shown::read(certificate, key, self.protocol, Some(authorities))?;
        let current = Arc::new(ArcSwap::from_pointee(shown));
        Ok(Self { clients: Some(Arc::new(authorities.to_owned())), current, ..self })
    }

    /// Reads the files again. On an error the certificate in force stays.
    pub fn reload(&self) -> Result<(), NetError> {
        let (certificate, key) = &*self.files;
        let clients = self.clients.as_deref().map(PathBuf::as_path);
        let shown = Shown::read(certificate, key, self.protocol, clients)?;
        self.current.store(Arc::new(shown));
        Ok(())
    }

    /// The file of the certificate that is shown, for a client's `sslrootcert`.
    pub fn certificate_file(&self) -> &Path {
        &self.files.0
    }

    /// The certificate that new connections are shown now.
    pub fn leaf(&self) -> CertificateDer<'static> {
        self.current.load().leaf.clone()
    }

    /// The `tls-server-end-point` hash of that certificate. After a handshake use what
    /// [`accept`] returned: the certificate may have been replaced meanwhile.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        self.current.load().end_point.clone()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("certificate", &self.files.0).finish_non_exhaustive()
    }
}

impl Shown {
    fn read(
        certificate: &Path,
        key: &Path,
        protocol: &[u8],
        clients: Option<&Path>,
    ) -> Result<Self, NetError> {
        let chain = certificate::read_chain(certificate)?;
        let key = certificate::read_key(key)?;
        let Some(leaf) = chain.first().cloned() else {
            return Err(NetError::Config("no certificate".to_owned()));
        };
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| NetError::Config(error.to_string()))?;
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authorities) => config.with_client_cert_verifier(verifier(authorities)?),
        };
        let mut config = config
            .with_single_cert(chain, key)
            .map_err(|error| NetError::Config(error.to_string()))?;
        // A client that offers ALPN at all must offer this one; one that offers none is judged by
        // the caller, since only direct TLS demands it.
        config.alpn_protocols = vec![protocol.to_vec()];
        config.max_fragment_size = Some(RECORD_BYTES);
        if clients.is_some() {
            // Whoever resumes shows no certificate again, and its time may be over by then.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let end_point = certificate::end_point_hash(&leaf);
        Ok(Self { config: Arc::new(config), leaf, end_point })
    }
}

/// Checks certificates of clients that show one.
fn verifier(authorities: &Path) -> Result<Arc<dyn ClientCertVerifier>, NetError> {
    let broken = |error: &dyn fmt::Display| NetError::Config(error.to_string());
    let mut roots = RootCertStore::empty();
    for authority in certificate::read_chain(authorities)? {
        roots.add(authority).map_err(|error| broken(&error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|error| broken(&error))
}

/// The server's side of the handshake. Returns the stream and the `tls-server-end-point` hash of
/// the certificate that this very client was shown. Has no deadline of its own: the caller's
/// covers the whole sign-in.
pub async fn accept(
    tcp: TcpStream,
    tls: &ServerTls,
) -> Result<(Stream, Option<Vec<u8>>), NetError> {
    let shown = tls.current.load_full();
    let stream = TlsAcceptor::from(Arc::clone(&shown.config))
        .accept(tcp)
        .await
        .map_err(NetError::Handshake)?;
    Ok((Stream::TlsServer(Box::new(stream)), shown.end_point.clone()))
}
