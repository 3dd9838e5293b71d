//! The parser's events to documents: spans, anchors, merge keys, duplicate keys, limits.

use std::collections::HashMap;
use std::sync::Arc;

use serde_yaml::granit_parser::{Event, ScalarStyle, Span as ParserSpan};

use super::events::{Events, Stop};
use super::{Entry, Kind, Node, merge, recover, scalar, trap};
use crate::problem::{Problem, Source, Span};

/// The largest file that is read.
pub(super) const FILE_BYTES_MAX: usize = 1_000_000;
/// The most values of a document, those that aliases repeat included.
const NODES_MAX: usize = 20_000;
/// The deepest nesting of lists and maps.
const DEPTH_MAX: usize = 32;
/// The most aliases of a document.
const ALIASES_MAX: usize = 100;

/// All documents; after a broken one reading goes on at the next `---`.
pub(super) fn documents(source: &Source, problems: &mut Vec<Problem>) -> Vec<Node> {
    if source.text.len() > FILE_BYTES_MAX {
        problems.push(
            Problem::error(
                "K0002",
                source,
                source.span(0..0),
                format!("the file is larger than {FILE_BYTES_MAX} bytes"),
            )
            .help("split it into several files"),
        );
        return Vec::new();
    }
    let mut documents = Vec::new();
    let mut offset = 0;
    while let Some(stopped_at) = recover::part(source, offset, &mut documents, problems) {
        let rest = &source.text[stopped_at..];
        let Some(next) = rest.find("\n---") else {
            break;
        };
        offset = stopped_at + next + 1;
    }
    documents
}

/// Reads documents from this byte on; `Some` when it stopped early, with the byte where it did.
pub(super) fn part(
    source: &Source,
    offset: usize,
    documents: &mut Vec<Node>,
    problems: &mut Vec<Problem>,
) -> Option<usize> {
    let mut builder = Builder {
        source,
        events: Events::new(source, offset),
        problems,
        anchors: HashMap::new(),
        nodes: 0,
        aliases: 0,
    };
    loop {
        match builder.document() {
            Ok(Some(node)) => {
                if !node.is_null() || !node.raw.is_empty() {
                    documents.push(node);
                }
            }
            Ok(None) => return None,
            Err(Stop) => {
                return Some(
                    builder
                        .events
                        .position
                        .max(offset + 1)
                        .min(source.text.len()),
                );
            }
        }
    }
}

struct Builder<'a> {
    source: &'a Source,
    events: Events<'a>,
    problems: &'a mut Vec<Problem>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    aliases: usize,
}

impl<'a> Builder<'a> {
    /// The next document, `None` at the end.
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.events.next(self.problems)?;
            match event {
                Event::StreamEnd => return Ok(None),
                Event::DocumentStart(..) => {
                    self.anchors.clear();
                    self.nodes = 0;
                    self.aliases = 0;
                }
                Event::DocumentEnd => return Ok(root),
                Event::StreamStart => {}
                node => root = Some(self.node(node, span, 0, false)?),
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        at: ParserSpan,
        depth: usize,
        is_key: bool,
    ) -> Result<Node, Stop> {
        let span = self.events.span(&at);
        self.count(1, span)?;
        if depth > DEPTH_MAX {
            return Err(self.stop(
                span,
                format!("lists and maps are nested deeper than {DEPTH_MAX}"),
            ));
        }
        self.refuse_tag(&at);
        match event {
            Event::Alias(id) => self.alias(id, span),
            Event::UnresolvedAlias(name) => {
                let problem = trap::alias(self.source, span, &name);
                self.problems.push(problem);
                Ok(plain(span, &format!("*{name}")))
            }
            Event::Scalar(text, style, anchor, _) => {
                let node = self.scalar(&text, style, span, is_key);
                self.keep(anchor, &node, 1);
                Ok(node)
            }
            Event::SequenceStart(_, anchor, _) => {
                let before = self.nodes;
                let brackets = self.events.open(span);
                let node = self.list(span, depth)?;
                self.events.close(brackets);
                self.keep(anchor, &node, self.nodes - before + 1);
                Ok(node)
            }
            Event::MappingStart(_, anchor, _) => {
                let before = self.nodes;
                let brackets = self.events.open(span);
                let node = self.map(span, depth)?;
                self.events.close(brackets);
                self.keep(anchor, &node, self.nodes - before + 1);
                Ok(node)
            }
            _ => Ok(plain(span, "")),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span, is_key: bool) -> Node {
        let is_plain = style == ScalarStyle::Plain;
        // The parser hands a value that is not there as `~`.
        let text = if span.start == span.end { "" } else { text };
        if is_plain && !is_key && scalar::is_old_boolean(text) {
            self.problems.push(
                Problem::warning(
                    "K0013",
                    self.source,
                    span,
                    format!("`{text}` without quotes is text here, not true or false"),
                )
                .help(format!(
                    "write `\"{text}\"` if the text is meant, else `true` or `false`"
                )),
            );
        }
        if is_plain && let Some(problem) = trap::cut_expression(self.source, span, text) {
            self.problems.push(problem);
        }
        Node {
            span,
            kind: if is_plain {
                scalar::resolve(text)
            } else {
                Kind::Text(Arc::from(text))
            },
            raw: Arc::from(text),
            plain: is_plain,
        }
    }

    fn list(&mut self, mut span: Span, depth: usize) -> Result<Node, Stop> {
        let mut members = Vec::new();
        loop {
            let before = self.events.position;
            let (event, at) = self.events.next(self.problems)?;
            if matches!(event, Event::SequenceEnd) {
                span.end =
                    self.events
                        .end_of(&at, span, members.last().map(|node: &Node| node.span));
                return Ok(collection(span, Kind::List(members)));
            }
            let mut member = self.node(event, at, depth + 1, false)?;
            let skipped = self.source.text[before..]
                .find(|char: char| !char.is_whitespace())
                .unwrap_or(0);
            self.notice_comment(&mut member, before + skipped);
            members.push(member);
        }
    }

    fn map(&mut self, mut span: Span, depth: usize) -> Result<Node, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merges = Vec::new();
        loop {
            let (event, at) = self.events.next(self.problems)?;
            if matches!(event, Event::MappingEnd) {
                let last = entries
                    .iter()
                    .chain(&merges)
                    .map(|entry| entry.value.span)
                    .max_by_key(|value| value.end);
                span.end = self.events.end_of(&at, span, last);
                for entry in merges {
                    merge::merge(self.source, &mut entries, &entry, self.problems);
                }
                return Ok(collection(span, Kind::Map(entries)));
            }
            let key = self.node(event, at, depth + 1, true)?;
            let (event, at) = self.events.next(self.problems)?;
            let value = self.node(event, at, depth + 1, false)?;
            let Some(entry) = self.entry(key, value, span) else {
                return self.skip_braces(span);
            };
            if &*entry.key == "<<" {
                merges.push(entry);
            } else if let Some(first) = entries.iter().find(|other| other.key == entry.key) {
                self.problems.push(
                    Problem::error(
                        "K0005",
                        self.source,
                        entry.key_span,
                        format!("the key `{}` stands twice in one map", entry.key),
                    )
                    .help(format!(
                        "it stands in line {} already; keep one of the two",
                        first.key_span.line
                    )),
                );
            } else {
                entries.push(entry);
            }
        }
    }

