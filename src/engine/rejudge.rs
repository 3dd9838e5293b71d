//! The deeper look of `verify`: every stored event is judged again, and every run is held against the text of its rule.

use std::collections::HashMap;
use std::sync::Arc;

use super::{accept, echo};
use crate::action::Catalog;
use crate::event::{Event, Format};
use crate::rule::{self, LEAF_LIVE, Rule, RuleSet, Verdict};
use crate::run::{Run, step_number};
use crate::store::verify::{Broken, Checked, READABLE, REJUDGED, Told, WITHIN_POLICY};
use crate::store::{EventFilter, Reader, RunFilter, StoreError, StoredEvent, StoredVerdict};
use crate::trigger;

/// Events, and runs, that are read at a time.
const PAGE: u32 = 200;
/// Rule sets and rules that are kept compiled.
const COMPILED_MAX: usize = 64;

/// What the look needs.
pub struct Again<'a> {
    /// The database.
    pub reader: Arc<dyn Reader>,
    /// What can be called.
    pub catalog: Catalog,
    /// Told how far it has come.
    pub told: &'a (dyn Fn(Told) + Send + Sync),
}

/// Looks at all events and runs that were stored when it began.
///
/// # Errors
/// The database cannot be read at all.
pub async fn look(again: &Again<'_>) -> Result<Vec<Checked>, StoreError> {
    let judged = events(again).await?;
    let (policy, readable) = runs(again).await?;
    Ok(vec![judged, policy, readable])
}

async fn events(again: &Again<'_>) -> Result<Checked, StoreError> {
    let mut checked = Checked::of(&REJUDGED);
    let mut sets: HashMap<Arc<str>, Option<RuleSet>> = HashMap::new();
    let newest = EventFilter {
        limit: 1,
        ..EventFilter::default()
    };
    let newest = again.reader.events(&newest, false).await?;
    let end = newest.first().map_or(0, |stored| stored.seq);
    let mut after = 0;
    while after < end {
        (again.told)(told("judged again", checked.rows, end));
        let filter = EventFilter {
            after: Some(after),
            limit: PAGE,
            ..EventFilter::default()
        };
        let page = match again.reader.events(&filter, true).await {
            Ok(page) => page,
            Err(StoreError::Row(why)) => {
                checked.unread = Some(why);
                break;
            }
            Err(error) => return Err(error),
        };
        let Some(last) = page.last() else { break };
        after = last.seq;
        for stored in page {
            if !sets.contains_key(&stored.rule_set) {
                if sets.len() >= COMPILED_MAX {
                    sets.clear();
                }
                let set = rule_set(again, &stored.rule_set).await?;
                sets.insert(stored.rule_set.clone(), set);
            }
            checked.rows += 1;
            // A set that is not stored or cannot be read, and a body that is gone, are said elsewhere.
            let Some(Some(set)) = sets.get(&stored.rule_set) else {
                continue;
            };
            for what in differences(set, stored.clone()) {
                checked.add(Broken {
                    event: Some(stored.event.id),
                    what,
                    ..Broken::default()
                });
            }
        }
    }
    Ok(checked)
}

/// The rules of a set; nothing where one of them is not there, or cannot be read.
async fn rule_set(again: &Again<'_>, hash: &str) -> Result<Option<RuleSet>, StoreError> {
    let Some(texts) = again.reader.rule_set(hash).await? else {
        return Ok(None);
    };
    let rules = texts
        .iter()
        .map(|text| rule::from_text(&text.file, &text.text, again.catalog).ok());
    Ok(rules.collect::<Option<Vec<_>>>().map(RuleSet::new))
}

/// How the verdicts of an event differ from those that are stored.
fn differences(set: &RuleSet, stored: StoredEvent) -> Vec<String> {
    let StoredEvent {
        event,
        envelope,
        verdicts,
        thinned_at,
        ..
    } = stored;
    if thinned_at.is_some() || (event.format != Format::Empty && event.raw.is_empty()) {
        return Vec::new();
    }
    let event = match trigger::read_body(event.format, &event.raw) {
        Ok(body) => event.with_tree(body, envelope),
        Err(why) => return vec![format!("its body cannot be read: {why}")],
    };
    let judged = set.judge(&event);
    let of_others = verdicts.iter().filter(|kept| {
        let is_it = |(rule, _): &(Arc<Rule>, Verdict)| rule.id == kept.rule;
        !judged.iter().any(is_it)
    });
    let mut found: Vec<String> = of_others
        .map(|kept| {
            format!(
                "rule {} has a verdict and is no rule of its source",
                kept.rule
            )
        })
        .collect();
    for (rule, verdict) in &judged {
        let kept = verdicts.iter().find(|kept| kept.rule == rule.id);
        found.extend(difference(&event, rule, verdict.clone(), kept));
    }
    found
}

