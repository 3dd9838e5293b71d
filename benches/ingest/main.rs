//! How fast deliveries are taken in: a bare axum handler, and ours with every event on disk before its answer.
//!
//! `cargo bench --bench ingest [-- --rounds N --requests N --connections N]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../load/mod.rs"]
mod load;

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use axum::body::Bytes;
use axum::routing::post;
use load::ours::Ours;
use load::report::{self, Subject};
use load::sink::Sink;
use load::{Settings, delivery, generator};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEFAULTS: Settings = Settings {
    rounds: 5,
    requests: 10_000,
    connections: 64,
};

/// Judges every delivery and lets none through: the event and its verdict are kept.
const DECLINES: &str = "
id: declines
trigger: { webhook: stripe, events: checkout.session.completed }
match: { $.body.data.object.payment_status: unpaid }
actions:
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
";

/// Starts a run for every delivery; the run waits, so that no call is part of the figure.
const WAITS: &str = "
id: waits
trigger: { webhook: stripe, events: checkout.session.completed }
match: { $.body.data.object.payment_status: paid }
actions:
  - wait: 30d
  - assign-tag: { email: \"${{ person.email }}\", tag_name: buyer }
";

fn main() -> Result<()> {
    let settings = Settings::from_arguments(DEFAULTS);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut servers = JoinSet::new();
    let (sink, bare, declines, waits) = runtime.block_on(async {
        let sink = Sink::start(&mut servers).await?;
        let bare = bare(&mut servers).await?;
        let declines = Ours::start("ingest-declines", sink.address, DECLINES).await?;
        let waits = Ours::start("ingest-waits", sink.address, WAITS).await?;
        anyhow::Ok((sink, bare, declines, waits))
    })?;
    println!("ingest: {settings:?}");
    for bytes in [delivery::LARGE_BYTES, delivery::SMALL_BYTES] {
        let mut subjects = [
            (Subject::new("bare axum handler"), bare, None),
            (
                Subject::new("ours: event and verdict on disk"),
                declines.address(),
                Some(&declines),
            ),
            (
                Subject::new("ours: event, verdict and run on disk"),
                waits.address(),
                Some(&waits),
            ),
        ];
        for round in 0..settings.rounds {
            // Every other round goes backwards, so that nobody always comes after the same neighbour.
            if round % 2 == 1 {
                subjects.reverse();
            }
            for (subject, address, ours) in &mut subjects {
                let requests = delivery::requests(settings.requests, bytes);
                let round = generator::run(*address, requests, settings.connections)?;
                subject.rounds.push(round);
                if let Some(ours) = ours {
                    runtime.block_on(ours.rest())?;
                }
            }
            if round % 2 == 1 {
                subjects.reverse();
            }
        }
        let subjects = subjects.map(|(subject, _, _)| subject);
        let title = format!("bodies of {bytes} bytes; deliveries answered with 200");
        println!("{}", report::lines(&title, &subjects));
    }
    ensure!(
        sink.seen(0)? == 0,
        "a call was made, and is part of the figures"
    );
    runtime.block_on(declines.stop())?;
    runtime.block_on(waits.stop())
}

/// A handler that reads the body and answers as ours does, and does nothing else.
async fn bare(servers: &mut JoinSet<()>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = axum::Router::new().route(
        delivery::PATH,
        post(async |body: Bytes| {
            std::hint::black_box(body.len());
            ([("content-type", "application/json")], "{\"ok\":true}")
        }),
    );
    servers.spawn(async move {
        axum::serve(listener, router).await.ok();
    });
    Ok(address)
}
