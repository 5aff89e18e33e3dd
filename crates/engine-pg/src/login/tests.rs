//! Signing in with the real psql, and with bytes that no psql would send.

use super::*;
use identity::{Entry, ScramVerifier, Secret};
use model::IdentityKind;
use std::{path::PathBuf, process::Output};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    sync::mpsc,
};
use wire_pg::backend::{Status, encode};

type Outcome = Result<Entrance, Refused>;

/// A server that signs clients in and then answers that it is ready, and nothing else.
struct Server {
    port: u16,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    state: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.state);
    }
}

fn entry(name: &str, enabled: bool) -> Entry {
    let identity = Identity {
        name: name.into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
    };
    let verifier = ScramVerifier::for_password(&Secret::from("wonder".to_owned())).unwrap();
    Entry { enabled, ..Entry::new(identity, verifier, Vec::new()) }
}

async fn start(name: &str, change: impl FnOnce(&mut Door)) -> Server {
    let state = std::env::temp_dir().join(format!("weir-login-{name}-{}", std::process::id()));
    let directory = Arc::new(Directory::new([7; 32]));
    directory.publish(vec![entry("alice", true), entry("gone", false)]);
    let mut door = Door::new(Some(ServerTls::development(&state).unwrap()), directory);
    change(&mut door);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, outcomes) = mpsc::unbounded_channel();
    let door = Arc::new(door);
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let (door, tell) = (Arc::clone(&door), tell.clone());
            tokio::spawn(async move {
                let mut outcome = sign_in(stream, peer, &door, Instant::now()).await;
                if let Ok(Entrance::Client(client)) = &mut outcome {
                    let mut out = BytesMut::new();
                    encode::parameter_status(&mut out, b"server_version", b"15.0").unwrap();
                    encode::ready_for_query(&mut out, Status::Idle);
                    client.stream.write_all(&out).await.unwrap();
                    client.stream.flush().await.unwrap();
                }
                tell.send(outcome).unwrap();
            });
        }
    });
    Server { port, outcomes, state }
}

impl Server {
    async fn psql(&self, parameters: &str, password: &str) -> Output {
        let target = format!("host=127.0.0.1 port={} dbname=shop {parameters}", self.port);
        let mut psql = Command::new("psql");
        psql.args(["-X", "-w", "-d", &target]).env("PGPASSWORD", password);
        // Without a terminal psql reads statements from its input: there are none.
        psql.stdin(std::process::Stdio::null()).output().await.expect("psql is installed")
    }

    async fn client(&mut self) -> Client {
        match self.outcomes.recv().await.unwrap() {
            Ok(Entrance::Client(client)) => *client,
            other => panic!("{other:?}"),
        }
    }

    async fn refused(&mut self) -> Refused {
        self.outcomes.recv().await.unwrap().expect_err("refused")
    }

    async fn raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];

fn startup(name: &str) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    body.extend_from_slice(format!("user\0{name}\0\0").as_bytes());
    let mut packet = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    packet.extend(body);
    packet
}

async fn everything(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ended = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn psql_signs_in_with_and_without_tls_and_channel_binding() {
    let mut server = start("psql", |_| {}).await;
    for (parameters, tls) in [
        ("user=alice sslmode=disable", false),
        ("user=alice sslmode=require", true),
        ("user=alice sslmode=require channel_binding=require", true),
        ("user=alice sslmode=require channel_binding=disable", true),
    ] {
        let output = server.psql(parameters, "wonder").await;
        assert!(output.status.success(), "{parameters}: {output:?}");
        let client = server.client().await;
        assert_eq!((client.tls, client.database.as_str()), (tls, "shop"), "{parameters}");
        assert_eq!(client.identity.name.as_str(), "alice");
        assert_eq!(client.application_name, "psql");
    }
}

#[tokio::test]
async fn psql_reads_the_certificate_and_its_options_arrive_as_settings() {
    let mut server = start("options", |_| {}).await;
    let parameters = format!(
        "user=alice sslmode=verify-full sslrootcert={} options='-c work_mem=1MB'",
        server.state.join("dev-cert.pem").display()
    );
    let output = server.psql(&parameters, "wonder").await;
    assert!(output.status.success(), "{output:?}");
    let settings = server.client().await.settings;
    assert!(settings.contains(&("work_mem".to_owned(), "1MB".to_owned())), "{settings:?}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_read_alike() {
    let mut server = start("wrong", |_| {}).await;
    let mut said = Vec::new();
    for (name, password) in [("alice", "guess"), ("mallory", "wonder"), ("gone", "guess")] {
        for mode in ["disable", "require"] {
            let output = server.psql(&format!("user={name} sslmode={mode}"), password).await;
            assert!(!output.status.success());
            let text = String::from_utf8(output.stderr).unwrap().replace(name, "NAME");
            said.push(text);
            let refused = server.refused().await;
            assert_eq!(refused.name.as_deref(), Some(name));
            assert!(refused.reason.is_refusal());
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("password authentication failed for user \"NAME\""), "{said:?}");
}

#[tokio::test]
async fn a_disabled_identity_is_told_so_after_its_password() {
    let mut server = start("disabled", |_| {}).await;
    let output = server.psql("user=gone sslmode=require", "wonder").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("this identity is disabled"), "{said}");
    assert_eq!(server.refused().await.reason.blame(), model::Blame::Policy);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let mut server = start("guess", |_| {}).await;
    for _ in 0..6 {
        server.psql("user=alice sslmode=disable", "guess").await;
        assert!(matches!(server.refused().await.reason, Reason::Scram { .. }));
    }
    // Under load the second of the first wait may be over; each further failure doubles it.
    for _ in 0..20 {
        let output = server.psql("user=alice sslmode=disable", "guess").await;
        if matches!(server.refused().await.reason, Reason::Wait(_)) {
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("too many failed sign-ins; try again in"), "{said}");
            return;
        }
    }
    panic!("never told to wait");
}

#[tokio::test]
async fn without_tls_only_from_where_it_is_allowed() {
    let mut server = start("plain", |door| door.plaintext = Plaintext::Never).await;
    let output = server.psql("user=alice sslmode=disable", "wonder").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("not encrypted") && said.contains("sslmode=require"), "{said}");
    assert!(matches!(server.refused().await.reason, Reason::Plaintext { tls_offered: true }));
    assert!(server.psql("user=alice sslmode=require", "wonder").await.status.success());
    let far: SocketAddr = "192.0.2.1:5".parse().unwrap();
    let door = Door::new(None, Arc::new(Directory::new([0; 32])));
    assert!(!door.allows_plaintext(far));
    assert!(door.allows_plaintext("[::ffff:127.0.0.1]:5".parse().unwrap()));
}

