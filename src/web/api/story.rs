//! The whole story of one run, gathered: its event, the verdict that started it, its steps with their attempts, and what holds it.

use std::sync::Arc;

use super::Refusal;
use crate::action::{Catalog, Class};
use crate::rule;
use crate::run::{Attempt, CHECK, Run, State, StepProgress, StepState};
use crate::store::{Hold, Reader, RuleText, StoredEvent, StoredVerdict};

/// A run with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Story {
    /// The run, as the lists show it.
    pub run: Run,
    /// The event that started it.
    pub event: Option<StoredEvent>,
    /// What the rule made of the event.
    pub verdict: Option<StoredVerdict>,
    /// The text the run is pinned to.
    pub rule: Option<RuleText>,
    /// The holds that keep its connection from sending.
    pub holds: Vec<Hold>,
    /// All attempts, in order.
    pub attempts: Vec<Attempt>,
    /// What can be called: the rule's text is read with it.
    pub catalog: Catalog,
    /// What the account is known to have by now in the place of a name that it did not have, where the run failed for that.
    pub nearest: Option<String>,
}

/// One step of a story.
#[derive(Debug, Clone)]
pub struct StepStory<'a> {
    /// Its path in the rule: `0`, `1`, …; `f0`, … in `on_failure`.
    pub path: Arc<str>,
    /// Its id, when the rule gives it one.
    pub id: Option<Arc<str>>,
    /// Its name, when the rule gives it one.
    pub name: Option<String>,
    /// What it does; unknown when the rule's text cannot be read and no attempt was made.
    pub verb: Option<Arc<str>>,
    /// Where it stands; `pending` when it was not reached.
    pub progress: StepProgress,
    /// Its attempts, in order.
    pub attempts: Vec<&'a Attempt>,
}

/// A step as the rule has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Outline {
    path: Arc<str>,
    id: Option<Arc<str>>,
    name: Option<String>,
    verb: Arc<str>,
}

impl Story {
    /// Gathers the story of this run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn load(reader: &dyn Reader, catalog: Catalog, run: Run) -> Result<Self, Refusal> {
        let event = reader.event(run.event).await?;
        let verdict = event
            .as_ref()
            .and_then(|stored| {
                stored
                    .verdicts
                    .iter()
                    .find(|verdict| verdict.rule == run.rule)
            })
            .cloned();
        let holds = reader.holds().await?;
        let rule = reader.rule_text(&run.rule_hash).await?;
        let attempts = reader.attempts(run.id).await?;
        let nearest = match run.state {
            State::Failed => nearest(reader, catalog, (&run, rule.as_ref()), &attempts).await?,
            _ => None,
        };
        Ok(Self {
            event,
            verdict,
            rule,
            holds: holds
                .into_iter()
                .filter(|hold| hold.connection.is_empty() || hold.connection == run.connection)
                .collect(),
            attempts,
            catalog,
            nearest,
            run,
        })
    }

    /// All steps of the rule in order, and those of `on_failure` that were reached.
    #[must_use]
    pub fn steps(&self) -> Vec<StepStory<'_>> {
        let mut steps: Vec<StepStory<'_>> = self
            .rule
            .as_ref()
            .map(|rule| {
                outline(
                    rule,
                    self.catalog,
                    self.run.progress.steps.contains_key(CHECK),
                )
            })
            .unwrap_or_default()
            .into_iter()
            .map(|planned| StepStory {
                path: planned.path,
                id: planned.id,
                name: planned.name,
                verb: Some(planned.verb),
                progress: StepProgress::default(),
                attempts: Vec::new(),
            })
            .collect();
        for (path, progress) in &self.run.progress.steps {
            let step = entry(&mut steps, path);
            step.progress = progress.clone();
            step.id = step.id.take().or_else(|| progress.id.clone());
        }
        for attempt in &self.attempts {
            let step = entry(&mut steps, &attempt.step);
            step.verb.get_or_insert_with(|| Arc::clone(&attempt.verb));
            step.attempts.push(attempt);
        }
        if self.run.state.is_over() {
            steps.iter_mut().for_each(settle);
        }
        steps.retain(|step| {
            !step.path.starts_with('f') || step.progress.state != StepState::Pending
        });
        steps.sort_by_key(|step| order(&step.path));
        steps
    }
}

