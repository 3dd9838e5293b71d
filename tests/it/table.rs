//! The table: every verb, every class of outcome, a crash before the call, between call and answer, and after the answer.
//!
//! How often a call was sent and what it did is counted by the sandbox, not by us.

mod expected;

use std::time::Duration;

use kartwheel::action::{Effects, Safety};
use kartwheel::clock::Clock;
use kartwheel::kartra;
use kartwheel::run::{Run, State};
use kartwheel::sandbox::{
    CONNECTION_ID, Cents, ConnectionState, Delay, Fault, FaultKind, RunLogs, Sale,
};
use kartwheel::store::HoldKind;
use serde_json::{Value, json};
use uuid::Uuid;

use self::expected::{Crash, FIRSTS, First, crashes, expected, step_state};
use crate::world::World;

/// Longer than any story lasts: the answer never comes.
const NEVER_MS: u64 = 3_600_000;
/// What was paid, in the sale of a case.
const PAID: Cents = Cents(29_700);
/// Where Membrane's run logs are asked for.
const LOGS: &str = "/action-run-logs";
/// After the first look for a lost answer, and long before the next.
const FIRST_LOOK: Duration = Duration::from_secs(12);
/// After the look whose silence counts first, and before the next.
const SECOND_LOOK: Duration = Duration::from_secs(110);

/// A verb of the table, as its rule uses it.
#[derive(Debug, Clone, Copy)]
struct Row {
    verb: &'static str,
    safety: Safety,
    is_read: bool,
    /// A refund of a part.
    is_part: bool,
}

impl Row {
    fn of(verb: &'static str) -> Self {
        let spec = kartra::catalog().get(verb).expect("a verb");
        Self {
            verb,
            // With a new address an edit is not safe to repeat.
            safety: match verb {
                "edit-lead" => Safety::Noticeable,
                _ => spec.safety,
            },
            is_read: spec.effects == Effects::Read,
            is_part: false,
        }
    }

    /// Whether Kartra says of it that it was done before.
    fn knows_already(&self) -> bool {
        let knowing = ["create-lead", "cancel-subscription", "refund-transaction"];
        knowing.contains(&self.verb)
    }
}

/// The rule's one step, and the lead it is for.
fn step(row: &Row) -> String {
    let lead = "email: '${{ person.email }}'";
    let verb = row.verb;
    let input = match verb {
        "retrieve-account-pages"
        | "retrieve-account-custom-fields"
        | "retrieve-account-sequences"
        | "retrieve-account-tags"
        | "retrieve-account-lists" => String::new(),
        "create-lead" => "email: 'new-${{ person.email }}'".to_owned(),
        "edit-lead" => format!("{lead}, new_email: 'new-${{{{ person.email }}}}'"),
        "assign-tag" | "unassign-tag" => format!("{lead}, tag_name: buyer"),
        "subscribe-lead-to-list" | "unsubscribe-lead-from-list" => {
            format!("{lead}, list_name: Buyers")
        }
        "subscribe-lead-to-sequence" => format!("{lead}, sequence_name: Welcome, step: 1"),
        "unsubscribe-lead-from-sequence" => format!("{lead}, sequence_name: Welcome"),
        "grant-membership-access" | "revoke-membership-access" => {
            format!("{lead}, membership_name: Academy, level_name: Gold")
        }
        "refund-transaction" if row.is_part => {
            "transaction_id: '${{ body.transaction }}', refund_amount: '${{ body.amount }}'"
                .to_owned()
        }
        "refund-transaction" => {
            return "refund-transaction: { transaction_id: '${{ body.transaction }}' }\n    full: true".to_owned();
        }
        "cancel-subscription" | "get-transaction-details" => {
            "transaction_id: '${{ body.transaction }}'".to_owned()
        }
        _ => lead.to_owned(),
    };
    format!("{verb}: {{ {input} }}")
}

/// One world per verb; each case is an event of its own, for a person of their own.
struct Table {
    world: World,
    row: Row,
    cases: u32,
}

impl Table {
    async fn of(row: Row) -> Self {
        let rule = format!(
            "id: one\ntrigger: {{ webhook: shop }}\nactions:\n  - {}\n",
            step(&row)
        );
        let mut world = World::with(&rule).await;
        world.start_to_crash().await;
        Self {
            world,
            row,
            cases: 0,
        }
    }

