//! YAML's traps, named before YAML's own message is: what was written, what YAML makes of it, how to write it.

use serde_yaml::granit_parser::ErrorKind;

use super::words::broken;
use crate::problem::{Problem, Source, Span};

/// What to say when the parser gives up at this byte, with the bracket that is open there. `None` when a problem of the same line
/// says it already.
pub(super) fn explain(
    source: &Source,
    at: usize,
    kind: &ErrorKind,
    bracket: Option<usize>,
    known: &[Problem],
) -> Option<Problem> {
    let here = source.span(at..at);
    if known
        .iter()
        .any(|problem| problem.file == source.name && problem.span.line == here.line)
    {
        return None;
    }
    let line = Line::at(source, at);
    Some(
        tab(source, &line, at, kind)
            .or_else(|| expression(source, &line))
            .or_else(|| {
                let open = line.text.find("{{")?;
                line.is_outside_quotes(open)
                    .then(|| braces(source, line.start + open))
            })
            .or_else(|| reserved(source, &line))
            .or_else(|| star(source, &line, kind))
            .or_else(|| missing_space(source, &line, kind))
            .or_else(|| second_colon(source, &line, kind))
            .or_else(|| unclosed(source, at, bracket?))
            .unwrap_or_else(|| broken(source, at, kind)),
    )
}

/// `cron: */5 * * * *`: YAML takes the star for an alias.
pub(super) fn alias(source: &Source, span: Span, name: &str) -> Problem {
    let line = Line::at(source, span.start);
    let value = line.value_from(span.start - line.start);
    Problem::error(
        "K0007",
        source,
        span,
        format!("YAML takes `*{name}` for an alias, and no `&{name}` stands before it"),
    )
    .help(format!(
        "if the `*` belongs to the text, put quotes around it: {}",
        quoted(value)
    ))
}

/// `{{ x }}`: YAML takes the braces for a map in a map.
pub(super) fn braces(source: &Source, at: usize) -> Problem {
    let line = Line::at(source, at);
    let rest = &line.text[at - line.start..];
    let end = rest.find("}}").map_or(rest.trim_end().len(), |end| end + 2);
    let text = &rest[..end];
    Problem::error(
        "K0009",
        source,
        source.span(at..at + end),
        format!("YAML takes `{text}` for a map"),
    )
    .help(if line.is_flow(at - line.start) {
        format!("an expression is written with a dollar sign, and inside `{{ }}` with quotes: `\"${text}\"`")
    } else {
        format!("an expression is written with a dollar sign: `${text}`")
    })
}

/// `tag_name: #vip`: the comment that stands where a value is missing, when no space follows the `#`.
pub(super) fn comment(source: &Source, from: usize) -> Option<Problem> {
    let line = Line::at(source, from);
    let column = from.checked_sub(line.start)?;
    let hash = line.text[column..].find(" #")? + column + 1;
    let text = line.text[hash..].trim_end();
    if text.len() < 2 || text[1..].starts_with([' ', '#', '!', '-', '=']) {
        return None;
    }
    let before = line.text[..hash].trim_end();
    if !before.ends_with([':', '-']) {
        return None;
    }
    Some(
        Problem::error(
            "K0008",
            source,
            source.span(line.start + hash..line.start + hash + text.len()),
            format!("`{text}` is a comment to YAML, so the value is empty"),
        )
        .help(format!("put quotes around it: {}", quoted(text))),
    )
}

/// `${{ a #b }}`: the `#` ends the text in the middle of the expression.
pub(super) fn cut_expression(source: &Source, span: Span, text: &str) -> Option<Problem> {
    let open = text.rfind("${{")?;
    if text[open..].contains("}}") {
        return None;
    }
    let line = Line::at(source, span.end);
    let rest = &line.text[(span.end - line.start).min(line.text.len())..];
    rest.trim_start().starts_with('#').then(|| {
        Problem::error(
            "K0016",
            source,
            span,
            "a ` #` begins a comment, in the middle of the expression",
        )
        .help("put the whole value in double quotes")
    })
}

