//! How often one may guess. Counts failures per address and per name; has no clock of its own and
//! does not care whether a name exists.
//!
//! A sign-in asks [`Attempts::check`] before the exchange and again right before its proof is
//! looked at: exchanges that run at the same time then cannot all guess before the first failure
//! is counted.
//!
//! Somebody who guesses alice's password from anywhere must not be able to lock alice out. So a
//! name that signed in from an address before is *familiar* there: from that address it has a
//! count of its own, which failures elsewhere do not touch.

mod table;

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};
use table::Table;

/// When guessing begins to cost time, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// How far back failures count.
    pub window: Duration,
    /// Failures from one address within the window that cost nothing.
    pub free_per_address: u32,
    /// Failures under one name within the window that cost nothing.
    pub free_per_identity: u32,
    /// The wait after the first failure beyond that; each further one doubles it.
    pub delay_first: Duration,
    /// The longest wait.
    pub delay_longest: Duration,
    /// How many addresses, and how many names, are remembered at most. Beyond that the ones with
    /// the fewest failures are forgotten first.
    pub remembered: usize,
}

impl Default for Thresholds {
    /// Five failures per name and twenty per address in ten minutes are free; then one second,
    /// doubling up to five minutes; 50,000 of each are remembered (about 5 MB in all).
    fn default() -> Self {
        Self {
            window: Duration::from_secs(600),
            free_per_address: 20,
            free_per_identity: 5,
            delay_first: Duration::from_secs(1),
            delay_longest: Duration::from_secs(300),
            remembered: 50_000,
        }
    }
}

impl Thresholds {
    /// The wait after so many failures, of which so many cost nothing.
    pub fn delay(&self, free: u32, failures: u32) -> Option<Duration> {
        let beyond = failures.checked_sub(free)?.checked_sub(1)?;
        let factor = 1_u32.checked_shl(beyond.min(30)).unwrap_or(u32::MAX);
        Some(self.delay_first.saturating_mul(factor).min(self.delay_longest))
    }
}

/// Too many failures: come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long until the next try is looked at.
    pub retry_after: Duration,
}

/// Failure counts, bounded in memory.
#[derive(Debug)]
pub struct Attempts {
    thresholds: Thresholds,
    hasher: RandomState,
    addresses: Table,
    names: Table,
    familiar: Table,
}

/// The counters that one try falls under.
struct Keys {
    address: u64,
    name: u64,
    pair: u64,
    /// Whether this name signed in from this address before.
    familiar: bool,
}

impl Attempts {
    /// No failures yet.
    pub fn new(thresholds: Thresholds) -> Self {
        let table = || Table::new(thresholds.remembered, thresholds.window);
        Self {
            thresholds,
            hasher: RandomState::new(),
            addresses: table(),
            names: table(),
            familiar: table(),
        }
    }

    /// Whether a try may be looked at now. Refused tries are not counted: they were not guesses.
    pub fn check(&self, address: IpAddr, name: &str, now: Instant) -> Result<(), Wait> {
        let keys = self.keys(address, name);
        let until = if keys.familiar {
            self.names.blocked_until(keys.pair)
        } else {
            self.addresses.blocked_until(keys.address).max(self.names.blocked_until(keys.name))
        };
        let left = until.map(|until| until.saturating_duration_since(now)).unwrap_or_default();
        if left.is_zero() { Ok(()) } else { Err(Wait { retry_after: left }) }
    }

    /// A wrong password or an unknown name.
    pub fn failed(&mut self, address: IpAddr, name: &str, now: Instant) {
        let keys = self.keys(address, name);
        let limits = self.thresholds;
        let delay = move |free: u32| move |failures: u32| limits.delay(free, failures);
        self.addresses.count(keys.address, now, delay(limits.free_per_address));
        let name_key = if keys.familiar { keys.pair } else { keys.name };
        self.names.count(name_key, now, delay(limits.free_per_identity));
    }

    /// The right password. The name's count starts again; the address's does not, or somebody
    /// with one account of his own could guess at all the others in between.
    pub fn succeeded(&mut self, address: IpAddr, name: &str, now: Instant) {
        let keys = self.keys(address, name);
        self.names.forget(if keys.familiar { keys.pair } else { keys.name });
        self.familiar.note(keys.pair, now);
    }

    /// How many counters are remembered, of all kinds.
    pub fn remembered(&self) -> usize {
        self.addresses.len() + self.names.len() + self.familiar.len()
    }

    fn keys(&self, address: IpAddr, name: &str) -> Keys {
        let network = network(address);
        let pair = self.hasher.hash_one((1_u8, network, name));
        Keys {
            address: self.hasher.hash_one((2_u8, network)),
            name: self.hasher.hash_one((3_u8, name)),
            pair,
            familiar: self.familiar.holds(pair),
        }
    }
}

impl Default for Attempts {
    fn default() -> Self {
        Self::new(Thresholds::default())
    }
}

/// What one guesser can be counted by: the IPv4 address (mapped ones too), or the IPv6 /64, since
/// whoever has one address of such a network usually has all of them.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests;
