//! Tests of upstream.rs against a real PostgreSQL, and against servers that misbehave.

use super::*;
use model::Blame;
use net::tls::Mode;
use std::{fs, path::Path, sync::OnceLock};
use testkit::{
    Postgres, TestDir,
    postgres::{SUPERUSER, SUPERUSER_PASSWORD},
    tls::Authority,
};
use tokio::{net::TcpListener, task};
use wire_pg::backend::encode;

/// A cluster that speaks TLS, with a role for each way of sign-in.
struct Cluster {
    postgres: Postgres,
    /// An authority for clients' certificates, and for servers that are not to be believed.
    other: Authority,
    /// Clients' certificates are here.
    folder: TestDir,
}

const HBA: &str = "local all all trust
host all md5_role 127.0.0.1/32 md5
host all clear_role 127.0.0.1/32 password
host all trust_role 127.0.0.1/32 trust
hostssl all cert_role 127.0.0.1/32 cert
hostssl all tls_role 127.0.0.1/32 scram-sha-256
hostnossl all tls_role 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
";

const ROLES: &str = "set password_encryption = 'md5';
create role md5_role login password 'md5 word';
set password_encryption = 'scram-sha-256';
create role clear_role login password 'clear word';
create role trust_role login;
create role cert_role login;
create role tls_role login password 'tls word';
create role lonely login password 'one' connection limit 0;
";

impl Cluster {
    fn start() -> Self {
        let folder = TestDir::new("client").unwrap();
        let other = Authority::new(folder.path()).unwrap();
        let postgres = Postgres::options()
            .tls()
            .setting("listen_addresses", "127.0.0.1,127.0.0.2")
            .start()
            .unwrap();
        postgres.psql("postgres", ROLES).unwrap();
        let data = postgres.socket_folder().join("data");
        fs::write(data.join("pg_hba.conf"), HBA).unwrap();
        let ca = other.certificate();
        let trust = format!("alter system set ssl_ca_file = '{}'", ca.display());
        postgres.psql("postgres", &trust).unwrap();
        postgres.psql("postgres", "select pg_reload_conf()").unwrap();
        Self { postgres, other, folder }
    }

    fn tcp(&self, user: &str, password: &str) -> UpstreamConfig {
        let host = Host::Tcp("127.0.0.1".into());
        let mut config = UpstreamConfig::new(host, self.postgres.port(), user, "postgres");
        config.password = Some(Secret::from(password.to_owned()));
        config
    }

    fn root(&self) -> UpstreamConfig {
        self.tcp(SUPERUSER, SUPERUSER_PASSWORD)
    }

    fn tls(mode: Mode, ca: Option<&Path>) -> Option<ClientTls> {
        Some(ClientTls::new(mode, ca, None).unwrap())
    }
}

/// One cluster serves all tests of this file; it ends with the test process.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// The text of the first column of the first row, over the simple protocol.
async fn ask(upstream: Upstream, sql: &str) -> Result<String, ServerError> {
    let Upstream { stream, buffered, .. } = upstream;
    let mut connection = Connection { stream, buffered };
    let mut out = Vec::new();
    frontend::encode::query(&mut out, sql.as_bytes()).unwrap();
    connection.write(&out).await.unwrap();
    let mut answer = String::new();
    loop {
        let (tag, payload) = connection.read(usize::MAX).await.unwrap();
        match tag {
            Tag::DataRow => {
                let row = backend::DataRow::parse(&payload).unwrap();
                let value = row.values.iter().next().flatten().unwrap_or_default();
                answer = String::from_utf8(value.to_vec()).unwrap();
            }
            Tag::ErrorResponse => return Err(ServerError::read(&payload).unwrap()),
            Tag::ReadyForQuery => return Ok(answer),
            _ => {}
        }
    }
}

async fn signed_in_as(config: &UpstreamConfig) -> String {
    ask(connect(config, &[]).await.unwrap(), "select current_user").await.unwrap()
}

