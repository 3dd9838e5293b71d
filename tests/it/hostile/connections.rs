//! Connections beyond the limit wait for one to end, and nobody who has one notices.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use kartwheel::run::State;
use kartwheel::web::Closing;

use super::{RULE, address, serving, serving_on, signed};
use crate::world::World;

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
    close.send_replace(Closing::Now);
    server.join_all().await;
}

/// Where the socket outlives the process: nobody is cut off who is in, and nobody is let in whom the next process will let in.
#[tokio::test]
async fn whoever_is_in_is_answered_once_more_and_told_that_it_was_the_last_time() {
    let router = axum::Router::new().route("/", axum::routing::get(async || "here"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let ours = TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    let (to, server, close) = serving_on(ours, router, 8);
    let mut kept = TcpStream::connect(&to).await.unwrap();
    assert!(!ask(&mut kept).await.contains("connection: close"));

    close.send_replace(Closing::Last);
    let last = ask(&mut kept).await;
    assert!(last.contains("connection: close"), "{last}");
    assert_eq!(kept.read(&mut [0; 16]).await.unwrap(), 0, "it is closed");
    server.join_all().await;

    let mut waits = TcpStream::connect(&to).await.unwrap();
    waits.write_all(REQUEST).await.unwrap();
    let next = TcpListener::from_std(listener).unwrap();
    let (_, server, close) = serving_on(next, axum::Router::new(), 8);
    let mut answer = [0; 12];
    waits.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404", "the next one answers");
    close.send_replace(Closing::Now);
    server.join_all().await;
}

/// What is refused whatever it holds: the first line of the request, and the status.
const REFUSED: [(&str, &str); 5] = [
    ("POST /hooks/nobody", "404"),
    ("PUT /hooks/shop", "405"),
    ("POST /hooks/%ff", "400"),
    ("POST /nowhere", "404"),
    ("POST /healthz", "405"),
];

/// A proxy sends the deliveries of all senders over the connections that it keeps.
#[tokio::test]
async fn a_delivery_is_taken_on_the_connection_on_which_another_was_refused() {
    let world = World::with(RULE).await;
    for (at, (line, status)) in REFUSED.into_iter().enumerate() {
        let mut stream = TcpStream::connect(address(&world)).await.unwrap();
        let refused = format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 30004\r\n\r\nab");
        stream.write_all(refused.as_bytes()).await.unwrap();
        let body = format!(r#"{{"id":"{at}","type":"order","email":"ada@example.com"}}"#);
        let (name, proof) = signed(&world, body.as_bytes());
        let taken = format!(
            "cdPOST /hooks/shop HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n{name}: {proof}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        tokio::task::yield_now().await;
        stream.write_all(&[b'x'; 30_000]).await.unwrap();
        stream.write_all(taken.as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        let statuses: Vec<_> = answers
            .split("HTTP/1.1 ")
            .skip(1)
            .map(|one| &one[..3])
            .collect();
        assert_eq!(statuses, [status, "200"], "{line}: {answers}");
    }
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_connection_on_which_much_was_left_unread_says_that_it_ends() {
    let world = World::with(RULE).await;
    let webhooks = address(&world);
    let console = world.app().console_address.to_string();
    let all = REFUSED
        .into_iter()
        .map(|(line, status)| (&webhooks, line, status));
    let of_console = [
        (&console, "POST /nowhere", "404"),
        (&console, "POST /api/pause", "40"),
    ];
    for (to, line, status) in all.chain(of_console) {
        let mut stream = TcpStream::connect(to).await.unwrap();
        let head = format!("{line} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // As much as is thrown away, and a little more.
        stream.write_all(&[b'x'; 70_000]).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let start = format!("HTTP/1.1 {status}");
        assert!(answer.starts_with(&start), "{line}: {answer}");
        assert!(answer.contains("connection: close"), "{line}: {answer}");
    }
    world.end(&[]).await;
}
