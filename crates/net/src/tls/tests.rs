//! Both sides of TLS against each other, over real sockets.

use super::*;
use crate::{NetError, Stream};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A folder of its own that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-net-{name}-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

type Side = Result<(Stream, Option<Vec<u8>>), NetError>;

async fn handshake(server: &ServerTls, client: &ClientTls, name: &str, alpn: bool) -> (Side, Side) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    tokio::join!(accept(accepted, server), connect(tcp, name, client, alpn))
}

/// A certificate for one name, in files.
fn certificate(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

#[tokio::test]
async fn bytes_go_both_ways_and_both_sides_name_the_same_end_point() {
    let folder = Folder::new("both");
    let server = ServerTls::development(&folder.0).unwrap();
    let client = ClientTls::new(Mode::VerifyFull, Some(server.certificate_file()), None).unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        let (served, connected) = handshake(&server, &client, name, true).await;
        let ((mut served, hash), (mut connected, leaf)) = (served.unwrap(), connected.unwrap());
        assert!(served.is_tls() && connected.is_tls());
        assert_eq!(served.alpn(), Some(ALPN_POSTGRESQL));
        assert!(served.cipher().unwrap().contains("TLS"), "{:?}", served.cipher());
        assert_eq!(hash, end_point_hash(&leaf.unwrap()));
        assert_eq!(hash, server.end_point());
        connected.write_all(b"ping").await.unwrap();
        connected.flush().await.unwrap();
        let mut bytes = [0; 4];
        served.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
    }
}

#[tokio::test]
async fn verify_full_refuses_the_wrong_name_and_the_wrong_issuer() {
    let (folder, other) = (Folder::new("names"), Folder::new("other"));
    let (cert, key) = certificate(&folder.0, "db.example");
    let server = ServerTls::from_files(&cert, &key).unwrap();
    let client = ClientTls::new(Mode::VerifyFull, Some(&cert), None).unwrap();
    assert!(handshake(&server, &client, "db.example", false).await.1.is_ok());
    assert!(handshake(&server, &client, "evil.example", false).await.1.is_err());
    let (stranger, _) = certificate(&other.0, "db.example");
    let client = ClientTls::new(Mode::VerifyFull, Some(&stranger), None).unwrap();
    assert!(handshake(&server, &client, "db.example", false).await.1.is_err());
}

#[tokio::test]
async fn require_takes_any_certificate_and_with_a_ca_any_name() {
    let (folder, other) = (Folder::new("any"), Folder::new("any-other"));
    let (cert, key) = certificate(&folder.0, "db.example");
    let (stranger, _) = certificate(&other.0, "db.example");
    let server = ServerTls::from_files(&cert, &key).unwrap();
    for (ca, accepted) in [(None, true), (Some(&cert), true), (Some(&stranger), false)] {
        let client = ClientTls::new(Mode::Require, ca.map(PathBuf::as_path), None).unwrap();
        let (_, connected) = handshake(&server, &client, "another.example", false).await;
        assert_eq!(connected.is_ok(), accepted, "{ca:?}");
    }
}

