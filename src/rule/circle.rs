//! Circles: rules that take in what our own actions cause (`echo: true`) and would start each other for ever.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Rule, SourceFacts, Step, Surroundings, Trigger};
use crate::action::{Report, Reports};
use crate::problem::{Problem, Source, Span};

/// A rule whose own actions can start it, and those that it can start.
struct Member<'a> {
    rule: &'a Rule,
    source: &'a SourceFacts,
    /// By their number; the step that does it.
    starts: HashMap<usize, Span>,
}

/// Warns of every circle of rules that all say `echo: true`; without it an event that our own action caused starts none.
/// `sources` are the files the rules stand in.
pub fn circles(
    rules: &[Arc<Rule>],
    around: &Surroundings,
    sources: &[Source],
    problems: &mut Vec<Problem>,
) {
    let known = around.sources.as_deref().unwrap_or_default();
    let mut members: Vec<Member<'_>> = rules
        .iter()
        .filter_map(|rule| member(rule, known))
        .collect();
    for from in 0..members.len() {
        let starts = (0..members.len())
            .filter_map(|to| {
                Some((
                    to,
                    starting_step(&members[from], &members[to], around.catalog.reports)?,
                ))
            })
            .collect();
        members[from].starts = starts;
    }
    let mut told = vec![false; members.len()];
    for first in 0..members.len() {
        if told[first] {
            continue;
        }
        if let Some(circle) = shortest(&members, first) {
            for number in &circle {
                told[*number] = true;
            }
            problems.extend(problem(&members, &circle, sources));
        }
    }
}

fn member<'a>(rule: &'a Rule, known: &'a [SourceFacts]) -> Option<Member<'a>> {
    let Trigger::Webhook { source, .. } = &rule.trigger else {
        return None;
    };
    let source = known.iter().find(|facts| facts.name == *source)?;
    let takes_part = rule.enabled && rule.echo && !rule.observe && source.reports_account;
    takes_part.then(|| Member {
        rule,
        source,
        starts: HashMap::new(),
    })
}

/// The step of the one rule whose report can start the other.
fn starting_step(from: &Member<'_>, to: &Member<'_>, reports: Reports) -> Option<Span> {
    let steps = from.rule.steps.iter().chain(&from.rule.on_failure);
    let starts = |step: &&Step| {
        let mut told = step
            .calls()
            .flat_map(|verb| reports(verb, &input(step, verb)));
        told.any(|report| to.takes(&report))
    };
    let step = steps.into_iter().find(starts)?;
    Some(step.verb_span)
}

/// The texts that this call of the step gives, as far as they are written out.
fn input(step: &Step, verb: &str) -> Value {
    let fallback = step.kind.fallback();
    if let Some(fallback) = fallback.filter(|fallback| *fallback.verb == *verb) {
        return json!({ "tag_name": fallback.constant_tag() });
    }
    let given = step
        .kind
        .fields()
        .map_or(&[][..], |fields| fields.given.as_slice());
    given
        .iter()
        .filter_map(|given| Some((given.name.to_string(), given.constant_text()?.into())))
        .collect::<Map<_, Value>>()
        .into()
}

impl Member<'_> {
    /// Whether its trigger and its match let such a report in.
    fn takes(&self, report: &Report) -> bool {
        let Trigger::Webhook { events, .. } = &self.rule.trigger else {
            return false;
        };
        let is_sent = (self.source.unknown_event)(report.kind).is_none();
        let is_meant = events.is_empty() || events.iter().any(|event| event.matches(report.kind));
        if !is_sent || !is_meant {
            return false;
        }
        let tree = json!({ "event": { "type": report.kind }, "body": report.body });
        !self.rule.condition.excludes(&tree)
    }
}

/// The shortest way from a rule to itself, both ends included.
fn shortest(members: &[Member<'_>], first: usize) -> Option<Vec<usize>> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(at) = queue.pop_front() {
        let mut next: Vec<usize> = members[at].starts.keys().copied().collect();
        next.sort_unstable();
        for to in next {
            if to == first {
                let mut way = vec![first];
                let mut step = at;
                while step != first {
                    way.push(step);
                    step = *came_from.get(&step)?;
                }
                way.push(first);
                way.reverse();
                return Some(way);
            }
            if to != first && !came_from.contains_key(&to) {
                came_from.insert(to, at);
                queue.push_back(to);
            }
        }
    }
    None
}

fn problem(members: &[Member<'_>], circle: &[usize], sources: &[Source]) -> Option<Problem> {
    let (first, second) = (circle.first()?, circle.get(1)?);
    let rule = members[*first].rule;
    let source = sources.iter().find(|source| source.name == rule.file)?;
    let span = members[*first].starts.get(second)?;
    let way: Vec<String> = circle
        .iter()
        .map(|number| members[*number].rule.id.to_string())
        .collect();
    let what = if circle.len() == 2 {
        "this rule starts itself"
    } else {
        "these rules start each other in a circle"
    };
    let message = format!("{what}: `{}`", way.join(" → "));
    let help = "all of it says `echo: true`: take it out of one rule, or let a `match` leave out what the action before it causes";
    Some(Problem::warning("K0206", source, *span, message).help(help))
}
