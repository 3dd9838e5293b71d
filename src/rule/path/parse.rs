//! Reads singular paths without the library, and says what is wrong with those that are no paths.

use super::Step;
use crate::rule::complaint::Complaint;

/// RFC 9535 allows whole numbers that a double can hold.
const LARGEST_INDEX: i64 = (1 << 53) - 1;

/// The steps of a path of names and indexes; `None` when it is anything else, or wrong.
pub(super) fn singular(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(dotted) = rest.strip_prefix('.') {
            shorthand(dotted)?
        } else {
            bracketed(rest.strip_prefix('[')?)?
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// `name` after a dot.
fn shorthand(text: &str) -> Option<(Step, &str)> {
    let end = text
        .char_indices()
        .find(|(at, c)| {
            !(*c == '_'
                || c.is_ascii_alphabetic()
                || *c >= '\u{80}'
                || (*at > 0 && c.is_ascii_digit()))
        })
        .map_or(text.len(), |(at, _)| at);
    (end > 0).then(|| (Step::Name(text[..end].into()), &text[end..]))
}

/// `'name']`, `"name"]` or `1]` after an opening bracket.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let quote = text.chars().next()?;
    if quote != '\'' && quote != '"' {
        let (index, rest) = text.split_once(']')?;
        return Some((Step::Index(number(index)?), rest));
    }
    let inside = &text[1..];
    // A name with an escape is left to the library.
    let end = inside.find([quote, '\\'])?;
    let name = &inside[..end];
    if name.chars().any(|c| c < ' ') {
        return None;
    }
    let rest = inside[end..].strip_prefix(quote)?.strip_prefix(']')?;
    Some((Step::Name(name.into()), rest))
}

/// An integer as JSON writes it.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" && !text.starts_with('-')
        || digits.starts_with(|c: char| ('1'..='9').contains(&c));
    if !canonical || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number: &i64| number.abs() <= LARGEST_INDEX)
}

/// The complaint about a path that does not begin with `$`.
pub(super) fn without_root(text: &str) -> Complaint {
    let path = text.trim();
    let help = if path.starts_with(['.', '[']) {
        format!("write `${path}`")
    } else if path.is_empty() {
        "write one such as `$.body.id`".to_owned()
    } else {
        format!("write `$.{path}`")
    };
    Complaint::new("a path begins with `$`").help(help)
}

/// The complaint about a path that the library cannot read; its message tells line and column.
pub(super) fn broken(text: &str, message: &str) -> Complaint {
    let at = column(message)
        .and_then(|column| text.char_indices().nth(column.checked_sub(1)?))
        .map_or(text.len(), |(at, _)| at);
    let before = &text[..at];
    let rest = &text[at..];
    let (what, help) = hint(text, before, rest);
    let end = rest.chars().next().map_or(at, |c| at + c.len_utf8());
    Complaint::new(what)
        .help(help)
        .range(at.min(text.len().saturating_sub(1))..end)
}

/// The likely mistake, and what to write instead.
fn hint(text: &str, before: &str, rest: &str) -> (String, String) {
    let name_start = before.rfind(['.', '[']).map_or(0, |at| at + 1);
    let name_end = |from: usize| {
        text[from..]
            .find(['.', '[', ']', ' '])
            .map_or(text.len(), |at| from + at)
    };
    if rest.starts_with('-')
        && before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        && name_start > 0
    {
        let end = name_end(before.len());
        let (name, head) = (
            &text[name_start..end],
            text[..name_start].trim_end_matches('.'),
        );
        return (
            "a name with a dash stands in brackets".to_owned(),
            format!("write `{head}['{name}']{}`", &text[end..]),
        );
    }
    let dotted = rest.strip_prefix('.').unwrap_or(rest);
    if dotted.starts_with(|c: char| c.is_ascii_digit())
        && (before.ends_with('.') || rest.starts_with('.'))
    {
        let head = before.trim_end_matches('.');
        let digits = dotted.bytes().take_while(u8::is_ascii_digit).count();
        return (
            "an index stands in brackets".to_owned(),
            format!("write `{head}[{}]{}`", &dotted[..digits], &dotted[digits..]),
        );
    }
    if before == "$" && rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return (
            "a dot is missing after `$`".to_owned(),
            format!("write `$.{rest}`"),
        );
    }
    if rest.is_empty() || rest == "." {
        return (
            "the path ends too early".to_owned(),
            "a name, an index or a closing bracket is missing".to_owned(),
        );
    }
    if rest.starts_with('$') || rest.starts_with("{{") {
        return (
            "a path holds no expression".to_owned(),
            "compare with an operand such as `{ eq: \"${{ … }}\" }`, or use `expr`".to_owned(),
        );
    }
    let shown: String = rest.chars().take(12).collect();
    (
        format!("`{shown}` cannot stand here in a JSONPath"),
        "paths look like `$.body.items[0].sku` or `$.body.items[?@.price > 10]`".to_owned(),
    )
}

/// The column in a message such as ` --> 1:9`.
fn column(message: &str) -> Option<usize> {
    let (_, place) = message.split_once("--> ")?;
    let (_, column) = place.split_once(':')?;
    column
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}