/// One line of the file.
struct Line<'a> {
    start: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn at(source: &'a Source, byte: usize) -> Self {
        let byte = byte.min(source.text.len());
        let before = &source.text.as_bytes()[..byte];
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let rest = &source.text[start..];
        let text = rest.split('\n').next().unwrap_or("");
        Self { start, text }
    }

    /// Whether this column lies outside quotes and comments, as far as one line can tell.
    fn is_outside_quotes(&self, column: usize) -> bool {
        let mut quote = None;
        let mut last = ' ';
        for char in self.text[..column].chars() {
            match (quote, char) {
                (None, '#') if last == ' ' => return false,
                (None, '"' | '\'') if matches!(last, ' ' | '[' | '{' | ',' | '(') => {
                    quote = Some(char);
                }
                (Some(open), _) if open == char && last != '\\' => quote = None,
                _ => {}
            }
            last = char;
        }
        quote.is_none()
    }

    /// Whether this column lies inside `{ }` or `[ ]`, as far as one line can tell.
    fn is_flow(&self, column: usize) -> bool {
        self.text[..column].contains(['{', '['])
    }

    /// The text from this column to the end of the value: a comma or bracket of a flow map ends it.
    fn value_from(&self, column: usize) -> &'a str {
        let rest = &self.text[column.min(self.text.len())..];
        let in_flow = self.is_flow(column);
        let end = if in_flow {
            rest.find([',', '}', ']']).unwrap_or(rest.len())
        } else {
            rest.find(" #").unwrap_or(rest.len())
        };
        rest[..end].trim_end()
    }

    /// Where the value of `key: value` or `- value` begins.
    fn value_column(&self) -> Option<usize> {
        let indent = self.text.len() - self.text.trim_start().len();
        let after_dash = self.text[indent..]
            .strip_prefix("- ")
            .map_or(indent, |rest| self.text.len() - rest.trim_start().len());
        let value = match self.text[after_dash..].find(": ") {
            Some(colon) => after_dash + colon + 2,
            None if after_dash > indent => after_dash,
            None => return None,
        };
        let skipped = self.text[value..].len() - self.text[value..].trim_start().len();
        Some(value + skipped)
    }
}

fn tab(source: &Source, line: &Line<'_>, at: usize, kind: &ErrorKind) -> Option<Problem> {
    let by_kind = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
    );
    let indent = line.text.len() - line.text.trim_start().len();
    let in_indent = line.text[..indent].find('\t').map(|at| line.start + at);
    let place = in_indent.or_else(|| {
        by_kind.then(|| {
            let near = line.text.find('\t').map(|column| line.start + column);
            near.unwrap_or(at)
        })
    })?;
    Some(
        Problem::error(
            "K0004",
            source,
            source.span(place..place + 1),
            "a tab stands where YAML allows only spaces",
        )
        .help("indent with spaces; most editors can do it for you (\"insert spaces\")"),
    )
}

fn expression(source: &Source, line: &Line<'_>) -> Option<Problem> {
    let mut opens = line.text.match_indices("${{").map(|(open, _)| open);
    let open = opens.find(|open| line.is_outside_quotes(*open))?;
    let rest = &line.text[open..];
    let end = expression_end(rest).unwrap_or(rest.trim_end().len());
    let span = source.span(line.start + open..line.start + open + end);
    let in_flow = line.is_flow(open);
    let why = if in_flow {
        "inside `{ }` and `[ ]` an expression needs quotes"
    } else if rest.contains(": ") {
        "an expression that holds `: ` needs quotes"
    } else if rest.contains(" #") {
        "an expression that holds ` #` needs quotes"
    } else {
        return None;
    };
    Some(Problem::error("K0016", source, span, why).help(format!("write {}", quoted(&rest[..end]))))
}

/// One past the `}}` that ends the expression at the beginning of this text: not one in a text or of a map in it.
fn expression_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, char) in text.char_indices().skip("${{".len()) {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '{') => depth += 1,
            (None, '}') if depth > 0 => depth -= 1,
            (None, '}') if text[at..].starts_with("}}") => return Some(at + 2),
            _ => {}
        }
    }
    text.find("}}").map(|at| at + 2)
}

