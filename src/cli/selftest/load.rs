//! The senders of a campaign: signed deliveries without a pause, each sent again until it is answered with a 200, as senders do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::daemon::PATIENCE;
use crate::cli::send::letter::Letter;
use crate::cli::send::post::attempt;
use crate::clock::{Clock, SystemClock};
use crate::sandbox;
use crate::trigger::Source;

/// So many senders at once.
const SENDERS: usize = 16;
/// Each so many deliveries one is a refund.
const REFUND_EACH: u64 = 10;
/// So many orders in a row are one person's.
const ORDERS_OF_ONE: u64 = 4;
/// What a person paid whose money is given back, in cents.
const PAID_CENTS: i64 = 29_700;
/// Bodies are padded with up to so many bytes.
const PADDING_BYTES_MAX: u64 = 4_096;
/// How long a sender waits before it sends again.
const PAUSE: Duration = Duration::from_millis(10);

/// A delivery that was answered with a 200.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    /// The event that it is.
    pub(super) event: Uuid,
    /// When the request was sent that was answered so.
    pub(super) sent_at: Timestamp,
}

/// What became of the deliveries.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Those that were answered with a 200, by number.
    pub(super) taken: BTreeMap<u64, Taken>,
    /// Connections that were refused.
    pub(super) refused: u64,
    /// Requests whose connection ended without an answer.
    pub(super) broken_off: u64,
    /// Other answers, by status.
    pub(super) others: BTreeMap<u16, u64>,
}

impl Book {
    /// How many were told to come again.
    pub(super) fn come_again(&self) -> u64 {
        self.others.get(&503).copied().unwrap_or(0)
    }
}

/// The senders.
pub(super) struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

struct Shared {
    http: reqwest::Client,
    url: String,
    source: Arc<Source>,
    world: Arc<sandbox::State>,
    seed: u64,
    refunds: bool,
    numbers: AtomicU64,
    ending: AtomicBool,
    book: Mutex<Book>,
    changed: watch::Sender<()>,
}

impl Load {
    /// Begins to send: orders, and refunds among them if they are wanted.
    pub(super) fn start(
        to: SocketAddr,
        source: Arc<Source>,
        world: Arc<sandbox::State>,
        seed: u64,
        refunds: bool,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            http: crate::cli::desk::http_client()?,
            url: format!("http://{to}/hooks/{}", source.name),
            source,
            world,
            seed,
            refunds,
            numbers: AtomicU64::new(0),
            ending: AtomicBool::new(false),
            book: Mutex::default(),
            changed: watch::Sender::new(()),
        });
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            senders.spawn(send(Arc::clone(&shared)));
        }
        Ok(Self { shared, senders })
    }

    /// What became of the deliveries so far.
    pub(super) fn book(&self) -> Book {
        self.shared.with(|book| book.clone())
    }

    /// Returns once so many more were taken.
    pub(super) async fn taken(&self, more: u64) -> anyhow::Result<()> {
        let count = |book: &Book| book.taken.len() as u64;
        let wanted = self.shared.with(|book| count(book)) + more;
        self.until("a delivery was taken", |book| count(book) >= wanted)
            .await
    }

    /// Returns once this holds.
    pub(super) async fn until(
        &self,
        what: &str,
        holds: impl Fn(&Book) -> bool,
    ) -> anyhow::Result<()> {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !self.shared.with(|book| holds(book)) {
                if changed.changed().await.is_err() {
                    bail!("the senders are gone");
                }
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .with_context(|| format!("not within {} s: {what}", PATIENCE.as_secs()))?
    }

    /// Ends when every delivery that was begun is taken. Gives what became of them all.
    pub(super) async fn finish(&mut self) -> anyhow::Result<Book> {
        self.shared.ending.store(true, Ordering::SeqCst);
        let all = async { while self.senders.join_next().await.is_some() {} };
        tokio::time::timeout(PATIENCE, all)
            .await
            .context("some deliveries are not taken, however often they are sent")?;
        Ok(self.book())
    }
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Book) -> T) -> T {
        look(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The delivery of this number: always the same, however often it is sent.
    fn delivery(&self, number: u64) -> Letter {
        let refund = self.refunds && number % REFUND_EACH == REFUND_EACH - 1;
        let padding = (self.seed ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15) % PADDING_BYTES_MAX;
        let note = "x".repeat(usize::try_from(padding).unwrap_or(0));
        let body = if refund {
            let email = format!("payer{number}@example.com");
            let transaction = self.world.add_sale(&email, PAID_CENTS);
            json!({ "id": number, "type": "refund", "email": email, "transaction": transaction })
        } else {
            let email = format!("person{}@example.com", number / ORDERS_OF_ONE);
            json!({ "id": number, "type": "order", "email": email, "note": note })
        };
        Letter::new(body.to_string(), "application/json")
    }
}

async fn send(shared: Arc<Shared>) {
    while !shared.ending.load(Ordering::SeqCst) {
        let number = shared.numbers.fetch_add(1, Ordering::SeqCst);
        let letter = shared.delivery(number);
        loop {
            let sent_at = SystemClock.now();
            let (http, url) = (&shared.http, &shared.url);
            let answered = attempt(http, url, &shared.source, &letter, sent_at).await;
            let taken = shared.with(|book| match answered {
                Ok(answered) => match answered.event().filter(|_| answered.status == 200) {
                    Some(event) => book
                        .taken
                        .insert(number, Taken { event, sent_at })
                        .is_none(),
                    None => {
                        *book.others.entry(answered.status).or_default() += 1;
                        false
                    }
                },
                Err(error) if error.is_connect() => {
                    book.refused += 1;
                    false
                }
                Err(_) => {
                    book.broken_off += 1;
                    false
                }
            });
            shared.changed.send_replace(());
            if taken {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
