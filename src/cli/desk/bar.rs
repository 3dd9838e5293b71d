//! How far a long work has come: one line that is written over, on standard error of a terminal and nowhere else.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};

use crate::cli::screen::bytes;
use crate::store::{Doing, Step};

/// The line.
#[derive(Debug)]
pub(crate) struct Bar {
    is_terminal: bool,
    shown: Mutex<String>,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            is_terminal: stderr().is_terminal(),
            shown: Mutex::default(),
        }
    }
}

impl Bar {
    /// Shows a step, where it looks different from the last.
    pub(crate) fn show(&self, step: Step) {
        self.draw(words(step));
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.draw(String::new());
    }

    fn draw(&self, line: String) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_terminal || *shown == line {
            return;
        }
        let width = shown.chars().count();
        // Whoever does not see it misses nothing.
        let _ = write!(stderr(), "\r{line:<width$}\r{line}");
        let _ = stderr().flush();
        *shown = line;
    }
}

fn words(step: Step) -> String {
    let Step { doing, done, of } = step;
    match doing {
        Doing::Copy => {
            let percent = done.min(of).saturating_mul(100) / of.max(1);
            format!("copying {percent} %, {} of {}", bytes(done), bytes(of))
        }
        Doing::Verify => format!("verifying, table {} of {of}", (done + 1).min(of)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_done_and_how_far() {
        let step = |doing, done, of| words(Step { doing, done, of });
        assert_eq!(
            step(Doing::Copy, 1_500_000, 3_000_000),
            "copying 50 %, 1.5 MB of 3.0 MB"
        );
        assert_eq!(step(Doing::Copy, 0, 0), "copying 0 %, 0.0 kB of 0.0 kB");
        assert_eq!(step(Doing::Verify, 11, 12), "verifying, table 12 of 12");
        assert_eq!(step(Doing::Verify, 12, 12), "verifying, table 12 of 12");
    }
}