#[tokio::test]
async fn half_open_connections_are_cut_by_the_deadline_wherever_they_stopped() {
    let deadline = Duration::from_millis(300);
    let mut server = start("deadline", |door| door.deadline = deadline).await;
    let begun = startup("alice");
    let cuts: [&[u8]; 6] = [b"", b"\0\0", SSL_REQUEST, &begun[..9], &begun, b"\x16\x03\x01"];
    let mut streams = Vec::new();
    for bytes in cuts {
        streams.push(server.raw(bytes).await);
    }
    for stream in streams {
        everything(stream).await;
        assert!(matches!(server.refused().await.reason, Reason::TooSlow));
    }
}

#[tokio::test]
async fn bytes_sent_ahead_of_tls_are_refused() {
    let mut server = start("ahead", |_| {}).await;
    let mut bytes = SSL_REQUEST.to_vec();
    bytes.extend(startup("alice"));
    let stream = server.raw(&bytes).await;
    assert_eq!(everything(stream).await, "", "not even the S");
    assert!(matches!(server.refused().await.reason, Reason::EarlyBytes));
}

#[tokio::test]
async fn what_is_not_the_protocol_is_refused_without_harm() {
    let mut server = start("garbage", |_| {}).await;
    let version_2 = [0, 0, 0, 9, 0, 2, 0, 0, 0];
    for (bytes, said) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], ""),
        (&[0, 0, 0, 4], ""),
        (&[0xff; 8], ""),
        (&version_2, "unsupported frontend protocol 2.0"),
        (&startup(""), "no user name specified"),
    ] {
        let text = everything(server.raw(bytes).await).await;
        assert!(text.contains(said) && text.is_empty() == said.is_empty(), "{text}");
        assert!(!server.refused().await.reason.is_refusal());
    }
    let mut query = startup("alice");
    query.extend_from_slice(b"Q\0\0\0\x0dSELECT 1\0");
    let text = everything(server.raw(&query).await).await;
    assert!(text.contains("expected SASL response"), "{text}");
    server.refused().await;
    assert!(server.psql("user=alice", "wonder").await.status.success());
}

#[tokio::test]
async fn gss_encryption_is_declined_and_sign_in_goes_on() {
    let mut server = start("gss", |_| {}).await;
    let mut stream = server.raw(&[0, 0, 0, 8, 4, 210, 22, 48]).await;
    let mut answer = [0; 1];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"N");
    stream.write_all(&startup("alice")).await.unwrap();
    let mut header = [0; 9];
    stream.read_exact(&mut header).await.unwrap();
    assert_eq!((header[0], header[8]), (b'R', 10), "AuthenticationSASL");
    drop(stream);
    assert!(matches!(server.refused().await.reason, Reason::Gone));
}

#[tokio::test]
async fn a_newer_protocol_is_negotiated_down() {
    let server = start("newer", |door| door.deadline = Duration::from_millis(500)).await;
    let mut packet = startup("alice");
    packet[6] = 0x27;
    packet[7] = 0x0f;
    let mut stream = server.raw(&packet).await;
    let mut message = [0; 13];
    stream.read_exact(&mut message).await.unwrap();
    assert_eq!(message, [b'v', 0, 0, 0, 12, 0, 3, 0, 2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn cancel_requests_come_through_and_their_connection_stays_open() {
    let mut server = start("cancel", |_| {}).await;
    let _stream = server.raw(&[0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 42, 1, 2, 3, 4]).await;
    let Ok(Entrance::Cancel { process_id, key, connection }) =
        server.outcomes.recv().await.unwrap()
    else {
        panic!("a cancel request")
    };
    assert_eq!((process_id, key.as_slice()), (42, &[1, 2, 3, 4][..]));
    assert!(!connection.is_tls());
}

#[tokio::test]
async fn direct_tls_signs_in_and_must_name_the_protocol() {
    let mut server = start("direct", |_| {}).await;
    let client = net::tls::ClientTls::new(net::tls::Mode::Require, None, None).unwrap();
    for alpn in [true, false] {
        let tcp = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        let (mut stream, _) = net::tls::connect(tcp, "localhost", &client, alpn).await.unwrap();
        let _sent = stream.write_all(&startup("alice")).await;
        let mut answer = [0; 1];
        let read = stream.read(&mut answer).await.unwrap_or(0);
        assert_eq!(read == 1 && answer == *b"R", alpn);
        drop(stream);
        let reason = server.refused().await.reason;
        assert!(matches!((alpn, &reason), (true, Reason::Gone) | (false, Reason::NoAlpn)));
    }
}
