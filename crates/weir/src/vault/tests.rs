//! What is kept of what Vault gave, and the end of the program.

use super::*;
use config::{SecretSource, VaultAuth};

fn place() -> Place {
    let vault = Vault {
        address: "http://127.0.0.1:1".to_owned(),
        namespace: None,
        ca: None,
        auth: VaultAuth::Token(SecretSource::File("/nowhere".into())),
    };
    Place::new(&vault, "secret/data/shop").unwrap()
}

fn credentials(password: &str) -> Credentials {
    let password = Secret::from(password.to_owned());
    Credentials { user: Some("weir".to_owned()), password, lease: None }
}

#[tokio::test]
async fn what_is_fresh_outlives_the_refusal_of_what_was_before_it() {
    let place = place();
    let (old, fresh) = (credentials("old"), credentials("fresh"));
    // Several sessions began with the old one, and one of them has asked again already.
    place.inner.kept().standing = Some((Instant::now(), fresh.clone()));
    place.refused(&old);
    assert!(place.fetch().await.unwrap().are(&fresh));
    place.refused(&fresh);
    assert!(place.fetch().await.is_err(), "it is asked for anew, and nobody answers");
}

#[tokio::test]
async fn the_end_waits_for_what_is_on_its_way() {
    let under_way = lease::under_way();
    let closing = tokio::spawn(close());
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
    assert!(!closing.is_finished(), "a user that is being made would be left behind");
    drop(under_way);
    closing.await.unwrap();
}
