//! Keys stay and differ.

use super::SecretName;
use crate::Store;

#[tokio::test]
async fn a_key_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let other = Store::open(dir.path()).await.unwrap();
    let (one, two) =
        tokio::join!(store.secret(SecretName::Pseudonym), other.secret(SecretName::Pseudonym));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    assert_ne!(one.expose(), [0; 32]);
    assert_ne!(one, store.secret(SecretName::MockSignIn).await.unwrap());
    assert_eq!(format!("{one:?}"), "***");
}
