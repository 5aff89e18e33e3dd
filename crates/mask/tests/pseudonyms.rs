//! A million pseudonyms: no two equal, each of its form, and turned back to its value.

mod kinds;

use std::sync::atomic::{AtomicUsize, Ordering};

/// Values of each of the ten kinds.
const VALUES: u64 = 100_000;
/// One in so many is turned back too. That no two are equal is seen of all.
const EVERY: u64 = 20;

#[test]
fn a_million_are_all_different_and_of_their_form() {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(kind) = kinds::KINDS.get(next.fetch_add(1, Ordering::Relaxed)) {
            kinds::check(kind, 0..VALUES, EVERY);
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(work);
        }
    });
}
