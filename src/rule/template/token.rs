//! Tokens of an expression: enough of minijinja's grammar to know names, strings and brackets. What is wrong here, minijinja refuses.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word such as `and`.
    Name,
    /// A number.
    Number,
    /// A text in quotes.
    Text,
    /// An operator, bracket or anything else.
    Mark,
}

/// One token and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub range: Range<usize>,
}

const DOUBLE_MARKS: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];

/// All tokens of an expression.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let after_dot = tokens
            .last()
            .is_some_and(|token| &source[token.range.clone()] == ".");
        let (kind, length) = next(&source[at..], c, after_dot);
        tokens.push(Token {
            kind,
            range: at..at + length,
        });
        at += length;
    }
    tokens
}

/// How many bytes a text in quotes takes, both quotes included; `None` when it does not end.
pub(super) fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

fn next(text: &str, first: char, after_dot: bool) -> (Kind, usize) {
    match first {
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Name, name_length(text)),
        '0'..='9' => (Kind::Number, number_length(text, after_dot)),
        '\'' | '"' => (Kind::Text, quoted_length(text).unwrap_or(text.len())),
        _ if DOUBLE_MARKS.iter().any(|mark| text.starts_with(mark)) => (Kind::Mark, 2),
        _ => (Kind::Mark, first.len_utf8()),
    }
}

fn name_length(text: &str) -> usize {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.bytes().take_while(part).count()
}

/// A number after a dot is an index: `items.0.sku`.
fn number_length(text: &str, after_dot: bool) -> usize {
    let digits = |from: usize| {
        text[from..]
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count()
    };
    let whole = digits(0);
    let fraction = text[whole..].starts_with('.')
        && text[whole + 1..].starts_with(|c: char| c.is_ascii_digit());
    if after_dot || !fraction {
        return whole;
    }
    whole + 1 + digits(whole + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source)
            .into_iter()
            .map(|token| &source[token.range])
            .collect()
    }

    #[test]
    fn an_expression_falls_into_names_numbers_texts_and_marks() {
        assert_eq!(
            words("a.b[0] | default('x}}') >= 1.5"),
            [
                "a", ".", "b", "[", "0", "]", "|", "default", "(", "'x}}'", ")", ">=", "1.5"
            ]
        );
        assert_eq!(
            words("a.0.b ~ \"é\\\"\""),
            ["a", ".", "0", ".", "b", "~", "\"é\\\"\""]
        );
        assert_eq!(words("'open"), ["'open"]);
    }

    proptest! {
        #[test]
        fn tokens_cover_everything_but_white_space(source in "[a0.'\"\\\\ é|]{0,12}") {
            let shown: String = words(&source).concat();
            let written: String = source.clone();
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&shown), bare(&written));
        }
    }
}
