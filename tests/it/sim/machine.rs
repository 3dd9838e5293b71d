//! The program below HTTP, alone on one thread with the sandbox beside it: it goes on until it stands still, dies, and starts again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use kartwheel::clock::{Clock, SettableClock};
use kartwheel::engine::{ActionsHandle, Engine, KEYS_MIN, Parts, Retention, Tasks};
use kartwheel::failpoint;
use kartwheel::kartra;
use kartwheel::membrane::{Client, Settings};
use kartwheel::rule::RuleSet;
use kartwheel::sandbox::{self, Sandbox};
use kartwheel::store::{OpenOptions, Store, sqlite};
use kartwheel::trigger::Source;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::at_once::{AtOnce, at_once};
use super::fate::{Fate, Watched};
use super::story::{CONFIG, RULES};
use super::wire::Wire;
use crate::world::{START, load};

/// How long a stop waits for unsafe calls.
const DRAIN: Duration = Duration::from_secs(90);

/// Longer than any story.
const RETENTION: Retention = Retention {
    events: KEYS_MIN,
    failed: KEYS_MIN,
    keys: KEYS_MIN,
    at_most: 1 << 30,
};

/// What every simulation has in common: it is read once.
pub(super) struct Setting {
    rules: Arc<RuleSet>,
    membrane: Settings,
    pub(super) sources: Vec<Arc<Source>>,
    /// An empty database.
    database: Vec<u8>,
}

pub(super) static SETTING: LazyLock<Setting> = LazyLock::new(Setting::read);

impl Setting {
    fn read() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(dir.path().join("kartwheel.yaml"), CONFIG).expect("written");
        std::fs::create_dir(dir.path().join("rules")).expect("made");
        std::fs::write(dir.path().join("rules/rules.yaml"), RULES).expect("written");
        let project = load(dir.path());
        let config = project.config.expect("a config");
        let database = dir.path().join("empty.db");
        let path = database.to_str().expect("a path").to_owned();
        let room = Room::new();
        room.runtime.block_on(async move {
            let clock = SettableClock::starting_at(START.parse().expect("a time"));
            let url = format!("sqlite://{path}");
            let opened = kartwheel::store::open(&url, clock, OpenOptions::default()).await;
            opened.expect("opened").close().await;
        });
        Self {
            rules: Arc::new(project.rules),
            membrane: config.membrane,
            sources: config.sources.into_values().collect(),
            database: std::fs::read(&database).expect("read"),
        }
    }
}

/// A runtime that tells when all in it stand still.
struct Room {
    runtime: Runtime,
    still: Arc<Still>,
}

#[derive(Default)]
struct Still {
    stands: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Room {
    fn new() -> Self {
        let still = Arc::new(Still::default());
        let parked = Arc::clone(&still);
        let runtime = Builder::new_current_thread()
            .enable_time()
            // Real time never passes: what sleeps, sleeps on the settable clock.
            .start_paused(true)
            .on_thread_park(move || {
                parked.stands.store(true, Ordering::SeqCst);
                if let Some(waker) = parked.waker.lock().expect("free").take() {
                    waker.wake();
                }
            })
            .build();
        Self {
            runtime: runtime.expect("a runtime"),
            still,
        }
    }

    /// Goes on until nobody has anything to do at the present time.
    fn until_still(&self) {
        self.still.stands.store(false, Ordering::SeqCst);
        let still = &self.still;
        self.runtime.block_on(std::future::poll_fn(|context| {
            if still.stands.load(Ordering::SeqCst) {
                return Poll::Ready(());
            }
            *still.waker.lock().expect("free") = Some(context.waker().clone());
            Poll::Pending
        }));
    }
}

/// The program, from its start to its end.
pub(super) struct Program {
    room: Room,
    begun: Arc<OnceLock<Begun>>,
    stopped: Arc<AtomicBool>,
}

struct Begun {
    engine: Engine,
    tasks: Mutex<Option<Tasks>>,
}

impl Program {
    /// The engine, once it has started.
    pub(super) fn engine(&self) -> Option<&Engine> {
        self.begun.get().map(|begun| &begun.engine)
    }

    /// Has it do this beside all else.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.room.runtime.spawn(work));
    }

    /// Ends it in order.
    pub(super) fn stop(&self) {
        let (begun, stopped) = (Arc::clone(&self.begun), Arc::clone(&self.stopped));
        self.spawn(async move {
            let Some(begun) = begun.get() else { return };
            let tasks = begun.tasks.lock().expect("free").take();
            if let Some(tasks) = tasks {
                begun.engine.stop(tasks, DRAIN).await;
                begun.engine.store().close().await;
                stopped.store(true, Ordering::SeqCst);
            }
        });
    }
}

