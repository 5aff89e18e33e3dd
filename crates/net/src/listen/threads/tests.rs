//! Connections stay on the thread that they were given to until they are told to go elsewhere, and
//! end with whoever waits for them.

use super::*;
use crate::{
    Stream,
    listen::{Limits, Listener},
};
use std::{collections::BTreeMap, sync::Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Semaphore,
};

/// Who was served on which thread: before and after each of its waits.
type Seen = Arc<Mutex<BTreeMap<String, Vec<thread::ThreadId>>>>;

async fn echo(mut accepted: Accepted, seen: Seen) {
    let mut byte = [0; 1];
    while accepted.stream.read(&mut byte).await.unwrap_or(0) == 1 {
        let peer = accepted.peer.to_string();
        seen.lock().unwrap().entry(peer).or_default().push(thread::current().id());
        accepted.stream.write_all(&byte).await.unwrap();
    }
}

#[tokio::test]
async fn each_connection_stays_on_the_thread_that_had_fewest() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Limits::default()).await.unwrap();
    let threads = Arc::new(Threads::start(2, || {}).unwrap());
    let seen = Seen::default();
    let mut clients = Vec::new();
    let mut served = Vec::new();
    for _ in 0..6 {
        let mut client = TcpStream::connect(listener.address()).await.unwrap();
        let (accepted, threads, seen) =
            (listener.accept().await, Arc::clone(&threads), Arc::clone(&seen));
        served.push(tokio::spawn(async move {
            threads.run(accepted, move |accepted| echo(accepted, seen)).await;
        }));
        for _ in 0..3 {
            client.write_all(b"x").await.unwrap();
            client.read_exact(&mut [0; 1]).await.unwrap();
        }
        clients.push(client);
    }
    let own = thread::current().id();
    let mut each: BTreeMap<String, usize> = BTreeMap::new();
    for used in seen.lock().unwrap().values() {
        assert!(used.iter().all(|one| *one == used[0] && *one != own), "{used:?}");
        *each.entry(format!("{:?}", used[0])).or_default() += 1;
    }
    assert_eq!(each.values().copied().collect::<Vec<_>>(), [3, 3], "evenly");
    drop(clients);
    for one in served {
        one.await.unwrap();
    }
    assert!(threads.lanes.iter().all(|lane| lane.there.load(Ordering::Relaxed) == 0));
}

/// Answers each byte with the thread that it was read on.
async fn whereabouts(accepted: Accepted) {
    let (mut stream, mut seat) = (Stream::Tcp(accepted.stream), Seat::default());
    let mut byte = [0; 1];
    while stream.read(&mut byte).await.unwrap_or(0) == 1 {
        let name = thread::current().name().unwrap().to_owned();
        stream.write_all(&name.as_bytes()[name.len() - 1..]).await.unwrap();
        if let Some(elsewhere) = seat.rests() {
            elsewhere.go().await;
            stream.settle().unwrap();
        }
    }
}

#[tokio::test]
async fn those_that_have_something_to_do_come_together_and_part_again() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Limits::default()).await.unwrap();
    let threads = Arc::new(Threads::start(2, || {}).unwrap());
    let (mut clients, mut served) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        clients.push(TcpStream::connect(listener.address()).await.unwrap());
        let (accepted, threads) = (listener.accept().await, Arc::clone(&threads));
        served.push(tokio::spawn(async move { threads.run(accepted, whereabouts).await }));
    }
    let mut round = async || {
        let mut seen = Vec::new();
        for client in &mut clients {
            client.write_all(b"x").await.unwrap();
            let mut name = [0; 1];
            client.read_exact(&mut name).await.unwrap();
            seen.push(char::from(name[0]));
        }
        seen.sort_unstable();
        String::from_iter(seen)
    };
    assert_eq!(round().await, "000111");
    while round().await != "000000" {}
    // Two are told to go; once it is seen how little that is, they will come back.
    while round().await != "000011" {
        let there = threads.lanes[1].there.load(Ordering::Relaxed);
        let more = u32::try_from(2_usize.saturating_sub(there)).unwrap();
        threads.lanes[0].runtime.spawn(async move { share::tests::tell(1, more) }).await.unwrap();
    }
    drop(clients);
    for one in served {
        one.await.unwrap();
    }
    assert!(threads.lanes.iter().all(|lane| lane.there.load(Ordering::Relaxed) == 0));
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_ended() {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), Limits::default()).await.unwrap();
    let threads = Arc::new(Threads::start(1, || {}).unwrap());
    let begun = Arc::new(Semaphore::new(0));
    let serve = |accepted| {
        let (threads, begun) = (Arc::clone(&threads), Arc::clone(&begun));
        tokio::spawn(async move {
            let handle = move |accepted: Accepted| async move {
                begun.add_permits(1);
                std::future::pending::<()>().await;
                drop(accepted);
            };
            threads.run(accepted, handle).await;
        })
    };
    let mut first = TcpStream::connect(listener.address()).await.unwrap();
    let waiting = serve(listener.accept().await);
    begun.acquire().await.unwrap().forget();
    waiting.abort();
    assert_eq!(first.read(&mut [0; 1]).await.unwrap_or(0), 0, "its connection is closed");
    // With the threads goes what is left on them.
    let mut second = TcpStream::connect(listener.address()).await.unwrap();
    let left = serve(listener.accept().await);
    begun.acquire().await.unwrap().forget();
    let lanes = Arc::clone(&threads);
    left.abort();
    let _cancelled = left.await;
    drop(threads);
    drop(lanes);
    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
