//! Sign-ins of which one half is done: the password was right, and a passkey is to be the second
//! factor. Each is good for one try, for a moment. None outlives the process.

use super::kept::Hash;
use identity::{IdentityError, secret::random_key};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long somebody may take to use their key.
const PATIENCE: Duration = Duration::from_secs(120);
/// The most at once; one more ends the oldest.
const MOST: usize = 512;
/// The most of one person; one more ends their own oldest.
const OF_ONE: usize = 4;

/// All of them, by a hash of the word that their page carries.
#[derive(Default)]
pub(super) struct Halves(Mutex<HashMap<Hash, Half>>);

/// One.
pub(super) struct Half {
    /// Whose password it was.
    pub(super) name: String,
    /// What that was checked against.
    pub(super) verifier: store::Verifier,
    /// What a key has to sign.
    pub(super) challenge: [u8; 32],
    begun: Instant,
}

impl Half {
    /// Begun now.
    pub(super) fn new(
        name: &str,
        verifier: store::Verifier,
        now: Instant,
    ) -> Result<Self, IdentityError> {
        Ok(Self { name: name.to_owned(), verifier, challenge: random_key()?, begun: now })
    }
}

impl Halves {
    pub(super) fn begin(&self, hash: Hash, half: Half) {
        let mut all = self.lock();
        all.retain(|_, one| half.begun.saturating_duration_since(one.begun) < PATIENCE);
        let theirs = all.values().filter(|one| one.name == half.name).count();
        let full = theirs >= OF_ONE || all.len() >= MOST;
        let meant = |one: &Half| theirs < OF_ONE || one.name == half.name;
        let oldest = all.iter().filter(|(_, one)| meant(one)).min_by_key(|(_, one)| one.begun);
        if let Some(oldest) = oldest.map(|(hash, _)| *hash).filter(|_| full) {
            all.remove(&oldest);
        }
        all.insert(hash, half);
    }

    /// It is tried once.
    pub(super) fn take(&self, hash: &Hash, now: Instant) -> Option<Half> {
        let half = self.lock().remove(hash);
        half.filter(|half| now.saturating_duration_since(half.begun) < PATIENCE)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, Half>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half(name: &str, now: Instant) -> Half {
        Half::new(name, store::Verifier::from(String::from("v")), now).unwrap()
    }

    #[test]
    fn each_is_tried_once_and_not_too_late() {
        let (all, begun) = (Halves::default(), Instant::now());
        all.begin([1; 32], half("alice", begun));
        all.begin([2; 32], half("alice", begun));
        let one = all.take(&[1; 32], begun).unwrap();
        assert!(all.take(&[1; 32], begun).is_none(), "it was tried");
        assert!(all.take(&[2; 32], begun + PATIENCE).is_none(), "too late");
        assert_ne!(one.challenge, half("alice", begun).challenge);
    }

    #[test]
    fn nobody_crowds_others_out() {
        let (all, begun) = (Halves::default(), Instant::now());
        all.begin([255; 32], half("bob", begun));
        for number in 0..20 {
            all.begin([number; 32], half("alice", begun + Duration::from_secs(number.into())));
        }
        let later = begun + Duration::from_secs(20);
        let left = (0..20).filter(|number| all.take(&[*number; 32], later).is_some()).count();
        assert_eq!(left, OF_ONE);
        assert!(all.take(&[255; 32], later).is_some());
    }
}
