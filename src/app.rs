//! Wiring: the one place that knows every part. `serve`, `demo` and the tests all start the program here.

mod sockets;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::clock::SharedClock;
use crate::config::Config;
use crate::engine::{ActionsHandle, Engine, Parts, Retention, Tasks};
use crate::kartra;
use crate::membrane::{Client, Reread};
use crate::outside::Outside;
use crate::rule::RuleSet;
use crate::store::{self, OpenOptions, Store, StoreError};
use crate::web::api::Guard;
use crate::web::{self, Closing, DELIVERIES_MAX, Hooks, Room, Tally};

pub use sockets::{Handed, Sockets};

/// How long a stop waits, when all runs rest, for requests that do not end by themselves.
const CLOSE_GRACE: Duration = Duration::from_secs(2);
/// How long whoever is connected, where the socket outlives us, may ask once more before the connection is closed.
const LAST_GRACE_MILLIS: u64 = 500;

/// What to start.
#[derive(Debug)]
pub struct Options {
    /// The project's settings.
    pub config: Config,
    /// The project's rules.
    pub rules: RuleSet,
    /// Time and ids.
    pub clock: SharedClock,
    /// Whether the daemon reads by itself what the accounts hold, to tell of names that are gone.
    pub reads_accounts: bool,
    /// Whether the sender's test-mode events start rules: true where Membrane is the sandbox.
    pub test_events: bool,
    /// Whom some sources must ask before they can answer.
    pub outside: Outside,
    /// How the credentials are read anew when Membrane refuses those at hand.
    pub reread: Option<Reread>,
    /// Sockets that the parent process had open, instead of those of the settings.
    pub sockets: Sockets,
}

/// The running program.
#[derive(Debug)]
pub struct App {
    /// Where deliveries go.
    pub webhook_address: SocketAddr,
    /// Where the API answers.
    pub console_address: SocketAddr,
    engine: Engine,
    hooks: Arc<Hooks>,
    tasks: Tasks,
    drain: Duration,
    webhooks: Server,
    /// Whether the webhooks' socket outlives us: who connects then is let in by the next process.
    outlives_us: bool,
    servers: Vec<JoinHandle<()>>,
    close: watch::Sender<Closing>,
}

/// The webhooks' listener.
#[derive(Debug)]
struct Server {
    task: Option<JoinHandle<()>>,
    close: watch::Sender<Closing>,
}

impl App {
    /// Binds the listeners, opens the store, starts the engine, and lets deliveries in.
    ///
    /// # Errors
    /// When an address is taken, the store cannot be opened, or another daemon has it. Says what to do.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let Options {
            config,
            rules,
            clock,
            reads_accounts,
            test_events,
            outside,
            reread,
            sockets,
        } = options;
        let token = config
            .console
            .token
            .as_ref()
            .map(|token| token.expose_secret());
        let guard = Guard::new(token, config.console.listen)?;
        let api_clock = clock.clone();
        let hooks = Arc::new(hooks(&config, &clock, outside));
        let outlives_us = sockets.webhooks.is_some();
        let (webhooks, console) = match listeners(&config, sockets).await {
            Ok(listeners) => listeners,
            Err(error) => return Err(sooner(error, &config, clock).await),
        };
        let (webhook_address, console_address) = (webhooks.local_addr()?, console.local_addr()?);
        let close = watch::Sender::new(Closing::No);
        // Who waits in a socket that was there before us waits until the answer is another than to come again.
        let (own, handed) = if outlives_us {
            (None, Some(webhooks))
        } else {
            (Some(Server::start(webhooks, &hooks)), None)
        };

        let store = store::open(&config.database, clock.clone(), OpenOptions::default()).await?;
        let (engine, tasks) = Engine::start(Parts {
            reads_accounts,
            test_events,
            ..parts(&config, reread, Arc::new(rules), clock, store)?
        })
        .await?;
        let api = web::api::of_engine(&engine, guard, api_clock, kartra::catalog());
        let servers = vec![
            serve(console, web::console(hooks.clone(), api), &close),
            keep_tally(&hooks, engine.store(), &close),
        ];
        let _ = hooks.engine.set(engine.clone());
        let handed = handed.map(|listener| Server::start(listener, &hooks));
        Ok(Self {
            webhook_address,
            console_address,
            engine,
            hooks,
            tasks,
            drain: config.drain,
            webhooks: own.or(handed).context("the webhooks have a listener")?,
            outlives_us,
            servers,
            close,
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.engine.store()
    }

    /// Writes the refusals and handshakes that are counted so far, as happens once a second anyway.
    pub async fn write_tally(&self) {
        self.hooks.tally.write(self.engine.store()).await;
    }

    /// Returns when the database has failed for good: the process must end rather than promise more.
    pub async fn failed(&self) -> String {
        self.store().failed().await.to_string()
    }

    /// Stops in order: nothing new, calls in flight to their end, the rest handed back, then the listeners and the store.
    /// Where the next process takes over the webhooks' socket, nobody is turned away: whoever is in is answered first.
    pub async fn stop(mut self) {
        if self.outlives_us {
            self.webhooks.see_off().await;
        }
        self.engine.stop(self.tasks, self.drain).await;
        self.webhooks.close.send_replace(Closing::Now);
        self.close.send_replace(Closing::Now);
        self.servers.extend(self.webhooks.task);
        let closed = futures_util::future::join_all(self.servers);
        if tokio::time::timeout(CLOSE_GRACE, closed).await.is_err() {
            tracing::info!("a request that did not end was cut off");
        }
        self.hooks.tally.write(self.engine.store()).await;
        self.engine.store().close().await;
    }
}

