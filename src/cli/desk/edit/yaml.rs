//! One value of kartwheel.yaml, set by the spans of its tree.

use serde_json::Value;

use crate::problem::{Problem, Source};
use crate::yaml::{self, Entry, Node};

/// What came of setting a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// It stands there already.
    Same,
    /// Another value stands there.
    Other(String),
    /// The file's new text.
    New(String),
    /// It cannot be done safely; why.
    ByHand(&'static str),
}

/// Sets the scalar at this path of keys. What else the file says stays the same, or nothing is changed.
pub(crate) fn set(text: &str, path: &[&str], value: &str, replace: bool) -> Edit {
    let Some(root) = read(text) else {
        return Edit::ByHand("the file cannot be read as YAML");
    };
    let mut place = Place {
        text,
        node: &root,
        key: None,
        is_root: true,
    };
    let mut rest = path;
    while let Some((first, others)) = rest.split_first()
        && let Some(entry) = place.node.entry(first)
    {
        place = Place {
            text,
            node: &entry.value,
            key: Some(entry),
            is_root: false,
        };
        rest = others;
    }
    let written = quoted(value);
    let new = if rest.is_empty() {
        match place.node.text() {
            Some(there) if there == value => return Edit::Same,
            Some(there) if !replace => return Edit::Other(there.to_owned()),
            Some(_) => place.overwrite(&written),
            None if place.node.is_null() => place.fill(&written),
            None => None,
        }
    } else {
        place.add(rest, &written)
    };
    let Some(new) = new else {
        return Edit::ByHand("its layout is not one that can be changed safely");
    };
    let mut meant = root.to_json();
    let is_meant = put(&mut meant, path, value)
        && read(&new).is_some_and(|root| {
            let is_there = path
                .iter()
                .try_fold(&root, |node, key| node.get(key))
                .and_then(Node::text);
            is_there == Some(value) && as_text(root.to_json(), path) == as_text(meant, path)
        });
    if is_meant {
        Edit::New(new)
    } else {
        Edit::ByHand("the change would alter more than it should")
    }
}

/// Adds a block with a key that is not there yet to the end of the file.
pub(crate) fn append(text: &str, key: &str, lines: &[String]) -> Option<String> {
    let root = read(text)?;
    let is_block =
        root.as_map().is_some_and(|entries| !entries.is_empty()) && !is_flow(text, &root);
    if !is_block || root.get(key).is_some() {
        return None;
    }
    let newline = newline(text);
    let mut new = text.to_owned();
    if !new.ends_with('\n') {
        new.push_str(newline);
    }
    for line in lines {
        new.push_str(line);
        new.push_str(newline);
    }
    let mut after = read(&new)?.to_json();
    after.as_object_mut()?.shift_remove(key)?;
    (after == root.to_json()).then_some(new)
}

/// The only document of a text without errors.
pub(crate) fn read(text: &str) -> Option<Node> {
    let mut problems: Vec<Problem> = Vec::new();
    let source = Source::new("kartwheel.yaml", text);
    let mut documents = yaml::parse(&source, &mut problems);
    let is_good = documents.len() == 1 && !problems.iter().any(Problem::is_error);
    is_good.then(|| documents.swap_remove(0))
}

/// A scalar as it is written in YAML: in quotes where it would be taken for something else than text.
pub(crate) fn quoted(value: &str) -> String {
    let plain = value
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | ':' | '.' | '/'));
    let is_text = plain
        && !value.starts_with('-')
        && read(&format!("a: {value}\n")).is_some_and(|root| {
            let node = root.get("a").filter(|node| node.altered().is_none());
            node.and_then(Node::as_str) == Some(value)
        });
    if is_text {
        value.to_owned()
    } else {
        Value::from(value).to_string()
    }
}

/// Where the change is to be made.
struct Place<'a> {
    text: &'a str,
    node: &'a Node,
    key: Option<&'a Entry>,
    is_root: bool,
}

