//! The table: every verb, every class of outcome, a crash before the call, between call and answer, and after the answer.
//!
//! How often a call was sent and what it did is counted by the sandbox, not by us.

use std::time::Duration;

use kartwheel::action::{Effects, Safety};
use kartwheel::clock::Clock;
use kartwheel::kartra;
use kartwheel::run::{Run, State};
use kartwheel::sandbox::{
    CONNECTION_ID, Cents, ConnectionState, Delay, Fault, FaultKind, KartraForm, Sale,
};
use kartwheel::store::HoldKind;
use serde_json::json;

use crate::world::World;

/// Longer than any story lasts: the answer never comes.
const NEVER_MS: u64 = 3_600_000;

/// The first calls, each named once: what it is, the list of all, the short names.
macro_rules! firsts {
    ($($name:ident),+ $(,)?) => {
        /// What the first call comes to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum First {
            $($name),+
        }
        const FIRSTS: &[First] = &[$(First::$name),+];
        use First::{$($name),+};
    };
}

firsts! {
    Done,
    Transient,
    RateLimited,
    ConnectionDown,
    OurToken,
    NotAllowed,
    RuleWrong,
    NotOffered,
    TargetMissing,
    Refused,
    UnknownUndone,
    UnknownDone,
}

/// Where the process ends, counted from the last call that the class leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crash {
    Never,
    Before,
    Between,
    After,
}

use Crash::{After, Before, Between, Never};

impl First {
    fn fault(self) -> Option<FaultKind> {
        let kartra = |number| FaultKind::KartraError {
            number,
            form: KartraForm::Flat,
        };
        Some(match self {
            Done | NotOffered => return None,
            Transient => FaultKind::LockTimeout,
            RateLimited => FaultKind::RateLimited { retry_after: None },
            ConnectionDown => FaultKind::ConnectionDefunct,
            OurToken => FaultKind::TokenRejected,
            NotAllowed => FaultKind::AccessDenied,
            RuleWrong => kartra(206),
            TargetMissing => kartra(243),
            Refused => kartra(245),
            UnknownUndone => FaultKind::DropBefore,
            UnknownDone => FaultKind::DropAfter,
        })
    }

    /// Whether the run gives up at once.
    fn is_final(self) -> bool {
        matches!(self, RuleWrong | NotOffered | TargetMissing | Refused)
    }

    /// Whether a second call is made by itself.
    fn is_sent_again(self, safety: Safety) -> bool {
        match self {
            Transient | RateLimited | ConnectionDown | OurToken | NotAllowed => true,
            UnknownUndone => safety != Safety::Never,
            UnknownDone => safety == Safety::Safe,
            Done | RuleWrong | NotOffered | TargetMissing | Refused => false,
        }
    }
}

/// What must come of it: calls sent, times it was carried out, and where the run stands.
fn expected(first: First, crash: Crash, safety: Safety) -> (usize, usize, State) {
    if first.is_final() {
        // For an action that is not offered no run of it begins.
        return (usize::from(first != NotOffered), 0, State::Failed);
    }
    let sent = 1 + usize::from(first.is_sent_again(safety));
    if !first.is_sent_again(safety) && first == UnknownUndone {
        return (1, 0, State::NeedsPerson);
    }
    match (crash, safety) {
        (Before, Safety::Never) => (sent, 0, State::NeedsPerson),
        (Before, _) | (Between, Safety::Safe) => (sent + 1, 1, State::Done),
        _ => (sent, 1, State::Done),
    }
}

/// The crashes that make sense after this first call: where no other call follows, only the last one.
fn crashes(first: First, safety: Safety) -> &'static [Crash] {
    if first == Done || first.is_sent_again(safety) {
        &[Never, Before, Between, After]
    } else {
        &[Never, After]
    }
}

/// The rule's one step, and the lead it is for.
fn step(verb: &str) -> String {
    let lead = "email: '${{ person.email }}'";
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
    verb: &'static str,
    safety: Safety,
    is_read: bool,
    cases: u32,
}

impl Table {
    async fn of(verb: &'static str) -> Self {
        let rule = format!(
            "id: one\ntrigger: {{ webhook: shop }}\nactions:\n  - {}\n",
            step(verb)
        );
        let spec = kartra::catalog().get(verb).expect("a verb");
        Self {
            world: World::with(&rule).await,
            verb,
            // With a new address an edit is not safe to repeat.
            safety: match verb {
                "edit-lead" => Safety::Noticeable,
                _ => spec.safety,
            },
            is_read: spec.effects == Effects::Read,
            cases: 0,
        }
    }

