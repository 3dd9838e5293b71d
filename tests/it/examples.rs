//! Every example checks clean, and the `tests:` beside its rules hold: sent as its sender would, against the sandbox.

mod letter;
mod sellers;

use std::path::Path;
use std::time::Duration;

use kartwheel::action::Class;
use kartwheel::config::Env;
use kartwheel::project::{self, Project, Strictness};
use kartwheel::rule::case::{Case, ExpectedCall};
use kartwheel::rule::{Rule, Trigger};
use kartwheel::run::{Attempt, State};
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::{StoredEvent, StoredVerdict};
use serde_json::Value;

use crate::world::{START, World, env};
use letter::{Letter, forge, send};

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
    calendly_call: "calendly-call",
    jotform_application: "jotform-application",
    kartra_onboarding: "kartra-onboarding",
    kit_subscriber: "kit-subscriber",
    observe_first: "observe-first",
    paypal_course: "paypal-course",
    plain_hmac: "plain-hmac",
    shopify_order: "shopify-order",
    stripe_purchase: "stripe-purchase",
    stripe_refund: "stripe-refund",
    thrivecart_cancelled: "thrivecart-cancelled",
    typeform_signup: "typeform-signup",
    webinar_follow_up: "webinar-follow-up",
    woocommerce_order: "woocommerce-order",
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
            play(folder, rule, case).await;
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

async fn play(folder: &str, rule: &Rule, case: &Case) {
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
    let letter = Letter::of_case(folder, case);
    assert_eq!(forge(&world, source, &letter).await.status, 401, "{story}");
    let taken = send(&world, source, &letter).await;
    assert_eq!(taken.status, 200, "{story}: {}", taken.body);
    let again = send(&world, source, &letter).await;
    let is_known = again.body["status"] == "seen before" || again.body["new"] == 0;
    assert!(is_known, "{story}: {}", again.body);
    world.advance(case.until.unwrap_or(END)).await;

    let events = world.events().await;
    assert!(!events.is_empty(), "{story}: nothing is kept");
    for stored in &events {
        assert_event(&story, &world, rule, case, stored).await;
    }
    let cut_short = case.until.map(|_| State::Waiting);
    let states = Vec::from_iter(
        [Some(State::Done), cut_short, case.expect.state]
            .into_iter()
            .flatten(),
    );
    world.end(&states).await;
}

/// What the rule made of one event, and what came of it.
async fn assert_event(story: &str, world: &World, rule: &Rule, case: &Case, stored: &StoredEvent) {
    let mut verdicts = stored.verdicts.iter();
    assert_verdict(
        story,
        case,
        verdicts.find(|verdict| verdict.rule == rule.id),
    );
    let runs = world.runs().await;
    let mut runs = runs.iter();
    let run = runs.find(|run| run.event == stored.event.id && run.rule == rule.id);
    if let Some(expected) = &case.expect.calls {
        let attempts = match run {
            Some(run) => world.attempts(run).await,
            None => Vec::new(),
        };
        assert_calls(story, expected, rule, &attempts);
    }
    if let Some(state) = case.expect.state {
        assert_eq!(run.map(|run| run.state), Some(state), "{story}: {run:#?}");
    }
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

/// A world with the example's sources and rules, and an account that counts.
async fn world(folder: &str, start: &str) -> World {
    let from = Path::new("examples").join(folder);
    let read = |name: &str| std::fs::read_to_string(from.join(name)).expect("the example's file");
    let settings: String = read("kartwheel.yaml")
        .lines()
        .filter(|line| !line.starts_with("timezone:"))
        .map(|line| format!("{line}\n"))
        .collect();
    World::at(start, &read("rules.yaml"), &settings)
        .await
        .live()
        .await
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
