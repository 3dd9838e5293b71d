//! A world to tell stories in: the whole program on a settable clock and a temporary database, with the sandbox as Membrane.

mod crash;
mod project;
mod send;
pub(crate) mod sound;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::app::{App, Options, Sockets};
use kartwheel::clock::{Clock, SettableClock};
use kartwheel::run::{Attempt, Run};
use kartwheel::sandbox::{self, Sandbox};
use kartwheel::store::{EventFilter, Reader, RunFilter, StoredEvent};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) use project::{SECRETS, env, load};
pub(crate) use send::Answered;

/// When every story begins: the day of the sample payloads.
pub(crate) const START: &str = "2026-11-01T08:00:00Z";
/// The sources every story has.
pub(crate) const SOURCES: &str = r#"
  stripe: { preset: stripe, secret: env:STRIPE_SECRET }
  signup: { preset: typeform, secret: env:TYPEFORM_SECRET }
  shop:
    verify: { hmac: sha256, header: X-Signature, encoding: hex }
    secret: env:SHOP_SECRET
    id: $.body.id
    type: $.body.type
    person: { email: $.body.email }
"#;
/// More than any story needs: the clock must not stand still for the pace.
const PACE: &str = "per_second: 1000, at_once: 64";

/// A wait for the pace is shorter than this, a retry's is not.
const PACE_WAIT_MAX: Duration = Duration::from_millis(50);
/// Turns that whoever was woken is given before it is asked again who waits.
const YIELDS: usize = 16;

/// Of real time: a program that has not come to rest by then never will.
pub(crate) const REST_WITHIN: Duration = Duration::from_secs(60);

/// The program, its clock, its outside.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<SettableClock>,
    pub(crate) sandbox: Sandbox,
    app: Option<App>,
    /// Where the program runs that is to crash.
    doomed: Option<tokio::runtime::Runtime>,
    http: reqwest::Client,
    /// Whether events of senders' test modes start rules, as they do beside a sandbox.
    test_events: bool,
}

impl World {
    /// A world with these rules (one or several documents).
    pub(crate) async fn with(rules: &str) -> Self {
        Self::with_settings(rules, "").await
    }

    /// A world with these rules and more settings of kartwheel.yaml.
    pub(crate) async fn with_settings(rules: &str, settings: &str) -> Self {
        Self::at(START, rules, &format!("sources:{SOURCES}{settings}")).await
    }

    /// A world with these rules and a second connection, `other`, to the same account.
    pub(crate) async fn with_other(rules: &str) -> Self {
        let settings = format!(
            "  other: {{ id: {} }}\nsources:{SOURCES}",
            sandbox::CONNECTION_ID
        );
        Self::at(START, rules, &settings).await
    }

    /// A world that begins at `start`, with these rules and these settings beside those that lead to the sandbox.
    pub(crate) async fn at(start: &str, rules: &str, settings: &str) -> Self {
        Self::at_pace(start, rules, PACE, settings).await
    }

    /// The same, at a pace of its own.
    pub(crate) async fn at_pace(start: &str, rules: &str, pace: &str, settings: &str) -> Self {
        let clock = SettableClock::starting_at(start.parse().expect("a time"));
        let sandbox = Sandbox::start(sandbox::Options {
            clock: clock.clone(),
            ..sandbox::Options::default()
        })
        .await
        .expect("the sandbox starts");
        let dir = tempfile::tempdir().expect("a temporary folder");
        let config = format!(
            "timezone: UTC\ndatabase: sqlite://kartwheel.db\nlisten: 127.0.0.1:0\nconsole: {{ listen: 127.0.0.1:0 }}\n\
             membrane: {{ url: {}, token: env:MEMBRANE_TOKEN }}\nconnections:\n  main: {{ id: {}, {pace} }}\n{settings}",
            sandbox.url(),
            sandbox::CONNECTION_ID,
        );
        std::fs::write(dir.path().join("kartwheel.yaml"), config).expect("written");
        std::fs::create_dir(dir.path().join("rules")).expect("made");
        std::fs::write(dir.path().join("rules/rules.yaml"), rules).expect("written");
        let mut world = Self {
            dir,
            clock,
            sandbox,
            app: None,
            doomed: None,
            http: client(),
            test_events: true,
        };
        world.start().await;
        world
    }

    /// Starts the program on what the folder holds.
    pub(crate) async fn start(&mut self) {
        let options = self.options();
        self.app = Some(App::start(options).await.expect("the program starts"));
        self.settle().await;
    }

    /// The same, with accounts read by themselves.
    pub(crate) async fn start_reading(&mut self) {
        let options = Options {
            reads_accounts: true,
            ..self.options()
        };
        self.app = Some(App::start(options).await.expect("the program starts"));
        self.settle().await;
    }