    async fn case(&mut self, first: First, crash: Crash) {
        self.cases += 1;
        self.world.sandbox.world().clear_faults();
        let email = format!("p{}@example.com", self.cases);
        let transaction = self.sell(&email);
        let body = |id: &str, amount: i64| json!({ "id": format!("{email} {id}"), "email": email, "transaction": transaction, "amount": amount });
        if first == First::Already && self.row.knows_already() {
            self.do_before(&body("before", PAID.0 / 100)).await;
        }
        self.order_faults(first, crash);
        let before = (self.sent(None), self.logs_asked());
        let event = self.world.send("shop", &body("this", 100)).await.event();
        self.until(first, crash, before, event).await;
        if crash != Crash::Never {
            self.world.crash();
            self.world.start_to_crash().await;
            self.pass(Duration::from_secs(900)).await;
        }
        let run = self.world.run_of(event).await;
        self.judge(first, crash, &run);
    }

    /// Another event has the very thing done before.
    async fn do_before(&self, body: &Value) {
        let event = self.world.send("shop", body).await.event();
        self.world.settle().await;
        let run = self.world.run_of(event).await;
        assert_eq!(run.state, State::Done, "{run:?}");
    }

    fn order_faults(&self, first: First, crash: Crash) {
        let sandbox = self.world.sandbox.world();
        sandbox.set(|settings| {
            settings.without_actions.clear();
            if first == First::NotOffered {
                settings.without_actions.insert(self.row.verb.to_owned());
            }
            settings.run_logs = match first {
                First::UnloggedDone => RunLogs::Never,
                _ => RunLogs::AtOnce,
            };
        });
        if let Some(fault) = first.fault(&self.row) {
            sandbox.add_fault(Fault::on_verb(self.row.verb, fault));
        }
        let never = Delay::RealMs(NEVER_MS);
        let last = match crash {
            Crash::Before => FaultKind::DelayBefore(never),
            Crash::Between => FaultKind::DelayAfter(never),
            Crash::Looking => {
                sandbox.add_fault(Fault::on_path(LOGS, FaultKind::DelayBefore(never)));
                return;
            }
            _ => return,
        };
        // By this verb a held connection is also looked at before its runs go on.
        let is_probed = self.row.verb == "retrieve-account-lists"
            && matches!(first, First::ConnectionDown | First::OurToken);
        let nth = 1 + u64::from(first.is_sent_again(self.row.safety)) + u64::from(is_probed);
        sandbox.add_fault(Fault::on_verb(self.row.verb, last).nth(nth));
    }

    /// A sale with a subscription, so that there is something to refund and to cancel.
    fn sell(&self, email: &str) -> u64 {
        let sale = Sale {
            email,
            product: "Signature Course",
            amount: PAID,
            recurring: true,
        };
        let now = self.world.clock.now();
        let sandbox = self.world.sandbox.world();
        sandbox.account(|account| account.add_sale(&sale, now).0)
    }

    /// Calls of this step, as the sandbox saw them.
    fn sent(&self, run: Option<&Run>) -> usize {
        let calls = self.world.sandbox.world().calls_of(self.row.verb);
        calls
            .iter()
            .filter_map(|call| call.meta.as_ref())
            .filter(|meta| meta["step"] == "0")
            .filter(|meta| run.is_none_or(|run| meta["runId"] == json!(run.id)))
            .count()
    }

    /// How often Membrane's run logs were asked for.
    fn logs_asked(&self) -> usize {
        let calls = self.world.sandbox.world().calls();
        calls.iter().filter(|call| call.path == LOGS).count()
    }

    /// Lets time pass to where the process ends; without an end, until all is over.
    async fn until(&self, first: First, crash: Crash, before: (usize, usize), event: Uuid) {
        let (sent, asked) = before;
        match crash {
            Crash::Before | Crash::Between => {
                let count = 1 + usize::from(first.is_sent_again(self.row.safety));
                self.until_arrived(|| self.sent(None) >= sent + count).await;
            }
            Crash::Looking => self.until_arrived(|| self.logs_asked() > asked).await,
            Crash::Lost => self.until_looked(event, Duration::ZERO, 0).await,
            Crash::Looked => self.until_looked(event, FIRST_LOOK, 1).await,
            Crash::Missed => self.until_looked(event, SECOND_LOOK, 2).await,
            Crash::Never | Crash::After => self.pass(Duration::from_secs(900)).await,
        }
    }

