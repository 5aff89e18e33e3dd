//! Sign-ins to the console. Whose a sign-in is, and how long it may last, stands in the store, and
//! is asked there with each request; here is when it was last used, and the word that its forms
//! carry. None outlives the process: whoever comes after a start signs in anew.

use identity::{IdentityError, Secret, token, token_hash};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The most sign-ins at once; one more ends the one that was unused for longest.
const MOST: usize = 4_096;

/// The most of one person; one more ends their own that was unused for longest.
const OF_ONE: usize = 16;

/// By what a sign-in is known: a hash of what its cookie holds.
pub(super) type Hash = [u8; 32];

/// All of them.
#[derive(Debug, Default)]
pub(super) struct SignIns(Mutex<HashMap<Hash, One>>);

#[derive(Debug)]
struct One {
    name: String,
    csrf: String,
    used: Instant,
}

/// What the cookie of a sign-in is known by. It differs from what a token of the API's is known by,
/// whatever a client may send as one: no header holds a line's end.
pub(super) fn hash(cookie: &str) -> Hash {
    token_hash(&Secret::from(format!("the console\n{cookie}")))
}

impl SignIns {
    /// What a new one's cookie holds.
    pub(super) fn cookie() -> Result<Secret, IdentityError> {
        token()
    }

    /// Keeps a new one.
    pub(super) fn begin(&self, hash: Hash, name: &str, now: Instant) -> Result<(), IdentityError> {
        let csrf = token()?.expose().to_owned();
        let mut all = self.lock();
        let theirs = all.values().filter(|one| one.name == name).count();
        if theirs >= OF_ONE {
            end_oldest(&mut all, |one| one.name == name);
        } else if all.len() >= MOST {
            end_oldest(&mut all, |_| true);
        }
        all.insert(hash, One { name: name.to_owned(), csrf, used: now });
        Ok(())
    }

    /// The word of its forms, if it was used not too long ago. That it is used now counts if
    /// `used`.
    pub(super) fn csrf(
        &self,
        hash: &Hash,
        idle: Duration,
        now: Instant,
        used: bool,
    ) -> Option<String> {
        let mut all = self.lock();
        let one = all.get_mut(hash)?;
        if now.saturating_duration_since(one.used) >= idle {
            all.remove(hash);
            return None;
        }
        if used {
            one.used = now;
        }
        Some(one.csrf.clone())
    }

    /// It is over.
    pub(super) fn end(&self, hash: &Hash) {
        self.lock().remove(hash);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, One>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the one that was unused for longest, of those that are meant.
fn end_oldest(all: &mut HashMap<Hash, One>, is_meant: impl Fn(&One) -> bool) {
    let meant = all.iter().filter(|(_, one)| is_meant(one));
    let oldest = meant.min_by_key(|(_, one)| one.used).map(|(hash, _)| *hash);
    oldest.and_then(|hash| all.remove(&hash));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_nobody_uses_is_over() {
        let (all, idle, begun) = (SignIns::default(), Duration::from_secs(60), Instant::now());
        let (one, other) = (hash("one"), hash("other"));
        all.begin(one, "alice", begun).unwrap();
        all.begin(other, "alice", begun).unwrap();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let word = all.csrf(&one, idle, at(59), true).unwrap();
        assert_ne!(Some(&word), all.csrf(&other, idle, at(59), false).as_ref());
        // A stream that stays open is no use of it.
        assert_eq!(all.csrf(&other, idle, at(60), true), None);
        assert_eq!(all.csrf(&one, idle, at(118), true), Some(word));
        assert_eq!(all.csrf(&one, idle, at(178), true), None);
        assert_eq!(all.csrf(&one, idle, at(118), true), None, "it does not come back");
    }

    #[test]
    fn there_is_an_end_to_them() {
        let (all, now) = (SignIns::default(), Instant::now());
        for count in 0..MOST + 10 {
            let at = now + Duration::from_millis(count as u64);
            let name = (count / OF_ONE).to_string();
            all.begin(hash(&count.to_string()), &name, at).unwrap();
        }
        assert_eq!(all.lock().len(), MOST);
        assert!(!all.lock().contains_key(&hash("0")));
    }

    #[test]
    fn no_bearer_is_a_cookie() {
        let secret = Secret::from("abc".to_owned());
        assert_ne!(hash("abc"), token_hash(&secret));
    }
    #[test]
    fn who_signs_in_too_often_ends_their_own() {
        let (all, now, idle) = (SignIns::default(), Instant::now(), Duration::from_secs(60));
        let alice = hash("alice");
        all.begin(alice, "alice", now).unwrap();
        for count in 0..OF_ONE + 1 {
            let at = now + Duration::from_millis(count as u64 + 1);
            all.begin(hash(&count.to_string()), "mallory", at).unwrap();
        }
        assert_eq!(all.lock().len(), OF_ONE + 1);
        assert!(all.csrf(&alice, idle, now, false).is_some());
        assert!(all.csrf(&hash("0"), idle, now, false).is_none(), "the oldest of theirs");
    }
}
