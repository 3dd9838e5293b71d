//! Tests of the rules in force: which of them an event concerns, and what each is pinned to.

use serde_json::json;

use super::*;

fn set(texts: &[&str]) -> RuleSet {
    let rules = texts
        .iter()
        .map(|text| from_text("r.yaml", text, catalog()));
    RuleSet::new(rules.map(|rule| rule.expect("a rule")).collect())
}

#[test]
fn an_event_is_judged_by_the_enabled_rules_of_its_source() {
    let set = set(&[
        "id: d\ntrigger: { webhook: shop, events: order.* }\nactions: [ { stop: } ]\n",
        "id: a\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n",
        "id: b\ntrigger: { webhook: shop, events: [refund, order.cancelled] }\nactions: [ { stop: } ]\n",
        "id: c\nenabled: false\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n",
        "id: e\ntrigger: { webhook: other }\nactions: [ { stop: } ]\n",
    ]);
    let verdicts: Vec<_> = set
        .judge(&event(json!({})))
        .into_iter()
        .map(|(rule, verdict)| (rule.id.to_string(), verdict))
        .collect();
    let expected = [
        ("a", Verdict::Matched),
        ("b", Verdict::Type),
        ("d", Verdict::Matched),
    ];
    assert_eq!(
        verdicts,
        expected.map(|(id, verdict)| (id.to_owned(), verdict))
    );
    assert_eq!(set.get("c").map(|rule| rule.enabled), Some(false));
    assert!(set.get("z").is_none());
}

#[test]
fn what_does_not_match_has_the_first_reason() {
    let set = set(&[
        "id: a\ntrigger: { webhook: shop }\nmatch: { $.body.paid: true, $.body.total: { gte: 10 }, $.event.type: order.* }\nactions: [ { stop: } ]\n",
    ]);
    let verdict = |body| set.judge(&event(body)).remove(0).1;
    let Verdict::Declined {
        leaf,
        path,
        expected,
        actual,
    } = verdict(json!({"paid": true, "total": 9}))
    else {
        panic!("it does not match");
    };
    assert_eq!((leaf, path.as_str()), (1, "$.body.total"));
    assert!(
        expected.contains("10") && actual.contains('9'),
        "{expected} / {actual}"
    );
    assert!(matches!(
        verdict(json!({"paid": false})),
        Verdict::Declined { leaf: 0, .. }
    ));
    assert!(matches!(
        verdict(json!({"paid": true, "total": 10})),
        Verdict::Declined { leaf: 2, .. }
    ));
}

#[test]
fn what_our_own_action_caused_starts_only_rules_that_want_it() {
    let set = set(&[
        "id: a\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n",
        "id: b\necho: true\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n",
    ]);
    let mut event = event(json!({}));
    event.caused_by = Some(Uuid::from_u128(2));
    let verdicts = set.judge(&event);
    assert!(
        matches!(&verdicts[0].1, Verdict::Declined { leaf: LEAF_ECHO, path, .. } if path == "caused_by")
    );
    assert_eq!(verdicts[1].1, Verdict::Matched);
}

#[test]
fn a_rule_is_pinned_to_its_own_lines() {
    let text = "# first\n---\nid: one\ntrigger: { webhook: shop } # why\nactions:\n  - fail: |\n      long\n      reason\n---\nid: two\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n";
    let source = Source::new("r.yaml", text);
    let mut problems = Vec::new();
    let rules = read(&source, &Surroundings::of(catalog()), &mut problems);
    assert_eq!(problems, []);
    assert_eq!(
        &*rules[0].text,
        "id: one\ntrigger: { webhook: shop } # why\nactions:\n  - fail: |\n      long\n      reason\n"
    );
    for rule in &rules {
        let again = from_text("r.yaml", &rule.text, catalog()).expect("its own text");
        assert_eq!((&again.hash, &again.id), (&rule.hash, &rule.id));
        assert_eq!(&again.text, &rule.text);
    }
    let (ab, ba) = (
        RuleSet::new(rules.clone()),
        RuleSet::new(rules.iter().rev().cloned().collect()),
    );
    assert_eq!(ab.hash, ba.hash);
    assert_ne!(ab.hash, RuleSet::new(vec![rules[0].clone()]).hash);
}

#[test]
fn a_broken_rule_is_left_out_and_the_others_stay() {
    let text = "id: one\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n---\nid: two\nid: three\ntrigger: { webhook: shop }\nactions: [ { stop: } ]\n---\nid: four\ntrigger: { webhook: shop }\nactions: [ { stopp: } ]\n";
    let mut problems = Vec::new();
    let rules = read(
        &Source::new("r.yaml", text),
        &Surroundings::of(catalog()),
        &mut problems,
    );
    let ids: Vec<_> = rules.iter().map(|rule| &*rule.id).collect();
    assert_eq!(ids, ["one"]);
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_rule_knows_what_it_needs_the_address_for() {
    for (parts, needed) in [
        ("actions: [ { stop: } ]", AddressFor::Nothing),
        (
            "key: \"${{ person.email }}\"\nactions: [ { stop: } ]",
            AddressFor::Run,
        ),
        (
            "once: \"${{ person.email }}\"\nactions: [ { stop: } ]",
            AddressFor::Run,
        ),
        (
            "vars: { who: \"${{ person.email | lower }}\" }\nactions: [ { stop: } ]",
            AddressFor::Run,
        ),
        (
            "actions: [ { ensure-lead: { email: \"${{ person.email }}\" } } ]",
            AddressFor::Run,
        ),
        (
            "actions: [ { ensure-lead: { email: \"${{ person.email | default(body.email) }}\" } } ]",
            AddressFor::Nothing,
        ),
        (
            "match: { $.person.email: { ends_with: '@example.com' } }\nactions: [ { stop: } ]",
            AddressFor::Match,
        ),
        (
            "match: { any: [ { $.body.id: { eq: 1 } }, { $.person.email: { empty: true } } ] }\nactions: [ { stop: } ]",
            AddressFor::Match,
        ),
        (
            "match: { $.person.ids.customer: { eq: cus_1 } }\nactions: [ { stop: } ]",
            AddressFor::Nothing,
        ),
        (
            "match: { $.body.email: { eq: \"${{ person.email | default('') }}\" } }\nactions: [ { stop: } ]",
            AddressFor::Match,
        ),
    ] {
        let text = format!("id: a\ntrigger: {{ webhook: shop }}\n{parts}\n");
        let rule = from_text("r.yaml", &text, catalog()).expect("a rule");
        assert_eq!(rule.needs_address, needed, "{parts}");
    }
}
