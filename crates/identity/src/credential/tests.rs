//! Several credentials of one identity: each signs in while it is good, and as itself.

use super::*;
use crate::{Directory, Entry, Mechanism, ScramServer, secret, token_hash};
use model::IdentityKind;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use std::time::Duration;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn text(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn identity(name: &str) -> Identity {
    let kind = IdentityKind::Person;
    Identity { name: name.into(), kind, groups: Vec::new(), acts_for: None }
}

/// A token, good from second 10 to second 20.
fn credential(id: &str, lead: &ScramVerifier, secret: &Secret) -> Credential {
    Credential {
        id: id.to_owned(),
        kind: CredentialKind::Token,
        verifier: lead.beside(secret),
        hash: Some(token_hash(secret)),
        not_before: at(10),
        expires: Some(at(20)),
        databases: Vec::new(),
        half: false,
        number: 0,
        acts_for: None,
        task: None,
        source: "test".to_owned(),
    }
}

fn entry(lead: ScramVerifier, credentials: Vec<Credential>) -> Entry {
    Entry::new(identity("alice"), lead, credentials)
}

/// A foreign client signs in; the server's signature must be right for it too.
fn sign_in(
    directory: &Directory,
    name: &str,
    secret: &Secret,
    now: SystemTime,
) -> Result<Admitted, IdentityError> {
    let mut client = ScramSha256::new(secret.expose().as_bytes(), ChannelBinding::unsupported());
    let server = ScramServer::new(Mechanism::Scram, None, directory.claim(name));
    let challenge = server.first(client.message())?;
    client.update(&challenge.message).unwrap();
    let signed = challenge.last(client.message(), now)?;
    client.finish(&signed.message).unwrap();
    Ok(signed.admitted)
}

#[test]
fn each_credential_signs_in_while_it_is_good_and_as_itself() {
    let directory = Directory::new([7; 32]);
    let lead = ScramVerifier::for_password(&text("wonder")).unwrap();
    let secrets: Vec<Secret> =
        (0..3).map(|_| Secret::generate(secret::DATABASE_TOKEN_PREFIX).unwrap()).collect();
    let named = secrets.iter().enumerate();
    let all = named.map(|(place, one)| credential(&format!("t-{place}"), &lead, one)).collect();
    directory.publish(vec![entry(lead, all)]);
    for (place, one) in secrets.iter().enumerate() {
        let admitted = sign_in(&directory, "alice", one, at(10)).unwrap();
        assert_eq!(admitted.credential.id, format!("t-{place}"));
        assert_eq!(directory.bearer(one, at(19)).unwrap().credential.id, format!("t-{place}"));
        for wrong in [at(9), at(20)] {
            assert!(sign_in(&directory, "alice", one, wrong).is_err());
            assert!(directory.bearer(one, wrong).is_err());
        }
        assert!(sign_in(&directory, "mallory", one, at(10)).is_err());
        assert!(directory.claim("alice").prove(one).is_err(), "a token is no password");
    }
    let admitted = sign_in(&directory, "alice", &text("wonder"), at(99)).unwrap();
    assert_eq!(admitted.credential.id, PASSWORD_ID);
    assert!(directory.bearer(&text("wonder"), at(10)).is_err(), "nobody bears a password");
}

#[test]
fn a_credential_of_another_salt_or_beyond_the_limit_is_none() {
    let directory = Directory::new([7; 32]);
    let lead = ScramVerifier::for_password(&text("wonder")).unwrap();
    let other = ScramVerifier::for_password(&text("wonder")).unwrap();
    let mut all = vec![credential("foreign", &other, &text("foreign"))];
    for place in 1..=MAX_CREDENTIALS {
        all.push(credential(&place.to_string(), &lead, &text(&place.to_string())));
    }
    directory.publish(vec![entry(lead, all)]);
    assert!(sign_in(&directory, "alice", &text("foreign"), at(10)).is_err());
    assert!(directory.bearer(&text("foreign"), at(10)).is_err());
    assert!(sign_in(&directory, "alice", &text("31"), at(10)).is_ok(), "the last place");
    assert!(sign_in(&directory, "alice", &text("32"), at(10)).is_err());
}

#[test]
fn what_was_signed_in_with_is_there_until_it_is_not() {
    let directory = Directory::new([7; 32]);
    let lead = ScramVerifier::for_password(&text("wonder")).unwrap();
    let token = credential("t-1", &lead, &text("one"));
    directory.publish(vec![entry(lead.clone(), vec![token.clone()])]);
    let password = sign_in(&directory, "alice", &text("wonder"), at(10)).unwrap().credential;
    let longer = Credential { expires: Some(at(30)), ..token.clone() };
    directory.publish(vec![entry(lead.clone(), vec![longer])]);
    assert_eq!(directory.still("alice", &token).unwrap().expires, Some(at(30)));
    assert!(directory.still("alice", &password).is_some());
    let again = Entry { passwords: 1, ..entry(lead.clone(), vec![token.clone()]) };
    directory.publish(vec![again]);
    assert!(directory.still("alice", &password).is_none(), "the same password, set again");
    assert!(directory.still("alice", &token).is_some(), "which is not a token's matter");
    let password = sign_in(&directory, "alice", &text("wonder"), at(10)).unwrap().credential;
    assert!(directory.still("alice", &password).is_some());
    let renewed = lead.beside(&text("looking-glass"));
    directory.publish(vec![entry(renewed, Vec::new())]);
    assert!(directory.still("alice", &token).is_none(), "revoked");
    assert!(directory.still("alice", &password).is_none(), "another password");
    assert!(directory.still("mallory", &password).is_none());
}

#[test]
fn uses_are_told_once() {
    let directory = Directory::new([7; 32]);
    let lead = ScramVerifier::for_password(&text("wonder")).unwrap();
    directory.used(&Credential::password(lead.clone()), None, at(1));
    directory.used(&credential("t-1", &lead, &text("one")), None, at(2));
    let from = "192.0.2.1".parse().ok();
    directory.used(&credential("t-1", &lead, &text("one")), from, at(3));
    let taken = directory.take_uses();
    assert_eq!(taken, [("t-1".to_owned(), at(3), from)]);
    assert!(directory.take_uses().is_empty());
    // They could not be written, and it was used again meanwhile, as was another one.
    directory.used(&credential("t-1", &lead, &text("one")), None, at(5));
    directory.put_back_uses(vec![taken[0].clone(), ("t-2".to_owned(), at(4), None)]);
    let mut all = directory.take_uses();
    all.sort();
    assert_eq!(all, [("t-1".to_owned(), at(5), None), ("t-2".to_owned(), at(4), None)]);
}
