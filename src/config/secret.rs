//! Values that may stand elsewhere: `env:NAME` is an environment variable, `file:PATH` the content of a file.

use std::io::Read;
use std::path::Path;

use super::{Env, Parser, Strictness};
use crate::problem::Severity;
use crate::yaml::Node;

/// The largest file of a secret.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What kind of value a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Anybody may see it.
    Plain,
    /// Nobody may see it; written out it is a warning.
    Secret,
}

/// The value of `env:NAME` or `file:PATH`; `None` when it is not there. Any other text stands for itself.
pub(super) fn look_up(text: &str, env: &Env, dir: &Path) -> Option<String> {
    if let Some(name) = text.strip_prefix("env:") {
        return env.get(name.trim()).map(str::to_owned);
    }
    match text.strip_prefix("file:") {
        Some(path) => read_file(&dir.join(path.trim())),
        None => Some(text.to_owned()),
    }
}

/// The file's text without its last line break.
fn read_file(path: &Path) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    (!text.is_empty()).then(|| text.to_owned())
}

impl Parser<'_> {
    /// The value of a setting, wherever it stands. `None` is noted.
    pub(super) fn value(&mut self, node: &Node, what: &str, kind: Kind) -> Option<String> {
        let text = self.reader.text(node, what)?;
        let value = look_up(text, self.env, self.dir);
        if let Some(name) = text.strip_prefix("env:") {
            if value.is_none() {
                self.not_set(node, name.trim());
            }
        } else if text.starts_with("file:") {
            if value.is_none() {
                let message = format!("{what}: the file cannot be read, or is empty");
                self.note_missing(
                    "K0704",
                    node,
                    message,
                    "check the path; it is taken from the project's folder on",
                );
            }
        } else if kind == Kind::Secret {
            let help = "write `env:NAME` and put the value into .env, which stays out of git";
            self.reader
                .warn_help("K0703", node.span, format!("{what} is written out"), help);
        }
        value
    }

    /// Notes that an environment variable is not there.
    pub(super) fn not_set(&mut self, node: &Node, name: &str) {
        let message = format!("the environment variable {name} is not set");
        let help = format!("set it, or add a line `{name}=…` to .env beside kartwheel.yaml");
        self.note_missing("K0702", node, message, &help);
    }

    fn note_missing(&mut self, code: &'static str, node: &Node, message: String, help: &str) {
        let mut problem =
            crate::problem::Problem::warning(code, self.reader.source, node.span, message)
                .help(help);
        if self.strictness != Strictness::Check {
            problem.severity = Severity::Error;
        }
        self.reader.note(problem);
    }
}
