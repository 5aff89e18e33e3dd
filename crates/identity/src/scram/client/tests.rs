//! The client against the server's side of this crate, and servers that lie.

use super::*;
use crate::{Claim, Credential, Mechanism, ScramServer, ScramVerifier, Standing};
use model::{Identity, IdentityKind};
use std::time::SystemTime;

const END_POINT: &[u8] = b"0123456789abcdef0123456789abcdef";

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn claim(password: &str, iterations: u32) -> Claim {
    let iterations = NonZeroU32::new(iterations).unwrap();
    let verifier = ScramVerifier::from_password(&secret(password), b"a salt", iterations);
    let alice = Identity {
        name: "alice".into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
    };
    let lead = Arc::new(Credential::password(verifier));
    Claim { lead, others: Arc::default(), standing: Standing::Good(Arc::new(alice)) }
}

/// The whole exchange; what it took is remembered.
fn signs_in(
    claim: Claim,
    password: &str,
    (binding, mechanism, end_point): (Binding, Mechanism, Option<&[u8]>),
    keys: &RememberedKeys,
) -> Result<(), String> {
    let client = ScramClient::new(binding).unwrap();
    let server = ScramServer::new(mechanism, end_point.map(<[u8]>::to_vec), claim);
    let challenge = server.first(client.message().as_bytes()).map_err(|e| e.to_string())?;
    let salting = client.salting(&challenge.message).map_err(|e| e.to_string())?;
    let password = secret(password);
    let known = salting.remembered(&password, keys);
    let keys = known.unwrap_or_else(|| salting.work_out(&password, keys));
    let proven = salting.prove(&keys);
    let signed = challenge.last(proven.message.as_bytes(), SystemTime::UNIX_EPOCH);
    let signed = signed.map_err(|e| e.to_string())?;
    proven.check(&signed.message).map_err(|e| e.to_string())
}

const PLAIN: (Binding, Mechanism, Option<&[u8]>) = (Binding::Cannot, Mechanism::Scram, None);

#[test]
fn the_right_password_signs_in_with_and_without_channel_binding() {
    let keys = RememberedKeys::default();
    let bound = Binding::EndPoint(END_POINT.to_vec());
    for how in [
        PLAIN,
        (Binding::NotOffered, Mechanism::Scram, None),
        (bound, Mechanism::ScramPlus, Some(END_POINT)),
    ] {
        assert_eq!(signs_in(claim("wonder", 4096), "wonder", how, &keys), Ok(()));
    }
    assert_eq!(keys.made(), 1, "the rounds are done once");
    let elsewhere = Binding::EndPoint(b"another".to_vec());
    let how = (elsewhere, Mechanism::ScramPlus, Some(END_POINT));
    assert!(signs_in(claim("wonder", 4096), "wonder", how, &keys).is_err());
}

#[test]
fn what_is_remembered_is_of_one_password_salt_and_count() {
    let keys = RememberedKeys::default();
    let try_it = |known: &str, count, given: &str| {
        (signs_in(claim(known, count), given, PLAIN, &keys).is_ok(), keys.made())
    };
    assert_eq!(try_it("wonder", 2, "wonder"), (true, 1));
    assert_eq!(try_it("wonder", 2, "looking-glass"), (false, 2));
    assert_eq!(try_it("wonder", 2, "wonder"), (true, 2));
    assert_eq!(try_it("wonder", 3, "wonder"), (true, 3));
    assert_eq!(try_it("changed", 2, "wonder"), (false, 3), "the salt is the same");
    assert_eq!(try_it("changed", 2, "changed"), (true, 4));
}

#[test]
fn no_more_is_remembered_than_there_is_room_for() {
    let keys = RememberedKeys::default();
    for count in 1..=40 {
        assert_eq!(signs_in(claim("wonder", count), "wonder", PLAIN, &keys), Ok(()));
    }
    assert_eq!(keys.kept.lock().unwrap().all.len(), REMEMBERED);
    assert_eq!(signs_in(claim("wonder", 40), "wonder", PLAIN, &keys), Ok(()));
    assert_eq!(keys.made(), 40);
    assert_eq!(signs_in(claim("wonder", 1), "wonder", PLAIN, &keys), Ok(()));
    assert_eq!(keys.made(), 41, "the oldest went");
    let shown = format!("{keys:?} {:?}", keys.kept.lock().unwrap().all.front());
    assert!(shown.contains("***"), "{shown}");
}

#[test]
fn servers_that_lie_are_not_believed() {
    let client = || ScramClient::with_nonce(Binding::Cannot, "abc".to_owned());
    let refused = |first: &str| client().salting(first.as_bytes()).err().map(|fault| fault.0);
    let grammar = Some("its first message is not `r=…,s=…,i=…`");
    let nonce = Some("the nonce is not of this exchange");
    assert_eq!(refused("r=abcd,s=QQ==,i=4096"), None);
    assert_eq!(refused("r=abc,s=QQ==,i=4096"), nonce);
    assert_eq!(refused("r=xabcd,s=QQ==,i=4096"), nonce);
    for message in [
        "",
        "r=abcd,s=QQ==",
        "r=abcd,s=QQ==,i=0",
        "r=abcd,s=QQ==,i=-1",
        "r=abcd,s=QQ==,i=x",
        "r=abcd,s=QQ==,i=4096,x=y",
        "m=x,r=abcd,s=QQ==,i=4096",
        "r=ab\u{1}cd,s=QQ==,i=4096",
        "e=other-error",
    ] {
        assert_eq!(refused(message), grammar, "{message}");
    }
    assert!(refused("r=abcd,s=Q,i=4096").is_some());
    assert!(refused("r=abcd,s=QQ==,i=100000").is_none());
    assert!(refused("r=abcd,s=QQ==,i=100001").is_some());
    assert!(refused(&format!("r=abcd{},s=QQ==,i=1", "d".repeat(4096))).is_some());

    let proven = || {
        let salting = client().salting(b"r=abcd,s=QQ==,i=1").unwrap();
        let keys = salting.work_out(&secret("wonder"), &RememberedKeys::default());
        salting.prove(&keys)
    };
    for last in ["", "v=", "v=QQ==", "v=!", "e=invalid-proof", "ok"] {
        assert!(proven().check(last.as_bytes()).is_err(), "{last}");
    }
    let honest = format!("v={}", BASE64.encode(proven().signature));
    assert_eq!(proven().check(honest.as_bytes()), Ok(()));
    let mut other = proven().signature;
    other[31] ^= 1;
    assert!(proven().check(format!("v={}", BASE64.encode(other)).as_bytes()).is_err());
}
