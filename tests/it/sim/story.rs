//! What happens in a simulation: letters of senders, wishes of people, trouble of the account, each at its time.

use std::time::Duration;

use jiff::Timestamp;
use kartwheel::clock::after;
use kartwheel::sandbox::{self, Delay, Fault, FaultKind, KartraForm, Kind};
use serde_json::{Value, json};

use crate::random::Random;

pub(super) const CONFIG: &str = "
timezone: UTC
database: sqlite://kartwheel.db
listen: 127.0.0.1:0
console: { listen: 127.0.0.1:0 }
membrane: { url: 'http://membrane.example', workspace_key: sandbox, workspace_secret: 'env:WORKSPACE_SECRET', tenant_key: default }
connections:
  main: { id: 66f0c0ffee0123456789abcd, per_second: 50, at_once: 4 }
sources:
  shop:
    verify: { hmac: sha256, header: X-Signature, encoding: hex }
    secret: env:SHOP_SECRET
    id: $.body.id
    type: $.body.type
    person: { email: $.body.email }
  pay: { preset: stripe, secret: env:STRIPE_SECRET }
";

/// One rule of each kind: keyed and safe, money, noticeable, `once`, sleeping, and one that waits for an address.
pub(super) const RULES: &str = "
id: order
trigger: { webhook: shop, events: order }
match: { $.body.amount: { gte: 10 } }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
  - grant-membership-access: { email: '${{ person.email }}', membership_name: Academy, level_name: Gold }
---
id: refund
trigger: { webhook: shop, events: refund }
actions:
  - refund-transaction: { transaction_id: '${{ body.transaction }}', refund_amount: 1.5 }
  - assign-tag: { email: '${{ person.email }}', tag_name: refunded }
---
id: welcome
trigger: { webhook: shop, events: order }
once: ${{ person.email }}
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Buyers }
---
id: later
trigger: { webhook: shop, events: nudge }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: onboarded }
  - wait: 20s
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
---
id: greet
trigger: { webhook: pay, events: customer.subscription.created }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: 'buyer: Signature Course' }
";

/// The tag of those that are greeted.
const GREETED: &str = "buyer: Signature Course";
const PEOPLE: [&str; 3] = ["ada@example.com", "grace@example.com", "alan@example.com"];

/// One delivery of a sender.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) source: &'static str,
    pub(super) body: Value,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// This letter is sent.
    Send(usize),
    /// A letter that nobody believes, and a question that is no event.
    Door,
    /// A person wants this for one of the runs.
    Wish(Wish, u64),
    /// Sending is paused, or goes on.
    Pause,
    Unpause,
    /// The account loses its connection, or has it again.
    Disconnect,
    Reconnect,
    /// Calls go wrong.
    Trouble(Fault),
    /// The account has a tag from now on, or no longer.
    Tag(&'static str, bool),
    /// The program ends in order, and is started again.
    Restart,
}

/// What a person wants done to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Cancel,
    Retry,
    Resume,
    Resolve,
}

/// All that happens, by time.
pub(super) struct Story {
    pub(super) letters: Vec<Letter>,
    pub(super) acts: Vec<(Timestamp, Act)>,
}

impl Story {
    /// One that chance makes up.
    pub(super) fn of(random: &mut Random, sandbox: &sandbox::State, start: Timestamp) -> Self {
        meet(sandbox, start);
        let count = 4 + random.below(8);
        let letters: Vec<Letter> = (0..count)
            .map(|number| Letter::of(number, random, sandbox))
            .collect();
        let mut acts = Vec::new();
        let mut now = start;
        for number in 0..letters.len() {
            now = after(now, Duration::from_millis(random.next() % 4_000));
            acts.push((now, Act::Send(number)));
            // Senders come again, sooner or later, though they were answered.
            while random.below(4) == 0 {
                let later = Duration::from_millis(random.next() % 60_000);
                acts.push((after(now, later), Act::Send(number)));
            }
        }
        for _ in 0..random.below(8) {
            let at = after(start, Duration::from_millis(random.next() % 60_000));
            acts.extend(trouble(random, at));
        }
        acts.sort_by_key(|(at, _)| *at);
        Self { letters, acts }
    }
}

