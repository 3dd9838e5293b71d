//! The `tests` of a rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::Parser;
use crate::action::Class;
use crate::problem::{Span, nearest};
use crate::rule::case::{Answer, Case, CaseBody, CaseEvent, Expect, ExpectedCall};
use crate::rule::path::Path;
use crate::rule::step::Step;
use crate::rule::words;
use crate::run::State;
use crate::yaml::Node;

/// The longest `until`, in days.
const UNTIL_DAYS_MAX: u64 = 366;

/// How an answer can fail, by the word in a test.
const CLASSES: &[(&str, Class)] = &[
    ("transient", Class::Transient),
    ("rate_limited", Class::RateLimited),
    ("connection_down", Class::ConnectionDown),
    ("our_token", Class::OurToken),
    ("not_allowed", Class::NotAllowed),
    ("rule_wrong", Class::RuleWrong),
    ("not_offered", Class::NotOffered),
    ("target_missing", Class::TargetMissing),
    ("refused", Class::Refused),
    ("unknown", Class::Unknown),
];

impl Parser<'_> {
    /// The value of `tests`.
    pub(super) fn cases(&mut self, root: &Node, steps: &[Step]) -> Vec<Case> {
        let Some(node) = root.get("tests") else {
            return Vec::new();
        };
        let Some(members) = node.as_list() else {
            self.reader.wrong_type(node, "`tests` is a list");
            return Vec::new();
        };
        let of_step = |step: &Step| [Some(step.verb.clone()), step.fallback_verb().cloned()];
        let verbs: Vec<Arc<str>> = steps.iter().flat_map(of_step).flatten().collect();
        members
            .iter()
            .filter_map(|member| self.case(member, root, &verbs))
            .collect()
    }

    fn case(&mut self, node: &Node, root: &Node, verbs: &[Arc<str>]) -> Option<Case> {
        self.reader.map(node, &words::CASE)?;
        let name = match node.get("name") {
            Some(name) => self.reader.text(name, "`name`").map(str::to_owned),
            None => self.missing(node, "a test needs a `name`", "say in words what it shows"),
        };
        let event = match node.get("event") {
            Some(event) => self.case_event(event),
            None => self.missing(
                node,
                "a test needs an `event`",
                "add `event: { sample: stripe/checkout.session.completed }`",
            ),
        };
        let now = node.get("now").and_then(|now| self.instant(now, "`now`"));
        let until = node
            .get("until")
            .and_then(|until| self.duration(until, "`until`", UNTIL_DAYS_MAX));
        let answers = node
            .get("answers")
            .map_or_else(BTreeMap::new, |answers| self.answers(answers, verbs));
        let expect = match node.get("expect") {
            Some(expect) => self.expect(expect, root, verbs),
            None => self.missing(
                node,
                "a test needs `expect`",
                "add `expect: { matched: false }` or `expect: { calls: [ … ] }`",
            ),
        };
        Some(Case {
            name: name?,
            event: event?,
            now,
            until,
            answers,
            expect: expect?,
            span: node.span,
        })
    }

    fn missing<T>(&mut self, node: &Node, message: &str, help: &str) -> Option<T> {
        let entries = node.as_map().unwrap_or_default();
        let span = entries.first().map_or(node.span, |entry| entry.key_span);
        self.reader.error_help("K0103", span, message, help);
        None
    }

    fn case_event(&mut self, node: &Node) -> Option<CaseEvent> {
        self.reader.map(node, &words::CASE_EVENT)?;
        let bodies: Vec<_> = ["sample", "file", "inline"]
            .into_iter()
            .filter_map(|key| node.entry(key))
            .collect();
        let [body] = bodies.as_slice() else {
            let span = bodies.get(1).map_or(node.span, |second| second.key_span);
            self.reader.error_help(
                "K0103",
                span,
                "the event of a test has exactly one of `sample`, `file` and `inline`",
                "write `event: { sample: stripe/checkout.session.completed }`",
            );
            return None;
        };
        let body = match &*body.key {
            "inline" => CaseBody::Inline(body.value.to_json()),
            key => {
                let text = self
                    .reader
                    .text(&body.value, &format!("`{key}`"))?
                    .to_owned();
                if key == "file" {
                    CaseBody::File(text)
                } else {
                    CaseBody::Sample(text)
                }
            }
        };
        let kind = node.get("type").and_then(|kind| {
            let text = self.reader.text(kind, "`type`")?;
            Some(text.to_owned())
        });
        let mut set = Vec::new();
        for entry in node.get("set").and_then(Node::as_map).unwrap_or_default() {
            set.extend(
                self.set_path(&entry.key, entry.key_span)
                    .map(|path| (path, entry.value.to_json())),
            );
        }
        Some(CaseEvent { body, kind, set })
    }

    fn set_path(&mut self, text: &str, span: Span) -> Option<Path> {
        match Path::compile(text) {
            Ok(path) if path.is_singular() => Some(path),
            Ok(_) => {
                let message = format!("`{text}` can select several values");
                let help = "write a plain path, such as `$.body.data.object.amount_total`";
                self.reader.error_help("K0301", span, message, help);
                None
            }
            Err(complaint) => {
                let problem = complaint.problem("K0301", self.reader.source, span, text);
                self.reader.note(problem);
                None
            }
        }
    }

    /// A time with a zone.
    pub(crate) fn instant(&mut self, node: &Node, what: &str) -> Option<Timestamp> {
        let text = self.reader.text(node, what)?;
        let instant = text.parse::<Timestamp>();
        if instant.is_err() {
            self.reader.error_help(
                "K0111",
                node.span,
                format!("{what} is a time with a zone, not `{text}`"),
                "write it like `2026-03-08T01:59:00-05:00` or `2026-03-08T06:59:00Z`",
            );
        }
        instant.ok()
    }

    fn answers(&mut self, node: &Node, verbs: &[Arc<str>]) -> BTreeMap<Arc<str>, Vec<Answer>> {
        let mut answers = BTreeMap::new();
        let Some(entries) = node.as_map() else {
            self.reader
                .wrong_type(node, "`answers` is a map from verbs to lists of answers");
            return answers;
        };
        for entry in entries {
            self.called_verb(&entry.key, entry.key_span, verbs);
            let members = self.reader.list_or_one(&entry.value);
            let list = members
                .iter()
                .filter_map(|member| self.answer(member))
                .collect();
            answers.insert(entry.key.clone(), list);
        }
        answers
    }

    fn answer(&mut self, node: &Node) -> Option<Answer> {
        let done = |class, output| Answer { class, output };
        match node.as_map() {
            None => {
                let word = self.reader.choice(node, "an answer", &["ok", "already"])?;
                let class = if word == "already" {
                    Class::Already
                } else {
                    Class::Done
                };
                Some(done(class, None))
            }
            Some([entry]) if &*entry.key == "output" => {
                Some(done(Class::Done, Some(entry.value.to_json())))
            }
            Some([entry]) if &*entry.key == "fail" => {
                let words: Vec<_> = CLASSES.iter().map(|(word, _)| *word).collect();
                let word = self.reader.choice(&entry.value, "`fail`", &words)?;
                let (_, class) = CLASSES.iter().find(|(known, _)| *known == word)?;
                Some(done(*class, None))
            }
            Some(_) => {
                let help = "write `ok`, `already`, `{ fail: rate_limited }` or `{ output: { … } }`";
                self.reader
                    .error_help("K0104", node.span, "this is no answer", help);
                None
            }
        }
    }

    fn expect(&mut self, node: &Node, root: &Node, verbs: &[Arc<str>]) -> Option<Expect> {
        self.reader.map(node, &words::EXPECT)?;
        let calls = node.get("calls").map(|calls| {
            let members = self.reader.list_or_one(calls);
            members
                .iter()
                .filter_map(|member| self.expected_call(member, verbs))
                .collect()
        });
        let state = node.get("state").and_then(|state| {
            let names: Vec<_> = State::ALL.iter().map(|state| state.name()).collect();
            State::from_name(self.reader.choice(state, "`state`", &names)?)
        });
        let because = node.get("because").and_then(|because| {
            let text = self.reader.text(because, "`because`")?;
            self.matched_path(because, text, root);
            Some(text.to_owned())
        });
        Some(Expect {
            matched: node
                .get("matched")
                .and_then(|value| self.reader.boolean(value, "`matched`")),
            because,
            calls,
            state,
        })
    }

    fn expected_call(&mut self, node: &Node, verbs: &[Arc<str>]) -> Option<ExpectedCall> {
        let (verb, span, input): (&str, Span, Option<Value>) = match node.as_map() {
            Some([entry]) => (&entry.key, entry.key_span, Some(entry.value.to_json())),
            _ => (self.reader.text(node, "a call")?, node.span, None),
        };
        self.called_verb(verb, span, verbs);
        Some(ExpectedCall {
            verb: Arc::from(verb),
            input,
        })
    }

    /// `ensure-lead` is one step and calls two actions, so all three names are fine.
    fn called_verb(&mut self, verb: &str, span: Span, verbs: &[Arc<str>]) {
        let ensures = verbs.iter().any(|known| **known == *"ensure-lead");
        if verbs.iter().any(|known| **known == *verb)
            || (ensures && matches!(verb, "get-lead" | "create-lead"))
        {
            return;
        }
        let help = match nearest(verb, verbs.iter().map(|known| &**known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its verbs are {}", verbs.join(", ")),
        };
        self.reader.error_help(
            "K0601",
            span,
            format!("the rule has no step `{verb}`"),
            help,
        );
    }

    fn matched_path(&mut self, node: &Node, text: &str, root: &Node) {
        let mut paths = vec!["live", "caused_by"];
        if let Some(condition) = root.get("match") {
            leaves(condition, &mut paths);
        }
        if paths.contains(&text) {
            return;
        }
        let help = match nearest(text, paths.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write a path that stands in `match`".to_owned(),
        };
        let message = format!("`match` does not look at `{text}`");
        self.reader.error_help("K0601", node.span, message, help);
    }
}

/// Every key of a condition, at any depth.
fn leaves<'n>(node: &'n Node, paths: &mut Vec<&'n str>) {
    for entry in node.as_map().unwrap_or_default() {
        paths.push(&entry.key);
        for member in entry.value.as_list().unwrap_or_default() {
            leaves(member, paths);
        }
        leaves(&entry.value, paths);
    }
}
