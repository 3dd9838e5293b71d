//! What the transactions show.

use super::*;

/// A sale, its subscription, and rows that belong to it or not.
struct Books {
    /// Number, type, parent, amount, subscription.
    rows: Vec<(u64, &'static str, u64, &'static str, Option<u64>)>,
    nesting: usize,
}

impl Books {
    fn of(rows: &[(u64, &'static str, u64, &'static str, Option<u64>)]) -> Self {
        let mut all = vec![(792_354, "sale", 0, "297.00", Some(14_833))];
        all.extend(rows);
        Self {
            rows: all,
            nesting: 0,
        }
    }

    fn answer(&self, verb: &str, input: &Value) -> Value {
        let in_nesting = |cmd: &str, inner: Value| nestings(cmd, &inner)[self.nesting].clone();
        if verb == "retrieve-transactions-from-lead" {
            assert_eq!(input, &json!({ "id": "12" }));
            let list = self.rows.iter().map(|(id, kind, ..)| {
                json!({ "transaction_id": id.to_string(), "lead_id": "12", "lead_email": "grace@example.com", "transaction_type": kind })
            });
            let list: Vec<_> = list.collect();
            return in_nesting(
                "retrieve_transactions_from_lead",
                json!({ "transaction_list": list }),
            );
        }
        assert_eq!(verb, "get-transaction-details");
        let id = input["transaction_id"].to_string();
        let mut rows = self.rows.iter();
        let Some((id, kind, parent, amount, subscription)) =
            rows.find(|row| row.0.to_string() == id.trim_matches('"'))
        else {
            return error(247);
        };
        let mut details = json!({
            "transaction_id": id.to_string(), "lead_id": "12", "lead_email": "grace@example.com",
            "transaction_full_amount": amount, "transaction_type": kind, "transaction_parent_id": parent.to_string(),
        });
        if let Some(subscription) = subscription {
            details["transaction_subscription_id"] = format!("I-EV{subscription}").into();
            details["transaction_internal_subscription_id"] = subscription.to_string().into();
        }
        in_nesting(
            "get_transaction_details",
            json!({ "transaction_details": details }),
        )
    }

    fn look(&self, verb: &str, input: &Value) -> (Evidence, Vec<(String, Value)>) {
        look(verb, input, &|verb, input| self.answer(verb, input))
    }
}

#[test]
fn a_cancellation_of_the_subscription_shows_that_it_was_cancelled() {
    let input = json!({ "transaction_id": "792354" });
    for nesting in 0..4 {
        let mut books = Books::of(&[
            (800_001, "cancellation", 700_000, "0.00", Some(9_999)),
            (800_002, "cancellation", 0, "0.00", Some(14_833)),
            (800_003, "sale", 0, "10.00", None),
        ]);
        books.nesting = nesting;
        let (evidence, reads) = books.look("cancel-subscription", &input);
        let found = outcome(evidence);
        assert_eq!(found.class, Class::Done);
        assert_eq!(
            found.message,
            "transaction 800002 of the lead is the cancellation of transaction 792354"
        );
        assert_eq!(
            found.output.expect("as Kartra answers")["transaction_internal_subscription_id"],
            "14833"
        );
        let asked: Vec<_> = reads.iter().map(|(_, input)| input.to_string()).collect();
        assert_eq!(
            asked,
            [
                r#"{"transaction_id":"792354"}"#,
                r#"{"id":"12"}"#,
                r#"{"transaction_id":800002}"#
            ]
        );
    }
}

#[test]
fn a_cancellation_is_known_by_its_parent_too_and_others_are_not_it() {
    let input = json!({ "transaction_id": 792_354 });
    let by_parent = Books::of(&[(800_001, "cancellation", 792_354, "0.00", None)]);
    let (evidence, _) = by_parent.look("cancel-subscription", &input);
    assert_eq!(outcome(evidence).class, Class::Done);
    let none = Books::of(&[(800_001, "refund", 792_354, "297.00", Some(14_833))]);
    let (evidence, _) = none.look("cancel-subscription", &input);
    assert_not_done(
        &evidence,
        "the lead has no transaction of type cancellation",
    );
    let other = Books::of(&[(800_001, "cancellation", 700_000, "0.00", Some(1))]);
    let (evidence, _) = other.look("cancel-subscription", &input);
    assert_not_done(
        &evidence,
        "the lead has transactions of type cancellation, but none of transaction 792354; the only one was looked at",
    );
    let (evidence, _) = none.look("cancel-subscription", &json!({ "transaction_id": 5 }));
    assert_not_done(&evidence, "get-transaction-details finds no transaction 5");
}

#[test]
fn only_the_newest_cancellations_are_read() {
    let many: Vec<_> = (0..20)
        .map(|at| (800_000 + at, "cancellation", 1, "0.00", Some(1)))
        .collect();
    let (evidence, reads) =
        Books::of(&many).look("cancel-subscription", &json!({ "transaction_id": 792_354 }));
    assert_eq!(reads.len(), 2 + 8);
    assert_eq!(reads[2].1, json!({ "transaction_id": 800_019 }));
    assert_not_done(
        &evidence,
        "the lead has transactions of type cancellation, but none of transaction 792354; the newest 8 of 20 were looked at",
    );
}

