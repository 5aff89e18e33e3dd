//! Guessing costs time; nobody can lock out somebody else; memory is bounded. No sleeps.

use super::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn address(number: u32) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::from_bits(0x0a00_0000 + number))
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Fails until a wait is asked for; returns how many failures were free.
fn fail_until_waiting(
    attempts: &mut Attempts,
    from: impl Fn(u32) -> (IpAddr, String),
    now: Instant,
) -> u32 {
    for number in 0..1000 {
        let (address, name) = from(number);
        if attempts.check(address, &name, now).is_err() {
            return number;
        }
        attempts.failed(address, &name, now);
    }
    panic!("never told to wait")
}

#[test]
fn guessing_at_one_name_from_everywhere_costs_time() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    let tries = fail_until_waiting(&mut attempts, |n| (address(n), "alice".to_owned()), now);
    assert_eq!(tries, 6, "five are free, the sixth is counted and costs");
    assert!(attempts.check(address(500), "alice", now).is_err());
    assert!(attempts.check(address(500), "bob", now).is_ok());
}

#[test]
fn guessing_at_many_names_from_one_address_costs_time_on_loopback_too() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    let tries = fail_until_waiting(&mut attempts, |n| (HERE, format!("name{n}")), now);
    assert_eq!(tries, 21);
    assert!(attempts.check(HERE, "somebody-else", now).is_err());
    assert!(attempts.check(address(1), "somebody-else", now).is_ok());
}

#[test]
fn waits_double_up_to_a_limit_and_end() {
    let mut now = Instant::now();
    let mut attempts = Attempts::default();
    for _ in 0..5 {
        attempts.failed(address(1), "alice", now);
        assert!(attempts.check(address(1), "alice", now).is_ok());
    }
    for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        attempts.failed(address(2), "alice", now);
        let wait = attempts.check(address(1), "alice", now).unwrap_err();
        assert_eq!(wait.retry_after, seconds(expected));
        let almost = now + seconds(expected) - Duration::from_millis(1);
        assert!(attempts.check(address(1), "alice", almost).is_err());
        now += seconds(expected);
        assert!(attempts.check(address(1), "alice", now).is_ok());
    }
    for _ in 0..200 {
        attempts.failed(address(1), "alice", now);
    }
    let wait = attempts.check(address(1), "alice", now).unwrap_err();
    assert_eq!(wait.retry_after, Thresholds::default().delay_longest);
}

#[test]
fn the_window_slides() {
    let start = Instant::now();
    let mut attempts = Attempts::default();
    for _ in 0..5 {
        attempts.failed(address(1), "alice", start);
    }
    // Two windows later the old ones no longer count, and five are free again.
    let later = start + seconds(1200);
    for _ in 0..5 {
        attempts.failed(address(1), "alice", later);
        assert!(attempts.check(address(1), "alice", later).is_ok());
    }
    attempts.failed(address(1), "alice", later);
    assert!(attempts.check(address(1), "alice", later).is_err());
}

#[test]
fn refused_tries_do_not_lengthen_the_wait() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    fail_until_waiting(&mut attempts, |n| (address(n), "alice".to_owned()), now);
    let before = attempts.check(address(1), "alice", now).unwrap_err();
    for _ in 0..100 {
        assert_eq!(attempts.check(address(1), "alice", now).unwrap_err(), before);
    }
}

#[test]
fn success_clears_the_name_and_not_the_address() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    for round in 0..4 {
        for _ in 0..5 {
            attempts.failed(HERE, "alice", now);
            assert!(attempts.check(HERE, "alice", now).is_ok(), "round {round}");
        }
        attempts.succeeded(HERE, "alice", now);
    }
    // Twenty failures from here are counted by now: one's own account does not wash them away.
    attempts.failed(HERE, "bob", now);
    assert!(attempts.check(HERE, "carol", now).is_err());
}

#[test]
fn nobody_can_lock_out_somebody_who_signed_in_from_there_before() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    attempts.succeeded(address(1), "alice", now);
    for number in 0..300 {
        attempts.failed(address(2 + number), "alice", now);
    }
    assert!(attempts.check(address(7), "alice", now).is_err());
    assert!(attempts.check(address(1), "alice", now).is_ok());
    // From there she has a count of her own.
    let tries = fail_until_waiting(&mut attempts, |_| (address(1), "alice".to_owned()), now);
    assert_eq!(tries, 6);
}

#[test]
fn one_ipv6_network_is_one_address() {
    let now = Instant::now();
    let mut attempts = Attempts::default();
    let from = |n: u32| -> (IpAddr, String) {
        let address = format!("2001:db8::{n:x}").parse().unwrap();
        (address, format!("name{n}"))
    };
    assert_eq!(fail_until_waiting(&mut attempts, from, now), 21);
    let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
    assert_eq!(network(mapped), HERE);
}

#[test]
fn memory_is_bounded_and_keeps_the_worst() {
    let now = Instant::now();
    let thresholds = Thresholds { remembered: 100, ..Thresholds::default() };
    let mut attempts = Attempts::new(thresholds);
    fail_until_waiting(&mut attempts, |_| (address(0), "alice".to_owned()), now);
    for number in 1..10_000 {
        attempts.failed(address(number), &format!("name{number}"), now);
        assert!(attempts.remembered() <= 300);
    }
    assert!(attempts.check(address(0), "alice", now).is_err(), "a flood washes nothing away");
}

#[test]
fn a_clock_that_stands_or_steps_back_does_no_harm() {
    let now = Instant::now() + seconds(10_000);
    let mut attempts = Attempts::default();
    for _ in 0..6 {
        attempts.failed(address(1), "alice", now);
    }
    attempts.failed(address(1), "alice", now - seconds(5_000));
    assert!(attempts.check(address(1), "alice", now - seconds(5_000)).is_err());
}
