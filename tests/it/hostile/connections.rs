//! Connections beyond the limit wait for one to end, and nobody who has one notices.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::serving;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
/// More turns than a connection that is let in needs to be answered.
const TURNS: usize = 50;

/// Sends a request over a connection that stays open, and reads the answer to it.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"here") {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "closed");
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn connections_above_the_limit_wait_until_one_ends() {
    let router = axum::Router::new().route("/", axum::routing::get(async || "here"));
    let (to, server, close) = serving(router, 2).await;

    let mut first = TcpStream::connect(&to).await.unwrap();
    let mut second = TcpStream::connect(&to).await.unwrap();
    for stream in [&mut first, &mut second] {
        assert!(ask(stream).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = TcpStream::connect(&to).await.unwrap();
    third.write_all(REQUEST).await.unwrap();
    for _ in 0..TURNS {
        assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    }
    let early = third.try_read(&mut [0; 16]);
    let kind = early.map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::WouldBlock));

    drop(second);
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200"));
    close.send_replace(true);
    server.join_all().await;
}
