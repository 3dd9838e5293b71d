//! What an alias repeats, and what a merge key takes from it.

use super::{Entry, Kind, Node};
use crate::problem::{Problem, Source, Span};

/// Puts the entries of `<<: *name` or `<<: [*a, *b]` behind those that are written out; the first to have a key wins.
pub(super) fn merge(
    source: &Source,
    entries: &mut Vec<Entry>,
    merge: &Entry,
    problems: &mut Vec<Problem>,
) {
    let maps = match &merge.value.kind {
        Kind::List(members) => members.as_slice(),
        _ => std::slice::from_ref(&merge.value),
    };
    for node in maps {
        let Kind::Map(merged) = &node.kind else {
            problems.push(
                Problem::error(
                    "K0014",
                    source,
                    node.span,
                    "`<<` takes a map, or a list of maps",
                )
                .help("write `<<: *name`, where `&name` stands before a map"),
            );
            continue;
        };
        for entry in merged {
            if !entries.iter().any(|known| known.key == entry.key) {
                entries.push(entry.clone());
            }
        }
    }
}

/// The same value, standing where an alias repeats it.
pub(super) fn moved(node: Node, span: Span) -> Node {
    let kind = match node.kind {
        Kind::List(members) => Kind::List(
            members
                .into_iter()
                .map(|member| moved(member, span))
                .collect(),
        ),
        Kind::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|entry| Entry {
                    key: entry.key,
                    key_span: span,
                    value: moved(entry.value, span),
                })
                .collect(),
        ),
        other => other,
    };
    Node { span, kind, ..node }
}
