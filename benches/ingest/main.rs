//! How fast deliveries are taken in: a bare axum handler, and ours with every event on disk before its answer.
//!
//! `cargo bench --bench ingest [-- --rounds N --requests N --connections N]`

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../load/mod.rs"]
mod load;

use std::net::SocketAddr;

use anyhow::Result;
use axum::body::Bytes;
use axum::routing::post;
use load::report::Subject;
use load::{Settings, delivery, generator, report};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DEFAULTS: Settings = Settings {
    rounds: 5,
    requests: 10_000,
    connections: 64,
};

fn main() -> Result<()> {
    let settings = Settings::from_arguments(DEFAULTS);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut servers = JoinSet::new();
    let bare = runtime.block_on(bare(&mut servers))?;
    println!("ingest: {settings:?}");
    for bytes in [delivery::LARGE_BYTES, delivery::SMALL_BYTES] {
        let mut subjects = [Subject::new("bare axum handler: reads the body, answers")];
        for _ in 0..settings.rounds {
            for (subject, address) in subjects.iter_mut().zip([bare]) {
                let requests = delivery::requests(settings.requests, bytes);
                let round = generator::run(address, requests, settings.connections)?;
                subject.rounds.push(round);
            }
        }
        println!(
            "{}",
            report::lines(&format!("bodies of {bytes} bytes"), &subjects)
        );
    }
    Ok(())
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
