//! What the commands make of the answer where the daemon listens: whose it is, who waits, how slow it is.

use std::fs;

use serde_json::json;

use super::shop::{Daemon, Shop};
use crate::cli::Said;

/// What was said, in one line.
fn told(said: &Said) -> String {
    let all = format!("{}{}", said.out, said.err);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two projects with the same ports: the daemon of one is not taken for the other's.
#[test]
fn the_daemon_of_another_project_is_not_taken_for_this_ones() {
    let (first, second) = (Shop::open(), Shop::open());
    let daemon = Daemon::start(&first);
    let settings = fs::read_to_string(second.dir.join("kartwheel.yaml")).unwrap();
    let own = listening(&settings);
    let theirs = listening(&fs::read_to_string(first.dir.join("kartwheel.yaml")).unwrap());
    let same = settings.replace(&own, &theirs);
    fs::write(second.dir.join("kartwheel.yaml"), &same).unwrap();

    let said = second.run("doctor");
    assert!(
        told(&said).contains("this project has no database yet"),
        "{}",
        told(&said)
    );
    assert!(told(&second.run("health")).contains("may be another project's daemon"));

    // It has a database of its own, and its own daemon runs elsewhere.
    fs::write(second.dir.join("kartwheel.yaml"), &settings).unwrap();
    let own_daemon = Daemon::start(&second);
    fs::write(second.dir.join("kartwheel.yaml"), &same).unwrap();
    let said = second.run("doctor");
    assert!(
        told(&said).contains("it is another project's daemon"),
        "{}",
        told(&said)
    );
    for line in ["health", "pause --reason x"] {
        let said = second.run(line);
        assert_eq!(said.code, 2, "{line}: {}", told(&said));
        assert!(
            told(&said).contains("is not this project's daemon"),
            "{}",
            told(&said)
        );
    }
    assert_eq!(
        first.json("health")["held"],
        json!([]),
        "nothing was paused there"
    );
    assert_eq!(first.well("health").trim(), "ok");
    assert!(told(&first.run("doctor")).contains("ok daemon runs, and takes deliveries"));
    assert_eq!((daemon.stop(), own_daemon.stop()), (0, 0));
}

/// Where the console of these settings listens.
fn listening(settings: &str) -> String {
    let (_, rest) = settings
        .split_once("console: { listen: ")
        .expect("a console");
    rest.split_once(' ').expect("an end").0.to_owned()
}

#[test]
fn health_says_how_many_runs_wait_for_a_person() {
    let shop = Shop::open();
    let rule = fs::read_to_string(rule_of(&shop)).unwrap();
    let limited = rule.replacen("actions:", "limits: { per_day: 1 }\nactions:", 1);
    assert_ne!(rule, limited);
    fs::write(rule_of(&shop), limited).unwrap();
    let _daemon = Daemon::start(&shop);
    shop.run_in_state(&shop.purchase(1), "done");
    shop.run_in_state(&shop.purchase(2), "held");
    let health = shop.well("health");
    assert!(
        health.contains("1 run waits for a person: 1 over a limit")
            && health.contains("limit_reached"),
        "{health}"
    );
    assert_eq!(
        shop.json("health")["waiting"],
        json!({ "limit_reached": 1 })
    );
}

fn rule_of(shop: &Shop) -> std::path::PathBuf {
    let mut rules = fs::read_dir(shop.dir.join("rules")).unwrap();
    let first = rules.find(|entry| {
        let text = fs::read_to_string(entry.as_ref().unwrap().path()).unwrap();
        text.contains("checkout.session.completed")
    });
    first.unwrap().unwrap().path()
}
