//! What an expression may use: known filters, tests and functions, and JSONPaths that are written out.

use std::ops::Range;

use super::engine::{FUNCTIONS, MADE, TESTS};
use super::filter::FILTERS;
use super::name::{Chain, Key, closing, text_literal, word};
use super::token::{Kind, Token};
use crate::problem::nearest;
use crate::rule::complaint::Complaint;
use crate::rule::path::{BRANCHES, Path};

/// Other names of filters.
const SHORT_FILTERS: [&str; 2] = ["count", "d"];

/// Checks an expression; gives the chains that its JSONPaths begin with.
pub(super) fn check(
    source: &str,
    tokens: &[Token],
    chains: &[Chain],
) -> Result<Vec<Chain>, Complaint> {
    for (at, token) in tokens
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, token)| token.kind == Kind::Name)
    {
        let name = word(source, Some(token));
        let before = |back: usize| {
            at.checked_sub(back)
                .map_or("", |at| word(source, tokens.get(at)))
        };
        let tested =
            (before(1) == "is" && name != "not") || (before(1) == "not" && before(2) == "is");
        if before(1) == "|" && before(2) == "|" {
            return Err(Complaint::new("`||` is no operator")
                .help("write `or`")
                .range(token.range.start - 1..token.range.start));
        } else if before(1) == "|" {
            filter(name, &token.range)?;
        } else if tested && !TESTS.contains(&name) {
            return Err(unknown("test", name, &TESTS).range(token.range.clone()));
        }
    }
    let mut more = Vec::new();
    for chain in chains {
        if chain.root.starts_with("__") {
            return Err(
                Complaint::new(format!("`{}` is no name", chain.root)).range(chain.range.clone())
            );
        }
        if chain.called {
            called(chain)?;
            more.push(jsonpath(source, tokens, chain)?);
        }
    }
    Ok(more)
}

fn filter(name: &str, range: &Range<usize>) -> Result<(), Complaint> {
    let names: Vec<&str> = FILTERS
        .iter()
        .map(|filter| filter.name)
        .chain(SHORT_FILTERS)
        .collect();
    if names.contains(&name) {
        return Ok(());
    }
    let meant = match name {
        "downcase" | "lowercase" | "toLowerCase" => Some("lower"),
        "upcase" | "uppercase" | "toUpperCase" => Some("upper"),
        "strip" => Some("trim"),
        "sha256" => Some("hash"),
        "strftime" | "datetime" | "as_datetime" | "timestamp" => Some("date"),
        "size" | "len" => Some("length"),
        "number" => Some("float"),
        _ => None,
    };
    let complaint = match meant {
        Some(meant) => {
            Complaint::new(format!("there is no filter `{name}`")).help(format!("write `{meant}`"))
        }
        None => unknown("filter", name, &names),
    };
    Err(complaint.range(range.clone()))
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Complaint {
    let complaint = Complaint::new(format!("there is no {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => complaint.help(format!("write `{near}`")),
        None => complaint.help(format!("there are {}", known.join(", "))),
    }
}

/// Only functions can be called.
fn called(chain: &Chain) -> Result<(), Complaint> {
    let complaint = match chain.keys.last() {
        None if FUNCTIONS.contains(&&*chain.root) => return Ok(()),
        None if *chain.root == *"lookup" => Complaint::new("`lookup` is not in this version"),
        None if FILTERS.iter().any(|filter| filter.name == &*chain.root) => {
            Complaint::new(format!("`{}` is a filter", chain.root))
                .help(format!("write `… | {}`", chain.root))
        }
        None => unknown("function", &chain.root, &FUNCTIONS),
        Some(Key::Name(method)) => {
            let before = chain.path(chain.keys.len() - 1);
            Complaint::new("values have no methods")
                .help(format!("use a filter, such as `{before} | {method}`"))
        }
        Some(Key::Index(_)) => Complaint::new("this cannot be called"),
    };
    Err(complaint.range(chain.range.clone()))
}

/// `jsonpath('…')`: the path is written out, so that text from outside never becomes one, and is checked here.
fn jsonpath(source: &str, tokens: &[Token], call: &Chain) -> Result<Chain, Complaint> {
    let open = call.tokens.end;
    let inside = closing(source, tokens, open).map_or(&[][..], |end| &tokens[open + 1..end]);
    let [argument] = inside else {
        return Err(not_written_out().range(call.range.clone()));
    };
    let Some(text) = text_literal(source, argument) else {
        return Err(not_written_out().range(argument.range.clone()));
    };
    let start = argument.range.start + 1;
    let whole = |complaint: Complaint| {
        let range = complaint.range.clone().unwrap_or(0..text.len());
        complaint.range(range).shifted(start)
    };
    let path = Path::compile(text).map_err(whole)?;
    let branches: Vec<&str> = BRANCHES.into_iter().chain(MADE).collect();
    path.check_branch(&branches).map_err(whole)?;
    let mut names = path.leading_names().into_iter();
    Ok(Chain {
        root: names.next().unwrap_or("event").into(),
        keys: names.map(|name| Key::Name(name.into())).collect(),
        range: argument.range.clone(),
        tokens: 0..0,
        whole: false,
        called: false,
        // It selects what there is.
        optional: true,
    })
}

fn not_written_out() -> Complaint {
    Complaint::new("the path of `jsonpath` must be written out")
        .help("write `jsonpath('$.body.items[*].sku')`")
}