impl Story {
    /// One that passes every point there is.
    pub(super) fn of_all_points(sandbox: &sandbox::State, start: Timestamp) -> Self {
        let kinds = [
            "order",
            "nudge",
            "refund",
            "subscribes",
            "pays",
            "other",
            "order",
        ];
        let letters = kinds.iter().zip(PEOPLE.iter().cycle()).enumerate();
        let letters = letters.map(|(number, (kind, email))| {
            let email = match *kind {
                "subscribes" | "pays" => PEOPLE[0],
                _ => email,
            };
            Letter::new(number, kind, email, 10, sandbox)
        });
        let letters = letters.collect();
        meet(sandbox, start);
        // What the account lacks is told, until it has it.
        sandbox.account(|account| account.remove(Kind::Tags, GREETED));
        let lost = Fault::on_verb("refund-transaction", FaultKind::DropAfter);
        let expired = Fault::on_verb("grant-membership-access", FaultKind::TokenRejected);
        let acts = [
            (1, Act::Trouble(expired)),
            (1, Act::Trouble(lost)),
            (2, Act::Send(0)),
            (4, Act::Send(2)),
            (5, Act::Tag(GREETED, true)),
            (5, Act::Tag("onboarded", false)),
            (6, Act::Send(1)),
            (9, Act::Tag("onboarded", true)),
            (10, Act::Send(3)),
            (12, Act::Send(4)),
            (14, Act::Send(5)),
            (15, Act::Door),
            (16, Act::Pause),
            (17, Act::Send(6)),
            (18, Act::Send(0)),
            (20, Act::Wish(Wish::Cancel, 5)),
            (30, Act::Unpause),
            (40, Act::Disconnect),
            (41, Act::Restart),
            (60, Act::Reconnect),
        ];
        let at = |(second, act)| (after(start, Duration::from_secs(second)), act);
        Self {
            letters,
            acts: acts.into_iter().map(at).collect(),
        }
    }
}

impl Letter {
    fn of(number: usize, random: &mut Random, sandbox: &sandbox::State) -> Self {
        let email = random.of(&PEOPLE);
        let kind = random.of(&[
            "order",
            "order",
            "refund",
            "nudge",
            "other",
            "pays",
            "subscribes",
        ]);
        Self::new(number, kind, email, 5 + random.below(20), sandbox)
    }

    pub(super) fn new(
        number: usize,
        kind: &'static str,
        email: &str,
        amount: usize,
        sandbox: &sandbox::State,
    ) -> Self {
        let id = format!("letter-{number}");
        let (source, body) = match kind {
            "refund" => {
                let transaction = sandbox.add_sale(email, 29_700);
                let body =
                    json!({ "id": id, "type": kind, "email": email, "transaction": transaction });
                ("shop", body)
            }
            "pays" | "subscribes" => {
                let kind = match kind {
                    "pays" => "checkout.session.completed",
                    _ => "customer.subscription.created",
                };
                let object = match kind {
                    "checkout.session.completed" => {
                        json!({ "object": "checkout.session", "customer": email,
                        "customer_details": { "email": email } })
                    }
                    _ => json!({ "object": "subscription", "customer": email }),
                };
                let body = json!({ "id": id, "object": "event", "type": kind, "livemode": true, "data": { "object": object } });
                ("pay", body)
            }
            kind => {
                let body = json!({ "id": id, "type": kind, "email": email, "amount": amount });
                ("shop", body)
            }
        };
        Self { source, body }
    }
}

/// The account knows them all.
fn meet(sandbox: &sandbox::State, start: Timestamp) {
    for email in PEOPLE {
        sandbox.account(|account| account.ensure_lead(email, start));
    }
}

fn trouble(random: &mut Random, at: Timestamp) -> Vec<(Timestamp, Act)> {
    let later = after(at, Duration::from_millis(1 + random.next() % 40_000));
    match random.below(12) {
        0 | 1 => vec![(at, Act::Pause), (later, Act::Unpause)],
        2 => vec![(at, Act::Disconnect), (later, Act::Reconnect)],
        3 => vec![(at, Act::Restart)],
        4 => vec![(at, Act::Door)],
        5 | 6 => {
            let wish = random.of(&[Wish::Cancel, Wish::Retry, Wish::Resume, Wish::Resolve]);
            vec![(at, Act::Wish(wish, random.next()))]
        }
        _ => vec![(
            at,
            Act::Trouble(Fault::new(fault(random)).times(1 + random.next() % 3)),
        )],
    }
}

fn fault(random: &mut Random) -> FaultKind {
    let delay = Delay::ClockMs(random.next() % 20_000);
    match random.below(14) {
        0 => FaultKind::DropBefore,
        1 => FaultKind::DropAfter,
        2 => FaultKind::CutBody,
        3 => FaultKind::RateLimited {
            retry_after: Some(random.next() % 5),
        },
        4 => FaultKind::RateLimitedByKartra { retry_after: None },
        5 => FaultKind::Html502After,
        6 => FaultKind::Garbage,
        7 => FaultKind::Internal,
        8 => FaultKind::LockTimeout,
        9 => FaultKind::TokenRejected,
        10 => FaultKind::DelayBefore(delay),
        11 => FaultKind::DelayAfter(delay),
        12 => FaultKind::OutputMissing,
        _ => FaultKind::KartraError {
            number: 266,
            form: KartraForm::Flat,
        },
    }
}
