//! What answers where the project's daemon listens, and whether it is the project's: two projects may have the same ports.

use serde_json::Value;
use uuid::Uuid;

use super::{database_file, http_client, reachable};
use crate::cli::Failure;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store;

/// Whose daemon it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// This project's: the database knows it.
    Ours,
    /// It serves another database than this project's.
    Anothers,
    /// There is no database here to compare with.
    NoDatabase,
    /// It does not say, or the database cannot be read.
    Unknown,
}

/// What answers.
pub(crate) struct Daemon {
    /// The HTTP status of its readiness.
    pub(crate) status: u16,
    /// What it says of itself.
    pub(crate) body: Value,
    /// Whether it is this project's.
    pub(crate) whose: Whose,
}

impl Daemon {
    /// Asks at the address of the project's console.
    ///
    /// # Errors
    /// Nothing answers there.
    pub(crate) async fn ask(config: &Config, clock: &SharedClock) -> anyhow::Result<Self> {
        let url = format!("http://{}/readyz", reachable(config.console.listen));
        let answer = http_client()?.get(url).send().await?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await?;
        let whose = whose(&body, config, clock).await;
        Ok(Self {
            status,
            body,
            whose,
        })
    }

    /// The pace of a connection that it has slowed down, and until when it stands still.
    pub(crate) fn slowed(&self, connection: &str) -> Option<&Value> {
        let mut slowed = self.body["slowed"].as_array()?.iter();
        slowed.find(|one| one["connection"] == connection)
    }
}

/// What is said where another project's daemon answers.
pub(crate) fn anothers(config: &Config) -> Failure {
    Failure::new(format!(
        "what answers at {} is not this project's daemon",
        reachable(config.console.listen)
    ))
    .means(format!(
        "It serves another database than {}: another project's daemon, with the same `console.listen`.",
        database_file(config).display()
    ))
    .remedy(OWN_ADDRESSES)
}

/// What helps where two projects have the same addresses.
pub(crate) const OWN_ADDRESSES: &str = "Give this project a `listen` and a `console.listen` of its own in kartwheel.yaml, then start its daemon: `kartwheel serve`.";

async fn whose(body: &Value, config: &Config, clock: &SharedClock) -> Whose {
    let node = body["node"]
        .as_str()
        .and_then(|node| node.parse::<Uuid>().ok());
    let Some(node) = node else {
        return Whose::Unknown;
    };
    if !database_file(config).exists() {
        return Whose::NoDatabase;
    }
    let known = async {
        let reader = store::open_read_only(&config.database, clock.clone()).await?;
        reader.knows_node(node).await
    };
    match known.await {
        Ok(true) => Whose::Ours,
        Ok(false) => Whose::Anothers,
        Err(_) => Whose::Unknown,
    }
}
