//! Finds the `${{ }}` of a text; strings and nested braces within them do not end them.

use std::ops::Range;

use super::token::quoted_length;
use crate::rule::complaint::Complaint;

/// What opens an expression.
pub(super) const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// A part of a template's text, as bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Stands for itself.
    Text(Range<usize>),
    /// An expression, without its braces and the white space around it.
    Expression(Range<usize>),
}

/// The parts of a text, in order. Empty texts between are left out.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, Complaint> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(OPEN) {
        let open = at + found;
        if found > 0 {
            parts.push(Part::Text(at..open));
        }
        let start = open + OPEN.len();
        let end = close(text, start).map_err(|complaint| complaint.range(open..text.len()))?;
        parts.push(Part::Expression(trimmed(text, start..end)));
        at = end + CLOSE.len();
    }
    if at < text.len() {
        parts.push(Part::Text(at..text.len()));
    }
    Ok(parts)
}

/// The byte at which the expression that starts at `start` is closed.
fn close(text: &str, start: usize) -> Result<usize, Complaint> {
    let mut depth: usize = 0;
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\'' | '"' => match quoted_length(&text[at..]) {
                Some(length) => {
                    at += length;
                    continue;
                }
                None => {
                    return Err(Complaint::new("a quote inside `${{` does not end")
                        .help(format!("write a second `{c}`, or `\\{c}` inside the text")));
                }
            },
            '{' => depth += 1,
            '}' if depth == 0 && text[at..].starts_with(CLOSE) => return Ok(at),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += c.len_utf8();
    }
    Err(Complaint::new("`${{` is not closed")
        .help("end the expression with `}}`; for the text itself write `${{ '${{' }}`"))
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + inner.len() - inner.trim_start().len();
    start..start + inner.trim().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let part = |part: Part| match part {
            Part::Text(range) => text[range].to_owned(),
            Part::Expression(range) => format!("<{}>", &text[range]),
        };
        parts(text).expect(text).into_iter().map(part).collect()
    }

    #[test]
    fn expressions_end_where_their_braces_close() {
        assert_eq!(shown("a ${{ x }} b"), ["a ", "<x>", " b"]);
        assert_eq!(shown("${{x}}${{ y }}"), ["<x>", "<y>"]);
        assert_eq!(shown("${{ '}}' }}."), ["<'}}'>", "."]);
        assert_eq!(shown("${{ \"\\\"}}\" }}"), ["<\"\\\"}}\">"]);
        assert_eq!(shown("${{ {'a': {'b': 1}} }}"), ["<{'a': {'b': 1}}>"]);
        assert_eq!(shown("${{{'a': {'b': 1}}}}"), ["<{'a': {'b': 1}}>"]);
        assert_eq!(shown("{{ x }} $ {"), ["{{ x }} $ {"]);
        assert_eq!(shown("${{ '${{' }}"), ["<'${{'>"]);
    }

    #[test]
    fn what_is_not_closed_is_pointed_at() {
        let complaint = parts("ab ${{ x }").expect_err("open");
        assert_eq!(complaint.message, "`${{` is not closed");
        assert_eq!(complaint.range, Some(3..10));
        assert_eq!(
            parts("${{ it's }}").expect_err("quote").message,
            "a quote inside `${{` does not end"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([${}'\"\\\\é ]|\\PC){0,16}") {
            let _ = parts(&text);
        }
    }
}