    /// Key and value, with the traps of both; `None` when the map is a pair of braces that was meant as text.
    fn entry(&mut self, key: Node, mut value: Node, map: Span) -> Option<Entry> {
        self.notice_comment(&mut value, key.span.start);
        if !key.is_scalar() {
            let braces = self.source.text[map.start..].starts_with("{{");
            self.problems.push(if braces {
                trap::braces(self.source, map.start)
            } else {
                Problem::error("K0014", self.source, key.span, "a key must be a text")
                    .help("put quotes around it if the text is meant")
            });
            if braces {
                return None;
            }
        }
        Some(Entry {
            key: key.raw,
            key_span: key.span,
            value,
        })
    }

    /// The rest of `{{ x }}` is read over, and the whole stands as text.
    fn skip_braces(&mut self, mut span: Span) -> Result<Node, Stop> {
        let mut open = 1;
        while open > 0 {
            let (event, at) = self.events.next(self.problems)?;
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                Event::StreamEnd => return Err(Stop),
                _ => {}
            }
            span.end = self.events.byte(at.end.byte_offset()).max(span.end);
        }
        let text = self.source.slice(span).to_owned();
        Ok(Node {
            plain: false,
            ..plain(span, &text)
        })
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<Node, Stop> {
        self.aliases += 1;
        if self.aliases > ALIASES_MAX {
            return Err(self.stop(
                span,
                format!("a document has more than {ALIASES_MAX} aliases"),
            ));
        }
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            return Err(self.stop(
                span,
                "an alias stands inside the value that it repeats".to_owned(),
            ));
        };
        self.count(size, span)?;
        Ok(merge::moved(node, span))
    }

    fn keep(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(self.stop(span, format!("a document has more than {NODES_MAX} values")));
        }
        Ok(())
    }

    fn stop(&mut self, span: Span, message: String) -> Stop {
        self.problems.push(
            Problem::error("K0002", self.source, span, message)
                .help("split it into several documents or files"),
        );
        Stop
    }

    fn refuse_tag(&mut self, at: &ParserSpan) {
        let Some(tag) = at.tag_span() else {
            return;
        };
        let span = self.events.span(&tag);
        let text = self.source.slice(span).to_owned();
        self.problems.push(
            Problem::error(
                "K0006",
                self.source,
                span,
                format!("tags such as `{text}` are not used here"),
            )
            .help("remove the tag; if the `!` belongs to the text, put the text in quotes"),
        );
    }

    /// `tag_name: #vip`: the value is null because YAML took it for a comment. It is read on as the text that was meant.
    fn notice_comment(&mut self, value: &mut Node, from: usize) {
        if value.is_null()
            && value.raw.is_empty()
            && let Some(problem) = trap::comment(self.source, from)
        {
            *value = plain(problem.span, self.source.slice(problem.span));
            self.problems.push(problem);
        }
    }
}

fn plain(span: Span, text: &str) -> Node {
    Node {
        span,
        kind: Kind::Text(Arc::from(text)),
        raw: Arc::from(text),
        plain: true,
    }
}

fn collection(span: Span, kind: Kind) -> Node {
    Node {
        span,
        kind,
        raw: Arc::from(""),
        plain: false,
    }
}
