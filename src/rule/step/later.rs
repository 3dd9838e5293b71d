//! Kinds that a later version carries out: read and checked whole, then refused.

use super::{Kind, KindSpec, Part};
use crate::rule::condition::Condition;
use crate::rule::parse::Parser;
use crate::rule::words;

/// The most items of a `for-each`.
const ITEMS_MAX: u64 = 10_000;

/// `choose`.
pub(super) const CHOOSE: KindSpec = KindSpec {
    name: "choose",
    doc: "Takes the first branch that holds.",
    parse: choose,
};

/// `for-each`.
pub(super) const FOR_EACH: KindSpec = KindSpec {
    name: "for-each",
    doc: "Carries out its steps for each item of a list.",
    parse: for_each,
};

/// `notify`.
pub(super) const NOTIFY: KindSpec = KindSpec {
    name: "notify",
    doc: "Tells a channel of kartwheel.yaml.",
    parse: notify,
};

/// `request`.
pub(super) const REQUEST: KindSpec = KindSpec {
    name: "request",
    doc: "Makes a raw call through Membrane's proxy.",
    parse: request,
};

/// `run`.
pub(super) const RUN: KindSpec = KindSpec {
    name: "run",
    doc: "Starts a rule whose trigger is `manual`.",
    parse: run,
};

fn refuse(parser: &mut Parser<'_>, part: &Part<'_>, help: &str) -> Option<Box<dyn Kind>> {
    let what = format!("`{}`", part.verb.key);
    parser.later(part.verb.key_span, &what, help);
    None
}

fn choose(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let Some(branches) = part.verb.value.as_list() else {
        parser
            .reader
            .wrong_type(&part.verb.value, "`choose` is a list of branches");
        return None;
    };
    for (number, branch) in branches.iter().enumerate() {
        if parser.reader.map(branch, &words::BRANCH).is_none() {
            continue;
        }
        let path = format!("{}.{number}", part.path);
        if let Some(test) = branch.get("if") {
            parser.test(test, "`if`");
        }
        if let Some(condition) = branch.get("match") {
            let source = parser.reader.source;
            Condition::parse(condition, source, parser.reader.problems());
        }
        for key in ["actions", "else"] {
            if let Some(steps) = branch.get(key) {
                parser.inner_steps(steps, &format!("`{key}`"), &path);
            }
        }
    }
    refuse(parser, part, "give each step its own `if`")
}

fn for_each(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let node = &part.verb.value;
    parser.reader.map(node, &words::FOR_EACH)?;
    match node.get("in") {
        Some(list) if list.as_list().is_some() => {
            parser.shape(list);
        }
        Some(list) => {
            parser.test(list, "`in`");
        }
        None => lacks(parser, part, "in"),
    }
    let name = node.get("as").and_then(|name| {
        let text = parser.reader.text(name, "`as`")?;
        parser.name(text, name.span, "the name of an item")
    });
    for (key, most) in [("at_most", ITEMS_MAX), ("at_once", 16)] {
        if let Some(number) = node.get(key) {
            parser.reader.whole(number, &format!("`{key}`"), 1..=most);
        }
    }
    parser
        .names
        .items
        .push(name.unwrap_or_else(|| "item".into()));
    match node.get("actions") {
        Some(steps) => {
            parser.inner_steps(steps, "`actions`", part.path);
        }
        None => lacks(parser, part, "actions"),
    }
    parser.names.items.pop();
    refuse(
        parser,
        part,
        "write the steps out, or send one event for each item",
    )
}

fn notify(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let node = &part.verb.value;
    if node.as_map().is_none() {
        parser.expr(node, "`notify`");
    } else {
        parser.reader.map(node, &words::NOTIFY);
        if node.get("channel").is_none() {
            lacks(parser, part, "channel");
        }
        for key in ["channel", "title", "text"] {
            if let Some(text) = node.get(key) {
                parser.expr(text, &format!("`{key}`"));
            }
        }
        if let Some(data) = node.get("data") {
            parser.shape(data);
        }
    }
    refuse(parser, part, "look at `kartwheel runs follow` for now")
}

fn request(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let node = &part.verb.value;
    parser.reader.map(node, &words::REQUEST)?;
    match node.get("method") {
        Some(method) => {
            let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
            parser.reader.choice(method, "`method`", &known);
        }
        None => lacks(parser, part, "method"),
    }
    match node.get("path") {
        Some(path) => {
            parser.expr(path, "`path`");
        }
        None => lacks(parser, part, "path"),
    }
    for key in ["query", "headers", "body"] {
        if let Some(value) = node.get(key) {
            parser.shape(value);
        }
    }
    if let Some(flag) = node.get("repeatable") {
        parser.reader.boolean(flag, "`repeatable`");
    }
    refuse(parser, part, "use one of Kartra's actions")
}

fn run(parser: &mut Parser<'_>, part: &Part<'_>) -> Option<Box<dyn Kind>> {
    let node = &part.verb.value;
    parser.reader.map(node, &words::RUN)?;
    match node.get("rule") {
        Some(rule) => {
            parser.reader.text(rule, "`rule`");
        }
        None => lacks(parser, part, "rule"),
    }
    if let Some(input) = node.get("input") {
        parser.shape(input);
    }
    refuse(parser, part, "write the steps of that rule here")
}

fn lacks(parser: &mut Parser<'_>, part: &Part<'_>, key: &str) {
    let verb = &part.verb.key;
    let help = format!("add `{key}:` under `{verb}`");
    let message = format!("`{verb}` needs `{key}`");
    parser
        .reader
        .error_help("K0103", part.verb.key_span, message, help);
}