    fn options(&self) -> Options {
        let project = load(self.dir.path());
        Options {
            config: project.config.expect("a config"),
            rules: project.rules,
            clock: self.clock.clone(),
            reads_accounts: false,
            test_events: self.test_events,
            outside: kartwheel::outside::Outside::usual().expect("an HTTP client"),
            reread: Some(project::reread(self.dir.path())),
            sockets: Sockets::default(),
        }
    }

    /// The same world with an account that counts: test events of senders start nothing.
    pub(crate) async fn live(mut self) -> Self {
        self.test_events = false;
        self.restart().await;
        self
    }

    /// Stops the program in order, and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    pub(crate) async fn stop(&mut self) {
        self.app.take().expect("running").stop().await;
    }

    pub(crate) fn app(&self) -> &App {
        self.app.as_ref().expect("running")
    }

    pub(crate) fn reader(&self) -> &dyn Reader {
        &**self.app().store().reader()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.app().webhook_address)
    }

    /// When the story began.
    pub(crate) fn clock_start(&self) -> Timestamp {
        START.parse().expect("a time")
    }

    /// Lets everything happen that happens at the present time; where only the pace is waited for, time goes on for it.
    pub(crate) async fn settle(&self) {
        let settled = tokio::time::timeout(REST_WITHIN, self.come_to_rest()).await;
        settled.expect("the program comes to rest");
    }

    async fn come_to_rest(&self) {
        let mut patience = 20;
        while self
            .app()
            .engine()
            .settled()
            .await
            .expect("the store answers")
        {
            let wake = self
                .clock
                .next_wake()
                .expect("whoever waits for the pace sleeps");
            let now = self.clock.now();
            if kartwheel::clock::between(now, wake) <= PACE_WAIT_MAX || patience == 0 {
                self.clock.set(wake.max(now));
                patience = 20;
            } else {
                // Whoever was just woken has not moved yet.
                patience -= 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Lets the pace go on, one call at a time, until this holds.
    pub(crate) async fn go_on_until(&self, holds: impl Fn() -> bool) {
        while !holds() {
            let settled = self.app().engine().settled();
            let waits = tokio::time::timeout(REST_WITHIN, settled).await;
            let waits = waits.expect("it rests").expect("the store answers");
            assert!(waits || holds(), "nothing goes on");
            if let Some(wake) = self.clock.next_wake() {
                self.clock.set(wake.max(self.clock.now()));
            }
            // Whoever was woken moves before it is asked again who waits: else time would run away from the pace.
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Lets time pass, stopping wherever something becomes due.
    pub(crate) async fn advance(&self, length: Duration) {
        let end = kartwheel::clock::after(self.clock.now(), length);
        loop {
            self.settle().await;
            let due = self.reader().next_due().await.expect("the store answers");
            let look = self.app().engine().next_look();
            let now = self.clock.now();
            let next = due.into_iter().chain(look).filter(|next| *next > now).min();
            match next.filter(|next| *next <= end) {
                Some(next) if next > self.clock.now() => self.clock.set(next),
                _ if self.clock.now() >= end => return,
                _ => self.clock.set(end),
            }
        }
    }

    pub(crate) async fn runs(&self) -> Vec<Run> {
        let mut runs = self
            .reader()
            .runs(&RunFilter {
                limit: 1_000,
                ..RunFilter::default()
            })
            .await
            .expect("the store answers");
        runs.sort_by_key(|run| run.seq);
        runs
    }

    /// All events, oldest first.
    pub(crate) async fn events(&self) -> Vec<StoredEvent> {
        let filter = EventFilter {
            limit: 1_000,
            ..EventFilter::default()
        };
        let events = self.reader().events(&filter, false).await;
        let mut events = events.expect("the store answers");
        events.sort_by_key(|stored| stored.seq);
        events
    }

    /// The one run of an event.
    pub(crate) async fn run_of(&self, event: Uuid) -> Run {
        let runs = self
            .reader()
            .runs(&RunFilter {
                event: Some(event),
                limit: 10,
                ..RunFilter::default()
            })
            .await
            .expect("the store answers");
        let [run] = runs.try_into().expect("one run");
        run
    }

    pub(crate) async fn attempts(&self, run: &Run) -> Vec<Attempt> {
        self.reader()
            .attempts(run.id)
            .await
            .expect("the store answers")
    }

    /// The verbs that reached the sandbox through `/act`, in order, reads included.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let calls = self.sandbox.world().calls();
        calls
            .into_iter()
            .filter_map(|call| call.verb)
            .filter(|verb| *verb != "retrieve-account-lists")
            .collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "the stories' own client")]
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::new()
}