#[test]
fn the_development_certificate_is_kept_and_its_key_private() {
    let folder = Folder::new("kept");
    let first = ServerTls::development(&folder.0).unwrap();
    let second = ServerTls::development(&folder.0).unwrap();
    assert_eq!(first.leaf(), second.leaf());
    let key = fs::metadata(folder.0.join("dev-key.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_failed_reload_leaves_the_certificate_in_force() {
    let folder = Folder::new("reload");
    let (cert, key) = certificate(&folder.0, "one.example");
    let server = ServerTls::from_files(&cert, &key).unwrap();
    let before = server.leaf();
    fs::write(&cert, "nothing").unwrap();
    assert!(server.reload().is_err());
    assert_eq!(server.leaf(), before);
    certificate(&folder.0, "two.example");
    server.reload().unwrap();
    assert_ne!(server.leaf(), before);
}

#[test]
fn bad_files_are_named_and_keys_never_shown() {
    let (folder, other) = (Folder::new("bad"), Folder::new("bad-other"));
    let (cert, key) = certificate(&folder.0, "one.example");
    let (_, stranger) = certificate(&other.0, "one.example");
    let missing = folder.0.join("missing.pem");
    let error = ServerTls::from_files(&missing, &key).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
    let error = ServerTls::from_files(&cert, &cert).unwrap_err();
    assert!(error.to_string().contains("no unencrypted private key"), "{error}");
    assert!(ServerTls::from_files(&cert, &stranger).is_err(), "a key of another certificate");
}

#[test]
fn the_hash_follows_the_signature() {
    let made = |algorithm| {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let names = vec!["db.example".to_owned()];
        rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap().der().to_vec()
    };
    let length = |algorithm| end_point_hash(&made(algorithm)).map(|hash| hash.len());
    assert_eq!(length(&rcgen::PKCS_ECDSA_P256_SHA256), Some(32));
    assert_eq!(length(&rcgen::PKCS_ECDSA_P384_SHA384), Some(48));
    assert_eq!(length(&rcgen::PKCS_ED25519), None);
    let der = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    for end in 0..der.len() {
        // A certificate that is cut short must not be read past its end.
        let _hash = end_point_hash(&der[..end]);
    }
    assert_eq!(end_point_hash(b""), None);
    assert_eq!(end_point_hash(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
}

#[tokio::test]
async fn records_fit_into_what_clients_read_at_a_time() {
    let folder = Folder::new("records");
    let server = ServerTls::development(&folder.0).unwrap();
    let client = ClientTls::new(Mode::VerifyFull, Some(server.certificate_file()), None).unwrap();
    let (served, connected) = handshake(&server, &client, "localhost", true).await;
    let (connected, mut served) = (connected.unwrap().0, served.unwrap().0);
    let Stream::TlsClient(connected) = connected else {
        panic!("not encrypted");
    };
    let sent = tokio::spawn(async move {
        served.write_all(&[7; 100_000]).await.unwrap();
        served.flush().await.unwrap();
        served
    });
    // Below TLS: each record says its own length.
    let (mut tcp, _) = connected.into_inner();
    let (mut read, mut records) = (0, 0);
    while read < 100_000 {
        let mut head = [0; 5];
        tcp.read_exact(&mut head).await.unwrap();
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        assert!(length <= 8 * 1024 + 256, "a record of {length} bytes");
        tcp.read_exact(&mut vec![0; length]).await.unwrap();
        read += length;
        records += 1;
    }
    assert!(records > 10, "{records} records");
    sent.await.unwrap();
}

/// Whether a second connection of the same client goes on with the session of the first.
async fn resumes(server: &ServerTls, client: &ClientTls) -> bool {
    let mut kind = None;
    for _ in 0..2 {
        let (served, connected) = handshake(server, client, "db.example", false).await;
        let ((mut served, _), (mut connected, _)) = (served.unwrap(), connected.unwrap());
        // Tickets come behind the handshake, with the first bytes.
        served.write_all(b"x").await.unwrap();
        served.flush().await.unwrap();
        connected.read_exact(&mut [0]).await.unwrap();
        let Stream::TlsServer(tls) = &served else { panic!("not the server's side") };
        kind = tls.get_ref().1.handshake_kind();
    }
    kind == Some(rustls::HandshakeKind::Resumed)
}

#[tokio::test]
async fn whoever_shows_a_certificate_shows_it_each_time() {
    let folder = Folder::new("resumed");
    let (cert, key) = certificate(&folder.0, "db.example");
    let client = || ClientTls::new(Mode::VerifyFull, Some(&cert), None).unwrap();
    let server = ServerTls::from_files(&cert, &key).unwrap();
    assert!(resumes(&server, &client()).await, "the test sees what resumes");
    let server = server.trusting(&cert).unwrap();
    assert!(!resumes(&server, &client()).await, "a session outlives the certificate's check");
}

#[test]
fn a_certificate_says_its_end_and_its_common_name() {
    use std::time::{Duration, SystemTime};
    let key = rcgen::KeyPair::generate().unwrap();
    let made = |end: (i32, u8, u8), names: &[&str]| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
        params.distinguished_name = rcgen::DistinguishedName::new();
        for name in names {
            params.distinguished_name.push(rcgen::DnType::CommonName, *name);
        }
        params.self_signed(&key).unwrap().der().to_vec()
    };
    let at = |seconds: u64| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds + 1));
    // Up to 2049 two digits stand for the year, then four.
    for (end, seconds) in [
        ((2026, 11, 26), 1_795_651_200),
        ((2049, 12, 31), 2_524_521_600),
        ((2050, 1, 1), 2_524_608_000),
        ((2300, 3, 1), 10_418_889_600),
    ] {
        assert_eq!(super::ends(&made(end, &["a"])), at(seconds), "{end:?}");
    }
    let common = |names: &[&str]| super::common_name(&made((2030, 1, 1), names));
    assert_eq!(common(&["alice"]).as_deref(), Some("alice"));
    assert_eq!(common(&[]), None);
    let whole = made((2030, 1, 1), &["alice"]);
    for length in 0..whole.len() {
        let cut = whole.get(..length).unwrap();
        assert_eq!((super::ends(cut), super::common_name(cut)), (None, None), "{length}");
    }
}