#[tokio::test]
async fn scram_and_start_up_settings() {
    let mut config = cluster().root();
    config.user_timeout = Some(Duration::from_secs(7));
    let parameters =
        [("application_name", "alice via weir"), ("DateStyle", "ISO, DMY"), ("TimeZone", "UTC")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let upstream = connect(&config, &parameters).await.unwrap();
    assert_eq!(upstream.parameter("application_name"), Some("alice via weir"));
    assert_eq!(upstream.parameter("DateStyle"), Some("ISO, DMY"));
    assert!(upstream.parameter("server_version").is_some_and(|version| version.starts_with("15")));
    assert_eq!(upstream.secret_key.len(), 4);
    let net::Stream::Tcp(tcp) = &upstream.stream else { panic!("{upstream:?}") };
    assert_eq!(socket2::SockRef::from(tcp).tcp_user_timeout().unwrap(), config.user_timeout);
    let debug = format!("{upstream:?} {config:?}");
    assert!(debug.contains("***") && !debug.contains(SUPERUSER_PASSWORD), "{debug}");
    let pid = upstream.process_id;
    assert_eq!(ask(upstream, "select pg_backend_pid()").await, Ok(pid.to_string()));
}

#[tokio::test]
async fn the_rounds_of_scram_are_done_once_for_all_sessions() {
    let config = cluster().root();
    for _ in 0..3 {
        connect(&config, &[]).await.unwrap();
        // Each session has its own copy.
        connect(&config.clone(), &[]).await.unwrap();
    }
    assert_eq!(config.salted.made(), 1);

    let password = |text: &str| Some(Secret::from(text.to_owned()));
    let wrong = UpstreamConfig { password: password("another"), ..config.clone() };
    let error = connect(&wrong, &[]).await.unwrap_err();
    assert!(error.is_of_credentials(), "{error}");
    let superuser = cluster().root();
    let ask_for = |sql: String| ask_of(superuser.clone(), sql);
    ask_for("create role turning login password 'first'".to_owned()).await;
    let turning = cluster().tcp("turning", "first");
    assert_eq!(signed_in_as(&turning).await, "turning");
    ask_for("alter role turning password 'second'".to_owned()).await;
    let error = connect(&turning, &[]).await.unwrap_err();
    assert!(error.is_of_credentials(), "what is remembered is no way in: {error}");
    let again = UpstreamConfig { password: password("second"), ..turning };
    assert_eq!(signed_in_as(&again).await, "turning");
}

async fn ask_of(config: UpstreamConfig, sql: String) {
    ask(connect(&config, &[]).await.unwrap(), &sql).await.unwrap();
}

#[tokio::test]
async fn every_other_way_of_sign_in() {
    let cluster = cluster();
    assert_eq!(signed_in_as(&cluster.tcp("md5_role", "md5 word")).await, "md5_role");
    assert_eq!(signed_in_as(&cluster.tcp("clear_role", "clear word")).await, "clear_role");
    let mut trust = cluster.tcp("trust_role", "");
    trust.password = None;
    assert_eq!(signed_in_as(&trust).await, "trust_role");
    let folder = cluster.postgres.socket_folder().to_owned();
    let mut socket =
        UpstreamConfig::new(Host::Unix(folder), cluster.postgres.port(), "tls_role", "postgres");
    // TLS is for networks; PostgreSQL does not offer it on a Unix socket.
    socket.tls = Cluster::tls(Mode::Require, None);
    assert_eq!(signed_in_as(&socket).await, "tls_role");
}

#[tokio::test]
async fn tls_with_channel_binding() {
    let cluster = cluster();
    let ca = cluster.postgres.authority();
    let encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for (mode, ca) in
        [(Mode::Require, None), (Mode::Require, Some(&*ca)), (Mode::VerifyFull, Some(&*ca))]
    {
        let mut config = cluster.tcp("tls_role", "tls word");
        config.tls = Cluster::tls(mode, ca);
        let upstream = connect(&config, &[]).await.unwrap();
        assert!(upstream.stream.is_tls());
        assert_eq!(ask(upstream, encrypted).await.as_deref(), Ok("t"), "{mode:?}");
    }
    let plain = cluster.tcp("tls_role", "tls word");
    let error = connect(&plain, &[]).await.unwrap_err();
    assert_eq!(error.blame(), Blame::Internal, "the server demands TLS: {error}");
}

#[tokio::test]
async fn certificates_that_do_not_convince() {
    let cluster = cluster();
    let (right, wrong) = (cluster.postgres.authority(), cluster.other.certificate());
    let refused = async |host: &str, mode, ca: &Path| {
        let mut config = cluster.tcp("tls_role", "tls word");
        config.host = Host::Tcp(host.into());
        config.tls = Cluster::tls(mode, Some(ca));
        let error = connect(&config, &[]).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Tls(_)), "{error}");
        assert_eq!((error.blame(), error.sqlstate()), (Blame::Upstream, "08004"));
        assert!(!error.client_message().contains(host), "{}", error.client_message());
    };
    refused("127.0.0.1", Mode::VerifyFull, &wrong).await;
    refused("127.0.0.1", Mode::Require, &wrong).await;
    // The certificate is for 127.0.0.1 and localhost.
    refused("127.0.0.2", Mode::VerifyFull, &right).await;
}

