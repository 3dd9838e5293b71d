//! Scope: what the expressions of a rule can see.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::name::{Chain, Key};
use crate::run::{Failure, Progress, StepProgress};

/// What expressions can see: the event's tree, and what the run has made.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// `event`, `body`, `headers`, `query`, `person`, `schedule`, `input`, `env`.
    pub tree: &'a Arc<Value>,
    /// `vars`.
    pub vars: Option<&'a Map<String, Value>>,
    /// `steps`, by path; found by id.
    pub steps: Option<&'a BTreeMap<Arc<str>, StepProgress>>,
    /// `failure`.
    pub failure: Option<&'a Failure>,
    /// `item`.
    pub item: Option<&'a Value>,
}

impl<'a> Scope<'a> {
    /// Only the event.
    #[must_use]
    pub const fn of_event(tree: &'a Arc<Value>) -> Self {
        Self {
            tree,
            vars: None,
            steps: None,
            failure: None,
            item: None,
        }
    }

    /// The event and the vars computed so far.
    #[must_use]
    pub const fn with_vars(tree: &'a Arc<Value>, vars: &'a Map<String, Value>) -> Self {
        Self {
            vars: Some(vars),
            ..Self::of_event(tree)
        }
    }

    /// The event and all that the run has made.
    #[must_use]
    pub const fn of_run(tree: &'a Arc<Value>, progress: &'a Progress) -> Self {
        Self {
            tree,
            vars: Some(&progress.vars),
            steps: Some(&progress.steps),
            failure: progress.failure.as_ref(),
            item: None,
        }
    }
}

/// What a chain of names finds.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A value where it is.
    Here(&'a Value),
    /// A value made for the occasion.
    Made(Value),
    /// Nothing: so many keys could be followed.
    Missing {
        /// How many keys were found before the missing one; `None` when the root itself is missing.
        keys: Option<usize>,
        /// The names that stand beside the missing one.
        beside: Vec<String>,
    },
}

impl<'a> Scope<'a> {
    /// Follows a chain whose keys are all written out.
    pub(super) fn find(&self, chain: &Chain) -> Found<'a> {
        match (&*chain.root, chain.keys.as_slice()) {
            ("vars", keys) => match self.vars {
                Some(vars) => in_map(vars, keys),
                None => self.no_root(),
            },
            ("steps", keys) => match self.steps {
                Some(steps) => in_steps(steps, keys),
                None => self.no_root(),
            },
            ("failure", keys) => match self.failure {
                Some(failure) => owned(&serde_json::to_value(failure).unwrap_or_default(), keys),
                None => self.no_root(),
            },
            ("item", keys) => match self.item {
                Some(item) => in_value(item, keys, 0),
                None => self.no_root(),
            },
            (root, keys) => match self.tree.get(root) {
                Some(branch) => in_value(branch, keys, 0),
                None => self.no_root(),
            },
        }
    }

    /// The roots that can be named now.
    pub(super) fn roots(&self) -> Vec<String> {
        let mut roots: Vec<String> = self
            .tree
            .as_object()
            .map(|tree| tree.keys().cloned().collect())
            .unwrap_or_default();
        let made = [
            ("vars", self.vars.is_some()),
            ("steps", self.steps.is_some()),
            ("failure", self.failure.is_some()),
            ("item", self.item.is_some()),
        ];
        roots.extend(
            made.iter()
                .filter(|(_, there)| *there)
                .map(|(name, _)| (*name).to_owned()),
        );
        roots
    }

    /// The step of this id.
    pub(super) fn step(&self, id: &str) -> Option<&'a StepProgress> {
        step_of(self.steps?, id)
    }

    fn no_root(&self) -> Found<'a> {
        Found::Missing {
            keys: None,
            beside: self.roots(),
        }
    }
}

/// A step as `steps.<id>` shows it: a state, and an output when it has one.
pub(super) fn shown(step: &StepProgress) -> Value {
    let mut shown = Map::new();
    if let Some(output) = &step.output {
        shown.insert("output".to_owned(), output.clone());
    }
    shown.insert("state".to_owned(), Value::from(step.state.name()));
    Value::Object(shown)
}

/// All steps with an id.
pub(super) fn all_shown(steps: &BTreeMap<Arc<str>, StepProgress>) -> Map<String, Value> {
    let named = steps
        .values()
        .filter_map(|step| Some((step.id.as_deref()?, step)));
    named
        .map(|(id, step)| (id.to_owned(), shown(step)))
        .collect()
}

fn step_of<'a>(steps: &'a BTreeMap<Arc<str>, StepProgress>, id: &str) -> Option<&'a StepProgress> {
    steps.values().find(|step| step.id.as_deref() == Some(id))
}

fn in_map<'a>(map: &'a Map<String, Value>, keys: &[Key]) -> Found<'a> {
    let Some((key, rest)) = keys.split_first() else {
        return Found::Made(Value::Object(map.clone()));
    };
    match key {
        Key::Name(name) if map.contains_key(&**name) => in_value(&map[&**name], rest, 1),
        _ => Found::Missing {
            keys: Some(0),
            beside: map.keys().cloned().collect(),
        },
    }
}

fn in_steps<'a>(steps: &'a BTreeMap<Arc<str>, StepProgress>, keys: &[Key]) -> Found<'a> {
    let Some((Key::Name(id), rest)) = keys.split_first() else {
        return Found::Made(Value::Object(all_shown(steps)));
    };
    let Some(step) = step_of(steps, id) else {
        let ids = steps.values().filter_map(|step| step.id.as_deref());
        return Found::Missing {
            keys: Some(0),
            beside: ids.map(str::to_owned).collect(),
        };
    };
    match (rest.split_first(), &step.output) {
        (Some((Key::Name(name), rest)), Some(output)) if **name == *"output" => {
            in_value(output, rest, 2)
        }
        _ => match owned(&shown(step), rest) {
            Found::Missing { keys, beside } => Found::Missing {
                keys: keys.map(|keys| keys + 1),
                beside,
            },
            found => found,
        },
    }
}

fn owned<'a>(value: &Value, keys: &[Key]) -> Found<'a> {
    match in_value(value, keys, 0) {
        Found::Here(found) => Found::Made(found.clone()),
        Found::Made(found) => Found::Made(found),
        Found::Missing { keys, beside } => Found::Missing { keys, beside },
    }
}

/// Follows keys from a value, of which `before` were followed to reach it.
fn in_value<'a>(value: &'a Value, keys: &[Key], before: usize) -> Found<'a> {
    let mut node = value;
    for (at, key) in keys.iter().enumerate() {
        let next = match (key, node) {
            (Key::Name(name), Value::Object(map)) => map.get(&**name),
            (Key::Index(index), Value::Array(list)) => item(list, *index),
            _ => None,
        };
        let Some(next) = next else {
            return Found::Missing {
                keys: Some(before + at),
                beside: node
                    .as_object()
                    .map(|map| map.keys().cloned().collect())
                    .unwrap_or_default(),
            };
        };
        node = next;
    }
    Found::Here(node)
}

fn item(list: &[Value], index: i64) -> Option<&Value> {
    let from_end = usize::try_from(index.unsigned_abs()).ok()?;
    let at = if index < 0 {
        list.len().checked_sub(from_end)?
    } else {
        from_end
    };
    list.get(at)
}
