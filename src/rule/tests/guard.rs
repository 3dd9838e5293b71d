//! Tests of what keeps a rule from doing too much or nothing at all: limits, approvals, fallbacks.

use super::*;

#[test]
fn limits_count_runs_and_calls() {
    let rule = rule(
        "limits: { per_hour: 5, per_day: 50, refund-transaction: { per_day: 2 }, assign-tag: { per_hour: 0 } }\nactions: [ { stop: } ]\n",
    );
    let limit = |verb: Option<&str>, per_hour, per_day| Limit {
        verb: verb.map(Arc::from),
        per_hour,
        per_day,
    };
    assert_eq!(
        rule.limits,
        [
            limit(None, Some(5), Some(50)),
            limit(Some("refund-transaction"), None, Some(2)),
            limit(Some("assign-tag"), Some(0), None),
        ]
    );
    assert_eq!(super::rule("actions: [ { stop: } ]\n").limits, []);
}

#[test]
fn a_step_says_whether_it_is_to_be_approved() {
    for (written, approve) in [
        ("\napprove: true", true),
        ("\napprove: false", false),
        ("", false),
    ] {
        let text =
            format!("refund-transaction: {{ transaction_id: 5, refund_amount: 1 }}{written}");
        assert_eq!(step(&text).steps[0].approve, approve, "{written}");
    }
    assert!(step("ensure-lead: { email: a@example.com }\napprove: true").steps[0].approve);
}

#[test]
fn only_a_step_that_looks_first_begins_anew() {
    assert!(step("ensure-lead: { email: a@example.com }").steps[0].begins_with_look());
    assert!(!step("create-lead: { email: a@example.com }").steps[0].begins_with_look());
    assert!(!step("stop:").steps[0].begins_with_look());
}

const GRANT: &str = "grant-membership-access: { email: \"${{ vars.email }}\", id: \"${{ body.lead }}\", membership_name: \"${{ body.course }}\", level_name: Gold }";

#[test]
fn a_membership_that_cannot_be_had_becomes_a_tag() {
    let rule = step(&format!(
        "{GRANT}\nfallback: {{ assign-tag: \"access:${{{{ body.course }}}}:Gold\" }}"
    ));
    let step = &rule.steps[0];
    assert_eq!(step.fallback_verb().map(|verb| &**verb), Some("assign-tag"));
    let body = json!({"course": "Signature", "lead": null});
    let call = |stage| effect(&rule, body.clone(), stage);
    let made = |verb: &str, input| {
        Ok(Effect::Call {
            verb: verb.into(),
            input,
        })
    };
    let grant =
        json!({"email": "ada@example.com", "membership_name": "Signature", "level_name": "Gold"});
    assert_eq!(call(0), made("grant-membership-access", grant));
    let tag = json!({"email": "ada@example.com", "tag_name": "access:Signature:Gold"});
    assert_eq!(call(1), made("assign-tag", tag));
    let outcome = |class, app_type| Outcome {
        app_type,
        ..Outcome::new(class, "")
    };
    for needed in [
        outcome(Class::NotOffered, None),
        outcome(Class::NotAllowed, Some(262)),
    ] {
        assert_eq!(after(step, 0, needed.clone()), After::Stage(1));
        assert_eq!(after(step, 1, needed.clone()), After::Take(needed));
    }
    for other in [
        outcome(Class::Done, None),
        outcome(Class::NotAllowed, Some(242)),
        outcome(Class::Unknown, None),
        outcome(Class::RuleWrong, None),
    ] {
        assert_eq!(after(step, 0, other.clone()), After::Take(other));
    }
}

#[test]
fn a_fallback_without_a_tag_or_a_lead_is_an_error_with_its_place() {
    let fallback = "\nfallback: { assign-tag: \"${{ body.tag }}\" }";
    let rule = step(&format!("{GRANT}{fallback}"));
    let body = |tag| json!({"course": "Signature", "lead": 7, "tag": tag});
    for empty in [json!(""), json!(null), json!(" ")] {
        let error = effect(&rule, body(empty), 1).expect_err("no tag");
        assert_eq!(error.message, "the tag of the fallback is empty");
        assert_eq!(error.place, "rules/r.yaml:6:29");
    }
    let call = effect(&rule, body(json!("gold")), 1);
    let input = json!({"email": "ada@example.com", "id": 7, "tag_name": "gold"});
    assert!(matches!(call, Ok(Effect::Call { input: made, .. }) if made == input));
}

#[test]
fn without_a_fallback_what_is_not_offered_is_taken_as_it_is() {
    let rule = step(GRANT);
    let outcome = Outcome::new(Class::NotOffered, "");
    assert_eq!(rule.steps[0].fallback_verb(), None);
    assert_eq!(
        after(&rule.steps[0], 0, outcome.clone()),
        After::Take(outcome)
    );
}