impl Place<'_> {
    fn overwrite(&self, written: &str) -> Option<String> {
        let span = self.node.span;
        splice(self.text, span.start, span.end, written)
    }

    /// Where nothing or `~` stands behind the key.
    fn fill(&self, written: &str) -> Option<String> {
        if !self.node.raw.is_empty() {
            return self.overwrite(written);
        }
        let key = self.key?.key_span.end;
        let colon = key + self.text.get(key..)?.find(':')? + 1;
        splice(self.text, colon, colon, &format!(" {written}"))
    }

    /// Adds an entry: keys within keys, and the value.
    fn add(&self, rest: &[&str], written: &str) -> Option<String> {
        let inner = inline(rest, written);
        let Some(entries) = self.node.as_map() else {
            return if self.node.is_null() {
                self.fill(&format!("{{ {inner} }}"))
            } else {
                None
            };
        };
        if is_flow(self.text, self.node) {
            return self.add_to_flow(entries, &inner);
        }
        let newline = newline(self.text);
        let indent = " ".repeat(entries.first()?.key_span.column.checked_sub(1)? as usize);
        if rest.len() == 1 && !self.is_root {
            // Right under its key, above the comments of what follows.
            let at = line_end(self.text, self.key?.key_span.end);
            return splice(self.text, at, at, &format!("{newline}{indent}{inner}"));
        }
        if self.is_root {
            let (first, others) = rest.split_first()?;
            let block = match others {
                [] => format!("{inner}{newline}"),
                others => format!("{first}:{newline}  {}{newline}", inline(others, written)),
            };
            let gap = if self.text.ends_with('\n') {
                ""
            } else {
                newline
            };
            return Some(format!("{}{gap}{block}", self.text));
        }
        let end = end_of(entries.last()?);
        if self.text[..end].ends_with('\n') {
            return splice(self.text, end, end, &format!("{indent}{inner}{newline}"));
        }
        let at = line_end(self.text, end);
        splice(self.text, at, at, &format!("{newline}{indent}{inner}"))
    }

    fn add_to_flow(&self, entries: &[Entry], inner: &str) -> Option<String> {
        let Some(first) = entries.first() else {
            return self.overwrite(&format!("{{ {inner} }}"));
        };
        // In a map of maps the new one is the last, in a connection the id stands first.
        if inner.contains('{') {
            let end = end_of(entries.last()?);
            return splice(self.text, end, end, &format!(", {inner}"));
        }
        let at = first.key_span.start;
        splice(self.text, at, at, &format!("{inner}, "))
    }
}

/// `a: { b: value }`
fn inline(keys: &[&str], written: &str) -> String {
    match keys.split_first() {
        None => written.to_owned(),
        Some((key, [])) => format!("{key}: {written}"),
        Some((key, rest)) => format!("{key}: {{ {} }}", inline(rest, written)),
    }
}

fn is_flow(text: &str, node: &Node) -> bool {
    text.get(node.span.start..)
        .is_some_and(|rest| rest.starts_with('{'))
}

/// One past the last byte of an entry.
fn end_of(entry: &Entry) -> usize {
    let value = &entry.value;
    let own = value.span.end.max(entry.key_span.end);
    match value.as_map() {
        _ if value.is_null() && value.raw.is_empty() => entry.key_span.end,
        Some([.., last]) if value.span.end <= end_of(last) => end_of(last),
        _ => own,
    }
}

/// The end of the line that this byte is on.
fn line_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |at| from + at);
    if text[..end].ends_with('\r') {
        end - 1
    } else {
        end
    }
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn splice(text: &str, start: usize, end: usize, new: &str) -> Option<String> {
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    Some(format!("{before}{new}{after}"))
}

/// Puts the value into the tree; false where a scalar or a list stands in the way.
fn put(tree: &mut Value, path: &[&str], value: &str) -> bool {
    let Some((first, rest)) = path.split_first() else {
        *tree = value.into();
        return true;
    };
    if tree.is_null() {
        *tree = Value::Object(serde_json::Map::new());
    }
    match tree.as_object_mut() {
        Some(map) => put(map.entry(*first).or_insert(Value::Null), rest, value),
        None => false,
    }
}

/// The tree with the value at this path as text: an id of digits may be read as a number.
fn as_text(mut tree: Value, path: &[&str]) -> Value {
    put(&mut tree, path, "");
    tree
}
