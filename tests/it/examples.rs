//! Every example checks clean, and the `tests:` beside its rules hold: sent as its sender would, against the sandbox.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::config::Env;
use kartwheel::event::Format;
use kartwheel::project::{self, Project, Strictness};
use kartwheel::rule::case::{Case, CaseBody, ExpectedCall};
use kartwheel::rule::{Rule, Trigger};
use kartwheel::run::{Attempt, State};
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::StoredVerdict;
use kartwheel::trigger;
use serde_json::Value;

use crate::world::{START, World, env};

/// Where waits are over, even the longest that a rule may have.
const END: Duration = Duration::from_secs(367 * 86_400);

/// One test per example, and the list of them.
macro_rules! examples {
    ($($name:ident: $folder:literal,)+) => {
        const FOLDERS: &[&str] = &[$($folder),+];
        $(
            #[tokio::test]
            async fn $name() {
                every_case_holds($folder).await;
            }
        )+
    };
}

examples! {
    observe_first: "observe-first",
    plain_hmac: "plain-hmac",
    stripe_purchase: "stripe-purchase",
    stripe_refund: "stripe-refund",
    thrivecart_cancelled: "thrivecart-cancelled",
    typeform_signup: "typeform-signup",
    webinar_follow_up: "webinar-follow-up",
}

#[test]
fn every_folder_of_examples_is_tested() {
    let mut folders: Vec<String> = std::fs::read_dir("examples")
        .expect("examples/ is there")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    folders.sort();
    assert_eq!(folders, FOLDERS);
}

