//! RFC vectors, a foreign client (postgres-protocol's), and everything that must be refused.

use crate::{
    Bar, Claim, Credential, Directory, Entry, IdentityError, Mechanism, ScramServer, ScramVerifier,
    Secret, Standing,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use model::{Identity, IdentityKind};
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use std::{num::NonZeroU32, sync::Arc, time::SystemTime};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const END_POINT: &[u8] = b"0123456789abcdef0123456789abcdef";

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn alice() -> Identity {
    Identity {
        name: "alice".into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
    }
}

fn claim(verifier: ScramVerifier, standing: Standing) -> Claim {
    let lead = Arc::new(Credential::password(verifier));
    Claim { lead, others: Arc::default(), standing }
}

fn directory(enabled: bool) -> Directory {
    let directory = Directory::new([7; 32]);
    let verifier = ScramVerifier::for_password(&secret("wonder")).unwrap();
    directory.publish(vec![Entry { enabled, ..Entry::new(alice(), verifier, Vec::new()) }]);
    directory
}

/// The whole exchange between a foreign client and our server.
fn exchange(
    claim: Claim,
    password: &str,
    mechanism: Mechanism,
    client: ChannelBinding,
    server: Option<&[u8]>,
) -> Result<Arc<Identity>, IdentityError> {
    let mut client = ScramSha256::new(password.as_bytes(), client);
    let server = ScramServer::new(mechanism, server.map(<[u8]>::to_vec), claim);
    let challenge = server.first(client.message())?;
    client.update(&challenge.message).expect("the client understands the server's first message");
    let signed = challenge.last(client.message(), NOW)?;
    client.finish(&signed.message).expect("the client accepts the server's signature");
    Ok(signed.admitted.identity)
}

fn bound() -> ChannelBinding {
    ChannelBinding::tls_server_end_point(END_POINT.to_vec())
}

#[test]
fn rfc_7677_section_3() {
    let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let iterations = NonZeroU32::new(4096).unwrap();
    let verifier = ScramVerifier::from_password(&secret("pencil"), &salt, iterations);
    let credential = claim(verifier, Standing::Good(Arc::new(alice())));
    let challenge = ScramServer::new(Mechanism::Scram, None, credential)
        .first_with(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
        .unwrap();
    assert_eq!(
        std::str::from_utf8(&challenge.message).unwrap(),
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    );
    let signed = challenge
        .last(
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
              p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            NOW,
        )
        .unwrap();
    assert_eq!(signed.message, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

#[test]
fn the_right_password_signs_in_with_and_without_channel_binding() {
    let directory = directory(true);
    let credential = || directory.claim("alice");
    let unsupported = ChannelBinding::unsupported;
    for result in [
        exchange(credential(), "wonder", Mechanism::Scram, unsupported(), None),
        exchange(credential(), "wonder", Mechanism::Scram, unsupported(), Some(END_POINT)),
        exchange(credential(), "wonder", Mechanism::Scram, ChannelBinding::unrequested(), None),
        exchange(credential(), "wonder", Mechanism::ScramPlus, bound(), Some(END_POINT)),
    ] {
        assert_eq!(result.unwrap().name.as_str(), "alice");
    }
}

#[test]
fn wrong_passwords_and_unknown_names_fail_alike() {
    let directory = directory(true);
    for (name, password) in [("alice", "looking-glass"), ("mallory", "wonder"), ("alice", "")] {
        let credential = directory.claim(name);
        let result =
            exchange(credential, password, Mechanism::Scram, ChannelBinding::unsupported(), None);
        assert_eq!(result.unwrap_err(), IdentityError::WrongProof, "{name} {password}");
    }
}

#[test]
fn an_unknown_name_fails_even_with_a_proof_that_its_mock_accepts() {
    let verifier = ScramVerifier::for_password(&secret("wonder")).unwrap();
    let credential = claim(verifier, Standing::Unknown);
    let result =
        exchange(credential, "wonder", Mechanism::Scram, ChannelBinding::unsupported(), None);
    assert_eq!(result.unwrap_err(), IdentityError::WrongProof);
}

#[test]
fn a_barred_identity_learns_why_after_its_proof_only() {
    let directory = directory(false);
    let attempt = |password| {
        let credential = directory.claim("alice");
        let binding = ChannelBinding::unsupported();
        exchange(credential, password, Mechanism::Scram, binding, None).unwrap_err()
    };
    assert_eq!(attempt("wonder"), IdentityError::Barred(Bar::Disabled));
    assert_eq!(attempt("guess"), IdentityError::WrongProof);
}

#[test]
fn an_offer_taken_away_on_its_way_is_noticed() {
    let credential = directory(true).claim("alice");
    let result = exchange(
        credential,
        "wonder",
        Mechanism::Scram,
        ChannelBinding::unrequested(),
        Some(END_POINT),
    );
    assert_eq!(result.unwrap_err(), IdentityError::BindingDowngrade);
}

#[test]
fn another_end_point_is_noticed() {
    let credential = directory(true).claim("alice");
    let result =
        exchange(credential, "wonder", Mechanism::ScramPlus, bound(), Some(b"another end point"));
    assert_eq!(result.unwrap_err(), IdentityError::BindingMismatch);
}

#[test]
fn the_mechanism_and_the_message_must_agree() {
    let credential = || directory(true).claim("alice");
    for (mechanism, message) in [
        (Mechanism::ScramPlus, "n,,n=,r=abc"),
        (Mechanism::ScramPlus, "y,,n=,r=abc"),
        (Mechanism::Scram, "p=tls-server-end-point,,n=,r=abc"),
    ] {
        let server = ScramServer::new(mechanism, Some(END_POINT.to_vec()), credential());
        let error = server.first(message.as_bytes()).unwrap_err();
        assert!(matches!(error, IdentityError::Malformed(_)), "{message}: {error}");
    }
}

#[test]
fn malformed_first_messages_are_refused() {
    let directory = directory(true);
    let long = format!("n,,n=,r={}", "x".repeat(5000));
    for message in [
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=",
        "n,,r=abc",
        "n,,n=,r=",
        "n,,n=,x=abc",
        "q,,n=,r=abc",
        "n,,n=,r=a\u{7f}b",
        "p=,,n=,r=abc",
        "p=tls-unique,,n=,r=abc",
        "n,a=bob,n=,r=abc",
        "n,,m=ext,n=,r=abc",
        &long,
    ] {
        let server = ScramServer::new(Mechanism::Scram, None, directory.claim("alice"));
        let error = server.first(message.as_bytes()).unwrap_err();
        let refused = matches!(error, IdentityError::Malformed(_) | IdentityError::Unsupported(_));
        assert!(refused, "{message}: {error}");
    }
    let server = ScramServer::new(Mechanism::Scram, None, directory.claim("alice"));
    assert!(server.first(b"n,,n=\xff,r=abc").is_err());
}

#[test]
fn malformed_final_messages_are_refused() {
    let directory = directory(true);
    let proof = BASE64.encode([0; 32]);
    for (last, expected) in [
        (String::new(), "malformed"),
        ("c=biws,r=abcSERVER".to_owned(), "malformed"),
        (format!("c=biws,r=abc,p={proof}"), "malformed"),
        (format!("r=abcSERVER,c=biws,p={proof}"), "malformed"),
        ("c=biws,r=abcSERVER,p=AAAA".to_owned(), "malformed"),
        ("c=biws,r=abcSERVER,p=***".to_owned(), "malformed"),
        (format!("c=eSws,r=abcSERVER,p={proof}"), "channel binding"),
        (format!("c=biws,r=abcSERVER,p={proof}"), "wrong name or password"),
    ] {
        let server = ScramServer::new(Mechanism::Scram, None, directory.claim("alice"));
        let challenge = server.first_with(b"n,,n=,r=abc", "SERVER").unwrap();
        let error = challenge.last(last.as_bytes(), NOW).unwrap_err();
        assert!(error.to_string().contains(expected), "{last}: {error}");
    }
}

#[test]
fn plus_is_offered_and_accepted_over_a_named_end_point_only() {
    assert_eq!(Mechanism::offered(None), ["SCRAM-SHA-256"]);
    assert_eq!(Mechanism::offered(Some(END_POINT)), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    assert_eq!(Mechanism::chosen("SCRAM-SHA-256-PLUS", None), None);
    assert_eq!(Mechanism::chosen("SCRAM-SHA-1", Some(END_POINT)), None);
}

#[test]
fn a_verifier_survives_its_text() {
    let made = ScramVerifier::for_password(&secret("wonder")).unwrap();
    let read = ScramVerifier::parse(&made.to_text()).unwrap();
    assert_eq!(read.to_text(), made.to_text());
    let credential = claim(read, Standing::Good(Arc::new(alice())));
    let binding = ChannelBinding::unsupported();
    assert!(exchange(credential, "wonder", Mechanism::Scram, binding, None).is_ok());
}

#[test]
fn damaged_verifiers_are_refused() {
    let good = ScramVerifier::for_password(&secret("wonder")).unwrap().to_text();
    for bad in [
        "",
        "md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
        &good.replacen("4096", "0", 1),
        &good.replacen("4096", "99999999", 1),
        &good.replacen("SHA-256", "SHA-512", 1),
        good.strip_suffix('=').unwrap(),
    ] {
        assert_eq!(ScramVerifier::parse(bad).unwrap_err(), IdentityError::NotAVerifier, "{bad}");
    }
}

#[test]
fn saslprep_makes_equal_what_reads_equal() {
    let salt = [1; 16];
    let verifier = |text| {
        let iterations = NonZeroU32::new(1).unwrap();
        ScramVerifier::from_password(&secret(text), &salt, iterations).to_text()
    };
    // RFC 4013 section 3: the soft hyphen maps to nothing, the feminine ordinal to `a`.
    assert_eq!(verifier("I\u{ad}X"), verifier("IX"));
    assert_eq!(verifier("\u{aa}"), verifier("a"));
    assert_ne!(verifier("user"), verifier("USER"));
    // Prohibited, so taken as it is.
    assert_ne!(verifier("\u{7}"), verifier(""));
}

#[test]
fn mock_verifiers_are_stable_per_name_and_installation() {
    let mock = |secret: [u8; 32], name| ScramVerifier::mock(&secret, name).to_text();
    assert_eq!(mock([1; 32], "bob"), mock([1; 32], "bob"));
    assert_ne!(mock([1; 32], "bob"), mock([1; 32], "eve"));
    assert_ne!(mock([1; 32], "bob"), mock([2; 32], "bob"));
    let real = ScramVerifier::for_password(&secret("wonder")).unwrap();
    let made_up = ScramVerifier::mock(&[1; 32], "bob");
    assert_eq!(made_up.iterations, real.iterations);
    assert_eq!(made_up.salt.len(), real.salt.len());
}

#[test]
fn nothing_prints_a_secret() {
    let directory = directory(true);
    let verifier = ScramVerifier::for_password(&secret("wonder")).unwrap();
    let (_, keys) =
        verifier.to_text().rsplit_once('$').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let printed = format!("{verifier:?} {directory:?} {:?}", directory.claim("alice"));
    assert!(!printed.contains(&keys) && !printed.contains("[7, 7"), "{printed}");
}