#[test]
fn a_subscription_without_its_lead_cannot_be_searched() {
    let books = Books::of(&[(800_001, "cancellation", 0, "0.00", Some(14_833))]);
    let alone = json!({ "transaction_internal_subscription_id": 14_833 });
    let (evidence, reads) = books.look("cancel-subscription", &alone);
    assert_unclear(&evidence, "nothing says whose subscription 14833 is");
    assert_eq!(reads, []);
    let with_lead = json!({ "transactionInternalSubscriptionId": 14_833, "leadId": "12" });
    let (evidence, _) = books.look("cancel-subscription", &with_lead);
    assert_eq!(outcome(evidence).class, Class::Done);
    let (evidence, _) = books.look("cancel-subscription", &json!({ "transaction_id": "" }));
    assert_unclear(&evidence, "names neither");
}

#[test]
fn a_subscription_that_is_shown_as_cancelled_needs_no_search() {
    let input = json!({ "transaction_id": 792_354 });
    let (evidence, reads) = look("cancel-subscription", &input, &|_, _| {
        json!({ "transaction_details": {
            "transaction_id": 792_354, "transaction_subscription_status": "Cancelled",
            "transaction_subscription_id": "N/A",
        } })
    });
    assert_eq!(outcome(evidence).class, Class::Done);
    assert_eq!(reads.len(), 1);
}

#[test]
fn a_whole_refund_shows_itself() {
    let input = json!({ "transaction_id": 792_354 });
    for (rows, is_done) in [
        (vec![(800_001, "refund", 792_354, "297.00", None)], true),
        (vec![(800_001, "refund", 792_354, "-297.0", None)], true),
        (vec![(800_001, "refund", 792_354, "?", None)], true),
        (
            vec![
                (800_001, "partial_refund", 792_354, "97.00", None),
                (800_002, "refund", 792_354, "200.00", None),
            ],
            true,
        ),
        (vec![(800_001, "refund", 792_354, "97.00", None)], false),
        (
            vec![(800_001, "partial_refund", 792_354, "297.00", None)],
            false,
        ),
        (vec![(800_001, "refund", 0, "297.00", None)], false),
    ] {
        let (evidence, _) = Books::of(&rows).look("refund-transaction", &input);
        if is_done {
            let found = outcome(evidence);
            assert_eq!(found.class, Class::Done);
            assert!(
                found.message.contains("transaction 800001"),
                "{}",
                found.message
            );
            let output = found.output.expect("as Kartra answers");
            assert_eq!(output, json!({ "transaction_refunded": "792354" }));
        } else {
            assert_unclear(&evidence, "only a person can tell");
        }
    }
}

#[test]
fn a_part_paid_back_may_be_an_earlier_one() {
    let input = json!({ "transactionId": "792354", "refundAmount": "29.00" });
    let books = Books::of(&[
        (800_001, "partial_refund", 792_354, "29.00", None),
        (800_002, "partial_refund", 111, "29.00", None),
    ]);
    let (evidence, _) = look("refund-transaction", &input, &|verb, input| {
        // The connection takes the one name only.
        let input = input
            .get("transactionId")
            .or_else(|| input.get("transaction_id"));
        match input {
            Some(id) => books.answer(verb, &json!({ "transaction_id": id })),
            None => books.answer(verb, &json!({ "id": "12" })),
        }
    });
    assert_eq!(
        evidence,
        Evidence::Unclear(
            "there is a partial refund of 29.00, transaction 800001, with the parent 792354; whether it is this one only a person can tell"
                .to_owned()
        )
    );
}

#[test]
fn no_refund_of_the_transaction_means_that_none_was_made() {
    let books = Books::of(&[(800_001, "refund", 111, "297.00", None)]);
    for input in [
        json!({ "transaction_id": 792_354 }),
        json!({ "transaction_id": 792_354, "refund_amount": 29 }),
    ] {
        let (evidence, _) = books.look("refund-transaction", &input);
        assert_not_done(
            &evidence,
            "the lead has transactions of type refund, but none with the parent 792354; the only one was looked at",
        );
    }
}

#[test]
fn a_list_that_comes_as_text_is_read() {
    let input = json!({ "transaction_id": 792_354 });
    let books = Books::of(&[(800_001, "refund", 792_354, "297.00", None)]);
    let (evidence, _) = look("refund-transaction", &input, &|verb, input| {
        let mut answer = books.answer(verb, input);
        if let Some(inner) = answer.get_mut("retrieve_transactions_from_lead") {
            inner["transaction_list"] = inner["transaction_list"].to_string().into();
        }
        answer
    });
    assert_eq!(outcome(evidence).class, Class::Done);
}
