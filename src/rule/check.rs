//! Which names an expression may use at its place: branches of the tree, vars computed before, steps that ran before.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::AddressFor;
use super::expr::Shape;
use super::template::{Scope, Template};
use crate::problem::{Span, nearest};

const ROOTS: &[&str] = &[
    "event", "body", "headers", "query", "person", "schedule", "input", "vars", "steps", "item",
    "failure", "env", "tables",
];
const EVENT: &[&str] = &[
    "id",
    "type",
    "source",
    "received_at",
    "live",
    "replay_of",
    "caused_by",
];
const PERSON: &[&str] = &["email", "first_name", "last_name", "phone", "ids"];
const SCHEDULE: &[&str] = &["at", "timezone", "previous_at"];
const FAILURE: &[&str] = &["step", "class", "message"];
const STEP: &[&str] = &["output", "state"];

/// Where in a rule an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In `match`: only what arrived is known.
    Match,
    /// In `vars`, `key`, `once`: earlier vars too.
    Start,
    /// In `actions`: vars and earlier steps.
    Run,
    /// In `on_failure`: all of these, and `failure`.
    Failure,
}

/// What is known at the place that is being read.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) stage: Stage,
    /// Vars computed so far.
    pub(crate) vars: Vec<Arc<str>>,
    /// Those of them that are the same for every event, with their values.
    fixed: Map<String, Value>,
    /// Those that a `set` gives another value.
    pub(crate) changing: Vec<Arc<str>>,
    /// Steps that ran before, by id.
    pub(crate) ran: Vec<Arc<str>>,
    /// Every step of the rule that has an id, with its line.
    pub(crate) steps: Vec<(Arc<str>, u32)>,
    /// Names of the items of the `for-each` steps around.
    pub(crate) items: Vec<Arc<str>>,
    /// What `env:` of kartwheel.yaml lists, when that is known.
    pub(crate) env: Option<Vec<Arc<str>>>,
    /// Where the person's address is first used without something to take its place.
    pub(crate) address: Option<Span>,
    /// Whether `match` looks at the address, in whatever way.
    pub(crate) matches_address: bool,
}

/// A name that cannot be used here.
pub(crate) struct Unknown {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Names {
    /// Nothing is known but what arrives, and `env`.
    pub(crate) fn new(env: Option<Vec<Arc<str>>>) -> Self {
        Self {
            stage: Stage::Match,
            vars: Vec::new(),
            fixed: Map::new(),
            changing: Vec::new(),
            ran: Vec::new(),
            steps: Vec::new(),
            items: Vec::new(),
            env,
            address: None,
            matches_address: false,
        }
    }

    /// Notes that this name is used in a text.
    pub(crate) fn used(&mut self, name: &str, text: &str, span: Span) {
        let has_other = ["default", " if ", " or "]
            .iter()
            .any(|word| text.contains(word));
        if name == "person.email" && !has_other && self.address.is_none() {
            self.address = Some(span);
        }
        self.matches_address |= self.stage == Stage::Match && name == "person.email";
    }

    /// Notes that `match` looks at this place of the tree.
    pub(crate) fn looked_at(&mut self, names: &[&str]) {
        self.matches_address |= matches!(names, ["person"] | ["person", "email", ..]);
    }

    /// What the rule needs the address for, as far as it is read.
    pub(crate) const fn needs_address(&self) -> AddressFor {
        match (self.matches_address, self.address) {
            (true, _) => AddressFor::Match,
            (false, Some(_)) => AddressFor::Run,
            (false, None) => AddressFor::Nothing,
        }
    }

    /// Notes the value of a var, where it stays the same.
    pub(crate) fn fix(&mut self, name: &Arc<str>, shape: &Shape) {
        if let Some(value) = shape.constant()
            && !self.changing.contains(name)
        {
            self.fixed.insert(name.to_string(), value);
        }
    }

    /// The value of a text that is the same for every event.
    pub(crate) fn constant(&self, template: &Template) -> Option<Value> {
        let is_fixed = |path: &str| {
            let var = path.strip_prefix("vars.").unwrap_or_default();
            let name = var.split(['.', '[']).next().unwrap_or_default();
            self.fixed.contains_key(name)
        };
        let names = template.names();
        if !names.iter().all(|name| is_fixed(name)) {
            return None;
        }
        let nothing = Arc::new(Value::Null);
        let scope = Scope::with_vars(&nothing, &self.fixed);
        template.render(&scope).ok()
    }

