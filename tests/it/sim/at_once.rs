//! The store of a simulation: SQLite itself, but each answer is there as soon as it is asked for. So nothing hangs on how quick its
//! threads are, and the same seed gives the same course.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};

use async_trait::async_trait;
use jiff::Timestamp;
use kartwheel::run::{Attempt, Run};
use kartwheel::store::{
    Alert, Answer, Backend, Checked, Counts, DoorSum, EventFilter, Front, Hold, KnownPerson, Op,
    Reader, RefusalCount, RuleText, RunFilter, Snapshot, Space, StoreError, StoredEvent, Traced,
    Verify, Waits,
};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

/// Wakes the thread that waits.
struct Thread(std::thread::Thread);

impl Wake for Thread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Where the database's own tasks go on while the program stands still: they return its connections and copy its log.
static DISK: LazyLock<Runtime> = LazyLock::new(|| {
    let disk = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build();
    disk.expect("a runtime")
});

/// Waits for it here and now, whatever else there is to do.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let _inside = DISK.enter();
    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A store that answers at once.
pub(super) struct AtOnce<T>(pub(super) T);

#[async_trait]
impl Backend for AtOnce<Box<dyn Backend>> {
    async fn commit(&mut self, batch: &[Op]) -> Result<Vec<Answer>, StoreError> {
        at_once(self.0.commit(batch))
    }

    async fn between(&mut self) -> Result<(), StoreError> {
        at_once(self.0.between())
    }

    async fn close(self: Box<Self>) {
        at_once(self.0.close());
    }
}

/// What the disk is said to be: its true numbers hang on when the log is copied. There is always something to give back.
const SPACE: Space = Space {
    used: 1 << 20,
    free: 32 << 20,
    log: 0,
};

/// Every read, with what it takes and gives.
macro_rules! reads {
    ($($name:ident($($arg:ident: $of:ty),*) -> $to:ty;)*) => {
        #[async_trait]
        impl Reader for AtOnce<Arc<dyn Reader>> {
            async fn space(&self) -> Result<Space, StoreError> {
                Ok(SPACE)
            }

            $(async fn $name(&self, $($arg: $of),*) -> Result<$to, StoreError> {
                at_once(self.0.$name($($arg),*))
            })*
        }
    };
}

reads! {
    events(filter: &EventFilter, bodies: bool) -> Vec<StoredEvent>;
    event(id: Uuid) -> Option<StoredEvent>;
    runs(filter: &RunFilter) -> Vec<Run>;
    run(id: Uuid) -> Option<Run>;
    run_as_stored(id: Uuid) -> Option<Run>;
    attempts(run: Uuid) -> Vec<Attempt>;
    by_short_id(short: &str) -> Vec<Uuid>;
    rule_text(hash: &str) -> Option<RuleText>;
    holds() -> Vec<Hold>;
    refusals(since: Timestamp, limit: u32) -> Vec<RefusalCount>;
    refusal_sums(since: Timestamp) -> Vec<DoorSum>;
    handshake_sums(since: Timestamp) -> Vec<DoorSum>;
    alerts(standing: bool, limit: u32) -> Vec<Alert>;
    waits() -> Vec<Waits>;
    knows_node(node: Uuid) -> bool;
    snapshots() -> Vec<Snapshot>;
    traced(traces: &[String], since: Timestamp) -> Option<Traced>;
    known_person(source: &str, ids: &[(String, String)]) -> Option<KnownPerson>;
    counts(now: Timestamp) -> Counts;
    fronts() -> Vec<Front>;
    verify(asked: &Verify<'_>) -> Vec<Checked>;
    rule_set(hash: &str) -> Option<Vec<RuleText>>;
}
