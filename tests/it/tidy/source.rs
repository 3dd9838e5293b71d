//! Rust text to tokens and paths, well enough for the checks of `tidy`: comments and strings are gone, groups are unfolded.

/// A path as it stands in the code, with the inline modules around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    /// Inline modules it stands in, outermost first.
    pub(super) inside: Vec<&'a str>,
    /// Its segments; `*` for a glob. A group has become one path per member.
    pub(super) segments: Vec<&'a str>,
}

/// Words, `::`, `"` for any string or character, and every other character by itself. Comments and lifetimes are left out.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest) {
            found.push("\"");
            length
        } else if rest.starts_with("r#") {
            // A raw name such as `r#in`: the name follows.
            2
        } else if first == '"' {
            found.push("\"");
            quoted(rest, '"')
        } else if first == '\'' {
            quote_or_lifetime(rest, &mut found)
        } else if rest.starts_with("::") {
            found.push(&rest[..2]);
            2
        } else if is_word(first) {
            let length = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
            found.push(&rest[..length]);
            length
        } else {
            if !first.is_whitespace() {
                found.push(&rest[..first.len_utf8()]);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// All paths of two segments or more, and single names behind `use`.
pub(super) fn paths<'a>(tokens: &[&'a str]) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let mut modules: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at] {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                modules.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if tokens.get(at + 2) == Some(&"{") => modules.push((tokens[at + 1], depth + 1)),
            word if starts_path(tokens, at) => {
                let mut flat = Vec::new();
                let end = unfold(tokens, at, &[], &mut flat);
                let used = at > 0 && tokens[at - 1] == "use";
                found.extend(
                    flat.into_iter()
                        .filter(|segments| segments.len() > 1 || used)
                        .map(|segments| Path {
                            inside: modules.iter().map(|(name, _)| *name).collect(),
                            segments,
                        }),
                );
                debug_assert!(end > at, "{word} is passed");
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads the path at `at` on from `prefix`, one entry per member of a group, and says where it ends.
fn unfold<'a>(
    tokens: &[&'a str],
    mut at: usize,
    prefix: &[&'a str],
    into: &mut Vec<Vec<&'a str>>,
) -> usize {
    let mut path = prefix.to_vec();
    if tokens[at] != "self" || prefix.is_empty() {
        path.push(tokens[at]);
    }
    at += 1;
    while tokens.get(at) == Some(&"::") {
        match tokens.get(at + 1) {
            Some(&"{") => {
                at += 2;
                while at < tokens.len() && tokens[at] != "}" {
                    at = match tokens[at] {
                        word if is_name(word) || word == "*" => unfold(tokens, at, &path, into),
                        _ => at + 1,
                    };
                }
                return at + 1;
            }
            Some(word) if is_name(word) || *word == "*" => {
                path.push(word);
                at += 2;
            }
            _ => break,
        }
    }
    if tokens.get(at) == Some(&"as") && !prefix.is_empty() {
        at += 2;
    }
    into.push(path);
    at
}

/// A word that no path leads to: not behind `.`, and behind `::` only when nothing stands before that.
fn starts_path(tokens: &[&str], at: usize) -> bool {
    if !is_name(tokens[at]) {
        return false;
    }
    match at.checked_sub(1).map(|before| tokens[before]) {
        Some("." | "fn" | "mod") => false,
        Some("::") => !at
            .checked_sub(2)
            .is_some_and(|before| is_name(tokens[before]) || tokens[before] == ">"),
        _ => true,
    }
}

fn is_name(token: &str) -> bool {
    token
        .chars()
        .next()
        .is_some_and(|first| first == '_' || first.is_alphabetic())
        && !matches!(token, "use" | "as" | "pub" | "in" | "return")
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Length of a block comment, nested ones included.
fn block_comment(text: &str) -> usize {
    let mut open = 0;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            open += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            open -= 1;
            at += 2;
        } else {
            match rest.chars().next() {
                Some(next) => at += next.len_utf8(),
                None => return at,
            }
        }
        if open == 0 {
            return at;
        }
    }
}

/// Length of a raw string, if one begins here: `r"…"`, `br##"…"##`.
fn raw_string(text: &str) -> Option<usize> {
    let after = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(text.len() - body.len() + end)
}

/// Length of a quoted text with its backslashes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, next) in text.char_indices().skip(1) {
        if !escaped && next == quote {
            return at + next.len_utf8();
        }
        escaped = !escaped && next == '\\';
    }
    text.len()
}

/// Length of a character, which becomes a `"`, or of a lifetime, which becomes nothing.
fn quote_or_lifetime(text: &str, found: &mut Vec<&str>) -> usize {
    let mut next = text.chars().skip(1);
    let (first, second) = (next.next(), next.next());
    if first == Some('\\') || second == Some('\'') {
        found.push("\"");
        return quoted(text, '\'');
    }
    1 + text[1..]
        .find(|next| !is_word(next))
        .unwrap_or(text.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> Vec<String> {
        paths(&tokens(text))
            .iter()
            .map(|path| path.segments.join("::"))
            .collect()
    }

    #[test]
    fn comments_strings_characters_and_lifetimes_hold_no_paths() {
        let text = r####"
            // crate::a::b
            /* crate::c /* crate::d */ crate::e */
            const A: &'static str = "crate::f \" crate::g";
            const B: &str = r#"crate::h " crate::i"#;
            const C: (char, char, u8) = ('"', '\'', b'"');
            fn d<'a>(e: &'a str) {}
            fn found() { crate::found::it() }
        "####;
        assert_eq!(flat(text), ["crate::found::it"]);
    }

    #[test]
    fn raw_names_are_names() {
        assert_eq!(
            tokens("mod r#in; use r#in::In;"),
            ["mod", "in", ";", "use", "in", "::", "In", ";"]
        );
    }

    #[test]
    fn groups_over_several_lines_are_unfolded() {
        let text = "use crate::{\n    store::{self, Op as O, sqlite::*},\n    run,\n};\nuse sqlx;";
        assert_eq!(
            flat(text),
            [
                "crate::store",
                "crate::store::Op",
                "crate::store::sqlite::*",
                "crate::run",
                "sqlx"
            ]
        );
    }

    #[test]
    fn paths_in_code_are_found_wherever_they_stand() {
        let text = "#[tokio::test] fn f(a: Vec<crate::run::Run>) -> <super::super::rule::R as X>::Y { a.b(::sqlx::query::<crate::z::Z>(c)) }";
        assert_eq!(
            flat(text),
            [
                "tokio::test",
                "crate::run::Run",
                "super::super::rule::R",
                "sqlx::query",
                "crate::z::Z"
            ]
        );
    }

    #[test]
    fn a_path_knows_the_inline_modules_around_it() {
        let text = "mod a { mod b { use super::c::D; } use super::e::F; } use super::g::H;";
        let inside: Vec<_> = paths(&tokens(text))
            .into_iter()
            .map(|path| path.inside)
            .collect();
        assert_eq!(inside, [vec!["a", "b"], vec!["a"], vec![]]);
    }
}