#[tokio::test]
async fn client_certificate() {
    let cluster = cluster();
    let pair = cluster.other.sign("cert_role").unwrap();
    assert!(pair.certificate.starts_with(cluster.folder.path()));
    let ca = cluster.postgres.authority();
    let mut config = cluster.tcp("cert_role", "");
    config.password = None;
    let shown = Some((&*pair.certificate, &*pair.key));
    config.tls = Some(ClientTls::new(Mode::VerifyFull, Some(&ca), shown).unwrap());
    assert_eq!(signed_in_as(&config).await, "cert_role");
    config.tls = Cluster::tls(Mode::VerifyFull, Some(&ca));
    let error = connect(&config, &[]).await.unwrap_err();
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Internal, "08004"), "{error}");
}

#[tokio::test]
async fn what_the_server_refuses() {
    let cluster = cluster();
    let refusal = async |config: &UpstreamConfig| connect(config, &[]).await.unwrap_err();

    let error = refusal(&cluster.tcp("tls_admin", "wrong")).await;
    assert!(matches!(&error, UpstreamError::Server(e) if e.sqlstate == "28P01"), "{error}");
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Internal, "08004"));
    assert_eq!(
        error.client_message(),
        "Weir could not sign in to the database; an operator must fix the credentials of this \
         upstream"
    );
    let mut none = cluster.root();
    none.password = None;
    assert!(matches!(refusal(&none).await, UpstreamError::NoPassword));

    let mut unknown = cluster.root();
    unknown.database = "nowhere".into();
    let error = refusal(&unknown).await;
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Upstream, "3D000"));
    assert_eq!(error.client_message(), "database \"nowhere\" does not exist");

    let error = refusal(&cluster.tcp("lonely", "one")).await;
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Upstream, "53300"));

    let setting = [("TimeZone".to_owned(), "Atlantis".to_owned())];
    let error = connect(&cluster.root(), &setting).await.unwrap_err();
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Client, "22023"));
    for name in RESERVED {
        let error = connect(&cluster.root(), &[(name.to_owned(), "x".to_owned())]).await;
        assert!(matches!(error, Err(UpstreamError::Reserved(_))), "{name}");
    }
}

#[tokio::test]
async fn cancel_ends_a_statement_and_only_with_the_key() {
    let cluster = cluster();
    for tls in [None, Cluster::tls(Mode::Require, None)] {
        let mut config = cluster.root();
        config.tls = tls;
        let upstream = connect(&config, &[]).await.unwrap();
        let (pid, key, peer) =
            (upstream.process_id, upstream.secret_key.clone(), upstream.stream.peer());
        let sleep = task::spawn(ask(upstream, "select pg_sleep(60)"));
        let mut wrong = key.clone();
        wrong[0] ^= 1;
        cancel(&config, peer, pid, &wrong).await.unwrap();
        assert!(!sleep.is_finished());
        // The statement may not have begun yet, and a cancel that comes too early is lost.
        while !sleep.is_finished() {
            cancel(&config, peer, pid, &key).await.unwrap();
        }
        let error = sleep.await.unwrap().unwrap_err();
        assert_eq!(error.sqlstate, "57014");
    }
    assert!(cancel(&cluster.root(), None, 1, &[]).await.is_ok(), "no key, nothing to cancel");
}