#[test]
fn the_project_of_the_image_checks_clean() {
    let env = Env::from_pairs([
        ("KARTWHEEL_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("MEMBRANE_WORKSPACE_KEY", "sandbox"),
        ("MEMBRANE_WORKSPACE_SECRET", "sandbox-secret"),
        ("MEMBRANE_TENANT_KEY", "shop"),
    ]);
    let project = project::load(Path::new("."), &env, Strictness::Serve);
    assert!(project.problems.is_empty(), "{:#?}", project.problems);
    assert!(project.rules.rules().iter().all(|rule| !rule.enabled));
}

/// Plays each case of each rule in a world of its own.
async fn every_case_holds(folder: &str) {
    let project = load(folder);
    assert!(
        project.problems.is_empty(),
        "{folder}: {:#?}",
        project.problems
    );
    let rules = project.rules.rules();
    assert!(!rules.is_empty(), "{folder} has rules");
    for rule in rules {
        assert!(!rule.tests.is_empty(), "{folder}: {} has tests", rule.id);
        for case in &rule.tests {
            play(folder, &project, rule, case).await;
        }
    }
}

fn load(folder: &str) -> Project {
    project::load(
        &Path::new("examples").join(folder),
        &env(),
        Strictness::Sandbox,
    )
}

async fn play(folder: &str, project: &Project, rule: &Rule, case: &Case) {
    let story = format!("{folder}: {}: {}", rule.id, case.name);
    let start = case
        .now
        .map_or_else(|| START.to_owned(), |now| now.to_string());
    let world = world(folder, &start).await;
    for (verb, answers) in &case.answers {
        for (number, answer) in (1..).zip(answers) {
            if let Some(fault) = fault(answer.class) {
                let first = if &**verb == "ensure-lead" {
                    "get-lead"
                } else {
                    verb
                };
                world
                    .sandbox
                    .world()
                    .add_fault(Fault::on_verb(first, fault).nth(number));
            }
        }
    }
    let Trigger::Webhook { source, .. } = &rule.trigger else {
        panic!("{story}: only webhooks are played");
    };
    let (content_type, body) = body(folder, project, source, case);
    let event = world.send_bytes(source, content_type, &body).await.event();
    world.advance(case.until.unwrap_or(END)).await;

    let stored = world
        .reader()
        .event(event)
        .await
        .expect("the store answers")
        .expect("the event");
    let verdict = stored
        .verdicts
        .iter()
        .find(|verdict| verdict.rule == rule.id);
    assert_verdict(&story, case, verdict);
    if let Some(expected) = &case.expect.calls {
        let attempts = attempts(&world, event, rule).await;
        assert_calls(&story, expected, rule, &attempts);
    }
    let runs = world.runs().await;
    let run = runs
        .iter()
        .find(|run| run.event == event && run.rule == rule.id);
    if let Some(state) = case.expect.state {
        assert_eq!(run.map(|run| run.state), Some(state), "{story}: {run:#?}");
    }
    let cut_short = case.until.map(|_| State::Waiting);
    let states = Vec::from_iter(
        [Some(State::Done), cut_short, case.expect.state]
            .into_iter()
            .flatten(),
    );
    world.end(&states).await;
}

fn assert_verdict(story: &str, case: &Case, verdict: Option<&StoredVerdict>) {
    let matched = verdict.is_some_and(|verdict| verdict.decision == "matched");
    let expected = case.expect.matched.unwrap_or(case.expect.because.is_none());
    assert_eq!(matched, expected, "{story}: {verdict:?}");
    if let Some(because) = &case.expect.because {
        let path = verdict.and_then(|verdict| verdict.path.as_deref());
        assert_eq!(path, Some(because.as_str()), "{story}: {verdict:?}");
    }
}

fn assert_calls(story: &str, expected: &[ExpectedCall], rule: &Rule, attempts: &[Attempt]) {
    let mut calls: Vec<(&str, &Value)> = Vec::new();
    let mut before: Option<&Attempt> = None;
    for attempt in attempts {
        let step = rule.steps.iter().find(|step| step.path == attempt.step);
        let verb = step.map_or(&*attempt.verb, |step| &*step.verb);
        // `ensure-lead` looks first and then creates: one try of the step.
        let second_half =
            before.is_some_and(|before| before.step == attempt.step && before.verb != attempt.verb);
        if !second_half && attempt.message.as_deref() != Some("observe: not sent") {
            calls.push((verb, &attempt.input));
        }
        before = Some(attempt);
    }
    let verbs: Vec<&str> = calls.iter().map(|(verb, _)| *verb).collect();
    let wanted: Vec<&str> = expected.iter().map(|call| &*call.verb).collect();
    assert_eq!(verbs, wanted, "{story}: {attempts:#?}");
    for (call, (_, input)) in expected.iter().zip(calls) {
        let fields = call.input.as_ref().and_then(Value::as_object);
        for (name, value) in fields.into_iter().flatten() {
            assert_eq!(
                input.get(name),
                Some(value),
                "{story}: {name} of {}",
                call.verb
            );
        }
    }
}

/// The attempts of this rule's run for the event, in the order in which they were made; none when it started no run.
async fn attempts(world: &World, event: uuid::Uuid, rule: &Rule) -> Vec<Attempt> {
    let runs = world.runs().await;
    match runs
        .iter()
        .find(|run| run.event == event && run.rule == rule.id)
    {
        Some(run) => world.attempts(run).await,
        None => Vec::new(),
    }
}

/// A world with the example's sources and rules.
async fn world(folder: &str, start: &str) -> World {
    let from = Path::new("examples").join(folder);
    let read = |name: &str| std::fs::read_to_string(from.join(name)).expect("the example's file");
    let settings: String = read("kartwheel.yaml")
        .lines()
        .filter(|line| !line.starts_with("timezone:"))
        .map(|line| format!("{line}\n"))
        .collect();
    World::at(start, &read("rules.yaml"), &settings).await
}

/// What is posted. A form in which values are set goes as JSON: the rule sees the same tree.
fn body(folder: &str, project: &Project, source: &str, case: &Case) -> (&'static str, Vec<u8>) {
    let (format, raw) = match &case.event.body {
        CaseBody::Inline(body) => (Format::Json, body.to_string().into_bytes()),
        CaseBody::File(name) => {
            let path: PathBuf = ["examples", folder, name].iter().collect();
            let raw = std::fs::read(path).expect("the payload");
            let form = name.ends_with(".form");
            (if form { Format::Form } else { Format::Json }, raw)
        }
        CaseBody::Sample(name) => {
            let config = project.config.as_ref().expect("a config");
            let kind = name.split_once('/').map_or(name.as_str(), |(_, kind)| kind);
            let samples = config.sources[source].samples();
            let sample = samples
                .iter()
                .find(|sample| sample.kind == kind)
                .expect("a sample");
            (Format::Json, sample.body.as_bytes().to_vec())
        }
    };
    if case.event.set.is_empty() {
        let content_type = match format {
            Format::Form => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        return (content_type, raw);
    }
    let mut body = trigger::read_body(format, &raw).expect("the payload is well formed");
    for (path, value) in &case.event.set {
        let pointer = pointer(path.text());
        let place = body.pointer_mut(&pointer);
        *place.unwrap_or_else(|| panic!("{folder}: nothing at {}", path.text())) = value.clone();
    }
    ("application/json", body.to_string().into_bytes())
}

/// `$.body.a[0].b` is `/a/0/b` in the body.
fn pointer(path: &str) -> String {
    let below = path
        .strip_prefix("$.body")
        .expect("tests set values of the body");
    below.replace('[', "/").replace(']', "").replace('.', "/")
}

/// What the sandbox does so that a call ends in this class.
fn fault(class: Class) -> Option<FaultKind> {
    match class {
        Class::Done | Class::Already => None,
        Class::RateLimited => Some(FaultKind::RateLimited { retry_after: None }),
        Class::Unknown => Some(FaultKind::DropBefore),
        other => panic!("no example needs {other:?} yet: say here how the sandbox answers so"),
    }
}
