//! The writer, over a backend that does what the test says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::*;
use crate::clock::SettableClock;

/// What the next transactions come to; after these, all goes well.
type Script = Arc<Mutex<Vec<StoreError>>>;

/// Notes the sizes of its transactions. One may begin for each permit.
struct Scripted {
    script: Script,
    sizes: Arc<Mutex<Vec<usize>>>,
    /// A permit for each transaction that began.
    begun: Arc<Semaphore>,
    gate: Arc<Semaphore>,
    closed: Arc<Semaphore>,
}

#[async_trait]
impl Backend for Scripted {
    async fn commit(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError> {
        self.begun.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        self.sizes.lock().unwrap().push(batch.len());
        if let Some(error) = self.script.lock().unwrap().pop() {
            return Err(error);
        }
        // A refusal of this source is a row that cannot be stored.
        let bad = |op: &Op| matches!(op, Op::Refused(refused) if &*refused.source == "bad");
        match batch.iter().find(|op| bad(op)) {
            Some(_) => Err(StoreError::Row("bad".into())),
            None => Ok(batch.iter().map(|_| Answer::Ok).collect()),
        }
    }

    async fn between(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(self: Box<Self>) {
        self.closed.add_permits(1);
    }
}

struct Scene {
    store: Store,
    script: Script,
    sizes: Arc<Mutex<Vec<usize>>>,
    begun: Arc<Semaphore>,
    gate: Arc<Semaphore>,
    closed: Arc<Semaphore>,
    failure: Failure,
    _dir: tempfile::TempDir,
}

/// A store over a scripted backend. Its reader is a real one over an empty database, and is not asked.
async fn scene(queue_ops: usize, permits: usize) -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kartwheel.db").display().to_string();
    let clock = SettableClock::starting_at(Timestamp::UNIX_EPOCH);
    let real = open(&path, clock, OpenOptions::default()).await.unwrap();
    real.close().await;
    let script = Script::default();
    let sizes = Arc::default();
    let begun = Arc::new(Semaphore::new(0));
    let gate = Arc::new(Semaphore::new(permits));
    let closed = Arc::new(Semaphore::new(0));
    let backend = Scripted {
        script: Arc::clone(&script),
        sizes: Arc::clone(&sizes),
        begun: Arc::clone(&begun),
        gate: Arc::clone(&gate),
        closed: Arc::clone(&closed),
    };
    let options = OpenOptions {
        queue_ops,
        transaction_max: Duration::from_millis(TRANSACTION_MILLIS_MAX),
        ..OpenOptions::default()
    };
    let reader = Arc::clone(real.reader());
    let failure = Failure::default();
    let store = Store::start(Box::new(backend), reader, failure.clone(), &options);
    Scene {
        failure,
        store,
        script,
        sizes,
        begun,
        gate,
        closed,
        _dir: dir,
    }
}

fn refusal(source: &str) -> Refused {
    Refused {
        source: source.into(),
        reason: "signature".into(),
        detail: String::new(),
        at: Timestamp::UNIX_EPOCH,
        count: 1,
    }
}

/// All at once; the answers in order.
async fn refuse_all(store: &Store, sources: &[&str]) -> Vec<Result<(), StoreError>> {
    let mut tasks = tokio::task::JoinSet::new();
    for (index, source) in sources.iter().enumerate() {
        let (store, refused) = (store.clone(), refusal(source));
        tasks.spawn(async move { (index, store.refused(refused).await) });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// A scripted transaction never takes this long unless its gate is shut for good.
const TRANSACTION_MILLIS_MAX: u64 = 500;
const ALWAYS: usize = 10_000;

#[tokio::test]
async fn what_comes_in_during_a_commit_goes_into_the_next() {
    let scene = scene(QUEUE_OPS_MAX, 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    let first = scene.store.clone();
    tasks.spawn(async move { first.refused(refusal("shop")).await.unwrap() });
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    for _ in 0..20 {
        let store = scene.store.clone();
        tasks.spawn(async move { store.refused(refusal("shop")).await.unwrap() });
    }
    tokio::task::yield_now().await;
    scene.gate.add_permits(ALWAYS);
    tasks.join_all().await;
    assert_eq!(*scene.sizes.lock().unwrap(), [1, 20]);
}

#[tokio::test]
async fn a_bad_row_is_refused_alone_and_its_neighbours_are_stored() {
    let scene = scene(QUEUE_OPS_MAX, ALWAYS).await;
    let answers = refuse_all(&scene.store, &["a", "b", "bad", "c", "d", "e"]).await;
    let refused: Vec<_> = answers.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, false, true, false, false, false]);
    assert!(matches!(answers[2], Err(StoreError::Row(_))));
}

#[tokio::test]
async fn a_full_disk_refuses_the_batch_and_passes() {
    let scene = scene(QUEUE_OPS_MAX, ALWAYS).await;
    scene.script.lock().unwrap().push(StoreError::Full);
    let answers = refuse_all(&scene.store, &["a", "b"]).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::Full)))
    );
    let answers = refuse_all(&scene.store, &["a", "b"]).await;
    assert!(answers.iter().all(Result::is_ok));
}

