//! When keys are read, and who waits for it: towards a server that answers when the test says so.

use super::*;
use serde_json::json;
use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Semaphore,
};

/// A provider with one key, `k1`. It answers as many requests as it has permits, badly before it
/// is mended.
struct Served {
    provider: Provider,
    permits: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    good: Arc<AtomicUsize>,
}

async fn served() -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let (permits, asked, good) =
        (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
    let expected = Expected {
        issuer: issuer.clone(),
        audience: "weir".to_owned(),
        client: Some("weir".to_owned()),
        algorithms: Vec::new(),
        skew: Duration::ZERO,
        require: Vec::new(),
    };
    let provider = Provider::new(Web::new(None).unwrap(), expected);
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "k1", "x": "AA", "y": "AA" });
    let body = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/keys"), "keys": [key] });
    let state = (Arc::clone(&permits), Arc::clone(&asked), Arc::clone(&good));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (body, (permits, asked, good)) = (body.clone(), state.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                asked.fetch_add(1, Ordering::SeqCst);
                permits.acquire().await.unwrap().forget();
                let status = if good.load(Ordering::SeqCst) == 1 { 200 } else { 500 };
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    Served { provider, permits, asked, good }
}

impl Served {
    async fn keys(&self, id: &str, now: Instant) -> Result<Arc<JwkSet>, SsoError> {
        self.provider.keys(|set: &JwkSet| set.find(id).is_some(), now).await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn who_has_a_known_key_does_not_wait_for_a_strangers() {
    let served = served().await;
    let start = Instant::now();
    served.permits.add_permits(2);
    served.keys("k1", start).await.unwrap();
    let later = start + KEYS_APART * 2;
    let mut stranger = pin!(served.keys("nobodys", later));
    // It asks, and is not answered.
    while served.asked() < 3 {
        let pending = std::future::poll_fn(|context| {
            Poll::Ready(stranger.as_mut().poll(context).is_pending())
        });
        assert!(pending.await, "the stranger waits");
        tokio::task::yield_now().await;
    }
    let wait = Duration::from_secs(5);
    let known = tokio::time::timeout(wait, served.keys("k1", later)).await;
    assert!(known.expect("whoever has a known key goes on").is_ok());
    // Neither do they when the keys have become old.
    let old = start + KEYS_KEPT;
    let known = tokio::time::timeout(wait, served.keys("k1", old)).await;
    assert!(known.expect("whoever has a known key goes on").is_ok());
    served.permits.add_permits(2);
    assert!(stranger.await.unwrap().find("nobodys").is_none());
    assert_eq!(served.asked(), 4);
    served.keys("nobodys", later).await.unwrap();
    assert_eq!(served.asked(), 4, "not again so soon");
}

#[tokio::test]
async fn reads_are_limited_before_the_first_good_one() {
    let served = served().await;
    served.good.store(0, Ordering::SeqCst);
    served.permits.add_permits(100);
    let start = Instant::now();
    assert!(served.keys("k1", start).await.is_err());
    for _ in 0..5 {
        assert!(matches!(served.keys("k1", start).await, Err(SsoError::Unreachable(_))));
    }
    assert_eq!(served.asked(), 1);
    served.good.store(1, Ordering::SeqCst);
    let later = start + KEYS_APART * 10;
    assert!(served.keys("k1", later).await.unwrap().find("k1").is_some());
    let day = later + KEYS_BELIEVED;
    served.good.store(0, Ordering::SeqCst);
    assert!(served.keys("k1", day).await.is_err(), "nor are old ones believed for ever");
}
