//! The events of the YAML parser with places in the file: bytes, lines, and the brackets that are open.

use serde_yaml::granit_parser::{Event, Options, Parser, Span as ParserSpan, StrInput};

use super::trap;
use crate::problem::{Problem, Source, Span};

/// Reading cannot go on; the reason is among the problems.
pub(super) struct Stop;

/// The events from one byte of the file on.
pub(super) struct Events<'a> {
    source: &'a Source,
    /// Where the parser's text begins in the file.
    offset: usize,
    lines_before: usize,
    parser: Parser<'a, StrInput<'a>>,
    /// Where the brackets that are not closed yet stand.
    open: Vec<usize>,
    /// The last byte that was looked at.
    pub(super) position: usize,
}

impl<'a> Events<'a> {
    /// The events from this byte on.
    pub(super) fn new(source: &'a Source, offset: usize) -> Self {
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.set_emit_comments(false);
        Self {
            source,
            offset,
            lines_before: source.text[..offset].matches('\n').count(),
            parser: Parser::with_options(StrInput::new(&source.text[offset..]), options),
            open: Vec::new(),
            position: offset,
        }
    }

    /// The next event. When the text is broken the reason is added to the problems.
    pub(super) fn next(
        &mut self,
        problems: &mut Vec<Problem>,
    ) -> Result<(Event<'a>, ParserSpan), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.position = self.byte(span.end.byte_offset());
                Ok((event, span))
            }
            Some(Err(error)) => {
                let at = self.byte(error.marker().byte_offset());
                self.position = self.position.max(at);
                let open = self.open.last().copied();
                let problem = trap::explain(self.source, at, error.kind(), open, problems);
                problems.extend(problem);
                Err(Stop)
            }
            None => Ok((Event::StreamEnd, ParserSpan::default())),
        }
    }

    /// Remembers a bracket; gives how many were open before.
    pub(super) fn open(&mut self, span: Span) -> usize {
        let before = self.open.len();
        if self.is_bracket(span) {
            self.open.push(span.start);
        }
        before
    }

    fn is_bracket(&self, span: Span) -> bool {
        let first = self.source.text.as_bytes().get(span.start);
        matches!(first, Some(b'{' | b'['))
    }

    /// Back to so many open brackets.
    pub(super) fn close(&mut self, brackets: usize) {
        self.open.truncate(brackets);
    }

    /// Where a list or map ends: at its bracket, or with its last value.
    pub(super) fn end_of(&self, at: &ParserSpan, span: Span, last: Option<Span>) -> usize {
        if self.is_bracket(span) {
            self.byte(at.end.byte_offset()).max(span.start)
        } else {
            last.map_or(span.end, |last| last.end).max(span.start)
        }
    }

    /// A place of the parser's in the file.
    pub(super) fn span(&self, at: &ParserSpan) -> Span {
        let start = self.byte(at.start.byte_offset());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Span {
            start,
            end: self.byte(at.end.byte_offset()).max(start),
            line: number(at.start.line() + self.lines_before),
            column: number(at.start.col() + 1),
        }
    }

    /// A byte of the parser's in the file.
    pub(super) fn byte(&self, offset: Option<usize>) -> usize {
        offset.map_or(self.position, |byte| byte + self.offset)
    }
}
