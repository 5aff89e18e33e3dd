//! Limits on those who wait, and the loop that goes on.

use super::*;
use std::net::IpAddr;
use tokio::{io::AsyncReadExt, sync::oneshot};

fn limits(total: usize, per_address: usize) -> Limits {
    Limits { pending_total: total, pending_per_address: per_address }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn places_are_limited_per_address_and_in_all_and_given_back() {
    let crowd = Crowd::new(limits(3, 2));
    let one = crowd.admit(address("10.0.0.1")).unwrap();
    let _two = crowd.admit(address("10.0.0.1")).unwrap();
    assert_eq!(crowd.admit(address("10.0.0.1")).unwrap_err(), Crowded::Address);
    let _three = crowd.admit(address("10.0.0.2")).unwrap();
    assert_eq!(crowd.admit(address("10.0.0.3")).unwrap_err(), Crowded::Total);
    assert_eq!((crowd.pending(), crowd.turned_away()), (3, 2));
    drop(one);
    assert!(crowd.admit(address("10.0.0.1")).is_ok());
}

#[test]
fn what_happens_in_bursts_is_said_once() {
    let seldom = Seldom::default();
    assert!(seldom.now() && (0..1_000).all(|_| !seldom.now()));
}

#[test]
fn an_ipv6_network_and_a_mapped_address_count_as_one() {
    let crowd = Crowd::new(limits(10, 1));
    let _one = crowd.admit(address("2001:db8::1")).unwrap();
    assert_eq!(crowd.admit(address("2001:db8::2")).unwrap_err(), Crowded::Address);
    assert!(crowd.admit(address("2001:db8:0:1::1")).is_ok());
    let _mapped = crowd.admit(address("::ffff:10.0.0.1")).unwrap();
    assert_eq!(crowd.admit(address("10.0.0.1")).unwrap_err(), Crowded::Address);
}

#[tokio::test]
async fn silent_clients_block_nobody_and_those_over_the_limit_are_closed() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), limits(2, 2)).await.unwrap();
    let (at, crowd) = (listener.address(), listener.crowd().clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let (seen, mut order) = tokio::sync::mpsc::unbounded_channel();
    let serving = tokio::spawn(listener.serve(
        async move {
            let _told = stopped.await;
        },
        Duration::from_millis(50),
        move |Accepted { mut stream, peer, pending }| {
            let seen = seen.clone();
            async move {
                seen.send(peer).unwrap();
                let _ended = stream.read(&mut [0; 1]).await;
                drop(pending);
            }
        },
    ));
    let silent = TcpStream::connect(at).await.unwrap();
    assert_eq!(order.recv().await.unwrap(), silent.local_addr().unwrap());
    let second = TcpStream::connect(at).await.unwrap();
    assert_eq!(order.recv().await.unwrap(), second.local_addr().unwrap());
    let mut third = TcpStream::connect(at).await.unwrap();
    assert_eq!(third.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed without a word");
    assert_eq!(crowd.turned_away(), 1);
    drop(second);
    // A fourth gets the place that the second left, as soon as its task has seen the end.
    while crowd.pending() > 1 {
        tokio::task::yield_now().await;
    }
    let fourth = TcpStream::connect(at).await.unwrap();
    assert_eq!(order.recv().await.unwrap(), fourth.local_addr().unwrap());
    stop.send(()).unwrap();
    assert_eq!(serving.await.unwrap(), 2, "two silent ones were ended after the grace");
    assert_eq!(crowd.pending(), 0);
    assert!(TcpStream::connect(at).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_session_that_panics_takes_nobody_with_it() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), limits(9, 9)).await.unwrap();
    let at = listener.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.serve(
        async move {
            let _told = stopped.await;
        },
        Duration::from_secs(5),
        |_accepted| async { panic!("a defect") },
    ));
    for _ in 0..3 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
    stop.send(()).unwrap();
    assert_eq!(serving.await.unwrap(), 0);
}