/// The machine: a clock, a disk, the program, and the outside.
pub(super) struct Machine {
    pub(super) clock: Arc<SettableClock>,
    pub(super) fate: Arc<Fate>,
    pub(super) sandbox: Arc<sandbox::State>,
    pub(super) program: Option<Program>,
    wire: Arc<Wire>,
    outside: Room,
    reads_accounts: bool,
    dir: TempDir,
}

impl Machine {
    pub(super) fn new(fate: Arc<Fate>, clock: Arc<SettableClock>, reads_accounts: bool) -> Self {
        let shm = Path::new("/dev/shm");
        let dir = match shm.is_dir() {
            true => tempfile::tempdir_in(shm),
            false => tempfile::tempdir(),
        };
        let dir = dir.expect("a temporary folder");
        std::fs::write(dir.path().join("sim.db"), &SETTING.database).expect("written");
        let (sandbox, router) = Sandbox::without_sockets(sandbox::Options {
            clock: clock.clone(),
            ..sandbox::Options::default()
        });
        let outside = Room::new();
        let wire = Arc::new(Wire {
            fate: Arc::clone(&fate),
            clock: Arc::clone(&clock),
            sandbox: router,
            outside: outside.runtime.handle().clone(),
            moved: AtomicU64::new(0),
        });
        failpoint::watch(Some(Arc::new(Watched(Arc::clone(&fate)))));
        Self {
            clock,
            fate,
            sandbox,
            program: None,
            wire,
            outside,
            reads_accounts,
            dir,
        }
    }

    pub(super) fn database(&self) -> String {
        let path = self.dir.path().join("sim.db");
        path.to_str().expect("a path").to_owned()
    }

    /// Begins the program; it is there when it has taken back what its predecessor left.
    pub(super) fn start(&mut self) {
        self.fate.begins();
        self.fate.note("start");
        let (begun, stopped) = (Arc::new(OnceLock::new()), Arc::default());
        let program = Program {
            room: Room::new(),
            begun: Arc::clone(&begun),
            stopped,
        };
        let (path, clock, fate) = (self.database(), self.clock.clone(), self.fate.clone());
        let (wire, reads) = (Arc::clone(&self.wire), self.reads_accounts);
        program.spawn(async move {
            let options = OpenOptions::default();
            let opened = at_once(sqlite::parts(&path, clock.clone(), &options));
            let (backend, reader, failure) = opened.expect("the database opens");
            let reader = Arc::new(AtOnce(reader));
            let store = Store::start(Box::new(AtOnce(backend)), reader, failure, &options);
            let parts = parts(store.clone(), clock, wire, reads);
            if let Ok((engine, tasks)) = Engine::start(parts).await {
                let tasks = Mutex::new(Some(tasks));
                let _ = begun.set(Begun { engine, tasks });
                store.failed().await;
            }
            // As the daemon does: it promises nothing more, and ends.
            fate.die();
        });
        self.program = Some(program);
    }

    /// The engine, once the program has started.
    pub(super) fn engine(&self) -> Option<&Engine> {
        self.program.as_ref().and_then(Program::engine)
    }

    /// Goes on until all stand still at the present time.
    pub(super) fn until_still(&self) {
        let moved = || self.wire.moved.load(Ordering::SeqCst);
        loop {
            let before = moved();
            if let Some(program) = &self.program {
                program.room.until_still();
            }
            self.outside.until_still();
            if let Some(program) = &self.program {
                program.room.until_still();
            }
            if moved() == before {
                return;
            }
        }
    }

    /// Takes a program away that has died, or has ended in order. Whether there was one.
    pub(super) fn bury(&mut self) -> bool {
        let ended = self
            .program
            .as_ref()
            .is_some_and(|program| self.fate.is_dead() || program.stopped.load(Ordering::SeqCst));
        if ended {
            self.program = None;
        }
        ended
    }

    /// Lets time pass until somebody has something to do, and no further than this.
    pub(super) fn sleep(&self, until: Timestamp) {
        let next = self.clock.next_wake().map_or(until, |wake| wake.min(until));
        self.clock.set(next.max(self.clock.now()));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        failpoint::watch(None);
    }
}

fn parts(store: Store, clock: Arc<SettableClock>, wire: Arc<Wire>, reads_accounts: bool) -> Parts {
    let catalog = kartra::catalog();
    let client = Client::by(
        SETTING.membrane.clone(),
        catalog,
        clock.clone(),
        Some(wire as _),
    );
    let sources = SETTING.sources.iter();
    let waits = sources.filter_map(|source| Some((source.name().clone(), source.identity_wait()?)));
    Parts {
        store,
        actions: ActionsHandle(Arc::new(client.expect("a client"))),
        catalog,
        clock,
        rules: Arc::clone(&SETTING.rules),
        default_connection: "main".into(),
        connections: vec!["main".into()],
        observed: Default::default(),
        limits: Default::default(),
        reporting: Default::default(),
        reads_accounts,
        test_events: true,
        retention: RETENTION,
        identity_waits: waits.collect(),
    }
}
