//! The rule language: parse, check, judge. Pure: no I/O, no clock, no async.

pub mod account;
mod age;
pub mod case;
mod check;
mod circle;
pub mod compare;
pub mod complaint;
pub mod condition;
pub mod duration;
mod expr;
mod fallback;
mod fields;
pub mod index;
pub mod limit;
pub mod op;
mod order;
mod parse;
pub mod path;
pub mod pattern;
mod proof;
pub mod reason;
pub mod retry;
pub mod schedule;
mod set;
mod start;
pub mod step;
pub mod template;
#[cfg(test)]
mod tests;
mod words;
pub mod zone;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::account::Account;
use crate::action::{Catalog, Limit, Priority};
use crate::problem::{self, Problem, Severity, Source, Span};
use crate::run::{CHECK, Progress};
use crate::yaml;

use case::Case;
use condition::Condition;
use expr::{Expr, Shape};
use parse::Parser;

pub use account::{UsedName, names_used};
pub use circle::circles;
pub use pattern::EventPattern;
pub use retry::RetryPolicy;
pub use set::{LEAF_ECHO, LEAF_LIVE, RuleSet, Verdict};
pub use start::{AddressFor, Start};
pub use step::{After, Effect, Step};

/// One rule, checked and compiled.
#[derive(Debug)]
pub struct Rule {
    /// Stable and unique: history, budgets and dedupe hang on it.
    pub id: Arc<str>,
    /// For people.
    pub name: Option<String>,
    /// For people, longer.
    pub description: Option<String>,
    /// `None`: the only connection of the project, or `main`.
    pub connection: Option<Arc<str>>,
    /// `enabled: false` starts no runs.
    pub enabled: bool,
    /// Who goes first when a connection is short of calls; by verb when absent.
    pub priority: Option<Priority>,
    /// Also on events that our own actions caused.
    pub echo: bool,
    /// `live: both`: also on the sender's test-mode events. Whoever starts runs looks at it, not `judge`.
    pub live_both: bool,
    /// `mode: observe`: judge, plan, record, send only reads.
    pub observe: bool,
    /// At most so many runs, or calls of an action, in an hour or a day; over it, runs are held.
    pub limits: Vec<Limit>,
    /// What it needs the person's address for.
    pub needs_address: AddressFor,
    /// The longest a run may take, its waits not counted.
    pub timeout: Option<Duration>,
    /// What starts it.
    pub trigger: Trigger,
    /// What it does.
    pub steps: Vec<Step>,
    /// What it does when a run gives up.
    pub on_failure: Vec<Step>,
    /// What should happen, by example.
    pub tests: Vec<Case>,
    /// SHA-256 of `text`, hex.
    pub hash: Arc<str>,
    /// The rule's own document, as written: what its runs are pinned to.
    pub text: Arc<str>,
    /// The file it stands in.
    pub file: Arc<str>,
    /// Its place in that file.
    pub span: Span,
    pub(crate) id_span: Span,
    /// What a run does first whose event nothing proves.
    pub(crate) check: Step,
    pub(crate) condition: Condition,
    pub(crate) vars: Vec<(Arc<str>, Shape)>,
    pub(crate) key: Option<Expr>,
    pub(crate) once: Option<Expr>,
}

impl Rule {
    /// The step of `actions` with this path, or the check before them.
    #[must_use]
    pub fn step(&self, path: &str) -> Option<&Step> {
        if path == CHECK {
            return Some(&self.check);
        }
        self.steps.iter().find(|step| &*step.path == path)
    }
}

/// What starts a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// An event of this source.
    Webhook {
        /// The declared source.
        source: Arc<str>,
        /// Which types; empty: all.
        events: Vec<EventPattern>,
    },
    /// A clock. Not carried out in this version.
    Schedule,
    /// Another rule's run that gave up. Not carried out in this version.
    RunFailed {
        /// Whose runs.
        rules: Vec<Arc<str>>,
        /// After how many in a row.
        in_a_row: u32,
    },
    /// A person, the API or a `run` step. Not carried out in this version.
    Manual,
}

/// What a run can see when a step is planned.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The event's tree.
    pub tree: &'a Arc<Value>,
    /// What the run has made so far.
    pub progress: &'a Progress,
    /// The present.
    pub now: Timestamp,
}

/// An error of a rule while it runs: what, and where (`rules/x.yaml:12:9`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// What went wrong.
    pub message: String,
    /// Where in the rule.
    pub place: String,
}

impl RuleError {
    /// What went wrong at this place.
    pub(crate) fn new(message: impl Into<String>, place: &str) -> Self {
        Self {
            message: message.into(),
            place: place.to_owned(),
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.message, self.place)
    }
}

impl std::error::Error for RuleError {}

