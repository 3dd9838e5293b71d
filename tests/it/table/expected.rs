//! What a case is made of, and what must come of it.

use kartwheel::action::Safety;
use kartwheel::run::{State, StepState};
use kartwheel::sandbox::{FaultKind, KartraForm};

use super::Row;

/// The first calls, each named once: what it is, the list of all, the short names.
macro_rules! firsts {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// What the first call comes to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum First {
            $($(#[$doc])* $name),+
        }
        pub(super) const FIRSTS: &[First] = &[$(First::$name),+];
        use First::{$($name),+};
    };
}

firsts! {
    Done,
    /// Somebody had it done before; for a verb of which that cannot be said, Kartra's number for it.
    Already,
    Transient,
    RateLimited,
    ConnectionDown,
    OurToken,
    NotAllowed,
    RuleWrong,
    NotOffered,
    TargetMissing,
    Refused,
    UnknownUndone,
    UnknownDone,
    /// The same, and Membrane's run logs show nothing of it: only the account does.
    UnloggedDone,
}

/// Where the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crash {
    Never,
    /// Before the last call that the class leads to is carried out.
    Before,
    /// Between its being carried out and its answer.
    Between,
    /// After everything.
    After,
    /// When an answer was lost, and nothing was looked up or sent again yet.
    Lost,
    /// While it is being looked up.
    Looking,
    /// After a look that showed nothing, too early to count.
    Looked,
    /// After the first look whose silence counts, before the second one.
    Missed,
}

use Crash::{After, Before, Between, Looked, Looking, Lost, Missed, Never};

impl First {
    pub(super) fn fault(self, row: &Row) -> Option<FaultKind> {
        let kartra = |number| FaultKind::KartraError {
            number,
            form: KartraForm::Flat,
        };
        Some(match self {
            Already if !row.knows_already() => kartra(244),
            Done | NotOffered | Already => return None,
            Transient => FaultKind::LockTimeout,
            RateLimited => FaultKind::RateLimited { retry_after: None },
            ConnectionDown => FaultKind::ConnectionDefunct,
            OurToken => FaultKind::TokenRejected,
            NotAllowed => FaultKind::AccessDenied,
            RuleWrong => kartra(206),
            TargetMissing => kartra(243),
            Refused => kartra(245),
            UnknownUndone => FaultKind::DropBefore,
            UnknownDone | UnloggedDone => FaultKind::DropAfter,
        })
    }

    /// Whether the run gives up at once.
    fn is_final(self, row: &Row) -> bool {
        match self {
            Already => !row.knows_already() || row.is_part,
            _ => matches!(self, RuleWrong | NotOffered | TargetMissing | Refused),
        }
    }

    /// Whether the answer is lost.
    fn is_unknown(self) -> bool {
        matches!(self, UnknownUndone | UnknownDone | UnloggedDone)
    }

    /// Whether a second call is made by itself.
    pub(super) fn is_sent_again(self, safety: Safety) -> bool {
        match self {
            Transient | RateLimited | ConnectionDown | OurToken | NotAllowed => true,
            UnknownUndone => safety != Safety::Never,
            UnknownDone | UnloggedDone => safety == Safety::Safe,
            Done | Already | RuleWrong | NotOffered | TargetMissing | Refused => false,
        }
    }
}

/// The crashes that make sense after this first call.
pub(super) fn crashes(first: First, row: &Row) -> Vec<Crash> {
    let is_safe = row.safety == Safety::Safe;
    if first == UnloggedDone && is_safe {
        // Nobody looks it up, so it is nothing else than `UnknownDone`.
        return Vec::new();
    }
    let mut crashes = vec![Never, After];
    if first == Done || first.is_sent_again(row.safety) {
        crashes.extend([Before, Between]);
    }
    if first == Already && row.knows_already() {
        crashes.push(Before);
        crashes.extend((!row.is_part).then_some(Between));
    }
    if first.is_unknown() {
        crashes.push(Lost);
        crashes.extend((!is_safe).then_some(Looking));
    }
    match first {
        UnknownUndone if !is_safe => crashes.extend([Looked, Missed]),
        // What the account shows of it does not tell.
        UnloggedDone if row.is_part => crashes.push(Looked),
        _ => {}
    }
    crashes
}

/// What must come of it: calls sent, times it was carried out, and where the run stands.
pub(super) fn expected(first: First, crash: Crash, row: &Row) -> (usize, usize, State) {
    if first == Already && crash == Before && row.is_part {
        // There is a refund, and nobody knows whose.
        return (1, 0, State::NeedsPerson);
    }
    if first.is_final(row) {
        // For an action that is not offered no run of it begins.
        return (usize::from(first != NotOffered), 0, State::Failed);
    }
    if first == Already {
        return (1, 0, State::Done);
    }
    if row.safety == Safety::Never && first == UnknownUndone {
        return (1, 0, State::NeedsPerson);
    }
    if row.is_part && first == UnloggedDone {
        return (1, 1, State::NeedsPerson);
    }
    let sent = 1 + usize::from(first.is_sent_again(row.safety));
    match (crash, row.safety) {
        (Before, Safety::Never) => (sent, 0, State::NeedsPerson),
        (Before, _) | (Between, Safety::Safe) => (sent + 1, 1, State::Done),
        _ => (sent, 1, State::Done),
    }
}

/// Where the step must stand, when that is not plain from the run.
pub(super) fn step_state(first: First, crash: Crash, row: &Row) -> Option<StepState> {
    let is_said = first == Already && !first.is_final(row);
    // After a crash before the call the account shows it as done, and not since when.
    (is_said && crash != Before).then_some(StepState::Already)
}
