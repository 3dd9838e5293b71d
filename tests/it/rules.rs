//! Rule files that must be refused, with the exact words, and files that must be taken without any.
//!
//! `tests/rules/err_NAME.yaml` has what is said about it in `err_NAME.txt` beside it; `UPDATE_EXPECT=1` writes the `.txt` files anew.
//! `ok_NAME.yaml` must give no problem at all. Cases with `_account_` in their name are checked against the account of account.json.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kartwheel::account::Account;
use kartwheel::config::{self, Env};
use kartwheel::kartra;
use kartwheel::problem::{CODES, Problem, Source, draw_all};
use kartwheel::project::{self, Strictness};
use kartwheel::rule::{self, EventPattern, SourceFacts, Surroundings};
use proptest::prelude::*;

/// Types that the test's `stripe` sends.
const STRIPE_EVENTS: [&str; 3] = [
    "checkout.session.completed",
    "charge.refunded",
    "customer.subscription.deleted",
];

#[test]
fn what_is_wrong_is_said_in_exactly_these_words() {
    let mut wrong = Vec::new();
    for path in files("err_") {
        let (problems, sources) = problems_of(&path);
        let drawn = draw_all(&problems, &sources, false);
        let expected = path.with_extension("txt");
        if problems.is_empty() {
            wrong.push(format!("{}: no problem is found", path.display()));
        } else if updating() {
            fs::write(&expected, &drawn).expect("the expected words can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != drawn {
            wrong.push(format!("{}:\n{drawn}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "these differ from their .txt (UPDATE_EXPECT=1 writes it anew):\n\n{}",
        wrong.join("\n")
    );
}

#[test]
fn good_rules_give_no_problem() {
    let files = files("ok_");
    assert!(files.len() >= 5);
    for path in files {
        let (problems, sources) = problems_of(&path);
        assert!(
            problems.is_empty(),
            "{}",
            draw_all(&problems, &sources, false)
        );
    }
}

#[test]
fn every_code_is_shown_by_some_case() {
    let shown: BTreeSet<&str> = files("err_")
        .iter()
        .flat_map(|path| problems_of(path).0)
        .map(|problem| problem.code)
        .collect();
    let all: BTreeSet<&str> = CODES.iter().map(|(code, _)| *code).collect();
    let missing: Vec<_> = all.difference(&shown).collect();
    assert!(missing.is_empty(), "no tests/rules/err_* shows {missing:?}");
    let unlisted: Vec<_> = shown.difference(&all).collect();
    assert!(unlisted.is_empty(), "not in problem::CODES: {unlisted:?}");
}

#[test]
fn five_mistakes_in_one_file_are_five_problems() {
    let (problems, _) = problems_of(&folder().join("err_five_mistakes.yaml"));
    assert_eq!(problems.len(), 5);
}

#[test]
fn every_error_says_what_to_do() {
    for path in files("err_") {
        for problem in problems_of(&path).0 {
            assert!(
                problem.help.is_some() || problem.message.len() > 20,
                "{problem:?}"
            );
            assert!(!problem.message.ends_with('.'), "{problem:?}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "[ -~\\n日é]{0,300}") {
        read("x.yaml", &text);
    }

    #[test]
    fn no_broken_rule_makes_the_parser_panic(cut in 0..100_usize, drop in 0..40_usize, word in prop::sample::select(vec![
        "", "x", ": ", "[]", "{}", "~", "7", "yes", "${{ x }}", "${{", "'", "\n", "  ", "- ", "&a ", "*a", "!t", "null",
    ])) {
        let text = fs::read_to_string(folder().join("ok_everything.yaml")).expect("the rule");
        let chars: Vec<char> = text.chars().collect();
        let at = chars.len() * cut / 100;
        let mut broken: String = chars[..at].iter().collect();
        broken.push_str(word);
        broken.extend(chars[at..].iter().skip(drop));
        read("x.yaml", &broken);
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

/// The cases with this prefix, sorted: YAML files and whole projects.
fn files(prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder())
        .expect("tests/rules is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        })
        .filter(|path| path.extension().is_none_or(|extension| extension == "yaml"))
        .collect();
    found.sort();
    found
}

/// A folder is a project, `err_config_*` is a kartwheel.yaml, anything else a file of rules.
fn problems_of(path: &Path) -> (Vec<Problem>, Vec<Source>) {
    if path.is_dir() {
        let project = project::load(path, &environment(), Strictness::Check);
        return (project.problems, project.sources_text);
    }
    let name = path.file_name().expect("a name").to_string_lossy();
    let text = fs::read_to_string(path).expect("the case");
    if name.contains("_config_") {
        let sources = vec![Source::new(&*name, text)];
        let mut problems = Vec::new();
        let env = if name.contains("without_token") {
            Env::from_pairs([("MEMBRANE_TOKEN", "sandbox-token")])
        } else {
            environment()
        };
        config::read(
            &sources[0],
            &folder(),
            &env,
            Strictness::Serve,
            &mut problems,
        );
        return (problems, sources);
    }
    read(&name, &text)
}

fn environment() -> Env {
    Env::from_pairs([
        ("STRIPE_SECRET", "whsec_FakeStripeSigningSecret0123456789ab"),
        ("MEMBRANE_TOKEN", "sandbox-token"),
        ("KARTWHEEL_TOKEN", "0123456789abcdef0123456789abcdef"),
        ("SPACED", " white space "),
    ])
}

fn read(name: &str, text: &str) -> (Vec<Problem>, Vec<Source>) {
    let sources = vec![Source::new(name, text)];
    let mut problems = Vec::new();
    let mut around = surroundings();
    if name.contains("_account_") {
        around.accounts.insert("main".into(), account());
    }
    let rules = rule::read(&sources[0], &around, &mut problems);
    let rules = rule::unique(rules, &sources, &mut problems);
    rule::circles(&rules, &around, &sources, &mut problems);
    (problems, sources)
}

fn surroundings() -> Surroundings {
    let unknown = |kind: &str| {
        let pattern = EventPattern::parse(kind).expect("a pattern that the parser took");
        let near = kartwheel::problem::nearest(kind, STRIPE_EVENTS).map(str::to_owned);
        (!STRIPE_EVENTS.iter().any(|kind| pattern.matches(kind))).then_some(near)
    };
    let source = |name: &str| SourceFacts {
        name: name.into(),
        reports_account: name == "kartra",
        unknown_event: Box::new(|_| None),
        lookup: None,
        lacks_address: Box::new(|kind| kind.starts_with("payout.")),
    };
    let stripe = SourceFacts {
        unknown_event: Box::new(unknown),
        ..source("stripe")
    };
    let unsigned = SourceFacts {
        lookup: Some(Box::new(|kind| kind.starts_with("sale"))),
        ..source("unsigned")
    };
    Surroundings {
        sources: Some(vec![stripe, source("typeform"), source("kartra"), unsigned]),
        connections: Some(vec!["main".into(), "client_b".into()]),
        env: Some(vec!["STAGE".into()]),
        ..Surroundings::of(kartra::catalog())
    }
}

/// The account of connection `main` in the cases that are checked against one.
fn account() -> Account {
    let text = fs::read_to_string(folder().join("account.json")).expect("the account");
    serde_json::from_str(&text).expect("an account")
}

#[expect(clippy::disallowed_methods, reason = "a switch of the test itself")]
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}