fn reserved(source: &Source, line: &Line<'_>) -> Option<Problem> {
    let column = line.value_column()?;
    let first = line.text[column..].chars().next()?;
    if !matches!(first, '@' | '`' | '%') {
        return None;
    }
    let value = line.value_from(column);
    let start = line.start + column;
    Some(
        Problem::error(
            "K0011",
            source,
            source.span(start..start + value.len()),
            format!("a value cannot begin with `{first}` without quotes"),
        )
        .help(format!("put quotes around it: {}", quoted(value))),
    )
}

fn star(source: &Source, line: &Line<'_>, kind: &ErrorKind) -> Option<Problem> {
    let column = line.value_column()?;
    let value = line.value_from(column);
    let first = value.chars().next()?;
    let is_bare = *kind == ErrorKind::MissingAnchorOrAliasName;
    if !matches!(first, '*' | '&') || !(is_bare || value.contains(' ')) {
        return None;
    }
    let what = if first == '*' {
        "an alias"
    } else {
        "an anchor"
    };
    let start = line.start + column;
    Some(
        Problem::error(
            "K0007",
            source,
            source.span(start..start + value.len()),
            format!("YAML takes a `{first}` at the beginning of a value for {what}"),
        )
        .help(format!("put quotes around it: {}", quoted(value))),
    )
}

/// `id:course` in the line above: without a space it is all one text, and the next key cannot follow a text.
fn missing_space(source: &Source, line: &Line<'_>, kind: &ErrorKind) -> Option<Problem> {
    if !matches!(
        kind,
        ErrorKind::MappingValueNotAllowed | ErrorKind::SimpleKeyExpected
    ) {
        return None;
    }
    let above = source.text[..line.start].trim_end();
    let above = Line::at(source, above.len());
    let written = above.text.trim();
    let (key, value) = written.trim_start_matches("- ").split_once(':')?;
    let is_key = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if key.is_empty()
        || !key.chars().all(is_key)
        || value.is_empty()
        || value.starts_with("//")
        || written.contains(": ")
    {
        return None;
    }
    let start = above.start + above.text.find(key)?;
    let span = source.span(start..start + key.len() + 1);
    Some(
        Problem::error("K0003", source, span, "a space is missing after the `:`")
            .help(format!("write `{key}: {}`", value.trim())),
    )
}

fn second_colon(source: &Source, line: &Line<'_>, kind: &ErrorKind) -> Option<Problem> {
    let fits = matches!(
        kind,
        ErrorKind::MappingValueNotAllowed
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::SimpleKeyExpected
            | ErrorKind::ExpectedBlockMappingKey
    );
    let column = line.value_column()?;
    let value = line.value_from(column);
    if !fits || !(value.contains(": ") || value.ends_with(':')) || value.starts_with(['"', '\'']) {
        return None;
    }
    let start = line.start + column;
    Some(
        Problem::error(
            "K0010",
            source,
            source.span(start..start + value.len()),
            "a value that holds `: ` needs quotes",
        )
        .help(format!("put quotes around it: {}", quoted(value))),
    )
}

/// The text in the quotes that need the least escaping.
fn quoted(text: &str) -> String {
    let text = text.trim();
    if text.contains(['"', '\\']) {
        format!("`'{}'`", text.replace('\'', "''"))
    } else {
        format!("`\"{text}\"`")
    }
}

/// A bracket of an earlier line that is still open.
fn unclosed(source: &Source, at: usize, bracket: usize) -> Option<Problem> {
    let span = source.span(bracket..bracket + 1);
    let char = source.slice(span).to_owned();
    let is_last_line = source.text[at.min(source.text.len())..].trim().is_empty();
    (is_last_line || source.span(at..at).line > span.line).then(|| {
        Problem::error(
            "K0003",
            source,
            span,
            format!("the bracket `{char}` is never closed"),
        )
        .help("close it, or put quotes around the text if the bracket belongs to it")
    })
}