    /// Lets time pass until a call has arrived that gets no answer.
    async fn until_arrived(&self, has_arrived: impl Fn() -> bool) {
        for _ in 0..20_000 {
            if has_arrived() {
                // What was carried out is to be seen before the process ends.
                tokio::time::sleep(Duration::from_millis(5)).await;
                return;
            }
            self.release().await;
            self.world.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{}: the call never came", self.row.verb);
    }

    /// Lets so much time pass after a lost answer, in which it is looked up so often.
    async fn until_looked(&self, event: Uuid, length: Duration, looks: u32) {
        self.pass(length).await;
        let run = self.world.run_of(event).await;
        let known = &run.progress.steps["0"];
        let look = known.look.as_ref();
        assert_eq!(run.state, State::Retrying, "{run:?}");
        assert_eq!(look.is_some(), self.row.safety != Safety::Safe, "{run:?}");
        assert_eq!(look.map_or(0, |look| look.looks), looks, "{run:?}");
    }

    /// Lets time pass, with a person who sees to held connections.
    async fn pass(&self, length: Duration) {
        self.world.settle().await;
        self.release().await;
        self.world.advance(length).await;
    }

    /// Somebody logs in again, and allows what was not.
    async fn release(&self) {
        let sandbox = self.world.sandbox.world();
        sandbox.set_connection(CONNECTION_ID, ConnectionState::Ready);
        let engine = self.world.app().engine();
        let stopped = engine
            .holds()
            .iter()
            .any(|hold| hold.kind == HoldKind::NotAllowed);
        if stopped {
            engine.unpause(Some("main")).await.expect("resumed");
        }
    }

    fn judge(&self, first: First, crash: Crash, run: &Run) {
        let row = &self.row;
        let case = format!("{} {first:?} {crash:?}", row.verb);
        let (sent, done, state) = expected(first, crash, row);
        assert_eq!(run.state, state, "{case}: {run:?}");
        assert_eq!(self.sent(Some(run)), sent, "{case}: calls");
        if let Some(state) = step_state(first, crash, row) {
            assert_eq!(run.progress.steps["0"].state, state, "{case}: {run:?}");
        }
        let sandbox = self.world.sandbox.world();
        let carried_out = sandbox.effects_of_run(&run.id.to_string()).len();
        if row.is_read {
            assert_eq!(carried_out, 0, "{case}: a read does nothing");
        } else if row.safety == Safety::Safe {
            let repeats =
                usize::from(crash == Crash::Between) + usize::from(first == First::UnknownDone);
            assert_eq!(carried_out, done + repeats, "{case}: effects");
        } else {
            assert_eq!(carried_out, done, "{case}: never twice");
        }
    }
}

/// The verb under every class and crash.
async fn every_case(row: Row) {
    let mut table = Table::of(row).await;
    for first in FIRSTS {
        for crash in crashes(*first, &row) {
            table.case(*first, crash).await;
        }
    }
    table.world.crash();
    table.world.start().await;
    table
        .world
        .end(&[State::Done, State::Failed, State::NeedsPerson])
        .await;
}

/// One test per verb, named as the verb, and a list to compare with the catalogue.
macro_rules! table {
    ($($name:ident: $verb:literal),+ $(,)?) => {
        const VERBS: &[&str] = &[$($verb),+];
        $(
            #[tokio::test]
            async fn $name() {
                every_case(Row::of($verb)).await;
            }
        )+
    };
}

table! {
    assign_tag: "assign-tag",
    cancel_subscription: "cancel-subscription",
    create_lead: "create-lead",
    edit_lead: "edit-lead",
    get_lead: "get-lead",
    get_transaction_details: "get-transaction-details",
    grant_membership_access: "grant-membership-access",
    refund_transaction: "refund-transaction",
    retrieve_account_custom_fields: "retrieve-account-custom-fields",
    retrieve_account_lists: "retrieve-account-lists",
    retrieve_account_pages: "retrieve-account-pages",
    retrieve_account_sequences: "retrieve-account-sequences",
    retrieve_account_tags: "retrieve-account-tags",
    retrieve_transactions_from_lead: "retrieve-transactions-from-lead",
    revoke_membership_access: "revoke-membership-access",
    subscribe_lead_to_list: "subscribe-lead-to-list",
    subscribe_lead_to_sequence: "subscribe-lead-to-sequence",
    unassign_tag: "unassign-tag",
    unsubscribe_lead_from_list: "unsubscribe-lead-from-list",
    unsubscribe_lead_from_sequence: "unsubscribe-lead-from-sequence",
}

/// What is left of the sale could be refunded again, so nothing but us stands in the way of a second one.
#[tokio::test]
async fn refund_of_a_part() {
    every_case(Row {
        is_part: true,
        ..Row::of("refund-transaction")
    })
    .await;
}

#[test]
fn the_table_has_every_verb() {
    let mut verbs = VERBS.to_vec();
    verbs.sort_unstable();
    let mut known: Vec<_> = kartra::ACTIONS.iter().map(|action| action.key).collect();
    known.sort_unstable();
    assert_eq!(verbs, known);
}
