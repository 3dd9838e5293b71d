//! The load generator: HTTP/1.1 over connections that stay open, each with one request under way. Loopback only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// No answer may take longer.
const ANSWER_SECONDS_MAX: u64 = 30;
/// No answer is larger.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What one round showed.
#[derive(Debug)]
pub(crate) struct Round {
    /// When the first request left.
    pub(crate) began: Instant,
    /// When the last of the work was done.
    pub(crate) ended: Instant,
    /// Times to the answer, sorted.
    pub(crate) latencies: Vec<Duration>,
}

impl Round {
    /// Requests in a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.ended.duration_since(self.began).as_secs_f64()
    }
}

/// Sends all requests once, over so many connections, and waits for every answer. Any answer but 200 is an error.
pub(crate) fn run(to: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> Result<Round> {
    ensure!(to.ip().is_loopback(), "load goes to this machine only");
    let thread = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(send_all(to, requests, connections))
    });
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("the generator stopped"))?
}

async fn send_all(to: SocketAddr, requests: Vec<Vec<u8>>, connections: usize) -> Result<Round> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut open = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        open.push(stream);
    }
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for stream in open {
        tasks.spawn(one_connection(stream, requests.clone(), next.clone()));
    }
    let mut latencies = Vec::with_capacity(requests.len());
    while let Some(ended) = tasks.join_next().await {
        latencies.extend(ended??);
    }
    let ended = Instant::now();
    latencies.sort_unstable();
    Ok(Round {
        began,
        ended,
        latencies,
    })
}

async fn one_connection(
    mut stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut answer = Vec::with_capacity(ANSWER_BYTES_MAX);
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        stream.write_all(request).await?;
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        tokio::time::timeout(limit, read_answer(&mut stream, &mut answer))
            .await
            .context("no answer in time")??;
        latencies.push(began.elapsed());
    }
    Ok(latencies)
}

/// Reads one whole answer with a content length, and demands 200.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<()> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            bail!("the server closed a connection that should stay open");
        }
        ensure!(answer.len() <= ANSWER_BYTES_MAX, "an answer without end");
        if let Some(length) = whole_length(answer)?
            && answer.len() >= length
        {
            break;
        }
    }
    let head = String::from_utf8_lossy(answer);
    ensure!(
        head.starts_with("HTTP/1.1 200"),
        "an answer other than 200: {head}"
    );
    Ok(())
}

/// How long the answer will be in all, once its head is there.
fn whole_length(answer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .context("an answer without a length")?;
    Ok(Some(end + 4 + length.trim().parse::<usize>()?))
}
