//! Names in an expression: dotted chains such as `body.items[0].sku`, where they stand and what they find.

use std::fmt::Write;
use std::ops::Range;

use super::token::{Kind, Token, tokens};

/// Words that look like names and are not.
const WORDS: [&str; 14] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "recursive",
];

/// One key of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// `.name` or `['name']`.
    Name(Box<str>),
    /// `[0]`, `[-1]` or `.0`.
    Index(i64),
}

/// A root and the keys that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// The first name.
    pub root: Box<str>,
    /// The keys up to the first that is computed.
    pub keys: Vec<Key>,
    /// Bytes of the root and all keys, computed ones included.
    pub range: Range<usize>,
    /// The tokens it is made of.
    pub tokens: Range<usize>,
    /// No key is computed.
    pub whole: bool,
    /// It is called: a function, or a method when it has keys.
    pub called: bool,
    /// `default` or `is defined` follows.
    pub optional: bool,
}

impl Chain {
    /// As a dotted path, with only so many of its keys.
    pub(super) fn path(&self, keys: usize) -> String {
        let mut path = self.root.to_string();
        for key in self.keys.iter().take(keys) {
            match key {
                Key::Name(name) if is_plain(name) => path.extend([".", name]),
                Key::Name(name) => drop(write!(path, "['{name}']")),
                Key::Index(index) => drop(write!(path, "[{index}]")),
            }
        }
        path
    }
}

/// Whether a name can stand after a dot.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The text of a token.
pub(super) fn word<'s>(source: &'s str, token: Option<&Token>) -> &'s str {
    token.map_or("", |token| &source[token.range.clone()])
}

/// All chains of an expression, in order; those inside computed keys and arguments too.
pub(super) fn chains(source: &str, tokens: &[Token]) -> Vec<Chain> {
    (0..tokens.len())
        .filter(|at| begins_chain(source, tokens, *at))
        .map(|at| chain(source, tokens, at))
        .collect()
}

/// The chain that is all of this text, such as `body.id`.
pub(super) fn only_chain(source: &str) -> Option<Chain> {
    let tokens = tokens(source);
    if tokens.is_empty() || !begins_chain(source, &tokens, 0) {
        return None;
    }
    let chain = chain(source, &tokens, 0);
    (chain.tokens.len() == tokens.len() && chain.whole && !chain.called).then_some(chain)
}

fn begins_chain(source: &str, tokens: &[Token], at: usize) -> bool {
    if tokens[at].kind != Kind::Name || WORDS.contains(&word(source, tokens.get(at))) {
        return false;
    }
    let before = |back: usize| {
        at.checked_sub(back)
            .map_or("", |at| word(source, tokens.get(at)))
    };
    let tested = before(1) == "is" || (before(1) == "not" && before(2) == "is");
    let named_argument = word(source, tokens.get(at + 1)) == "=";
    !matches!(before(1), "." | "|") && !tested && !named_argument
}

fn chain(source: &str, tokens: &[Token], start: usize) -> Chain {
    let mut chain = Chain {
        root: word(source, tokens.get(start)).into(),
        keys: Vec::new(),
        range: tokens[start].range.clone(),
        tokens: start..start + 1,
        whole: true,
        called: false,
        optional: false,
    };
    while let Some((key, after)) = next_key(source, tokens, chain.tokens.end) {
        match key {
            Some(key) if chain.whole => chain.keys.push(key),
            _ => chain.whole = false,
        }
        chain.tokens.end = after;
        chain.range.end = tokens[after - 1].range.end;
    }
    chain.called = word(source, tokens.get(chain.tokens.end)) == "(";
    chain.optional = may_be_missing(source, tokens, chain.tokens.end);
    chain
}

/// The key that begins at this token (`None` inside when it is computed), and the token after it.
fn next_key(source: &str, tokens: &[Token], at: usize) -> Option<(Option<Key>, usize)> {
    let second = tokens.get(at + 1)?;
    match word(source, tokens.get(at)) {
        "." if second.kind == Kind::Name => {
            Some((Some(Key::Name(word(source, Some(second)).into())), at + 2))
        }
        "." if second.kind == Kind::Number => Some((
            word(source, Some(second)).parse().ok().map(Key::Index),
            at + 2,
        )),
        "[" => {
            let end = closing(source, tokens, at)?;
            let inside = &tokens[at + 1..end];
            let sliced = inside.iter().any(|token| word(source, Some(token)) == ":");
            (!sliced && !inside.is_empty()).then(|| (literal(source, inside), end + 1))
        }
        _ => None,
    }
}

/// The bracket that closes the one at this token.
pub(super) fn closing(source: &str, tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match word(source, Some(token)) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn literal(source: &str, inside: &[Token]) -> Option<Key> {
    match inside {
        [token] if token.kind == Kind::Text => {
            text_literal(source, token).map(|name| Key::Name(name.into()))
        }
        [token] if token.kind == Kind::Number => {
            word(source, Some(token)).parse().ok().map(Key::Index)
        }
        [minus, token] if token.kind == Kind::Number && word(source, Some(minus)) == "-" => {
            word(source, Some(token))
                .parse::<i64>()
                .ok()
                .map(|index| Key::Index(-index))
        }
        _ => None,
    }
}

/// The content of a text in quotes, when it holds no escape.
pub(super) fn text_literal<'s>(source: &'s str, token: &Token) -> Option<&'s str> {
    let quoted = word(source, Some(token));
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    (token.kind == Kind::Text && quoted.len() >= 2 && !inner.contains('\\')).then_some(inner)
}

fn may_be_missing(source: &str, tokens: &[Token], at: usize) -> bool {
    let next = |ahead: usize| word(source, tokens.get(at + ahead));
    let state = if next(1) == "not" { next(2) } else { next(1) };
    match next(0) {
        "|" => matches!(next(1), "default" | "d"),
        "is" => matches!(state, "defined" | "undefined"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(source: &str) -> Vec<String> {
        let chains = chains(source, &tokens(source));
        chains
            .iter()
            .map(|chain| {
                let mark = if chain.optional { "?" } else { "" };
                let call = if chain.called { "()" } else { "" };
                format!("{}{call}{mark}", chain.path(usize::MAX))
            })
            .collect()
    }

    #[test]
    fn every_name_of_an_expression_is_found() {
        for (source, expected) in [
            ("body.items[0].sku", vec!["body.items[0].sku"]),
            ("body['a-b'][\"c\"].0", vec!["body['a-b'].c[0]"]),
            ("body.items[vars.n].sku", vec!["body.items", "vars.n"]),
            ("a.b | default(c.d) | lower", vec!["a.b?", "c.d"]),
            ("'x.y' in a and not b.c is defined", vec!["a", "b.c?"]),
            (
                "a if b.c is not divisibleby(d) else none",
                vec!["a", "b.c", "d"],
            ),
            ("xs | map(attribute='n') | join(sep)", vec!["xs", "sep"]),
            ("jsonpath('$.body')", vec!["jsonpath()"]),
            ("{'k': a.b, c: 1}", vec!["a.b", "c"]),
            ("body.items[1:2]", vec!["body.items"]),
        ] {
            assert_eq!(paths(source), expected, "{source}");
        }
    }

    #[test]
    fn a_lone_chain_is_known() {
        assert!(only_chain("body.items[0]").is_some());
        for source in [
            "",
            "body.x | lower",
            "f(x)",
            "'x'",
            "not",
            "body[x]",
            "body.items[0:1]",
        ] {
            assert!(only_chain(source).is_none(), "{source}");
        }
    }
}