    async fn case(&mut self, first: First, crash: Crash) {
        self.cases += 1;
        let email = format!("p{}@example.com", self.cases);
        if crash != Never {
            self.world.start_to_crash().await;
        }
        self.order_faults(first, crash);
        let before = self.sent(None);
        let transaction = self.sell(&email);
        let body =
            json!({ "id": email, "type": "order", "email": email, "transaction": transaction });
        let event = self.world.send("shop", &body).await.event();
        if matches!(crash, Before | Between) {
            let count = 1 + usize::from(first.is_sent_again(self.safety));
            self.until_sent(before, count).await;
        } else {
            self.pass(Duration::from_secs(900)).await;
        }
        if crash != Never {
            self.world.crash();
            self.world.start().await;
            self.pass(Duration::from_secs(900)).await;
        }
        let run = self.world.run_of(event).await;
        self.judge(first, crash, &run).await;
    }

    fn order_faults(&self, first: First, crash: Crash) {
        let sandbox = self.world.sandbox.world();
        sandbox.clear_faults();
        sandbox.set(|settings| {
            settings.without_actions.clear();
            if first == NotOffered {
                settings.without_actions.insert(self.verb.to_owned());
            }
        });
        if let Some(fault) = first.fault() {
            sandbox.add_fault(Fault::on_verb(self.verb, fault));
        }
        let last = match crash {
            Before => FaultKind::DelayBefore(Delay::RealMs(NEVER_MS)),
            Between => FaultKind::DelayAfter(Delay::RealMs(NEVER_MS)),
            Never | After => return,
        };
        // By this verb a held connection is also looked at before its runs go on.
        let is_probed =
            self.verb == "retrieve-account-lists" && matches!(first, ConnectionDown | OurToken);
        let nth = 1 + u64::from(first.is_sent_again(self.safety)) + u64::from(is_probed);
        sandbox.add_fault(Fault::on_verb(self.verb, last).nth(nth));
    }

    /// A sale with a subscription, so that there is something to refund and to cancel.
    fn sell(&self, email: &str) -> u64 {
        let sale = Sale {
            email,
            product: "Signature Course",
            amount: Cents(29_700),
            recurring: true,
        };
        let now = self.world.clock.now();
        let sandbox = self.world.sandbox.world();
        sandbox.account(|account| account.add_sale(&sale, now).0)
    }

    /// Calls of this step, as the sandbox saw them.
    fn sent(&self, run: Option<&Run>) -> usize {
        let calls = self.world.sandbox.world().calls_of(self.verb);
        calls
            .iter()
            .filter_map(|call| call.meta.as_ref())
            .filter(|meta| meta["step"] == "0")
            .filter(|meta| run.is_none_or(|run| meta["runId"] == json!(run.id)))
            .count()
    }

    /// Lets time pass until so many more calls have arrived; the last of them gets no answer.
    async fn until_sent(&self, before: usize, count: usize) {
        for _ in 0..20_000 {
            if self.sent(None) >= before + count {
                // What was carried out is to be seen before the process ends.
                tokio::time::sleep(Duration::from_millis(5)).await;
                return;
            }
            self.release().await;
            self.world.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{}: the call never came", self.verb);
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

    async fn judge(&self, first: First, crash: Crash, run: &Run) {
        let case = format!("{} {first:?} {crash:?}", self.verb);
        let (sent, done, state) = expected(first, crash, self.safety);
        assert_eq!(run.state, state, "{case}: {run:?}");
        assert_eq!(self.sent(Some(run)), sent, "{case}: calls");
        let effects = self
            .world
            .sandbox
            .world()
            .effects_of_run(&run.id.to_string());
        let carried_out = effects.len();
        if self.is_read {
            assert_eq!(carried_out, 0, "{case}: a read does nothing");
        } else if self.safety == Safety::Safe {
            let repeats = usize::from(crash == Between) + usize::from(first == UnknownDone);
            assert_eq!(carried_out, done + repeats, "{case}: effects");
        } else {
            assert_eq!(carried_out, done, "{case}: never twice");
        }
    }
}

/// The verb under every class and crash.
async fn every_case(verb: &'static str) {
    let mut table = Table::of(verb).await;
    for first in FIRSTS {
        for crash in crashes(*first, table.safety) {
            table.case(*first, *crash).await;
        }
    }
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
                every_case($verb).await;
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

#[test]
fn the_table_has_every_verb() {
    let mut verbs = VERBS.to_vec();
    verbs.sort_unstable();
    let mut known: Vec<_> = kartra::ACTIONS.iter().map(|action| action.key).collect();
    known.sort_unstable();
    assert_eq!(verbs, known);
}
