//! What strangers send: slow, huge, broken, twice, compressed, and much of it. Each gets its status, nobody else notices, and
//! nothing grows.

mod connections;
mod garbage;
mod proxies;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kartwheel::clock::Clock;
use kartwheel::outside::Outside;
use kartwheel::run::State;
use kartwheel::web::{
    self, CONNECTIONS_MAX, HEAD_BYTES_MAX, HEADERS_MAX, Hooks, ROOM_BYTES_MAX, Room, Tally,
};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::world::{World, load};

const RULE: &str = "
id: seen
trigger: { webhook: shop }
actions:
  - stop: seen
";
const JSON: (&str, &str) = ("content-type", "application/json");

/// Writes these bytes and reads what comes back until the other end closes.
async fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is refused early may be cut off before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn address(world: &World) -> String {
    world.url().trim_start_matches("http://").to_owned()
}

/// What was refused of the shop, by reason.
async fn refused(world: &World) -> BTreeMap<String, u64> {
    world.app().write_tally().await;
    let sums = world.reader().refusal_sums(world.clock_start()).await;
    let sums = sums.unwrap().into_iter();
    sums.map(|sum| (format!("{} {}", sum.source, sum.word), sum.count))
        .collect()
}

/// The header with the shop's signature over this body.
fn signed(world: &World, body: &[u8]) -> (String, String) {
    let config = load(world.dir.path()).config.unwrap();
    config.sources["shop"]
        .sign(body, world.clock.now())
        .headers
        .remove(0)
}

#[tokio::test]
async fn a_head_that_is_huge_or_broken_costs_its_own_connection_only() {
    let world = World::with(RULE).await;
    let to = address(&world);
    let head = |more: &str| {
        format!(
            "POST /hooks/shop HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n{more}\r\n"
        )
    };
    let huge = "a".repeat(HEAD_BYTES_MAX);
    let many: String = (0..=HEADERS_MAX)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    for (what, bytes, status) in [
        ("a huge header", head(&format!("x-a: {huge}\r\n")), "431"),
        ("many headers", head(&many), "431"),
        (
            "a huge path",
            format!("GET /hooks/{huge} HTTP/1.1\r\n\r\n"),
            "414",
        ),
        ("no HTTP", "\x16\x03\x01\x02\r\n\r\n".to_owned(), "400"),
        ("a header without a name", head(": 1\r\n"), "400"),
        ("two lengths", head("content-length: 5\r\n"), "400"),
        ("a plain one", head(""), "401"),
    ] {
        let answer = exchange(&to, bytes.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{what}: {answer}"
        );
    }
    world.order("1", "ada@example.com").await.event();
    world.end(&[State::Done]).await;
}

/// On a clock that runs when nobody has anything to do.
#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_to_an_end_is_waited_for_in_vain_and_not_for_long() {
    let (to, server, close) = serving(axum::Router::new(), CONNECTIONS_MAX).await;
    for start in ["", "POST /hooks/shop HTTP/1.1\r\nx: "] {
        assert_eq!(exchange(&to, start.as_bytes()).await, "", "`{start}`");
    }
    close.send_replace(web::Closing::Now);
    server.join_all().await;
}

/// A listener of its own with so many connections at most: where it is, its task, and what ends it.
async fn serving(
    router: axum::Router,
    connections_max: usize,
) -> (String, JoinSet<()>, watch::Sender<web::Closing>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serving_on(listener, router, connections_max)
}

fn serving_on(
    listener: TcpListener,
    router: axum::Router,
    connections_max: usize,
) -> (String, JoinSet<()>, watch::Sender<web::Closing>) {
    let to = listener.local_addr().unwrap().to_string();
    let (close, closed) = watch::channel(web::Closing::No);
    let mut server = JoinSet::new();
    server.spawn(web::serve(listener, router, connections_max, closed));
    (to, server, close)
}

/// A listener with these limits, beside the world's own.
async fn beside(
    world: &World,
    room: Room,
) -> (String, Arc<Hooks>, JoinSet<()>, watch::Sender<web::Closing>) {
    let hooks = Arc::new(Hooks {
        engine: OnceLock::from(world.app().engine().clone()),
        sources: load(world.dir.path()).config.unwrap().sources,
        env: serde_json::Map::new(),
        trusted_proxies: Vec::new(),
        clock: world.clock.clone(),
        places: Semaphore::new(8),
        room,
        outside: Outside::usual().unwrap(),
        tally: Tally::default(),
    });
    let (to, server, close) = serving(web::hooks(Arc::clone(&hooks)), CONNECTIONS_MAX).await;
    (to, hooks, server, close)
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let world = World::with(RULE).await;
    let room = Room::of(ROOM_BYTES_MAX, Duration::from_millis(20));
    let (to, hooks, server, close) = beside(&world, room).await;
    let half = b"POST /hooks/shop HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf";
    let answer = exchange(&to, half).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    hooks.tally.write(world.app().store()).await;
    assert_eq!(
        refused(&world).await,
        BTreeMap::from([("shop too_slow".to_owned(), 1)])
    );
    close.send_replace(web::Closing::Now);
    server.join_all().await;
    world.end(&[]).await;
}

