//! TLS as a client of upstreams: whom to believe. Knows no database.

use super::{ALPN_POSTGRESQL, certificate, provider};
use crate::{NetError, Stream};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, path::Path, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How much an upstream has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Encrypt. Without a CA any certificate is accepted, as libpq's `sslmode=require` does: that
    /// keeps listeners out, but not somebody who stands in between and answers himself. With a CA
    /// the chain is checked, the name is not (libpq's `verify-ca`).
    Require,
    /// Encrypt, check the chain against the CA (or the system's roots), and check that the
    /// certificate is for the host that was asked for.
    VerifyFull,
}

/// The client's side of TLS towards one upstream. Cheap to clone.
#[derive(Clone)]
pub struct ClientTls {
    mode: Mode,
    plain: Arc<ClientConfig>,
    direct: Arc<ClientConfig>,
}

impl ClientTls {
    /// Reads the CA and the client's own certificate and key (PEM), where given.
    pub fn new(
        mode: Mode,
        ca: Option<&Path>,
        client_certificate: Option<(&Path, &Path)>,
    ) -> Result<Self, NetError> {
        let provider = provider();
        let verifier: Arc<dyn ServerCertVerifier> = match (mode, ca) {
            (Mode::Require, None) => Arc::new(AnyCertificate(Arc::clone(&provider))),
            (Mode::Require, Some(ca)) => {
                Arc::new(AnyName(chain_verifier(roots_from(ca)?, &provider)?))
            }
            (Mode::VerifyFull, Some(ca)) => chain_verifier(roots_from(ca)?, &provider)?,
            (Mode::VerifyFull, None) => chain_verifier(system_roots()?, &provider)?,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| NetError::Config(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match client_certificate {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(certificate::read_chain(chain)?, certificate::read_key(key)?)
                .map_err(|error| NetError::Config(error.to_string()))?,
        };
        let mut direct = config.clone();
        direct.alpn_protocols = vec![ALPN_POSTGRESQL.to_vec()];
        Ok(Self { mode, plain: Arc::new(config), direct: Arc::new(direct) })
    }

    /// For a client of another protocol, without ALPN.
    pub fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.plain)
    }

    /// How much the upstream has to prove.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The client's side of the handshake. `server_name` is a host name or an address; `alpn` offers
/// `postgresql`, which direct TLS demands. Returns the stream and the server's own certificate
/// (DER) for channel binding. Has no deadline of its own.
pub async fn connect(
    tcp: TcpStream,
    server_name: &str,
    tls: &ClientTls,
    alpn: bool,
) -> Result<(Stream, Option<Vec<u8>>), NetError> {
    let name = ServerName::try_from(server_name.to_owned())
        .map_err(|_| NetError::ServerName(server_name.to_owned()))?;
    let config = if alpn { &tls.direct } else { &tls.plain };
    let stream = TlsConnector::from(Arc::clone(config))
        .connect(name, tcp)
        .await
        .map_err(NetError::Handshake)?;
    let leaf = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first)
        .map(|certificate| certificate.as_ref().to_vec());
    Ok((Stream::TlsClient(Box::new(stream)), leaf))
}

fn roots_from(ca: &Path) -> Result<RootCertStore, NetError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificate::read_chain(ca)? {
        roots
            .add(certificate)
            .map_err(|error| NetError::Pem { path: ca.to_owned(), reason: error.to_string() })?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, NetError> {
    let mut roots = RootCertStore::empty();
    // Certificates that the library cannot read are left out: that makes fewer servers
    // trusted, never more.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(NetError::Config(
            "verify-full without a CA needs the system's roots, and there are none".to_owned(),
        ));
    }
    Ok(roots)
}

fn chain_verifier(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, NetError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| NetError::Config(error.to_string()))
}

/// Accepts whatever certificate the server shows, but still has it prove that it holds the key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks the chain and lets any name pass.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        // webpki checks the chain first and the name last, so this error means that the chain
        // itself was accepted.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
