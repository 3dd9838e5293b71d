//! What an operator may know of a source: its secrets by name, which of them a request was signed with, where the proof stands.

use jiff::Timestamp;

use super::delivery::{Delivery, Request};
use super::signature::{Kind, reason};
use super::source::Source;

/// A secret of a source, without its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretName<'s> {
    /// Its place in the list, from 1 on.
    pub number: usize,
    /// `env:NAME`, `file:PATH`, or `written out`.
    pub name: &'s str,
    /// Whether it is there: a variable that is not set leads to none.
    pub is_there: bool,
}

impl Source {
    /// Its secrets, in the order of kartwheel.yaml.
    pub fn secret_names(&self) -> impl Iterator<Item = SecretName<'_>> {
        let declared = self.declared.iter().zip(1..);
        declared.map(|((name, is_there), number)| SecretName {
            number,
            name,
            is_there: *is_there,
        })
    }

    /// Which secret the request was signed with, whenever that was.
    #[must_use]
    pub fn which_secret(&self, request: &Request<'_>, now: Timestamp) -> Option<SecretName<'_>> {
        let delivery = Delivery::new(request, self.charset_field());
        let names = self.secret_names().filter(|name| name.is_there);
        let mut each = self.secrets.iter().zip(names);
        let (_, name) = each.find(|(secret, _)| {
            let verified = self
                .scheme
                .verify(std::slice::from_ref(*secret), &delivery, now);
            match verified {
                Ok(()) => true,
                Err(refusal) => [reason::STALE, reason::FUTURE].contains(&refusal.reason),
            }
        })?;
        Some(name)
    }

    /// The scheme as a member of the list of schemes; `None` where a preset has its own.
    #[must_use]
    pub fn kind(&self) -> Option<&'static Kind> {
        self.kind
    }

    /// Whether deliveries say when they were signed, so that old copies are refused.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.scheme.has_time()
    }

    /// Whether deliveries prove anything at all.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.scheme.is_open()
    }

    /// Whether the secret stands in the URL that the sender is given.
    #[must_use]
    pub fn has_secret_in_url(&self) -> bool {
        let traces = &self.traces;
        !self.scheme.is_open()
            && traces.secret_travels
            && traces.headers.is_empty()
            && self.scheme.traces().fields.is_empty()
    }

    /// The URL as the sender has it, where kartwheel.yaml tells; empty if not.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.around.url
    }

    /// The addresses that may send; none if all may.
    pub fn allowed_from(&self) -> impl Iterator<Item = String> {
        self.allow_from.iter().map(ToString::to_string)
    }
}
