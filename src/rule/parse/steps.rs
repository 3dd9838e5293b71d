//! Lists of steps, and what stands beside the verb of each.

use std::sync::Arc;

use super::Parser;
use crate::problem::{Span, nearest};
use crate::rule::retry::RetryPolicy;
use crate::rule::step::{self, Part, Step};
use crate::rule::words;
use crate::yaml::{Entry, Keys, Node};

/// The most steps of a rule.
const STEPS_MAX: usize = 200;
/// The deepest nesting of lists of steps.
const DEPTH_MAX: usize = 8;
/// The longest `timeout` of a step, in days.
const TIMEOUT_DAYS_MAX: u64 = 1;

const STEP_KEYS: Keys = Keys {
    of: "a step",
    known: words::STEP,
    foreign: words::STEP_FOREIGN,
};

/// The ids of all steps under this list, with their lines.
pub(super) fn ids(list: Option<&Node>) -> Vec<(Arc<str>, u32)> {
    let mut found = Vec::new();
    collect_ids(list, &mut found);
    found
}

fn collect_ids(list: Option<&Node>, found: &mut Vec<(Arc<str>, u32)>) {
    for step in list.and_then(Node::as_list).unwrap_or_default() {
        if let Some(id) = step.get("id")
            && let Some(text) = id.text()
        {
            found.push((Arc::from(text), id.span.line));
        }
        for branch in step
            .get("choose")
            .and_then(Node::as_list)
            .unwrap_or_default()
        {
            collect_ids(branch.get("actions"), found);
            collect_ids(branch.get("else"), found);
        }
        collect_ids(
            step.get("for-each").and_then(|inner| inner.get("actions")),
            found,
        );
        collect_ids(step.get("wait").and_then(|inner| inner.get("else")), found);
    }
}