/// A server that says `script`, after the client's first packet, and then stays silent.
async fn liar(script: Vec<u8>) -> UpstreamConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    task::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 512];
        let _ = stream.read(&mut first).await;
        stream.write_all(&script).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let mut config = UpstreamConfig::new(Host::Tcp("127.0.0.1".into()), port, "u", "d");
    config.password = Some(Secret::from("p".to_owned()));
    config.connect_timeout = Duration::from_millis(200);
    config
}

fn script(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

#[tokio::test]
async fn servers_that_misbehave() {
    let fail = async |script| connect(&liar(script).await, &[]).await.unwrap_err();

    let error = fail(Vec::new()).await;
    assert!(matches!(error, UpstreamError::Slow(_)), "{error}");
    assert_eq!(error.sqlstate(), "08001");

    let error = fail(b"HTTP/1.1 400 Bad Request\r\n".to_vec()).await;
    assert!(matches!(error, UpstreamError::Wire(_)), "{error}");

    let error = fail(script(|out| encode::authentication_sasl_final(out, b"v=x"))).await;
    assert!(matches!(error, UpstreamError::Unexpected(_)), "{error}");

    // "You are in" instead of the proof that it knows the password.
    let error = fail(script(|out| {
        encode::authentication_sasl(out, &["SCRAM-SHA-256"]).unwrap();
        encode::authentication_ok(out);
    }))
    .await;
    assert!(matches!(error, UpstreamError::Unexpected(_)), "{error}");

    let error = fail(script(|out| {
        encode::authentication_sasl(out, &["SCRAM-SHA-256"]).unwrap();
        encode::authentication_sasl_continue(out, b"r=nonsense,s=QQ==,i=4096");
    }))
    .await;
    assert!(matches!(error, UpstreamError::Scram(_)), "{error}");

    let error = fail(vec![b'R', 0, 0, 0, 12, 0, 0, 0, 7, 1, 2, 3, 4]).await;
    assert!(matches!(error, UpstreamError::Method(_)), "{error}");
    assert_eq!(error.blame(), Blame::Internal);

    let endless = script(|out| {
        encode::authentication_ok(out);
        for _ in 0..=MAX_PARAMETER_STATUSES {
            encode::parameter_status(out, b"a", b"b").unwrap();
        }
    });
    assert!(matches!(fail(endless).await, UpstreamError::Unexpected(_)));

    let huge = script(|out| {
        out.push(b'E');
        out.extend(i32::MAX.to_be_bytes());
    });
    assert!(matches!(fail(huge).await, UpstreamError::Wire(_)));
}

#[tokio::test]
async fn tls_is_not_given_up() {
    for answer in [&b"N"[..], b"E\0\0\0\x08Mno\0\0", b"X"] {
        let mut config = liar(answer.to_vec()).await;
        config.tls = Cluster::tls(Mode::Require, None);
        let error = connect(&config, &[]).await.unwrap_err();
        assert!(matches!(error, UpstreamError::TlsRefused), "{error}");
    }
    // A yes with a forged AuthenticationOk right behind it, in clear.
    let mut config = liar([&b"S"[..], b"R\0\0\0\x08\0\0\0\0"].concat()).await;
    config.tls = Cluster::tls(Mode::Require, None);
    let error = connect(&config, &[]).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Tls(_)), "{error}");
}

#[tokio::test]
async fn nobody_there() {
    let port = testkit::free_port().unwrap();
    let config = UpstreamConfig::new(Host::Tcp("127.0.0.1".into()), port, "u", "d");
    let error = connect(&config, &[]).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Down(_)), "{error}");
    assert_eq!((error.blame(), error.sqlstate()), (Blame::Upstream, "08001"));
    assert_eq!(error.client_message(), "the database behind Weir is not reachable");
    let socket = UpstreamConfig::new(Host::Unix("/nonexistent".into()), port, "u", "d");
    assert!(matches!(connect(&socket, &[]).await, Err(UpstreamError::Down(_))));
}
