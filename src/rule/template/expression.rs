//! One expression: checked and compiled once, evaluated against a scope.

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object};
use minijinja::{Error, ErrorKind, Expression as Compiled, Value as Seen};
use serde_json::{Map, Value};

use super::check;
use super::engine::{ENVIRONMENT, TREE};
use super::missing::missing;
use super::name::{Chain, Key, chains, only_chain};
use super::rewrite::{Rewritten, rewrite};
use super::scope::{Found, Scope, all_shown, shown};
use super::token::tokens;
use super::view::{see, see_branch, to_json};
use crate::rule::complaint::Complaint;

/// The longest expression, in bytes.
const LONGEST_BYTES: usize = 4096;

/// An expression without its braces.
#[derive(Debug)]
pub(super) struct Expression {
    /// Where it begins in the template's text.
    pub at: usize,
    /// Every chain of names in it, those of its JSONPaths included.
    pub chains: Vec<Chain>,
    code: Code,
}

#[derive(Debug)]
enum Code {
    /// Just a chain of names: no engine is needed, and the value is kept as it is.
    Chain,
    /// Anything else.
    Compiled {
        expression: Box<Compiled<'static, 'static>>,
        rewritten: Rewritten,
    },
}

impl Expression {
    /// Compiles an expression; `at` is where it begins in its template.
    pub(super) fn compile(source: &str, at: usize) -> Result<Self, Complaint> {
        if source.is_empty() {
            return Err(Complaint::new("`${{ }}` is empty")
                .help("write a name such as `person.email` between the braces"));
        }
        if source.len() > LONGEST_BYTES {
            return Err(Complaint::new("an expression is at most 4 kB long")
                .help("compute parts of it in `vars`"));
        }
        let tokens = tokens(source);
        let mut chains = chains(source, &tokens);
        chains.extend(check::check(source, &tokens, &chains)?);
        let code = if only_chain(source).is_some() {
            Code::Chain
        } else {
            let rewritten = rewrite(source, &tokens, &chains)?;
            let expression = ENVIRONMENT
                .compile_expression_owned(rewritten.source.clone())
                .map_err(|error| wrong(&error, source, &rewritten))?;
            Code::Compiled {
                expression: Box::new(expression),
                rewritten,
            }
        };
        chains.retain(|chain| !chain.called);
        Ok(Self { at, chains, code })
    }

    /// Its value. Ranges of complaints are bytes of the expression.
    pub(super) fn value(&self, scope: &Scope<'_>) -> Result<Value, Complaint> {
        match (&self.code, self.chains.first()) {
            (Code::Chain, Some(chain)) => match scope.find(chain) {
                Found::Here(value) => Ok(value.clone()),
                Found::Made(value) => Ok(value),
                Found::Missing { .. } => Err(self.not_there(scope, None)),
            },
            (
                Code::Compiled {
                    expression,
                    rewritten,
                },
                _,
            ) => {
                let root = Seen::from_object(Root::new(scope, &self.chains));
                let seen = expression
                    .eval(root)
                    .map_err(|error| self.failed(scope, &error, rewritten))?;
                to_json(&seen).map_err(|message| {
                    if message.is_empty() {
                        self.not_there(scope, None)
                    } else {
                        Complaint::new(message)
                    }
                })
            }
            (Code::Chain, None) => Err(self.not_there(scope, None)),
        }
    }

    /// What went wrong while it ran.
    fn failed(&self, scope: &Scope<'_>, error: &Error, rewritten: &Rewritten) -> Complaint {
        let detail = error.detail().unwrap_or_default();
        let undefined =
            error.kind() == ErrorKind::UndefinedError || detail.contains("is undefined");
        let complaint = if undefined {
            let named = detail.split('`').nth(1).and_then(only_chain);
            return self.not_there(scope, named.as_ref());
        } else if error.kind() == ErrorKind::OutOfFuel {
            Complaint::new("the expression takes too much work")
        } else if detail.is_empty() {
            Complaint::new(error.kind().to_string())
        } else {
            Complaint::new(detail)
        };
        place(complaint, error, rewritten)
    }

