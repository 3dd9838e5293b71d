//! JSONPath (RFC 9535), compiled once, with a fast walk for paths that select at most one node.

mod guard;
mod parse;
#[cfg(test)]
mod tests;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use super::complaint::Complaint;
use crate::problem::nearest;

/// The longest path, in bytes.
const LONGEST_BYTES: usize = 1024;

/// What an event's tree holds at its root.
pub const BRANCHES: [&str; 8] = [
    "event", "body", "headers", "query", "person", "schedule", "input", "env",
];

/// A compiled JSONPath.
#[derive(Debug, Clone)]
pub struct Path {
    text: Box<str>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Names and indexes only: at most one node.
    Singular(Box<[Step]>),
    /// Everything else.
    Query(Box<JpQuery>),
}

/// One step of a singular path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Into an object.
    Name(Box<str>),
    /// Into a list; negative from its end.
    Index(i64),
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// It is not JSONPath, or one that could cost too much.
    pub fn compile(text: &str) -> Result<Self, Complaint> {
        if text.len() > LONGEST_BYTES {
            return Err(Complaint::new("a path is at most 1 kB long"));
        }
        if !text.starts_with('$') {
            return Err(parse::without_root(text));
        }
        let kind = match parse::singular(text) {
            Some(steps) => Kind::Singular(steps.into()),
            None => {
                let query = parse_json_path(text)
                    .map_err(|error| parse::broken(text, &error.to_string()))?;
                guard::check(&query)?;
                Kind::Query(Box::new(query))
            }
        };
        Ok(Self {
            text: text.into(),
            kind,
        })
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it selects at most one node.
    #[must_use]
    pub const fn is_singular(&self) -> bool {
        matches!(self.kind, Kind::Singular(_))
    }

    /// The nodes it selects, in order.
    #[must_use]
    pub fn select<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        match &self.kind {
            Kind::Singular(steps) => walk(steps, root).into_iter().collect(),
            Kind::Query(query) => match js_path_process(query, root) {
                Ok(found) => found.into_iter().map(|node| node.val()).collect(),
                Err(_) => Vec::new(),
            },
        }
    }

    /// The first node it selects. Of a singular path without any allocation.
    #[must_use]
    pub fn first<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        match &self.kind {
            Kind::Singular(steps) => walk(steps, root),
            Kind::Query(_) => self.select(root).into_iter().next(),
        }
    }

    /// The name it begins with, when it begins with one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        match &self.kind {
            Kind::Singular(steps) => match steps.first() {
                Some(Step::Name(name)) => Some(name),
                _ => None,
            },
            Kind::Query(query) => match query.segments.first() {
                Some(Segment::Selector(Selector::Name(name))) => Some(name),
                _ => None,
            },
        }
    }

    /// The names it begins with, up to the first step that is anything else.
    #[must_use]
    pub fn leading_names(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Singular(steps) => steps
                .iter()
                .map_while(|step| match step {
                    Step::Name(name) => Some(&**name),
                    Step::Index(_) => None,
                })
                .collect(),
            Kind::Query(query) => query
                .segments
                .iter()
                .map_while(|segment| match segment {
                    Segment::Selector(Selector::Name(name)) => Some(name.as_str()),
                    _ => None,
                })
                .collect(),
        }
    }

    /// Whether it can find anything in a tree with these branches, such as [`BRANCHES`].
    ///
    /// # Errors
    /// It begins with another name, or asks for a header in capitals.
    pub fn check_branch(&self, branches: &[&str]) -> Result<(), Complaint> {
        if let Some(branch) = self.branch()
            && !branches.contains(&branch)
        {
            let at = self.text.find(branch).unwrap_or(0);
            let near = nearest(branch, branches.iter().copied());
            let help = match near {
                Some(near) => format!("write `{near}`"),
                None if branches.contains(&"body") => format!(
                    "what arrived is under `$.body`: write `$.body{}`",
                    &self.text[1..]
                ),
                None => format!("there are {}", branches.join(", ")),
            };
            return Err(
                Complaint::new(format!("`{branch}` is no branch of the tree"))
                    .help(help)
                    .range(at..at + branch.len()),
            );
        }
        match &self.kind {
            Kind::Singular(steps) => match &**steps {
                [Step::Name(branch), Step::Name(header), ..]
                    if **branch == *"headers" && header.chars().any(char::is_uppercase) =>
                {
                    let lower = header.to_lowercase();
                    Err(Complaint::new("header names are in lower case here")
                        .help(format!("write `$.headers['{lower}']`")))
                }
                _ => Ok(()),
            },
            Kind::Query(_) => Ok(()),
        }
    }
}

/// Follows names and indexes.
fn walk<'v>(steps: &[Step], root: &'v Value) -> Option<&'v Value> {
    steps
        .iter()
        .try_fold(root, |node, step| match (step, node) {
            (Step::Name(name), Value::Object(map)) => map.get(&**name),
            (Step::Index(index), Value::Array(list)) => {
                let index = if *index < 0 {
                    list.len()
                        .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
                } else {
                    usize::try_from(*index).ok()?
                };
                list.get(index)
            }
            _ => None,
        })
}