impl Server {
    fn start(listener: TcpListener, hooks: &Arc<Hooks>) -> Self {
        let close = watch::Sender::new(Closing::No);
        let task = serve(listener, web::hooks(Arc::clone(hooks)), &close);
        Self {
            task: Some(task),
            close,
        }
    }

    /// Lets nobody in any more. Whoever is in gets answers as usual, each the last one of its connection.
    async fn see_off(&mut self) {
        let last = Duration::from_millis(LAST_GRACE_MILLIS);
        for (closing, grace) in [(Closing::Last, last), (Closing::Now, CLOSE_GRACE)] {
            self.close.send_replace(closing);
            if let Some(task) = &mut self.task
                && tokio::time::timeout(grace, task).await.is_ok()
            {
                self.task = None;
            }
        }
    }
}

fn hooks(config: &Config, clock: &SharedClock, outside: Outside) -> Hooks {
    Hooks {
        engine: OnceLock::new(),
        sources: config.sources.clone(),
        env: config.env.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        clock: clock.clone(),
        places: Semaphore::new(DELIVERIES_MAX),
        room: Room::default(),
        outside,
        tally: Tally::default(),
    }
}

fn parts(
    config: &Config,
    reread: Option<Reread>,
    rules: Arc<RuleSet>,
    clock: SharedClock,
    store: Store,
) -> anyhow::Result<Parts> {
    let catalog = kartra::catalog();
    let client = Client::new(config.membrane.clone(), catalog, clock.clone())?;
    let client = client.rereading(reread);
    let connections: Vec<Arc<str>> = config.membrane.connections.keys().cloned().collect();
    Ok(Parts {
        store,
        actions: ActionsHandle(Arc::new(client)),
        catalog,
        clock,
        rules,
        default_connection: if connections.len() == 1 {
            connections[0].clone()
        } else {
            "main".into()
        },
        connections,
        observed: config.observed_connections().collect::<HashSet<_>>(),
        limits: config
            .limits
            .iter()
            .map(|(name, limits)| (name.clone(), limits.clone()))
            .collect(),
        reporting: reporting(config),
        identity_waits: identity_waits(config),
        reads_accounts: false,
        test_events: false,
        retention: retention(config),
    })
}

/// Repeats are known at least as long as any source says.
fn retention(config: &Config) -> Retention {
    let sources = config.sources.values();
    let window = sources.map(|source| source.dedupe()).max();
    let kept = config.retention;
    Retention {
        events: kept.events,
        failed: kept.failed,
        keys: kept.dedupe.max(window.unwrap_or_default()),
        at_most: kept.at_most,
    }
}

/// Sources by which an account reports what happens in it.
fn reporting(config: &Config) -> HashSet<Arc<str>> {
    let sources = config.sources.iter();
    sources
        .filter(|(_, source)| source.reports_account())
        .map(|(name, _)| name.clone())
        .collect()
}

/// How long rules wait for a person's address, by source.
fn identity_waits(config: &Config) -> HashMap<Arc<str>, Duration> {
    let sources = config.sources.iter();
    sources
        .filter_map(|(name, source)| Some((name.clone(), source.identity_wait()?)))
        .collect()
}

async fn listeners(
    config: &Config,
    sockets: Sockets,
) -> anyhow::Result<(TcpListener, TcpListener)> {
    let Sockets { webhooks, console } = sockets;
    Ok((
        listener(webhooks, config.listen, "listen").await?,
        listener(console, config.console.listen, "console.listen").await?,
    ))
}

/// The socket that was handed over, or else one of our own on this address.
async fn listener(
    handed: Option<std::net::TcpListener>,
    address: SocketAddr,
    setting: &str,
) -> anyhow::Result<TcpListener> {
    let Some(handed) = handed else {
        return bind(address, setting).await;
    };
    let listener = TcpListener::from_std(handed)?;
    let listens = listener.local_addr()?;
    if listens != address {
        tracing::warn!(
            setting,
            %address,
            %listens,
            "the socket that was handed over has another address than the settings: commands look for the daemon there"
        );
    }
    Ok(listener)
}

/// Where an address is taken because another daemon of this very project runs, that is the reason to give.
async fn sooner(error: anyhow::Error, config: &Config, clock: SharedClock) -> anyhow::Error {
    match store::open(&config.database, clock, OpenOptions::default()).await {
        Err(locked @ StoreError::Locked(_)) => locked.into(),
        _ => error,
    }
}

async fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let advice = || {
        format!(
            "cannot listen on {address} (`{setting}` in kartwheel.yaml): is something else there, or another kartwheel?"
        )
    };
    TcpListener::bind(address).await.with_context(advice)
}

#[expect(clippy::disallowed_methods, reason = "the listeners' tasks start here")]
fn serve(listener: TcpListener, router: Router, close: &watch::Sender<Closing>) -> JoinHandle<()> {
    tokio::spawn(web::serve(
        listener,
        router,
        web::CONNECTIONS_MAX,
        close.subscribe(),
    ))
}

#[expect(clippy::disallowed_methods, reason = "the tally's task starts here")]
fn keep_tally(hooks: &Arc<Hooks>, store: &Store, close: &watch::Sender<Closing>) -> JoinHandle<()> {
    let (hooks, store, closed) = (Arc::clone(hooks), store.clone(), close.subscribe());
    tokio::spawn(async move { hooks.tally.keep(&store, closed).await })
}
