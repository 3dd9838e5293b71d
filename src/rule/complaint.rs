//! Complaint: something is wrong with a piece of a rule's text; whoever knows the file makes it a `Problem`.

use std::fmt;
use std::ops::Range;

use crate::problem::{Problem, Source, Span};

/// What is wrong with a text, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Bytes within the text; `None` is all of it.
    pub range: Option<Range<usize>>,
}

impl Complaint {
    /// A complaint about the whole text.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            range: None,
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Only this part of the text is meant.
    #[must_use]
    pub const fn range(mut self, range: Range<usize>) -> Self {
        self.range = Some(range);
        self
    }

    /// The same complaint about a text of which the former one began at this byte.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.range = self.range.map(|range| range.start + by..range.end + by);
        self
    }

    /// The same complaint about a text of which the former one was this part.
    #[must_use]
    pub fn within(mut self, part: &Range<usize>) -> Self {
        let range = self.range.take().unwrap_or(0..part.len());
        self.range = Some(range.start + part.start..range.end + part.start);
        self
    }

    /// The problem this is in a file, where the text is the scalar at `span`.
    #[must_use]
    pub fn problem(self, code: &'static str, source: &Source, span: Span, text: &str) -> Problem {
        let span = self
            .range
            .map_or(span, |range| narrow(source, span, text, &range));
        let problem = Problem::error(code, source, span, self.message);
        match self.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(out, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The part of a scalar's span that holds `range` of its text; the whole span when the text is not written there as it is
/// (an escape, a folded line, an alias).
#[must_use]
pub fn narrow(source: &Source, span: Span, text: &str, range: &Range<usize>) -> Span {
    let Some(written) = source.text.get(span.start..span.end) else {
        return span;
    };
    let quoted = usize::from(written.starts_with(['"', '\'']));
    if !written
        .get(quoted..)
        .is_some_and(|rest| rest.starts_with(text))
    {
        return span;
    }
    let (start, end) = (
        span.start + quoted + range.start,
        span.start + quoted + range.end,
    );
    source.span(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(
        file: &str,
        start: usize,
        end: usize,
        text: &str,
        range: Range<usize>,
    ) -> (usize, usize, u32, u32) {
        let source = Source {
            name: "r.yaml".into(),
            text: file.into(),
        };
        let span = narrow(
            &source,
            Span {
                start,
                end,
                line: 1,
                column: start as u32 + 1,
            },
            text,
            &range,
        );
        (span.start, span.end, span.line, span.column)
    }

    #[test]
    fn a_range_of_a_plain_or_quoted_scalar_is_found_in_the_file() {
        assert_eq!(place("a: ${{ x }}", 3, 11, "${{ x }}", 4..5), (7, 8, 1, 8));
        assert_eq!(
            place("a: \"${{ x }}\"", 3, 13, "${{ x }}", 4..5),
            (8, 9, 1, 9)
        );
    }

    #[test]
    fn a_text_written_otherwise_keeps_its_whole_span() {
        assert_eq!(place("a: \"\\u0041x\"", 3, 12, "Ax", 1..2), (3, 12, 1, 4));
    }
}