impl Parser<'_> {
    /// A list of steps. `prefix` begins the path of each.
    pub(crate) fn step_list(&mut self, node: &Node, what: &str, prefix: &str) -> Vec<Step> {
        let Some(members) = node.as_list() else {
            let first = node.as_map().and_then(<[_]>::first);
            let glued = first.and_then(|entry| entry.key.strip_prefix('-'));
            let help = match glued {
                Some(verb) => format!("a space is missing after the dash: `- {verb}: …`"),
                None => "begin each step with a dash: `- assign-tag: { … }`".to_owned(),
            };
            let message = format!(
                "{what} is a list of steps, and this is {}",
                node.kind_name()
            );
            self.reader.error_help("K0104", node.span, message, help);
            return Vec::new();
        };
        if members.is_empty() {
            self.reader
                .error("K0110", node.span, format!("{what} has at least one step"));
        }
        if self.depth >= DEPTH_MAX {
            let message = format!("lists of steps are nested deeper than {DEPTH_MAX}");
            self.reader.error("K0110", node.span, message);
            return Vec::new();
        }
        self.depth += 1;
        let mut steps = Vec::new();
        for (number, member) in members.iter().enumerate() {
            self.steps += 1;
            if self.steps == STEPS_MAX + 1 {
                self.reader.error_help(
                    "K0110",
                    member.span,
                    format!("a rule has at most {STEPS_MAX} steps"),
                    "split it into several rules",
                );
            }
            if self.steps <= STEPS_MAX {
                steps.extend(self.step(member, &format!("{prefix}{number}")));
            }
        }
        self.depth -= 1;
        steps
    }

    /// A list inside a step: what it makes is not known outside.
    pub(crate) fn inner_steps(&mut self, node: &Node, what: &str, path: &str) -> Vec<Step> {
        let (ran, vars) = (self.names.ran.len(), self.names.vars.len());
        let steps = self.step_list(node, what, &format!("{path}."));
        self.names.ran.truncate(ran);
        self.names.vars.truncate(vars);
        steps
    }

    fn step(&mut self, node: &Node, path: &str) -> Option<Step> {
        let Some(entries) = node.as_map() else {
            self.not_a_map(node);
            return None;
        };
        let verb = self.verb(node, entries);
        let condition = node.get("if").and_then(|node| self.test(node, "`if`"));
        let retry = node
            .get("retry")
            .map_or_else(RetryPolicy::default, |node| self.retry(node));
        let timeout = node
            .get("timeout")
            .and_then(|node| self.timeout(node, TIMEOUT_DAYS_MAX));
        let on_error = node.get("on_error").and_then(|node| {
            self.reader
                .choice(node, "`on_error`", &["fail", "continue"])
        });
        let connection = node
            .get("connection")
            .and_then(|node| self.connection(node));
        let name = node.get("name").and_then(|node| {
            let text = self.reader.text(node, "`name`")?;
            Some(text.to_owned())
        });
        let approve = node
            .get("approve")
            .and_then(|node| self.reader.boolean(node, "`approve`"));
        let approve = approve.unwrap_or(false);
        let kind = verb.and_then(|verb| {
            let part = Part {
                verb,
                step: node,
                path,
            };
            self.beside(&part);
            step::parse(self, &part)
        });
        let id = node.get("id").and_then(|node| self.step_id(node));
        self.names.ran.extend(id.clone());
        Some(Step {
            path: Arc::from(path),
            id,
            name,
            verb: verb?.key.clone(),
            retry,
            timeout,
            continue_on_error: on_error == Some("continue"),
            approve,
            connection,
            verb_span: verb?.key_span,
            condition,
            kind: kind?,
        })
    }

    fn not_a_map(&mut self, node: &Node) {
        let help = match node.text() {
            Some(text) if self.takes_nothing(text) => format!("write `- {text}:`"),
            Some(text) if self.is_verb(text) => format!("write `- {text}: {{ … }}`"),
            _ => "write the verb as the key: `- assign-tag: { … }`".to_owned(),
        };
        let message = format!(
            "a step is a map with a verb, and this is {}",
            node.kind_name()
        );
        self.reader.error_help("K0104", node.span, message, help);
    }

    fn step_id(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.reader.text(node, "`id`")?;
        let id = self.name(text, node.span, "the id of a step")?;
        let first = self.names.steps.iter().find(|(known, _)| *known == id);
        if let Some((_, line)) = first
            && *line != node.span.line
        {
            let message = format!("the id `{id}` stands twice in this rule");
            let help = format!("it stands in line {line} already; choose another");
            self.reader.error_help("K0106", node.span, message, help);
            return None;
        }
        Some(id)
    }

    fn is_verb(&self, key: &str) -> bool {
        step::find(key).is_some() || self.around.catalog.get(key).is_some()
    }

    fn takes_nothing(&self, key: &str) -> bool {
        let action = self.around.catalog.get(key);
        key == "stop" || action.is_some_and(|action| action.fields.is_empty())
    }

    /// The one verb of a step.
    fn verb<'n>(&mut self, node: &Node, entries: &'n [Entry]) -> Option<&'n Entry> {
        let (verbs, others): (Vec<_>, Vec<_>) = entries
            .iter()
            .filter(|entry| !words::STEP.contains(&&*entry.key))
            .partition(|entry| self.is_verb(&entry.key));
        match verbs.as_slice() {
            [verb] => {
                let mut shifted = false;
                for other in others {
                    shifted |= self.beside_the_verb(verb, other);
                }
                (!shifted).then_some(*verb)
            }
            [] => {
                self.no_verb(node, &others);
                None
            }
            [_, second, ..] => {
                self.reader.error_help(
                    "K0113",
                    second.key_span,
                    format!("a step has one verb, and `{}` is the second", second.key),
                    format!(
                        "make it a step of its own, with a dash: `- {}: …`",
                        second.key
                    ),
                );
                None
            }
        }
    }

    /// Notes a key that does not belong there; true when it was meant to stand under the verb.
    fn beside_the_verb(&mut self, verb: &Entry, other: &Entry) -> bool {
        let spec = self.around.catalog.get(match &*verb.key {
            "ensure-lead" => "create-lead",
            key => key,
        });
        let is_field =
            spec.is_some_and(|spec| spec.fields.iter().any(|field| field.name == &*other.key));
        if is_field {
            self.reader.error_help(
                "K0101",
                other.key_span,
                format!(
                    "`{}` stands beside `{}` and belongs under it",
                    other.key, verb.key
                ),
                "indent it two more spaces",
            );
        } else {
            self.reader.known_key(other, &STEP_KEYS);
        }
        is_field && verb.value.is_null()
    }

    fn no_verb(&mut self, node: &Node, others: &[&Entry]) {
        let is_foreign = |entry: &&&Entry| {
            words::STEP_FOREIGN
                .iter()
                .any(|(word, _)| *word == &*entry.key)
        };
        let foreign: Vec<_> = others.iter().filter(is_foreign).collect();
        for entry in &foreign {
            self.reader.known_key(entry, &STEP_KEYS);
        }
        if !foreign.is_empty() {
            return;
        }
        let Some(first) = others.first() else {
            self.reader.error_help(
                "K0113",
                first_key(node),
                "this step has no verb",
                "add what it does, such as `assign-tag: { … }` or `wait: 3d`",
            );
            return;
        };
        let catalog = self.around.catalog;
        let verbs = step::KINDS
            .iter()
            .map(|kind| kind.name)
            .chain(catalog.actions.iter().map(|action| action.key));
        let spelt = first.key.to_lowercase().replace('_', "-");
        let foreign = words::VERB_FOREIGN
            .iter()
            .find(|(word, _)| *word == spelt)
            .map(|(_, ours)| *ours);
        let help = match foreign.or_else(|| nearest(&first.key, verbs)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a verb is one of Kartra's actions, such as `assign-tag`, or ensure-lead, wait, set, stop, fail".to_owned(),
        };
        self.reader.error_help(
            "K0114",
            first.key_span,
            format!("unknown verb `{}`", first.key),
            help,
        );
    }
}

fn first_key(node: &Node) -> Span {
    let entries = node.as_map().unwrap_or_default();
    entries.first().map_or(node.span, |entry| entry.key_span)
}
