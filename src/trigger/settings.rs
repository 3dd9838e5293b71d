//! Settings: the entries of one map of kartwheel.yaml, taken one by one; what is wrong becomes a problem with its place and fix.

use std::time::Duration;

use crate::problem::{Problem, Source as File, Span, nearest};
use crate::rule::complaint::Complaint;
use crate::rule::duration;
use crate::rule::path::Path;
use crate::yaml::{Entry, Node};

/// Characters that a header's name may have beside letters and digits.
const HEADER_MARKS: &[u8] = b"!#$%&'*+-.^_`|~";
/// The branches of the tree that a source fills.
pub(super) const BRANCHES: [&str; 3] = ["body", "headers", "query"];

/// What a scheme's settings need to know from around them.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// `url:` of the source.
    pub(super) url: Box<str>,
    /// `tolerance:` of the source.
    pub(super) tolerance_s: Option<i64>,
    /// `certificate:` of the source, as PEM; empty if it leads to nothing, `None` if the source has none.
    pub(super) certificate: Option<Box<str>>,
    /// `postback:` of the source.
    pub(super) postback: Box<str>,
    /// `public_key:` of the source.
    pub(super) public_key: Box<str>,
    /// `receiver_email:` of the source.
    pub(super) receiver_email: Box<[Box<str>]>,
    /// `verify_token:` of the source.
    pub(super) verify_token: Box<str>,
    /// `webhook_id:` of the source.
    pub(super) webhook_id: Box<str>,
}

/// The entries of a map, on their way to be read.
pub(super) struct Settings<'n, 'p> {
    file: &'n File,
    problems: &'p mut Vec<Problem>,
    node: &'n Node,
    asked: Vec<&'static str>,
    /// What the settings around say.
    pub(super) around: Around,
}

impl<'n, 'p> Settings<'n, 'p> {
    /// The settings of a map. Anything else has none.
    pub(super) fn of(node: &'n Node, file: &'n File, problems: &'p mut Vec<Problem>) -> Self {
        Self {
            file,
            problems,
            node,
            asked: Vec::new(),
            around: Around::default(),
        }
    }

