//! Places of which nobody may have all: so many at once, and of them so many for one identity.
//! Knows not what they are for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places.
pub(crate) struct Shares {
    all: Arc<Semaphore>,
    most: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// A place; given up on drop.
pub(crate) struct Share {
    shares: Arc<Shares>,
    name: String,
    _place: OwnedSemaphorePermit,
}

impl Shares {
    /// So many places, of which one identity has at most so many.
    pub(crate) fn new(all: usize, most: usize) -> Arc<Self> {
        Arc::new(Self { all: Arc::new(Semaphore::new(all)), most, taken: Mutex::default() })
    }

    /// A place for an identity; `None` if there is none left, for it or at all.
    pub(crate) fn take(self: &Arc<Self>, name: &str) -> Option<Share> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(name).is_some_and(|count| *count >= self.most) {
            return None;
        }
        let place = Arc::clone(&self.all).try_acquire_owned().ok()?;
        *taken.entry(name.to_owned()).or_default() += 1;
        Some(Share { shares: Arc::clone(self), name: name.to_owned(), _place: place })
    }
}

impl Share {
    /// Whose it is.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.name) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_all_and_what_is_given_up_is_there_again() {
        let shares = Shares::new(3, 2);
        let first = shares.take("alice").unwrap();
        let _second = shares.take("alice").unwrap();
        assert!(shares.take("alice").is_none(), "more than her share");
        let _third = shares.take("bob").unwrap();
        assert!(shares.take("carol").is_none(), "more than there are");
        assert_eq!(first.name(), "alice");
        drop(first);
        assert!(shares.take("carol").is_some());
        assert!(shares.take("alice").is_some());
        assert_eq!(shares.taken.lock().unwrap().len(), 2);
    }
}