    /// Which name finds nothing: the one that minijinja named, or the first of ours.
    fn not_there(&self, scope: &Scope<'_>, named: Option<&Chain>) -> Complaint {
        let named = named.and_then(|named| {
            self.chains
                .iter()
                .find(|chain| chain.path(usize::MAX) == named.path(usize::MAX))
                .or(Some(named))
        });
        let own = self.chains.iter().filter(|chain| !chain.optional);
        for chain in named.into_iter().chain(own) {
            if let Some(complaint) = missing(scope, chain) {
                return complaint.range(chain.range.clone());
            }
        }
        Complaint::new("the expression has no value: an empty list has no first item, and `if` without `else` gives nothing")
            .help("`| default(…)` says what stands in for it")
    }
}

fn wrong(error: &Error, source: &str, rewritten: &Rewritten) -> Complaint {
    let detail = error
        .detail()
        .map_or_else(|| error.kind().to_string(), str::to_owned);
    let complaint = Complaint::new(format!("this is no expression: {detail}"));
    let range = error.range().map(|range| rewritten.original(&range));
    let rest = range.and_then(|range| source.get(range.start..));
    let complaint = match rest.and_then(foreign) {
        Some(help) => complaint.help(help),
        None => complaint,
    };
    place(complaint, error, rewritten)
}

/// What other languages write here, and how it is written in this one.
fn foreign(rest: &str) -> Option<&'static str> {
    let signs = [
        ("&", "write `and`"),
        ("||", "write `or`"),
        ("!", "write `not`"),
        ("=", "equality is `==`"),
        ("?", "write `a if condition else b`"),
        ("$", "a name begins without `$.`, as in `body.id`"),
    ];
    let found = signs.iter().find(|(sign, _)| rest.starts_with(sign));
    found.map(|(_, help)| *help)
}

fn place(complaint: Complaint, error: &Error, rewritten: &Rewritten) -> Complaint {
    let range: Option<Range<usize>> = error.range().map(|range| rewritten.original(&range));
    match range {
        Some(range) => complaint.range(range),
        None => complaint,
    }
}

/// What minijinja sees at the root. Of what the run has made, only what the expression names is copied.
#[derive(Debug)]
struct Root {
    tree: Arc<Value>,
    made: Vec<(&'static str, Seen)>,
}

impl Root {
    fn new(scope: &Scope<'_>, chains: &[Chain]) -> Self {
        let mut made = Vec::new();
        let named = |root: &str| {
            chains
                .iter()
                .filter(|chain| *chain.root == *root)
                .collect::<Vec<_>>()
        };
        let mut keep = |name, value: Value| made.push((name, see(&Arc::new(value))));
        if let (Some(vars), chains @ [_, ..]) = (scope.vars, &*named("vars")) {
            keep(
                "vars",
                Value::Object(picked(
                    chains,
                    || vars.clone(),
                    |key| vars.get(key).cloned(),
                )),
            );
        }
        if let (Some(steps), chains @ [_, ..]) = (scope.steps, &*named("steps")) {
            keep(
                "steps",
                Value::Object(picked(
                    chains,
                    || all_shown(steps),
                    |id| scope.step(id).map(shown),
                )),
            );
        }
        if let (Some(failure), [_, ..]) = (scope.failure, &*named("failure")) {
            keep("failure", serde_json::to_value(failure).unwrap_or_default());
        }
        if let (Some(item), [_, ..]) = (scope.item, &*named("item")) {
            keep("item", item.clone());
        }
        Self {
            tree: Arc::clone(scope.tree),
            made,
        }
    }
}

/// The entries that the chains name, or all when one names the whole.
fn picked(
    chains: &[&Chain],
    all: impl Fn() -> Map<String, Value>,
    one: impl Fn(&str) -> Option<Value>,
) -> Map<String, Value> {
    let mut map = Map::new();
    for chain in chains {
        let Some(Key::Name(key)) = chain.keys.first() else {
            return all();
        };
        if let Some(value) = one(key) {
            map.insert(key.to_string(), value);
        }
    }
    map
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Seen) -> Option<Seen> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Seen> {
        if key == TREE {
            return Some(see(&self.tree));
        }
        match self.made.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => Some(value.clone()),
            None => see_branch(&self.tree, key),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}