    /// The settings of a map among these.
    pub(super) fn inner<'q>(&'q mut self, node: &'n Node) -> Settings<'n, 'q> {
        Settings {
            around: self.around.clone(),
            ..Settings::of(node, self.file, self.problems)
        }
    }

    /// Where the settings stand.
    pub(super) fn span(&self) -> Span {
        self.node.span
    }

    /// The value of a setting, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a setting, if it is there.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.node.entry(key)
    }

    /// A text; a number or truth is its text as written.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Box<str>> {
        let node = self.take(key)?;
        self.as_text(key, node).map(Into::into)
    }

    /// The node's text, or a problem.
    pub(super) fn as_text<'m>(&mut self, key: &str, node: &'m Node) -> Option<&'m str> {
        let text = node.as_str().or_else(|| node.text());
        if text.is_none() {
            let message = format!("`{key}` is {}, where a text must stand", node.kind_name());
            self.error("K0104", node.span, message, "write a text");
        }
        text
    }

    /// One of several words.
    pub(super) fn choice(
        &mut self,
        key: &'static str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let node = self.take(key)?;
        self.as_choice(key, node, words)
    }

    /// The node's text as one of several words, or a problem.
    pub(super) fn as_choice(
        &mut self,
        key: &str,
        node: &Node,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let text = self.as_text(key, node)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let help = match nearest(text, words.iter().copied()) {
                Some(near) => format!("write `{near}`"),
                None => format!("write {}", listed(words)),
            };
            let message = format!("`{key}` cannot be `{text}`");
            self.error("K0108", node.span, message, help);
        }
        found
    }

    /// The name of a header, in lower case, that must be there.
    pub(super) fn header_name(&mut self, key: &'static str) -> Option<Box<str>> {
        if self.node.get(key).is_none() {
            let help = format!("write `{key}: X-Signature`, the header it stands in");
            self.error("K0103", self.span(), format!("there is no `{key}`"), help);
        }
        self.optional_header_name(key)
    }

    /// The name of a header, in lower case.
    pub(super) fn optional_header_name(&mut self, key: &'static str) -> Option<Box<str>> {
        let node = self.take(key)?;
        let text = self.as_text(key, node)?;
        self.as_header_name(text, node.span)
    }

    /// The text as the name of a header, or a problem.
    pub(super) fn as_header_name(&mut self, text: &str, span: Span) -> Option<Box<str>> {
        let is_name = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || HEADER_MARKS.contains(&byte));
        if !is_name {
            let message = format!("`{text}` is not the name of a header");
            self.error("K0105", span, message, "write a name such as `X-Signature`");
            return None;
        }
        Some(text.to_ascii_lowercase().into())
    }

    /// A field of the body by plain names, `$.body.a.b`; it must be there.
    pub(super) fn body_field(&mut self, key: &'static str) -> Option<Vec<Box<str>>> {
        let node = self.take(key)?;
        let text = self.as_text(key, node)?;
        let names: Option<Vec<Box<str>>> = text.strip_prefix("$.body.").and_then(|rest| {
            let plain = |name: &str| {
                !name.is_empty()
                    && name
                        .chars()
                        .all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
            };
            rest.split('.')
                .map(|name| plain(name).then(|| name.into()))
                .collect()
        });
        if names.is_none() {
            let message = format!("`{text}` does not name a field of the body");
            let help = "write `$.body.` and the names that lead to it, such as `$.body.secret_key`";
            self.error("K0707", node.span, message, help);
        }
        names
    }

    /// A length of time in whole seconds.
    pub(super) fn seconds(&mut self, key: &'static str) -> Option<i64> {
        let length = self.length(key, duration::LONGEST)?;
        i64::try_from(length.as_secs()).ok()
    }

    /// A length of time, not longer than this.
    pub(super) fn length(&mut self, key: &'static str, longest: Duration) -> Option<Duration> {
        let node = self.take(key)?;
        let text = self.as_text(key, node)?;
        match duration::parse_within(text, longest) {
            Ok(length) => Some(length),
            Err(complaint) => {
                self.complain("K0109", complaint, node.span, text);
                None
            }
        }
    }

    /// The node's text as a JSONPath into what a source fills, or a problem.
    pub(super) fn as_path(&mut self, key: &str, node: &Node) -> Option<Path> {
        let text = self.as_text(key, node)?;
        let path = Path::compile(text).and_then(|path| path.check_branch(&BRANCHES).map(|()| path));
        match path {
            Ok(path) => Some(path),
            Err(complaint) => {
                self.complain("K0301", complaint, node.span, text);
                None
            }
        }
    }

    /// Reports a mistake.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems
            .push(Problem::error(code, self.file, span, message).help(help));
    }

    /// Reports what works but probably not as meant.
    pub(super) fn warn(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems
            .push(Problem::warning(code, self.file, span, message).help(help));
    }

    /// Reports what a piece of the language said about this text.
    pub(super) fn complain(
        &mut self,
        code: &'static str,
        complaint: Complaint,
        span: Span,
        text: &str,
    ) {
        self.problems
            .push(complaint.problem(code, self.file, span, text));
    }

    /// Reports every entry that nobody asked for, with the nearest that somebody did. `whose` they are: "a source".
    pub(super) fn finish(self, whose: &str) {
        for entry in self.node.as_map().unwrap_or_default() {
            if self.asked.contains(&&*entry.key) {
                continue;
            }
            let help = match nearest(&entry.key, self.asked.iter().copied()) {
                Some(near) => format!("write `{near}`"),
                None => format!("{whose} has {}", listed(&self.asked)),
            };
            let message = format!("{whose} has no `{}`", entry.key);
            let problem = Problem::error("K0101", self.file, entry.key_span, message);
            self.problems.push(problem.help(help));
        }
    }
}

/// Words as a person lists them.
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
