//! How far it has come, on one line of a terminal that is written over and gone at the end.

use std::io::{self, IsTerminal, Write};

use super::report::grouped;
use crate::store::verify::Told;

/// The line.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shown only where a person looks.
    pub(super) fn on_terminal() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
        }
    }

    /// Shows how far it has come. That nobody sees it any more is no matter.
    pub(super) fn tell(&self, told: Told) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K{}", line(told));
            let _ = io::stderr().flush();
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// `events: 340,000 of 1,000,000 (34 %)`.
pub(super) fn line(told: Told) -> String {
    let Told { what, done, of } = told;
    let percent = match of {
        0 => 100,
        of => done.min(of).saturating_mul(100) / of,
    };
    format!("{what}: {} of {} ({percent} %)", grouped(done), grouped(of))
}
