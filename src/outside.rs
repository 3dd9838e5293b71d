//! Outside: asks what a source must know before it can answer a delivery, within limits, and keeps what does for later deliveries.
//!
//! What is asked and what the answer means is the trigger's; see [`Question`]. A delivery waits for the answer, so whoever is slow
//! holds up its own deliveries only: questions have places of their own, far fewer than there are for deliveries.

mod https;
mod kept;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::trigger::{Ask, Question, Received, Refusal, Roots, Told, reason};
use kept::{Kept, Known};

pub use https::{ANSWER_BYTES_MAX, ANSWER_SECONDS_MAX, Https};
pub use kept::{CERTIFICATES_FAILED_MAX, CERTIFICATES_KEPT_MAX};

/// Questions under way at once; beyond, senders are asked to come again.
pub const QUESTIONS_MAX: usize = 64;

/// Who asks.
#[async_trait]
pub trait Asker: Debug + Send + Sync {
    /// The body of the answer, if there is one and it is a 200.
    ///
    /// # Errors
    /// What became of the question, for the operator.
    async fn ask(&self, ask: &Ask) -> Result<Vec<u8>, String>;
}

/// Everybody outside whom a source may have to ask.
#[derive(Debug)]
pub struct Outside {
    asker: Arc<dyn Asker>,
    roots: Roots,
    places: Semaphore,
    kept: Mutex<Kept>,
}

/// An answer, and whether it was given just now.
struct Answer {
    bytes: Arc<[u8]>,
    is_fresh: bool,
}

impl Outside {
    /// As the world is: over https, with the roots that browsers trust.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn usual() -> anyhow::Result<Self> {
        Ok(Self::new(Arc::new(Https::new()?), Roots::usual()))
    }

    /// One that is asked in this way, and in which these vouch for certificates.
    #[must_use]
    pub fn new(asker: Arc<dyn Asker>, roots: Roots) -> Self {
        Self {
            asker,
            roots,
            places: Semaphore::new(QUESTIONS_MAX),
            kept: Mutex::default(),
        }
    }

    /// What a delivery means, once its question is answered: `go_on` says it of the answer.
    pub async fn settle(
        &self,
        question: &Question,
        now: Timestamp,
        go_on: impl FnOnce(&Told<'_>) -> Received,
    ) -> Received {
        let ask = &question.ask;
        let answer = match self.answer(ask, now).await {
            Ok(answer) => answer,
            Err(detail) => return Received::Refused(Refusal::unanswered(detail)),
        };
        let received = go_on(&Told {
            bytes: &answer.bytes,
            roots: &self.roots,
        });
        if ask.is_same_for_all() {
            self.learn(ask.url(), answer, &received, now);
        }
        received
    }

    async fn answer(&self, ask: &Ask, now: Timestamp) -> Result<Answer, String> {
        if ask.is_same_for_all() {
            match self.kept().of(ask.url(), now) {
                Known::Answer(bytes) => {
                    let is_fresh = false;
                    return Ok(Answer { bytes, is_fresh });
                }
                Known::Failed(what) => return Err(what.to_owned()),
                Known::Nothing => {}
            }
        }
        let Ok(_place) = self.places.try_acquire() else {
            return Err(format!("more than {QUESTIONS_MAX} questions at once"));
        };
        match self.asker.ask(ask).await {
            Ok(bytes) => Ok(Answer {
                bytes: bytes.into(),
                is_fresh: true,
            }),
            Err(what) => {
                if ask.is_same_for_all() {
                    self.kept().fail(ask.url(), now);
                }
                Err(format!("{}: {what}", ask.url()))
            }
        }
    }

    /// Keeps what was of use, and for a while that something was not.
    fn learn(&self, url: &str, answer: Answer, received: &Received, now: Timestamp) {
        let is_useless = matches!(received, Received::Refused(refusal)
            if [reason::CERTIFICATE, reason::UNANSWERED].contains(&refusal.reason));
        let mut kept = self.kept();
        match (is_useless, answer.is_fresh) {
            (false, true) => kept.keep(url, answer.bytes, now),
            (false, false) => {}
            (true, true) => kept.fail(url, now),
            (true, false) => kept.forget(url),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
