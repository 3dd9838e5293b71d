//! Reading on behind a trap: the value that YAML stumbled over is replaced by text of the same length, and the document is read again,
//! so that one trap does not hide the next mistake. What is said of the replaced value later is dropped by `problem::settle`.

use super::{Node, build};
use crate::problem::{Problem, Source, Span};

/// The most traps that are read over in one document.
const TRAPS_MAX: usize = 20;
/// The codes whose place is exactly the value that YAML cannot read.
const TRAPS: [&str; 5] = ["K0007", "K0009", "K0010", "K0011", "K0016"];

/// Reads documents from this byte on; `Some` when it stopped early, with the byte where it did.
pub(super) fn part(
    source: &Source,
    offset: usize,
    documents: &mut Vec<Node>,
    problems: &mut Vec<Problem>,
) -> Option<usize> {
    let (read, told) = (documents.len(), problems.len());
    let mut traps = Vec::new();
    let mut text = source.clone();
    loop {
        let stopped = build::part(&text, offset, documents, problems);
        let last = problems.get(told..).and_then(<[Problem]>::last);
        let patched = last
            .filter(|_| stopped.is_some() && traps.len() < TRAPS_MAX)
            .and_then(|trap| without(&text, trap));
        let Some(patched) = patched else {
            problems.append(&mut traps);
            return stopped;
        };
        traps.extend(problems.pop());
        documents.truncate(read);
        problems.truncate(told);
        text = patched;
    }
}

/// The text with something harmless in the place of this trap.
fn without(source: &Source, trap: &Problem) -> Option<Source> {
    if !TRAPS.contains(&trap.code) {
        return None;
    }
    let Span { start, end, .. } = trap.span;
    let written = source.slice(trap.span);
    let harmless = quoted_expression(written).unwrap_or_else(|| {
        let harmless = |char: char| if char.is_ascii() { 'x' } else { char };
        written.chars().map(harmless).collect()
    });
    if harmless == written {
        return None;
    }
    let text = &source.text;
    let patched = format!("{}{harmless}{}", &text[..start], &text[end..]);
    Some(Source::new(source.name.clone(), patched))
}

/// `${{ x }}` as `"${{x}}"`: as long as it was, and every name at its place.
fn quoted_expression(written: &str) -> Option<String> {
    let inner = written.strip_prefix("${{ ")?.strip_suffix(" }}")?;
    let quote = ['"', '\'']
        .into_iter()
        .find(|quote| !inner.contains([*quote, '\\']))?;
    Some(format!("{quote}${{{{{inner}}}}}{quote}"))
}
