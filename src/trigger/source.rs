//! Source: a declared sender, with how it proves itself and where things stand in what it sends.

mod around;
mod identity;
mod parse;
mod secret;
#[cfg(test)]
mod tests;
mod trust;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::address::Range;
pub use identity::{IDENTITY_WAIT, IDENTITY_WAIT_MAX};

use super::delivery::Delivery;
use super::mapping::Mapping;
use super::preset::{Preset, Sample};
use super::settings::Around;
use super::signature::{Kind, Need, Refusal, Scheme, Signed, Traces, reason};
use super::types::Types;
use crate::problem::{self, Problem, nearest};
use crate::rule::path::Path;
use crate::rule::pattern::EventPattern;
use crate::yaml::Node;

/// An entry of `sources:` in kartwheel.yaml, ready to receive.
pub struct Source {
    /// Its name: the last part of its path.
    pub name: Arc<str>,
    pub(super) preset: Option<&'static Preset>,
    pub(super) scheme: Box<dyn Scheme>,
    /// Where its deliveries carry what must not be kept.
    pub(super) traces: Traces,
    /// What its handshakes may need to know.
    pub(super) around: Around,
    pub(super) secrets: Vec<SecretString>,
    /// Every secret as it is declared, and whether it is among `secrets`.
    pub(super) declared: Vec<(Box<str>, bool)>,
    /// The scheme as a member of the list; a preset has its own.
    pub(super) kind: Option<&'static Kind>,
    /// `trust: lookup`: what its events say is looked up in the account before a rule acts.
    pub(super) is_looked_up: bool,
    /// Empty: from everywhere.
    pub(super) allow_from: Vec<Range>,
    pub(super) mapping: Mapping,
    pub(super) types: Types,
    /// Within which equal bodies are repeats, where the sender gives no id.
    pub(super) dedupe: Duration,
    /// How long a rule waits for the event that brings the address of a person whom this one names by an id only.
    identity_wait: Duration,
}

/// What an entry of `sources:` needs to know of the rest of the project.
#[derive(Clone, Copy)]
pub struct Home<'h> {
    /// Looks up `env:NAME` and `file:PATH`.
    pub secrets: &'h dyn Fn(&str) -> Option<String>,
    /// `public_url:` of kartwheel.yaml, without a slash at its end.
    pub public_url: Option<&'h str>,
}

impl<'h> Home<'h> {
    /// One that looks up secrets and has no `public_url`.
    #[must_use]
    pub fn of(secrets: &'h dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            secrets,
            public_url: None,
        }
    }
}

impl Source {
    /// Reads the entry of this name.
    ///
    /// Every mistake becomes a problem. `None` after one that leaves nothing to verify with; a secret that is not there is
    /// a warning (`K0702`, `K0704`), and the source then refuses every delivery.
    pub fn parse(
        name: &str,
        node: &Node,
        file: &problem::Source,
        home: &Home<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        parse::parse(name, node, file, home, problems)
    }

