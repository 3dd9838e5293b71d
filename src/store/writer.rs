//! Group commit: one task gathers what has come in while the last commit was syncing, commits it as one transaction, and
//! answers each operation once it is on disk.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::store::{Answer, Backend, Op, OpenOptions, StoreError};

/// So many operations may wait for the writer.
pub const QUEUE_OPS_MAX: usize = 4096;
/// So many bytes of events may wait for the writer.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
/// So many operations go into one transaction.
const BATCH_OPS_MAX: usize = 512;
/// So many bytes of events go into one transaction; a single larger event goes alone.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// A transaction that is open longer than this ends the process.
pub const TRANSACTION_SECONDS_MAX: u64 = 10;
/// What an operation weighs beside the body it carries.
const OP_BYTES: usize = 512;

type Reply = oneshot::Sender<Result<Answer, StoreError>>;

/// The first thing that went wrong for good. Shared by everything that touches the database.
#[derive(Debug, Clone)]
pub struct Failure(Arc<watch::Sender<Option<String>>>);

impl Default for Failure {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Failure {
    /// Says that nothing can be promised any more. The first reason stays.
    pub fn fail(&self, reason: &str) {
        self.0.send_if_modified(|failed| {
            let first = failed.is_none();
            if first {
                tracing::error!(reason, "the database failed");
                *failed = Some(reason.into());
            }
            first
        });
    }

    /// The reason, if there is one.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Waits for the reason.
    pub async fn wait(&self) -> String {
        let mut watch = self.0.subscribe();
        let failed = watch.wait_for(Option::is_some).await;
        let reason = failed.map(|reason| reason.clone().unwrap_or_default());
        match reason {
            Ok(reason) => reason,
            Err(_) => std::future::pending().await,
        }
    }
}

enum Message {
    Op(Op, usize, Reply),
    Close(oneshot::Sender<()>),
}

/// The sending end of the writer.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    queued_bytes: Arc<AtomicUsize>,
    failure: Failure,
}

/// Starts the writer task.
#[expect(
    clippy::disallowed_methods,
    reason = "the writer is a task of the store's own and ends with it"
)]
pub(super) fn start(backend: Box<dyn Backend>, failure: Failure, options: &OpenOptions) -> Writer {
    let (queue, inbox) = mpsc::channel(options.queue_ops.max(1));
    let writer = Writer {
        queue,
        queued_bytes: Arc::default(),
        failure: failure.clone(),
    };
    let committer = Committer {
        backend,
        failure,
        transaction_max: options.transaction_max,
    };
    tokio::spawn(run(committer, inbox, Arc::clone(&writer.queued_bytes)));
    writer
}

impl Writer {
    /// Waits for a place in the queue, then for the answer.
    pub(super) async fn ask(&self, op: Op) -> Result<Answer, StoreError> {
        self.alive()?;
        let permit = self.queue.reserve().await.map_err(|_| StoreError::Busy)?;
        let (reply, answer) = oneshot::channel();
        permit.send(self.message(op, reply));
        self.answer(answer).await
    }

    /// Answers `Busy` when there is no place in the queue.
    pub(super) async fn try_ask(&self, op: Op) -> Result<Answer, StoreError> {
        self.alive()?;
        if self.queued_bytes.load(Ordering::Relaxed) > QUEUE_BYTES_MAX {
            return Err(StoreError::Busy);
        }
        let permit = self.queue.try_reserve().map_err(|_| StoreError::Busy)?;
        let (reply, answer) = oneshot::channel();
        permit.send(self.message(op, reply));
        self.answer(answer).await
    }

    /// Waits until nothing can be promised any more.
    pub(super) async fn failed(&self) -> StoreError {
        StoreError::Fatal(self.failure.wait().await)
    }

    /// Has everything carried out that is queued, then ends the task.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
        self.queue.closed().await;
    }

    fn alive(&self) -> Result<(), StoreError> {
        self.failure
            .reason()
            .map_or(Ok(()), |reason| Err(StoreError::Fatal(reason)))
    }

    fn message(&self, op: Op, reply: Reply) -> Message {
        let bytes = weight(&op);
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        Message::Op(op, bytes, reply)
    }

    /// A writer that ended without an answer was closed, or its process is about to end.
    async fn answer(
        &self,
        answer: oneshot::Receiver<Result<Answer, StoreError>>,
    ) -> Result<Answer, StoreError> {
        match answer.await {
            Ok(answer) => answer,
            Err(_) => self.alive().and(Err(StoreError::Busy)),
        }
    }
}

fn weight(op: &Op) -> usize {
    match op {
        Op::Accept(accepts, packs) => {
            let packed: usize = packs.values().map(Vec::len).sum();
            let events = accepts
                .iter()
                .map(|accept| OP_BYTES + accept.event.raw.len());
            packed + events.sum::<usize>()
        }
        _ => OP_BYTES,
    }
}

