//! YAML's own mistakes in words for people: what is wrong and what usually helps.

use serde_yaml::granit_parser::ErrorKind;

use crate::problem::{Problem, Source};

/// YAML's own mistakes in our words.
pub(super) fn broken(source: &Source, at: usize, kind: &ErrorKind) -> Problem {
    let (message, help) = words(kind);
    let at = visible(source, at);
    let end = source.text[at..]
        .chars()
        .next()
        .filter(|char| *char != '\n')
        .map_or(at, |char| at + char.len_utf8());
    let problem = Problem::error("K0003", source, source.span(at..end), message);
    if help.is_empty() {
        problem
    } else {
        problem.help(help)
    }
}

/// At the end of the text the last visible character is the better place.
fn visible(source: &Source, at: usize) -> usize {
    let at = source.span(at..at).start;
    if source.text[at..].trim().is_empty() {
        let kept = source.text[..at].trim_end();
        kept.char_indices().next_back().map_or(0, |(last, _)| last)
    } else {
        at
    }
}

fn words(kind: &ErrorKind) -> (String, &'static str) {
    match kind {
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("the bracket `{open}` is never closed"),
            "close it, or put quotes around the text if the bracket belongs to it",
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (
            format!("the bracket `{open}` is closed by `{close}`"),
            "close each bracket by its own kind",
        ),
        other => match fixed_words(other) {
            Some((message, help)) => (message.to_owned(), help),
            None => (format!("this is not valid YAML: {other}"), ""),
        },
    }
}

fn fixed_words(kind: &ErrorKind) -> Option<(&'static str, &'static str)> {
    use ErrorKind as K;
    Some(match kind {
        K::UnexpectedEofFlowSequence
        | K::UnexpectedEofFlowMapping
        | K::UnexpectedEofImplicitFlowMapping
        | K::ExpectedFlowMappingSeparator
        | K::ExpectedFlowSequenceSeparator => (
            "here a comma or the closing bracket is missing",
            "inside `{ }` and `[ ]`, text that holds brackets, commas or `: ` needs quotes",
        ),
        K::MisplacedFlowCollectionEnd => (
            "a closing bracket without an opening one",
            "remove it, or put quotes around the text if it belongs to it",
        ),
        K::UnclosedQuotedScalar | K::DocumentIndicatorInQuotedScalar => (
            "a quote is never closed",
            "close it; a `'` inside single quotes is written twice, a `\"` inside double quotes as `\\\"`",
        ),
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => (
            "text follows the closing quote",
            "put the whole value in quotes, or none of it",
        ),
        K::UnknownQuotedScalarEscape
        | K::InvalidQuotedScalarHexEscape
        | K::InvalidLowSurrogateHexEscape
        | K::InvalidLowSurrogate
        | K::MissingLowSurrogate
        | K::UnpairedLowSurrogate
        | K::InvalidUnicodeEscape => (
            "this escape does not exist in double quotes",
            "double the backslash, or use single quotes",
        ),
        K::RecursionLimitExceeded => ("brackets or lists are nested too deep", "flatten it"),
        K::InvalidIndentation
        | K::ExpectedBlockMappingKey
        | K::ExpectedBlockSequenceEntry
        | K::InvalidBlockScalarIndent
        | K::InvalidQuotedScalarIndent
        | K::InvalidFlowScalarIndent
        | K::BlockSequenceEntryNotAllowed
        | K::MappingKeyNotAllowed => (
            "the indentation does not fit what stands above",
            "keys of one map, and the dashes of one list, begin in the same column",
        ),
        K::MappingValueNotAllowed | K::SimpleKeyExpected | K::InvalidSimpleKey => (
            "this `key: value` cannot stand here",
            "a `:` may be missing in the line above, or this line is indented too far",
        ),
        K::MissingAnchorOrAliasName => (
            "YAML takes a `*` or `&` at this place for its own sign",
            "put quotes around the text",
        ),
        K::CommentInterceptedScalar | K::CommentNotSeparated => (
            "a comment stands in the middle of a text",
            "put quotes around the text if the `#` belongs to it",
        ),
        K::BomInsideDocument => ("an invisible mark (U+FEFF) stands here", "remove it"),
        _ => return None,
    })
}