    /// Its name: the last part of its path.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The preset it was declared with.
    #[must_use]
    pub fn preset(&self) -> Option<&'static Preset> {
        self.preset
    }

    /// Whether its sender reports what happens in the account that our actions change, so that our own may come back.
    #[must_use]
    pub fn reports_account(&self) -> bool {
        self.preset.is_some_and(|preset| preset.reports_account)
    }

    /// Whether nothing but the account proves its events (`trust: lookup`).
    #[must_use]
    pub fn is_looked_up(&self) -> bool {
        self.is_looked_up
    }

    /// Whether the account can show what an event of this type says, which may be a glob.
    #[must_use]
    pub fn can_look_up(&self, pattern: &str) -> bool {
        let provable = self.preset.map_or(&[][..], |preset| preset.provable);
        let glob = EventPattern::parse(pattern);
        glob.is_ok_and(|glob| provable.iter().any(|kind| glob.matches(kind)))
    }

    /// Within which equal bodies are repeats, where the sender gives no id.
    #[must_use]
    pub const fn dedupe(&self) -> Duration {
        self.dedupe
    }

    /// How long a rule that needs a person's address waits for the event that brings it. `None` where none waits: the sender
    /// gives no ids, nothing proves its events but the account, or it is not wanted.
    #[must_use]
    pub fn identity_wait(&self) -> Option<Duration> {
        let may_wait = identity::lack(&self.mapping, self.is_looked_up).is_none();
        (may_wait && !self.identity_wait.is_zero()).then_some(self.identity_wait)
    }

    /// Where parts of the sender's id of an event may stand; empty if it gives none.
    #[must_use]
    pub fn id_paths(&self) -> Vec<&str> {
        let rows = self.mapping.id.iter();
        rows.flatten().map(Path::text).collect()
    }

    /// What the sender would add to this body at this time; nothing when the source has no secret.
    #[must_use]
    pub fn sign(&self, body: &[u8], now: Timestamp) -> Signed {
        match self.secrets.first() {
            Some(secret) => self.scheme.sign(secret, body, now),
            None => Signed::default(),
        }
    }

    /// Whether its sender's part can be played: not where only the sender has the key to sign with.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        self.scheme.can_sign()
    }

    /// Whether its sender is asked about each delivery whether it is its own.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.scheme.needs_secret() == Need::IfDeclared
    }

    /// Usual deliveries of its sender; none without a preset.
    #[must_use]
    pub fn samples(&self) -> &'static [Sample] {
        self.preset.map_or(&[], |preset| preset.samples)
    }

    /// Whether its sender can send an event of this type, which may be a glob. What is not known is taken to be possible.
    ///
    /// # Errors
    /// It cannot; the type that was probably meant.
    pub fn knows_event(&self, pattern: &str) -> Result<(), Option<&'static str>> {
        let known = self.preset.map_or(&[][..], |preset| preset.events);
        let Ok(glob) = EventPattern::parse(pattern) else {
            return Ok(());
        };
        if known.is_empty() || known.iter().any(|kind| glob.matches(kind)) {
            return Ok(());
        }
        Err(nearest(pattern, known.iter().copied()))
    }

    /// Whether events of this type are known to hold no address, nor an id that an earlier event could have brought with one.
    #[must_use]
    pub fn lacks_address(&self, kind: &str) -> bool {
        let Some(preset) = self.preset.filter(|_| self.mapping.person.email.is_empty()) else {
            return false;
        };
        preset.lacks_address(kind)
    }

    /// Whether the delivery comes from somebody who may send, as far as it can be told without asking.
    pub(super) fn verify(&self, delivery: &Delivery<'_>, now: Timestamp) -> Result<(), Refusal> {
        if !self.allow_from.is_empty() {
            self.check_address(delivery.request.peer)?;
        }
        let needs_secret = match self.scheme.needs_secret() {
            Need::Always => true,
            Need::IfDeclared => !self.declared.is_empty(),
            Need::Never => false,
        };
        if self.secrets.is_empty() && needs_secret {
            let detail = "the source has no secret to check with: its environment variable or file was empty or missing at start";
            return Err(Refusal::unproven(reason::NO_SECRET, detail));
        }
        self.scheme.verify(&self.secrets, delivery, now)
    }

    fn check_address(&self, peer: Option<IpAddr>) -> Result<(), Refusal> {
        let allowed =
            peer.is_some_and(|peer| self.allow_from.iter().any(|range| range.holds(peer)));
        if allowed {
            return Ok(());
        }
        let detail = match peer {
            Some(peer) => format!("`allow_from` does not name {}", peer.to_canonical()),
            None => "the sender's address is not known, and `allow_from` names some".into(),
        };
        Err(Refusal::unproven(reason::ADDRESS, detail))
    }
}

impl fmt::Debug for Source {
    /// Without the secrets.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Source")
            .field("name", &self.name)
            .field("preset", &self.preset)
            .field("scheme", &self.scheme)
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}