/// What a rule is checked against: what the project declares. What is `None` is not known and not checked.
#[derive(Debug)]
pub struct Surroundings {
    /// The actions that are verbs.
    pub catalog: Catalog,
    /// The declared sources.
    pub sources: Option<Vec<SourceFacts>>,
    /// The names of the declared connections.
    pub connections: Option<Vec<Arc<str>>>,
    /// What is known of the accounts behind them, by name; empty where nothing is.
    pub accounts: HashMap<Arc<str>, Account>,
    /// The environment variables that rules may see.
    pub env: Option<Vec<Arc<str>>>,
    /// How bad it is when a rule does not fit an account.
    pub misfit: Severity,
    /// The rule was taken in before, so an input that the built-in table does not know is the account's own.
    pub settled: bool,
}

impl Surroundings {
    /// Only the verbs are known.
    #[must_use]
    pub fn of(catalog: Catalog) -> Self {
        Self {
            catalog,
            sources: None,
            connections: None,
            accounts: HashMap::new(),
            env: None,
            misfit: Severity::Error,
            settled: false,
        }
    }

    /// Where a rule acts that names no connection: the only one, or `main`.
    #[must_use]
    pub fn default_connection(&self) -> Arc<str> {
        match self.connections.as_deref() {
            Some([only]) => only.clone(),
            _ => Arc::from("main"),
        }
    }
}

/// What is known of a declared source.
pub struct SourceFacts {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it reports what happens in an account that rules act on, our own actions included.
    pub reports_account: bool,
    /// For an event type that the source is not known to send: the nearest one that it does, if there is one.
    pub unknown_event: UnknownEvent,
    /// Whether events of this type are known to hold no address, nor an id that an earlier event could have brought with one.
    pub lacks_address: LacksAddress,
    /// Where its events are looked up in the account before a rule acts: whether the account can show one of this type.
    pub lookup: Option<CanLookUp>,
}

/// `None`: the type is known, or nothing is known of the sender's types.
pub type UnknownEvent = Box<dyn Fn(&str) -> Option<Option<String>> + Send + Sync>;

/// Asked with an event type, which may be a glob.
pub type CanLookUp = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Asked with an event type.
pub type LacksAddress = Box<dyn Fn(&str) -> bool + Send + Sync>;

impl fmt::Debug for SourceFacts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("SourceFacts").field(&self.name).finish()
    }
}

/// Parses and checks every rule of a file. A rule with an error is left out; all problems of all rules are noted.
pub fn read(source: &Source, around: &Surroundings, problems: &mut Vec<Problem>) -> Vec<Arc<Rule>> {
    let first = problems.len();
    let documents = yaml::parse(source, problems);
    if documents.is_empty() && problems.len() == first {
        let problem = Problem::warning(
            "K0015",
            source,
            source.span(0..0),
            "this file holds no rule",
        );
        problems.push(problem.help("write one, or remove the file"));
    }
    let broken: Vec<Span> = problems[first..]
        .iter()
        .filter(|problem| problem.is_error())
        .map(|problem| problem.span)
        .collect();
    let mut rules = Vec::new();
    for root in &documents {
        let rule = Parser::new(source, around, problems).rule(root);
        let within = |span: &Span| root.span.start <= span.start && span.start <= root.span.end;
        if !broken.iter().any(within) {
            rules.extend(rule.map(Arc::new));
        }
    }
    problem::settle(problems, first);
    rules
}

/// A rule from its own text alone, as runs are pinned to it; what the project declares is not checked again.
///
/// # Errors
/// All errors of the text, when there are any.
pub fn from_text(file: &str, text: &str, catalog: Catalog) -> Result<Arc<Rule>, Vec<Problem>> {
    let source = Source::new(file, text);
    let mut problems = Vec::new();
    let around = Surroundings {
        settled: true,
        ..Surroundings::of(catalog)
    };
    let rules = read(&source, &around, &mut problems);
    problems.retain(Problem::is_error);
    match rules.into_iter().next() {
        Some(rule) if problems.is_empty() => Ok(rule),
        _ => Err(problems),
    }
}

/// Leaves out every rule whose id a rule before it has, and notes it. `sources` are the files the rules stand in.
pub fn unique(
    rules: Vec<Arc<Rule>>,
    sources: &[Source],
    problems: &mut Vec<Problem>,
) -> Vec<Arc<Rule>> {
    let mut kept: Vec<Arc<Rule>> = Vec::new();
    let mut by_id: HashMap<Arc<str>, usize> = HashMap::new();
    for rule in rules {
        let Some(first) = by_id.get(&rule.id).map(|at| kept[*at].clone()) else {
            by_id.insert(rule.id.clone(), kept.len());
            kept.push(rule);
            continue;
        };
        if let Some(source) = sources.iter().find(|source| source.name == rule.file) {
            let message = format!("another rule has the id `{}` already", rule.id);
            let place = format!("{}:{}", first.file, first.id_span.line);
            let problem = Problem::error("K0106", source, rule.id_span, message);
            problems.push(problem.help(format!("it stands in {place}; choose another id here")));
        }
    }
    kept
}
