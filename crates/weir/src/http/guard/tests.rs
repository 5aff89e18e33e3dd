//! Silent connections go away and make room.

use super::Guarded;
use axum::{Router, routing::get};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn silent_connections_make_room_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let guarded = Guarded::new(listener, 2, Duration::from_millis(200));
    let router = Router::new().route("/healthz", get(|| async { "ok" }));
    tokio::spawn(async move { axum::serve(guarded, router).await });
    // Both places are taken by connections that say nothing.
    let mut silent = TcpStream::connect(address).await.unwrap();
    let _other = TcpStream::connect(address).await.unwrap();
    let mut third = TcpStream::connect(address).await.unwrap();
    third
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(20), third.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.ends_with("ok"), "{answer}");
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0, "the silent one was closed");
}
