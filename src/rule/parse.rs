//! A document to a rule: every key in its place, every mistake noted, nothing taken that has one.

mod beside;
mod case;
mod schedule;
mod steps;
mod trigger;
mod value;
mod vars;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::account;
use super::check::{Names, Stage};
use super::condition::Condition;
use super::expr::Expr;
use super::limit::{self, Of};
use super::path::Path;
use super::proof;
use super::words;
use super::{Rule, Surroundings, Trigger};
use crate::action::Priority;
use crate::problem::{Problem, Source, Span};
use crate::yaml::{Node, Reader};

/// The longest `timeout` of a rule, in days.
const TIMEOUT_DAYS_MAX: u64 = 366;
/// The longest id of a rule.
const ID_BYTES_MAX: usize = 100;

/// Reads one file's rules while noting problems.
pub(crate) struct Parser<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) around: &'a Surroundings,
    pub(crate) names: Names,
    /// Where the rule acts.
    connection: Arc<str>,
    /// How many lists of steps are open.
    pub(crate) depth: usize,
    /// How many steps the rule has so far.
    pub(crate) steps: usize,
}

impl<'a> Parser<'a> {
    /// A parser of this file.
    pub(crate) fn new(
        source: &'a Source,
        around: &'a Surroundings,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self {
            reader: Reader::new(source, problems),
            around,
            names: Names::new(around.env.clone()),
            connection: around.default_connection(),
            depth: 0,
            steps: 0,
        }
    }

    /// The rule of one document, `None` when it has an error.
    pub(crate) fn rule(&mut self, root: &Node) -> Option<Rule> {
        let before = self.reader.errors();
        let Some(entries) = root.as_map() else {
            self.reader
                .wrong_type(root, "a rule is a map of keys and values");
            return None;
        };
        for entry in entries {
            if &*entry.key == "when" && root.get("trigger").is_none() {
                self.reader.error_help(
                    "K0102",
                    entry.key_span,
                    "`when` is a word of other systems",
                    format!("here it is {}", words::WHEN_IS_TRIGGER),
                );
            } else {
                self.reader.known_key(entry, &words::RULE);
            }
        }
        let start = entries.first().map_or(root.span, |entry| entry.key_span);
        let id = self.rule_id(root, start);
        if let Some(connection) = root.get("connection").and_then(Node::text) {
            self.connection = Arc::from(connection);
        }
        let rule = self.parts(root, start, id);
        self.acts_somewhere(root, &rule);
        let (accounts, default) = (&self.around.accounts, self.around.default_connection());
        for problem in account::problems(&rule, accounts, &default, self.around.misfit) {
            self.reader.note(problem);
        }
        (self.reader.errors() == before).then_some(rule)
    }

    /// A rule that names no connection acts, or asks whether its event is true, on the only one, or on `main`.
    fn acts_somewhere(&mut self, root: &Node, rule: &Rule) {
        let Some(names) = self.around.connections.as_deref() else {
            return;
        };
        let is_looked_up = match &rule.trigger {
            Trigger::Webhook { source, .. } => self
                .facts(source)
                .is_some_and(|facts| facts.lookup.is_some()),
            Trigger::Schedule | Trigger::RunFailed { .. } | Trigger::Manual => false,
        };
        let mut steps = rule.steps.iter().chain(&rule.on_failure);
        let needs_one =
            |step: &super::Step| step.connection.is_none() && step.calls().next().is_some();
        if root.entry("connection").is_none()
            && names.len() > 1
            && !names.iter().any(|name| &**name == "main")
            && (is_looked_up || steps.any(needs_one))
        {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("`connection: {name}`"))
                .collect();
            self.reader.error_help(
                "K0203",
                root.entry("id").map_or(rule.id_span, |entry| entry.key_span),
                "there are several connections and none is called `main`, so the rule must say where it acts",
                format!("add {}", names.join(" or ")),
            );
        }
    }

    fn rule_id(&mut self, root: &Node, start: Span) -> Option<(Arc<str>, Span)> {
        let Some(node) = root.get("id") else {
            self.reader.error_help(
                "K0103",
                start,
                "a rule needs an `id`",
                "add a line such as `id: course-purchase`; history hangs on it, so it stays the same for good",
            );
            return None;
        };
        let text = self.reader.text(node, "`id`")?;
        let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
        if !text.chars().all(fits) || text.starts_with('-') || text.len() > ID_BYTES_MAX {
            let proposal: String = text
                .to_lowercase()
                .chars()
                .map(|char| if fits(char) { char } else { '-' })
                .collect();
            let proposal = match proposal.trim_matches('-') {
                "" => "course-purchase",
                proposal => &proposal[..proposal.len().min(ID_BYTES_MAX)],
            };
            self.reader.error_help(
                "K0105",
                node.span,
                format!("the id of a rule has only a-z, 0-9 and -, at most {ID_BYTES_MAX} of them"),
                format!("write `id: {proposal}`"),
            );
            return None;
        }
        Some((Arc::from(text), node.span))
    }

    /// What starts the rule; one there must be.
    fn its_trigger(&mut self, root: &Node, start: Span) -> Option<Trigger> {
        if let Some(node) = root.get("trigger") {
            return self.trigger(node);
        }
        if !self.has_foreign(root, &["on", "triggers", "when", "cron", "schedule"]) {
            self.reader.error_help(
                "K0103",
                start,
                "a rule needs a `trigger`",
                "add `trigger: { webhook: SOURCE }` with a source of kartwheel.yaml",
            );
        }
        None
    }

    fn parts(&mut self, root: &Node, start: Span, id: Option<(Arc<str>, Span)>) -> Rule {
        let trigger = self.its_trigger(root, start);
        let condition = self.condition(root.get("match"));
        self.names.stage = Stage::Start;
        self.names.steps = steps::ids(root.get("actions"));
        let vars = self.own_vars(root);
        let key = root.get("key").and_then(|node| self.varying(node, "key"));
        let once = root.get("once").and_then(|node| self.varying(node, "once"));
        self.names.stage = Stage::Run;
        let actions = self.actions(root, start);
        self.names.stage = Stage::Failure;
        self.names.ran = self.names.steps.iter().map(|(id, _)| id.clone()).collect();
        self.names.steps.extend(steps::ids(root.get("on_failure")));
        let on_failure = self.on_failure(root);
        let needs_address = self.needs_address(trigger.as_ref());
        let tests = self.cases(root, &actions);
        let limits = root.get("limits").map_or_else(Vec::new, |node| {
            limit::parse(&mut self.reader, node, Of::Rule, &self.around.catalog)
        });
        // A rule without its id or trigger is never used; the rest of it is read for its mistakes.
        let (id, id_span) = id.unwrap_or_else(|| (Arc::from(""), root.span));
        let text = own_text(self.reader.source, root);
        Rule {
            id,
            name: self.optional_text(root, "name"),
            description: self.optional_text(root, "description"),
            connection: root
                .get("connection")
                .and_then(|node| self.connection(node)),
            enabled: self.switch(root, "enabled", true),
            priority: root.get("priority").and_then(|node| self.priority(node)),
            echo: self.switch(root, "echo", false),
            live_both: root
                .get("live")
                .is_some_and(|node| self.reader.choice(node, "`live`", &["both"]).is_some()),
            observe: root
                .get("mode")
                .is_some_and(|node| self.reader.choice(node, "`mode`", &["observe"]).is_some()),
            limits,
            needs_address,
            timeout: root
                .get("timeout")
                .and_then(|node| self.timeout(node, TIMEOUT_DAYS_MAX)),
            trigger: trigger.unwrap_or(Trigger::Manual),
            steps: actions,
            on_failure,
            tests,
            hash: Arc::from(hex::encode(Sha256::digest(text.as_bytes()))),
            text: Arc::from(text),
            file: self.reader.source.name.clone(),
            span: root.span,
            id_span,
            check: proof::step(self.around.catalog.prove, id_span),
            condition,
            vars,
            key,
            once,
        }
    }

    fn condition(&mut self, node: Option<&Node>) -> Condition {
        let Some(node) = node else {
            return Condition::default();
        };
        self.names.stage = Stage::Match;
        let source = self.reader.source;
        let condition = Condition::parse(node, source, self.reader.problems());
        let mut found = Vec::new();
        condition.templates(&mut |template, span| {
            for name in template.references() {
                let place = super::complaint::narrow(source, span, template.text(), &name.range);
                self.names.used(&name.path, template.text(), place);
                found.extend(self.names.check(&name.path).map(|unknown| (unknown, place)));
            }
        });
        for (unknown, place) in found {
            self.unknown(unknown, place);
        }
        self.known_paths(node);
        condition
    }

    /// Of `event`, `person`, `schedule` and `env` it is known what they hold.
    fn known_paths(&mut self, node: &Node) {
        for entry in node.as_map().unwrap_or_default() {
            for member in entry.value.as_list().unwrap_or_default() {
                self.known_paths(member);
            }
            let Ok(path) = Path::compile(&entry.key) else {
                continue;
            };
            let names = path.leading_names();
            self.names.looked_at(&names);
            if matches!(
                names.first(),
                Some(&("event" | "person" | "schedule" | "env"))
            ) && let Some(unknown) = self.names.check(&names.join("."))
            {
                self.unknown(unknown, entry.key_span);
            }
        }
    }

    /// `key` and `once`: something that differs from event to event.
    fn varying(&mut self, node: &Node, key: &str) -> Option<Expr> {
        let expr = self.expr(node, &format!("`{key}`"))?;
        if expr.template.is_constant() {
            let help = if key == "once" {
                "write what tells one event from another, such as `once: ${{ body.id }}`"
            } else {
                "write what tells one person from another, such as `key: ${{ person.email }}`; one line for all is `${{ 'all' }}`"
            };
            let message = format!("`{key}` is the same text for every event");
            self.reader.error_help("K0405", node.span, message, help);
            return None;
        }
        Some(expr)
    }

    fn actions(&mut self, root: &Node, start: Span) -> Vec<super::Step> {
        let Some(entry) = root.entry("actions") else {
            let foreign = [
                "then", "do", "steps", "tasks", "action", "run", "runs", "jobs",
            ];
            if !self.has_foreign(root, &foreign) {
                self.reader.error_help(
                    "K0103",
                    start,
                    "a rule needs `actions`",
                    "add `actions:` with a list of steps, such as `- assign-tag: { … }`",
                );
            }
            return Vec::new();
        };
        self.step_list(&entry.value, "`actions`", "")
    }

    fn on_failure(&mut self, root: &Node) -> Vec<super::Step> {
        let Some(entry) = root.entry("on_failure") else {
            return Vec::new();
        };
        let steps = self.step_list(&entry.value, "`on_failure`", "f");
        self.later(
            entry.key_span,
            "`on_failure`",
            "see failed runs with `kartwheel runs list --state failed`",
        );
        steps
    }

    fn priority(&mut self, node: &Node) -> Option<Priority> {
        let word = self
            .reader
            .choice(node, "`priority`", &["high", "normal", "low"])?;
        Some(match word {
            "high" => Priority::High,
            "low" => Priority::Low,
            _ => Priority::Normal,
        })
    }

    fn switch(&mut self, root: &Node, key: &str, default: bool) -> bool {
        root.get(key)
            .and_then(|node| self.reader.boolean(node, &format!("`{key}`")))
            .unwrap_or(default)
    }

    fn optional_text(&mut self, root: &Node, key: &str) -> Option<String> {
        let text = self.reader.text(root.get(key)?, &format!("`{key}`"))?;
        Some(text.to_owned())
    }

    /// A word of another system stands there and is reported already: no second problem for what it means.
    fn has_foreign(&self, root: &Node, words: &[&str]) -> bool {
        words.iter().any(|word| root.get(word).is_some())
    }
}

/// The document's own lines.
fn own_text(source: &Source, root: &Node) -> String {
    let text = &source.text;
    let start = text[..root.span.start].rfind('\n').map_or(0, |at| at + 1);
    let last = root.span.end.max(root.span.start + 1).min(text.len());
    let newline = text.as_bytes()[last - 1..]
        .iter()
        .position(|byte| *byte == b'\n');
    let end = newline.map_or(text.len(), |at| last - 1 + at);
    format!("{}\n", &text[start..end])
}