/// What the account is known to have by now that is like the name which the last call was refused for.
async fn nearest(
    reader: &dyn Reader,
    catalog: Catalog,
    (run, text): (&Run, Option<&RuleText>),
    attempts: &[Attempt],
) -> Result<Option<String>, Refusal> {
    let Some(last) = attempts.last() else {
        return Ok(None);
    };
    let missing = last
        .app_type
        .and_then(|number| (catalog.missing_name)(&last.verb, number, &last.input));
    let Some((inventory, name)) = missing else {
        return Ok(None);
    };
    let rule = text.and_then(|text| rule::from_text(&text.file, &text.text, catalog).ok());
    let step = rule.as_ref().and_then(|rule| rule.step(&last.step));
    let own = step.and_then(|step| step.connection.as_ref());
    let connection = own.unwrap_or(&run.connection);
    let snapshots = reader.snapshots().await?;
    let mut kept = snapshots
        .iter()
        .filter(|kept| kept.connection == *connection);
    Ok(kept.next().and_then(|kept| {
        let names = inventory.names(&kept.account)?;
        match names.contains(&name) {
            true => Some(format!(
                "when the account was last read it had the {} `{name}`",
                inventory.plural(1)
            )),
            false => rule::account::like(name, &names),
        }
    }))
}

/// A run that was cancelled during a call has a step that was never told how it ended: its last attempt knows.
fn settle(step: &mut StepStory<'_>) {
    if step.progress.state == StepState::Running {
        step.progress.state = match step.attempts.last().and_then(|attempt| attempt.class) {
            Some(Class::Done) => StepState::Ok,
            Some(Class::Already) => StepState::Already,
            Some(Class::Unknown) | None => StepState::Unknown,
            Some(_) => StepState::Failed,
        };
    }
}

fn entry<'s, 'a>(steps: &'s mut Vec<StepStory<'a>>, path: &Arc<str>) -> &'s mut StepStory<'a> {
    let place = steps.iter().position(|step| step.path == *path);
    let place = place.unwrap_or_else(|| {
        steps.push(StepStory {
            path: Arc::clone(path),
            id: None,
            name: None,
            verb: None,
            progress: StepProgress::default(),
            attempts: Vec::new(),
        });
        steps.len() - 1
    });
    &mut steps[place]
}

/// Steps in the order in which they run: `2` before `10`, `on_failure` last.
fn order(path: &str) -> (bool, Vec<u32>) {
    let failure = path.starts_with('f');
    let numbers = path
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    (failure, numbers)
}

/// The steps of a rule's text, with the check before them where the run makes it. Empty when this binary cannot read it.
fn outline(text: &RuleText, catalog: Catalog, is_checked: bool) -> Vec<Outline> {
    let Ok(rule) = rule::from_text(&text.file, &text.text, catalog) else {
        return Vec::new();
    };
    let check = is_checked.then(|| rule.step(CHECK)).flatten();
    check
        .into_iter()
        .chain(&rule.steps)
        .chain(&rule.on_failure)
        .map(|step| Outline {
            path: Arc::clone(&step.path),
            id: step.id.clone(),
            name: step.name.clone(),
            verb: Arc::clone(&step.verb),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stand_in_the_order_in_which_they_run() {
        let mut paths = vec!["f0", "10", "2", "2.1", "0", "2.0", CHECK];
        paths.sort_by_key(|path| order(path));
        assert_eq!(paths, [CHECK, "0", "2", "2.0", "2.1", "10", "f0"]);
    }
}