async fn run(
    mut committer: Committer,
    mut inbox: mpsc::Receiver<Message>,
    queued_bytes: Arc<AtomicUsize>,
) {
    let mut came = Vec::with_capacity(BATCH_OPS_MAX);
    let mut waiting = VecDeque::new();
    let mut closing = Vec::new();
    while inbox.recv_many(&mut came, BATCH_OPS_MAX).await > 0 {
        for message in came.drain(..) {
            match message {
                Message::Op(op, bytes, reply) => waiting.push_back((op, bytes, reply)),
                Message::Close(done) => {
                    inbox.close();
                    closing.push(done);
                }
            }
        }
        while let Some(batch) = Batch::gather(&mut waiting, &queued_bytes) {
            committer.carry_out(batch).await;
        }
    }
    // A database that failed may never answer again; the process is about to end without its leave.
    if committer.failure.reason().is_none() {
        committer.backend.close().await;
    }
    for done in closing {
        let _ = done.send(());
    }
}

/// What goes into one transaction.
#[derive(Default)]
struct Batch {
    ops: Vec<Op>,
    replies: Vec<Option<Reply>>,
}

impl Batch {
    fn gather(
        waiting: &mut VecDeque<(Op, usize, Reply)>,
        queued_bytes: &AtomicUsize,
    ) -> Option<Self> {
        let mut batch = Self::default();
        let mut weight = 0;
        while let Some((_, bytes, _)) = waiting.front() {
            weight += bytes;
            let full = batch.ops.len() == BATCH_OPS_MAX || weight > BATCH_BYTES_MAX;
            if full && !batch.ops.is_empty() {
                break;
            }
            if let Some((op, bytes, reply)) = waiting.pop_front() {
                queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
                batch.ops.push(op);
                batch.replies.push(Some(reply));
            }
        }
        (!batch.ops.is_empty()).then_some(batch)
    }

    fn answer(&mut self, range: Range<usize>, answers: Vec<Answer>) {
        for (reply, answer) in self.replies[range].iter_mut().zip(answers) {
            if let Some(reply) = reply.take() {
                let _ = reply.send(Ok(answer));
            }
        }
    }

    fn refuse(&mut self, range: Range<usize>, error: &StoreError) {
        for reply in &mut self.replies[range] {
            if let Some(reply) = reply.take() {
                let _ = reply.send(Err(error.clone()));
            }
        }
    }
}

struct Committer {
    backend: Box<dyn Backend>,
    failure: Failure,
    transaction_max: Duration,
}

impl Committer {
    /// Commits a batch. When a row of it is refused, its halves are committed apart until that row stands alone.
    async fn carry_out(&mut self, mut batch: Batch) {
        let mut left: Vec<Range<usize>> = std::iter::once(0..batch.ops.len()).collect();
        while let Some(range) = left.pop() {
            match self.commit(&batch.ops[range.clone()]).await {
                Ok(answers) => batch.answer(range, answers),
                Err(StoreError::Row(_)) if range.len() > 1 => {
                    let middle = range.start + range.len() / 2;
                    left.push(middle..range.end);
                    left.push(range.start..middle);
                }
                Err(error) => batch.refuse(range, &error),
            }
        }
        if self.failure.reason().is_none()
            && let Err(StoreError::Fatal(reason)) = self.backend.between().await
        {
            self.failure.fail(&reason);
        }
    }

    /// One transaction. Nothing is acknowledged after the first failure, not even what was committed in its shadow.
    async fn commit(&mut self, ops: &[Op]) -> Result<Vec<Answer>, StoreError> {
        if let Some(reason) = self.failure.reason() {
            return Err(StoreError::Fatal(reason));
        }
        #[cfg(debug_assertions)]
        pass(&self.failure, ops, 0).await?;
        let limit = self.transaction_max;
        let result = match tokio::time::timeout(limit, self.backend.commit(ops)).await {
            Ok(Ok(answers)) if answers.len() != ops.len() => Err(StoreError::Fatal(format!(
                "{} answers to {} operations",
                answers.len(),
                ops.len()
            ))),
            Ok(result) => result,
            Err(_) => Err(StoreError::Fatal(format!(
                "a transaction stayed open longer than {limit:?}"
            ))),
        };
        if let Err(StoreError::Fatal(reason)) = &result {
            self.failure.fail(reason);
        }
        #[cfg(debug_assertions)]
        if result.is_ok() {
            pass(&self.failure, ops, 1).await?;
        }
        // Somebody beside it may have failed meanwhile: the checkpointer.
        match self.failure.reason() {
            Some(reason) => Err(StoreError::Fatal(reason)),
            None => result,
        }
    }
}

/// Passes the failpoints before the commit of these (0), or after it (1).
#[cfg(debug_assertions)]
async fn pass(failure: &Failure, ops: &[Op], side: usize) -> Result<(), StoreError> {
    use crate::failpoint::{self, Fault};
    let mut points: Vec<_> = ops.iter().map(|op| op.failpoints()[side]).collect();
    points.dedup();
    for point in points {
        match failpoint::at(point).await {
            Some(Fault::Full) => return Err(StoreError::Full),
            Some(Fault::Fatal) => {
                failure.fail(point);
                return Err(StoreError::Fatal(point.into()));
            }
            None => {}
        }
    }
    Ok(())
}
