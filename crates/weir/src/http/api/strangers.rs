//! Refusals at doors that everybody may knock at: the record has the first of each address, and of
//! a flood how many there were. Knows no door.

use super::{Api, session::note_refused};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many of one address the record has within [`EVERY`].
const NOTED: u32 = 20;
/// After how long it has more of them, and how many there were since.
const EVERY: Duration = Duration::from_secs(5);
/// How many addresses are told apart.
const TOLD_APART: usize = 1_000;

/// What was refused a moment ago, by address.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<HashMap<IpAddr, Since>>);

#[derive(Debug)]
struct Since {
    begun: Instant,
    noted: u32,
    more: u64,
}

impl Strangers {
    /// Whether the record is to have another refusal of this address; and how many it does not
    /// have since the last.
    fn more(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(address);
        if all.len() >= TOLD_APART && !all.contains_key(&key) {
            all.retain(|_, since| now.duration_since(since.begun) < EVERY);
            if all.len() >= TOLD_APART {
                // All that come now are one.
                key = Ipv6Addr::UNSPECIFIED.into();
            }
        }
        let since = all.entry(key).or_insert(Since { begun: now, noted: 0, more: 0 });
        if now.duration_since(since.begun) >= EVERY {
            (since.begun, since.noted) = (now, 0);
        }
        if since.noted >= NOTED {
            since.more += 1;
            return None;
        }
        since.noted += 1;
        Some(std::mem::take(&mut since.more))
    }
}

/// What one stranger has: an address of IPv4, 64 bits of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four => four,
    }
}

/// Puts a refusal into the record, unless there are many.
pub(super) fn note_stranger(api: &Api, peer: SocketAddr, claimed: &str, reason: String) {
    match api.strangers.more(peer.ip(), Instant::now()) {
        None => {}
        Some(0) => note_refused(api, peer, claimed, reason),
        Some(more) => {
            note_refused(api, peer, claimed, format!("{reason}, and {more} more since the last"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EVERY, NOTED, Strangers, TOLD_APART};
    use std::{net::IpAddr, time::Instant};

    #[test]
    fn of_a_flood_the_record_has_a_few_and_the_number() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let address = |text: &str| -> IpAddr { text.parse().unwrap() };
        let flood = (0..1_000).filter_map(|_| strangers.more(address("192.0.2.7"), now));
        assert_eq!(flood.collect::<Vec<_>>(), [0; NOTED as usize]);
        assert_eq!(strangers.more(address("192.0.2.8"), now), Some(0), "another's is not hidden");
        let later = now + EVERY;
        assert_eq!(strangers.more(address("192.0.2.7"), later), Some(1_000 - u64::from(NOTED)));
        assert_eq!(strangers.more(address("192.0.2.7"), later), Some(0));
        // Whoever has many addresses is told apart from a few only.
        let many = (0..100_000_u32)
            .filter_map(|number| strangers.more(IpAddr::from(number.to_be_bytes()), later));
        assert!(many.count() <= TOLD_APART + NOTED as usize);
        let six =
            (0..100).filter_map(|n| strangers.more(address(&format!("2001:db8::{n}")), later));
        assert_eq!(six.count(), 0);
    }
}
