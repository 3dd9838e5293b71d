//! How fast deliveries become calls: a bare relay, and ours with event, intent and outcome on disk.
//!
//! Both make one call per delivery to the same sink, and a round ends when the sink has seen them all.
//! `cargo bench --bench end_to_end [-- --rounds N --requests N --connections N]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../load/mod.rs"]
mod load;

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use load::ours::Ours;
use load::report::{self, Subject};
use load::sink::Sink;
use load::{Settings, delivery, generator};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEFAULTS: Settings = Settings {
    rounds: 5,
    requests: 5_000,
    connections: 64,
};

/// One call for every delivery, as the relay makes it.
const RULE: &str = "
id: relays
trigger: { webhook: stripe, events: checkout.session.completed }
match: { $.body.data.object.payment_status: paid }
actions:
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
";

fn main() -> Result<()> {
    let settings = Settings::from_arguments(DEFAULTS);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut servers = JoinSet::new();
    let (sink, relay, ours) = runtime.block_on(async {
        let sink = Sink::start(&mut servers).await?;
        let relay = relay(sink.address, &mut servers).await?;
        let ours = Ours::start("end-to-end", sink.address, RULE).await?;
        anyhow::Ok((sink, relay, ours))
    })?;
    println!("end to end: {settings:?}");
    for bytes in [delivery::LARGE_BYTES, delivery::SMALL_BYTES] {
        let mut subjects = [
            (Subject::new("bare relay"), relay),
            (
                Subject::new("ours: event, intent and outcome on disk"),
                ours.address(),
            ),
        ];
        for round in 0..settings.rounds {
            // Every other round goes backwards, so that nobody always comes after the same neighbour.
            if round % 2 == 1 {
                subjects.reverse();
            }
            for (subject, address) in &mut subjects {
                let requests = delivery::requests(settings.requests, bytes);
                let wanted = sink.seen(0)? + requests.len();
                let mut round = generator::run(*address, requests, settings.connections)?;
                sink.seen(wanted)?;
                round.ended = Instant::now();
                subject.rounds.push(round);
                runtime.block_on(ours.rest())?;
            }
            if round % 2 == 1 {
                subjects.reverse();
            }
        }
        let subjects = subjects.map(|(subject, _)| subject);
        let title = format!("bodies of {bytes} bytes; calls made, times to the answer");
        println!("{}", report::lines(&title, &subjects));
    }
    runtime.block_on(ours.stop())
}

/// What the relay holds.
#[derive(Clone)]
struct Relay {
    client: reqwest::Client,
    url: String,
}

/// A handler that makes one call and then answers: nothing on disk, nothing verified, nothing retried.
async fn relay(sink: SocketAddr, servers: &mut JoinSet<()>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let state = Relay {
        client: reqwest::Client::builder().no_proxy().build()?,
        url: format!("http://{sink}/act"),
    };
    let router = axum::Router::new()
        .route(delivery::PATH, post(forward))
        .with_state(state);
    servers.spawn(async move {
        axum::serve(listener, router).await.ok();
    });
    Ok(address)
}

async fn forward(State(relay): State<Relay>, body: Bytes) -> Result<&'static str, StatusCode> {
    let event: Value = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let email = event
        .pointer("/data/object/customer_details/email")
        .and_then(Value::as_str)
        .ok_or(StatusCode::BAD_REQUEST)?;
    let call = json!({
        "id": "bench-assign-tag", "connectionId": "bench",
        "input": { "email": email, "tag_name": "buyer" },
    });
    let sent = relay.client.post(&relay.url).json(&call).send().await;
    let answer = sent.map_err(|_| StatusCode::BAD_GATEWAY)?;
    answer.bytes().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok("{\"ok\":true}")
}