#[tokio::test]
async fn after_a_failure_nothing_is_acknowledged_any_more() {
    let scene = scene(QUEUE_OPS_MAX, ALWAYS).await;
    let failure = StoreError::Fatal("fsync failed".into());
    scene.script.lock().unwrap().push(failure);
    let waiting = scene.store.clone();
    let told = async move { waiting.failed().await.to_string() };
    let (answers, told) = tokio::join!(refuse_all(&scene.store, &["a", "b"]), told);
    assert!(told.contains("fsync failed"), "{told}");
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::Fatal(_))))
    );
    let later = scene.store.renew(Uuid::nil(), Timestamp::UNIX_EPOCH).await;
    assert!(matches!(later, Err(StoreError::Fatal(_))), "{later:?}");
    assert_eq!(
        scene.sizes.lock().unwrap().len(),
        1,
        "nothing more was tried"
    );
}

/// The checkpointer works beside the writer.
#[tokio::test]
async fn what_is_committed_while_somebody_beside_it_fails_is_not_acknowledged() {
    let scene = scene(QUEUE_OPS_MAX, 0).await;
    let committing = scene.store.refused(refusal("shop"));
    let beside = async {
        scene.begun.acquire().await.unwrap().forget();
        scene.failure.fail("the checkpoint failed");
        scene.gate.add_permits(1);
    };
    let (answer, ()) = tokio::join!(committing, beside);
    assert!(matches!(answer, Err(StoreError::Fatal(_))), "{answer:?}");
}

#[tokio::test]
async fn a_full_queue_turns_deliveries_away_and_lets_the_engine_wait() {
    let scene = scene(2, 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = scene.store.clone();
        tasks.spawn(async move { store.refused(refusal("shop")).await });
    }
    // Some stand in the commit that waits for the gate, two in the queue; the rest are turned away at once.
    let busy = tasks.join_next().await.unwrap().unwrap();
    assert!(matches!(busy, Err(StoreError::Busy)), "{busy:?}");
    let mut renewals = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = scene.store.clone();
        renewals.spawn(async move { store.renew(Uuid::nil(), Timestamp::UNIX_EPOCH).await });
    }
    scene.gate.add_permits(ALWAYS);
    assert!(renewals.join_all().await.iter().all(Result::is_ok));
    assert!(tasks.join_all().await.iter().any(Result::is_ok));
}

#[tokio::test]
async fn a_transaction_that_hangs_ends_the_store() {
    let scene = scene(QUEUE_OPS_MAX, 0).await;
    let answer = scene.store.refused(refusal("shop")).await;
    assert!(matches!(answer, Err(StoreError::Fatal(_))), "{answer:?}");
    let text = scene.store.failed().await.to_string();
    assert!(text.contains("stayed open longer"), "{text}");
}

#[tokio::test]
async fn closing_carries_out_what_is_queued_first() {
    let scene = scene(QUEUE_OPS_MAX, 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = scene.store.clone();
        tasks.spawn(async move { store.refused(refusal("shop")).await });
    }
    tokio::task::yield_now().await;
    let closing = scene.store.close();
    scene.gate.add_permits(ALWAYS);
    closing.await;
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(scene.sizes.lock().unwrap().iter().sum::<usize>(), 20);
    assert_eq!(scene.closed.available_permits(), 1);
}