fn difference(
    event: &Event,
    rule: &Rule,
    verdict: Verdict,
    kept: Option<&StoredVerdict>,
) -> Option<String> {
    let verdict = echo::unless_too_deep(event, rule, verdict);
    let is_test = event.live == Some(false) && !rule.live_both && verdict == Verdict::Matched;
    let again = accept::stored(rule, verdict.clone());
    let Some(kept) = kept else {
        return (verdict != Verdict::Type).then(|| {
            format!(
                "rule {} has no verdict and should: {}",
                rule.id,
                said(&again)
            )
        });
    };
    // Its second judgement has yet to come.
    if kept.decision == "waiting" {
        return None;
    }
    // Whether test mode counts depends on how the daemon was started.
    let same =
        (again.decision == kept.decision && again.leaf == kept.leaf && again.path == kept.path)
            || (is_test && kept.leaf == Some(LEAF_LIVE));
    (!same).then(|| {
        format!(
            "rule {} is stored as {} and is judged as {}",
            rule.id,
            said(kept),
            said(&again)
        )
    })
}

fn said(verdict: &StoredVerdict) -> String {
    match &verdict.path {
        Some(path) => format!("{} at {path}", verdict.decision),
        None => verdict.decision.clone(),
    }
}

async fn runs(again: &Again<'_>) -> Result<(Checked, Checked), StoreError> {
    let mut policy = Checked::of(&WITHIN_POLICY);
    let mut readable = Checked::of(&READABLE);
    let mut rules: HashMap<Arc<str>, Result<Arc<Rule>, String>> = HashMap::new();
    let (mut before, mut newest) = (None, 0);
    loop {
        (again.told)(told("held against their rules", policy.rows, newest));
        let filter = RunFilter {
            before,
            limit: PAGE,
            ..RunFilter::default()
        };
        let page = match again.reader.runs(&filter).await {
            Ok(page) => page,
            Err(StoreError::Row(why)) => {
                policy.unread = Some(why.clone());
                readable.unread = Some(why);
                break;
            }
            Err(error) => return Err(error),
        };
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        newest = page[0].seq.max(newest);
        for run in &page {
            (policy.rows, readable.rows) = (policy.rows + 1, readable.rows + 1);
            if !rules.contains_key(&run.rule_hash) {
                if rules.len() >= COMPILED_MAX {
                    rules.clear();
                }
                if let Some(rule) = text(again, &run.rule_hash).await? {
                    rules.insert(run.rule_hash.clone(), rule);
                }
            }
            match rules.get(&run.rule_hash) {
                Some(Ok(rule)) => beyond(rule, run, &mut policy),
                Some(Err(why)) if !run.state.is_over() => readable.add(of_run(run, why.clone())),
                // That it is not there is said elsewhere.
                Some(Err(_)) | None => {}
            }
        }
    }
    Ok((policy, readable))
}

async fn text(
    again: &Again<'_>,
    hash: &str,
) -> Result<Option<Result<Arc<Rule>, String>>, StoreError> {
    let Some(text) = again.reader.rule_text(hash).await? else {
        return Ok(None);
    };
    let rule = rule::from_text(&text.file, &text.text, again.catalog);
    Ok(Some(rule.map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone());
        first.unwrap_or_else(|| "it holds no rule".into())
    })))
}

/// Steps that were tried more often than their rule says.
fn beyond(rule: &Rule, run: &Run, policy: &mut Checked) {
    for step in rule.steps.iter().chain(&rule.on_failure) {
        let Some(known) = run.progress.steps.get(&step.path) else {
            continue;
        };
        if known.counted > step.retry.attempts {
            let what = format!(
                "step {} was tried {} times, and its rule allows {}",
                step_number(&step.path),
                known.counted,
                step.retry.attempts
            );
            policy.add(of_run(run, what));
        }
    }
}

fn of_run(run: &Run, what: String) -> Broken {
    Broken {
        event: Some(run.event),
        run: Some(run.id),
        name: Some(run.rule.to_string()),
        what,
    }
}

fn told(what: &'static str, done: u64, of: i64) -> Told {
    let of = u64::try_from(of).unwrap_or(0).max(done);
    Told { what, done, of }
}