/// Large bodies share a room; small ones need none of it.
#[tokio::test]
async fn large_bodies_that_find_no_room_come_again_and_small_ones_go_through() {
    let world = World::with(RULE).await;
    let room = Room::of(64 * 1024, Duration::from_secs(60));
    let (to, _, server, close) = beside(&world, room).await;
    let http = crate::world::client();
    let post = async |bytes: usize| {
        let body = format!("{{\"id\":\"{}\",\"type\":\"order\"}}", "1".repeat(bytes));
        let (name, value) = signed(&world, body.as_bytes());
        let request = http
            .post(format!("http://{to}/hooks/shop"))
            .header(name, value);
        let answer = request
            .header(JSON.0, JSON.1)
            .body(body)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.headers().contains_key("retry-after"),
        )
    };
    assert_eq!(post(300 * 1024).await, (503, true));
    assert_eq!(post(10).await, (200, false));
    assert_eq!(post(100 * 1024).await, (200, false));
    drop(http);
    close.send_replace(web::Closing::Now);
    server.join_all().await;
    world.end(&[State::Done]).await;
}

/// The answer waits for nothing that is written: somebody else holds the database meanwhile.
#[tokio::test]
async fn a_refusal_does_not_wait_for_the_disk() {
    let world = World::with(RULE).await;
    let options = SqliteConnectOptions::new().filename(world.dir.path().join("kartwheel.db"));
    let mut db = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut db)
        .await
        .unwrap();
    for _ in 0..3 {
        let answer = world.request("POST", "/hooks/shop", &[JSON], b"{}").await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(
        world.request("HEAD", "/hooks/shop", &[], b"").await.status,
        200
    );
    let sums = world
        .reader()
        .refusal_sums(world.clock_start())
        .await
        .unwrap();
    assert_eq!(sums, []);
    sqlx::raw_sql("ROLLBACK").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    assert_eq!(
        refused(&world).await,
        BTreeMap::from([("shop missing".to_owned(), 3)])
    );
    world.end(&[]).await;
}

/// What it is, its body, its headers, the status that it gets.
type Case<'c> = (&'c str, &'c [u8], &'c [(&'c str, &'c str)], u16);

#[tokio::test]
async fn bodies_that_cannot_be_read_have_their_status_and_are_counted() {
    let world = World::with(RULE).await;
    let deep = "[".repeat(100_000);
    let cases: [Case<'_>; 8] = [
        ("deep", deep.as_bytes(), &[JSON], 400),
        ("not UTF-8", b"{\"id\":\"\xff\"}", &[JSON], 400),
        ("XML", b"<a/>", &[("content-type", "text/xml")], 400),
        (
            "no parts",
            b"--x",
            &[("content-type", "multipart/form-data; boundary=b")],
            400,
        ),
        (
            "no boundary",
            b"--x",
            &[("content-type", "multipart/form-data")],
            400,
        ),
        (
            "compressed",
            b"\x1f\x8b\x08\x00",
            &[JSON, ("content-encoding", "gzip")],
            415,
        ),
        (
            "compressed twice",
            b"{}",
            &[JSON, ("content-encoding", "identity, br")],
            415,
        ),
        (
            "plain",
            b"{\"id\":\"1\"}",
            &[
                ("content-type", "image/png"),
                ("content-encoding", "identity"),
            ],
            200,
        ),
    ];
    for (what, body, headers, status) in cases {
        let (name, value) = signed(&world, body);
        let mut all = vec![(name.as_str(), value.as_str())];
        all.extend(headers);
        let answer = world.request("POST", "/hooks/shop", &all, body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        assert!(
            !answer.body.to_string().contains("gzip"),
            "{what}: {}",
            answer.body
        );
    }
    let counts = refused(&world).await;
    assert_eq!(
        counts,
        BTreeMap::from([("shop body".to_owned(), 5), ("shop encoding".to_owned(), 2)])
    );
    world.end(&[State::Done]).await;
}

#[tokio::test]
async fn a_signature_is_looked_for_once_and_in_so_many_places_only() {
    let settings = "  kit: { preset: kit, secret: env:SHOP_SECRET }\n";
    let world = World::with_settings(RULE, settings).await;
    let body = json!({"id": "1", "type": "order", "email": "ada@example.com"}).to_string();
    let (name, right) = signed(&world, body.as_bytes());
    let wrong = "0".repeat(64);
    let post = async |headers: &[(&str, &str)]| {
        let mut all = vec![JSON];
        all.extend(headers);
        world
            .request("POST", "/hooks/shop", &all, body.as_bytes())
            .await
            .status
    };
    assert_eq!(post(&[(&name, &wrong), (&name, &right)]).await, 401);
    assert_eq!(post(&[(&name, &right), (&name, &wrong)]).await, 401);
    assert_eq!(post(&[(&name, &right), (&name, &right)]).await, 200);

    let batch = json!({"events": [{"id": "7", "type": "subscriber.created"}]}).to_string();
    let config = load(world.dir.path()).config.unwrap();
    let signed = config.sources["kit"].sign(batch.as_bytes(), world.clock.now());
    let (name, value) = signed.headers[0].clone();
    let (time, right) = value.split_once(',').unwrap();
    let post = async |before: usize| {
        let flood = format!("v1={wrong},").repeat(before);
        let value = format!("{time},{flood}{right}");
        world
            .request(
                "POST",
                "/hooks/kit",
                &[JSON, (&name, &value)],
                batch.as_bytes(),
            )
            .await
            .status
    };
    assert_eq!(post(10).await, 200);
    assert_eq!(post(15).await, 401);
    assert_eq!(post(800).await, 401);
    world.end(&[State::Done]).await;
}
