//! Points at which a test can have the program die, fail or wait: around every commit of the store and every outside call.
//!
//! Nothing of this is in a release build. A point is named `<verb>_<before|after>_commit` or `<thing>_<before|after>_call`.
//! Who watches, watches one thread: a test runs the program in a runtime of its own, so it meets no other test's program.
//! To add a point: its name in `POINTS`, an `at` where it is, and a story in `tests/it/sim/points.rs` that passes it.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;

/// All points.
pub const POINTS: [&str; 46] = [
    "accept_before_commit",
    "accept_after_commit",
    "activate_rules_before_commit",
    "activate_rules_after_commit",
    "begin_before_commit",
    "begin_after_commit",
    "calm_before_commit",
    "calm_after_commit",
    "change_before_commit",
    "change_after_commit",
    "claim_before_commit",
    "claim_after_commit",
    "expire_before_commit",
    "expire_after_commit",
    "handshake_before_commit",
    "handshake_after_commit",
    "hold_before_commit",
    "hold_after_commit",
    "judge_before_commit",
    "judge_after_commit",
    "keep_snapshot_before_commit",
    "keep_snapshot_after_commit",
    "raise_before_commit",
    "raise_after_commit",
    "record_before_commit",
    "record_after_commit",
    "refused_before_commit",
    "refused_after_commit",
    "release_before_commit",
    "release_after_commit",
    "renew_before_commit",
    "renew_after_commit",
    "rescue_before_commit",
    "rescue_after_commit",
    "shrink_before_commit",
    "shrink_after_commit",
    "action_before_call",
    "action_after_call",
    "look_back_before_call",
    "look_back_after_call",
    "readiness_before_call",
    "readiness_after_call",
    "survey_before_call",
    "survey_after_call",
    "token_before_call",
    "token_after_call",
];

/// What goes wrong at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full: before a commit, nothing is written.
    Full,
    /// The database failed: the process must end.
    Fatal,
}

/// What a point comes to, once it is passed.
pub type Passing = Pin<Box<dyn Future<Output = Option<Fault>> + Send>>;

/// Somebody who decides what happens at the points.
pub trait Watch: Send + Sync {
    /// The program is here. It goes on when this returns; if it never does, the program dies here.
    fn reach(&self, point: &'static str) -> Passing;
}

thread_local! {
    static WATCHED: RefCell<Option<Arc<dyn Watch>>> = const { RefCell::new(None) };
}

/// Has this thread's points watched from now on, or no longer.
pub fn watch(by: Option<Arc<dyn Watch>>) {
    WATCHED.set(by);
}

/// The program is at this point.
pub async fn at(point: &'static str) -> Option<Fault> {
    let watch = WATCHED.with_borrow(Clone::clone)?;
    debug_assert!(POINTS.contains(&point), "{point} is not in the list");
    watch.reach(point).await
}
