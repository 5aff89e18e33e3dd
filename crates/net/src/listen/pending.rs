//! How many connections may be open without having signed in. Counts; opens and closes nothing.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Limits on connections that have not signed in yet. Signed-in ones are counted elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In all.
    pub pending_total: usize,
    /// From one address (IPv4), or from one /64 network (IPv6): whoever has one address of such a
    /// network usually has all of them.
    pub pending_per_address: usize,
}

impl Default for Limits {
    /// 2,000 in all, 500 from one address: a pool that opens a few hundred connections at once
    /// gets in, and one address alone cannot take every place.
    fn default() -> Self {
        Self { pending_total: 2_000, pending_per_address: 500 }
    }
}

/// Why a connection was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowded {
    /// `pending_total` is reached.
    Total,
    /// `pending_per_address` is reached.
    Address,
}

/// The count of all who have not signed in. Clones share it.
#[derive(Clone, Debug)]
pub struct Crowd {
    limits: Limits,
    counts: Arc<Mutex<Counts>>,
}

/// `total` is the sum of `per_address`, and no entry of it is zero.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    per_address: HashMap<IpAddr, usize>,
    turned_away: u64,
}

impl Crowd {
    /// Nobody there yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, counts: Arc::default() }
    }

    /// A place for one more from this address, if there is one.
    pub fn admit(&self, address: IpAddr) -> Result<Pending, Crowded> {
        let network = network(address);
        let mut counts = lock(&self.counts);
        let there = counts.per_address.get(&network).copied().unwrap_or(0);
        let crowded = if there >= self.limits.pending_per_address {
            Some(Crowded::Address)
        } else if counts.total >= self.limits.pending_total {
            Some(Crowded::Total)
        } else {
            None
        };
        if let Some(crowded) = crowded {
            counts.turned_away = counts.turned_away.saturating_add(1);
            return Err(crowded);
        }
        counts.total += 1;
        counts.per_address.insert(network, there + 1);
        drop(counts);
        Ok(Pending { network, counts: Arc::clone(&self.counts) })
    }

    /// How many there are now.
    pub fn pending(&self) -> usize {
        lock(&self.counts).total
    }

    /// How many were turned away since the start.
    pub fn turned_away(&self) -> u64 {
        lock(&self.counts).turned_away
    }
}

/// One place among those who have not signed in; given back on drop.
#[derive(Debug)]
pub struct Pending {
    network: IpAddr,
    counts: Arc<Mutex<Counts>>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        counts.total = counts.total.saturating_sub(1);
        if let Some(there) = counts.per_address.get_mut(&self.network) {
            *there = there.saturating_sub(1);
            if *there == 0 {
                counts.per_address.remove(&self.network);
            }
        }
    }
}

/// A panic elsewhere cannot leave the counts half changed, so a poisoned lock is still good.
fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one client can be counted by: its IPv4 address (mapped ones too), or its IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}