    /// What is wrong with using this name here.
    pub(crate) fn check(&self, name: &str) -> Option<Unknown> {
        let parts: Vec<&str> = name
            .split(['.', '['])
            .map(|part| part.trim_matches([']', '\'', '"']))
            .collect();
        let root = *parts.first()?;
        let second = parts.get(1).copied();
        match root {
            "body" | "headers" | "query" | "schedule" | "input"
                if second.is_none() || root != "schedule" =>
            {
                None
            }
            "event" => member(root, second, EVENT),
            "person" => member(root, second, PERSON),
            "schedule" => member(root, second, SCHEDULE),
            "failure" => self.failure(second),
            "vars" => self.var(second),
            "steps" => self.step(second, parts.get(2).copied()),
            "env" => self.env(second),
            "tables" => Some(Unknown {
                code: "K0107",
                message: "tables are not in this version".to_owned(),
                help: Some("write the values into the rule for now".to_owned()),
            }),
            _ if self.items.iter().any(|item| **item == *root) => None,
            _ => Some(self.root(root, name)),
        }
    }

    fn root(&self, root: &str, name: &str) -> Unknown {
        let help = if root == "item" {
            "`item` exists only inside `for-each`".to_owned()
        } else if self.vars.iter().any(|var| **var == *root) {
            format!("did you mean `vars.{root}`?")
        } else if self.ran.iter().any(|step| **step == *root) {
            format!("did you mean `steps.{name}`?")
        } else if PERSON.contains(&root) {
            format!("did you mean `person.{root}`?")
        } else if let Some(near) = nearest(root, ROOTS.iter().copied()) {
            format!("did you mean `{near}`?")
        } else {
            format!("what arrived is under `body`: did you mean `body.{name}`?")
        };
        Unknown {
            code: "K0402",
            message: format!("there is no `{root}` here"),
            help: Some(help),
        }
    }

    fn var(&self, name: Option<&str>) -> Option<Unknown> {
        if self.stage == Stage::Match {
            return Some(Unknown {
                code: "K0403",
                message: "vars are computed after the match".to_owned(),
                help: Some("use `body`, `person`, `event` or `env` here".to_owned()),
            });
        }
        let name = name?;
        if self.vars.iter().any(|var| **var == *name) {
            return None;
        }
        let help = match nearest(name, self.vars.iter().map(|var| &**var)) {
            Some(near) => format!("did you mean `vars.{near}`?"),
            None if self.vars.is_empty() => "no var is computed before this place".to_owned(),
            None => format!("computed before this place: {}", self.vars.join(", ")),
        };
        Some(Unknown {
            code: "K0402",
            message: format!("there is no `vars.{name}` here"),
            help: Some(help),
        })
    }

    fn step(&self, id: Option<&str>, part: Option<&str>) -> Option<Unknown> {
        let id = id?;
        if self.ran.iter().any(|step| **step == *id) {
            return member(&format!("steps.{id}"), part, STEP);
        }
        if let Some((_, line)) = self.steps.iter().find(|(step, _)| **step == *id) {
            let help = format!(
                "the step `{id}` in line {line} has not run before this place, or stands in an inner list"
            );
            return Some(Unknown {
                code: "K0403",
                message: format!("`steps.{id}` is not known here yet"),
                help: Some(help),
            });
        }
        let help = match nearest(id, self.steps.iter().map(|(step, _)| &**step)) {
            Some(near) => format!("did you mean `steps.{near}`?"),
            None => format!("give the step `id: {id}`"),
        };
        Some(Unknown {
            code: "K0402",
            message: format!("no step has the id `{id}`"),
            help: Some(help),
        })
    }

    fn env(&self, name: Option<&str>) -> Option<Unknown> {
        let (name, known) = (name?, self.env.as_ref()?);
        if known.iter().any(|known| **known == *name) {
            return None;
        }
        Some(Unknown {
            code: "K0402",
            message: format!("`env.{name}` is not shown to rules"),
            help: Some(format!("add it to kartwheel.yaml: `env: [{name}]`")),
        })
    }

    fn failure(&self, part: Option<&str>) -> Option<Unknown> {
        if self.stage == Stage::Failure {
            return member("failure", part, FAILURE);
        }
        Some(Unknown {
            code: "K0403",
            message: "`failure` is known only in `on_failure`".to_owned(),
            help: None,
        })
    }
}

fn member(of: &str, part: Option<&str>, known: &[&str]) -> Option<Unknown> {
    let part = part?;
    if known.contains(&part) {
        return None;
    }
    let help = match nearest(part, known.iter().copied()) {
        Some(near) => format!("did you mean `{of}.{near}`?"),
        None => format!("`{of}` has {}", known.join(", ")),
    };
    Some(Unknown {
        code: "K0402",
        message: format!("there is no `{of}.{part}`"),
        help: Some(help),
    })
}
