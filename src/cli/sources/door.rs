//! What the project's database tells of a source: its last event, what was refused, which questions were answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::cli::Failure;
use crate::cli::desk::{database_file, reachable};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::store::{self, DoorSum, EventFilter};
use crate::trigger::Source;

/// How far back refusals and handshakes are told.
pub(in crate::cli) const DAYS: i64 = 30;
/// The name under which paths that no source has are counted.
pub(super) const NOBODY: &str = "?";

/// What is known of the sources' deliveries.
#[derive(Debug, Default)]
pub(super) struct Door {
    /// When the last event of a source arrived.
    events: BTreeMap<Arc<str>, Timestamp>,
    refusals: Vec<DoorSum>,
    handshakes: Vec<DoorSum>,
}

impl Door {
    /// Reads it; `None` where there is no database yet.
    pub(super) async fn read(
        config: &Config,
        clock: &SharedClock,
    ) -> Result<Option<Self>, Failure> {
        if !database_file(config).exists() {
            return Ok(None);
        }
        let reader = store::open_read_only(&config.database, Arc::clone(clock)).await?;
        let since = clock
            .now()
            .saturating_sub(SignedDuration::from_hours(24 * DAYS));
        let since = since.unwrap_or(Timestamp::MIN);
        let mut door = Self {
            refusals: reader.refusal_sums(since).await?,
            handshakes: reader.handshake_sums(since).await?,
            ..Self::default()
        };
        for name in config.sources.keys() {
            let filter = EventFilter {
                source: Some(name.to_string()),
                limit: 1,
                ..EventFilter::default()
            };
            if let Some(last) = reader.events(&filter, false).await?.first() {
                door.events.insert(Arc::clone(name), last.event.received_at);
            }
        }
        Ok(Some(door))
    }

    /// When the source's last event arrived.
    pub(super) fn last_event(&self, source: &str) -> Option<Timestamp> {
        self.events.get(source).copied()
    }

    /// What was refused of it, by reason.
    pub(super) fn refusals(&self, source: &str) -> impl Iterator<Item = &DoorSum> {
        self.refusals.iter().filter(move |sum| sum.source == source)
    }

    /// Which of its sender's questions were answered, by kind.
    pub(super) fn handshakes(&self, source: &str) -> impl Iterator<Item = &DoorSum> {
        self.handshakes
            .iter()
            .filter(move |sum| sum.source == source)
    }

    /// How many deliveries of it were refused.
    pub(super) fn refused(&self, source: &str) -> u64 {
        self.refusals(source).map(|sum| sum.count).sum()
    }
}

/// The address that the sender is given. A secret in it stands as `SECRET`.
pub(super) fn address(config: &Config, source: &Source) -> String {
    let base = match (source.url(), &config.public_url) {
        ("", Some(url)) => format!("{}/hooks/{}", url.trim_end_matches('/'), source.name()),
        ("", None) => format!(
            "http://{}/hooks/{}",
            reachable(config.listen),
            source.name()
        ),
        (url, _) => url.to_owned(),
    };
    if source.has_secret_in_url() {
        format!("{base}?secret=SECRET")
    } else {
        base
    }
}

/// Whether that address can be reached from this machine only.
pub(super) fn is_local(config: &Config, source: &Source) -> bool {
    source.url().is_empty() && config.public_url.is_none()
}

/// How the source's deliveries are verified, as kartwheel.yaml has it.
pub(super) fn verified_by(source: &Source) -> String {
    match (source.preset(), source.kind()) {
        (Some(preset), _) if source.is_looked_up() => format!("preset: {}, lookup", preset.name),
        (Some(preset), _) => format!("preset: {}", preset.name),
        (None, Some(kind)) => format!("verify: {}", kind.name),
        (None, None) => String::new(),
    }
}

/// All that is told of a source, as JSON.
pub(super) fn json(config: &Config, source: &Source, door: Option<&Door>) -> Value {
    let secrets: Vec<_> = source
        .secret_names()
        .map(|secret| json!({"number": secret.number, "name": secret.name, "is_there": secret.is_there}))
        .collect();
    let counted = |sums: Vec<&DoorSum>, word: &str| -> Vec<Value> {
        let each = sums.into_iter().map(|sum| {
            let mut told = json!({"count": sum.count, "last": sum.last});
            told[word] = json!(sum.word);
            if !sum.detail.is_empty() {
                told["detail"] = json!(sum.detail);
            }
            told
        });
        each.collect()
    };
    let name = source.name();
    json!({
        "source": &**name,
        "preset": source.preset().map(|preset| preset.name),
        "verify": source.kind().map(|kind| kind.name),
        "url": address(config, source),
        "secrets": secrets,
        "trust": source.is_looked_up().then_some("lookup"),
        "identity_wait_s": source.identity_wait().map(|wait| wait.as_secs()),
        "allow_from": source.allowed_from().collect::<Vec<_>>(),
        "can_sign": source.can_sign(),
        "last_event_at": door.and_then(|door| door.last_event(name)),
        "refusals": door.map(|door| counted(door.refusals(name).collect(), "reason")),
        "handshakes": door.map(|door| counted(door.handshakes(name).collect(), "kind")),
    })
}
