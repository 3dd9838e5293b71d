//! What is told of a trial: on the screen, and as JSON.

use serde_json::{Value, json};

use super::super::advice::advice;
use super::super::preset::fact;
use super::{Trial, named};
use crate::cli::screen::{Line, Screen, Tone};
use crate::event::Event;
use crate::trigger::{Question, Received, Refusal};

impl Trial<'_> {
    pub(super) fn print(&self, screen: &mut Screen) -> std::io::Result<()> {
        match &self.received {
            Received::Events(events) => self.print_events(events, screen)?,
            Received::Handshake {
                kind,
                status,
                content_type,
                body,
            } => {
                screen.line(
                    &Line::default()
                        .add(Tone::Good, "answered")
                        .plain(format!("  a question and no event: {kind}")),
                )?;
                fact(screen, "answer", &format!("{status} {content_type}"))?;
                if !body.is_empty() {
                    fact(screen, "", body)?;
                }
            }
            Received::Ask(question) => self.print_question(question, screen)?,
            Received::Refused(refusal) => self.print_refusal(refusal, screen)?,
        }
        for note in &self.notes {
            fact(screen, "note", note)?;
        }
        Ok(())
    }

    fn print_events(&self, events: &[Event], screen: &mut Screen) -> std::io::Result<()> {
        let count = match events.len() {
            1 => "1 event".to_owned(),
            count => format!("{count} events in one delivery"),
        };
        screen.line(
            &Line::default()
                .add(Tone::Good, "accepted")
                .plain(format!("  {count}")),
        )?;
        if let Some(secret) = self.secret {
            fact(screen, "secret", &named(secret))?;
        }
        for event in events {
            let kind = if event.kind.is_empty() {
                "(none)"
            } else {
                &event.kind
            };
            fact(screen, "type", kind)?;
            fact(screen, "id", &event.sender_id)?;
            fact(screen, "person", &person(event))?;
            let mode = match event.live {
                Some(true) => "real",
                Some(false) => "a test: starts only rules with `live: both`",
                None => "the sender does not say",
            };
            fact(screen, "mode", mode)?;
        }
        Ok(())
    }

    fn print_question(&self, question: &Question, screen: &mut Screen) -> std::io::Result<()> {
        screen.line(
            &Line::default()
                .add(Tone::Warn, "undecided")
                .plain("  the daemon would ask before it answers"),
        )?;
        fact(screen, "so far", &question.checked)?;
        if let Some(secret) = self.secret {
            fact(screen, "secret", &named(secret))?;
        }
        fact(screen, "would ask", &question.ask.request())?;
        fact(screen, "do", "Give --ask too, and it is asked now.")
    }

    fn print_refusal(&self, refusal: &Refusal, screen: &mut Screen) -> std::io::Result<()> {
        screen.line(
            &Line::default()
                .add(Tone::Bad, "refused")
                .plain(format!("  {} {}", refusal.status, refusal.reason)),
        )?;
        fact(screen, "why", &refusal.detail)?;
        if let Some(signed) = self.signed_at(refusal) {
            let times = format!("signed {signed}, tried {}", self.now);
            fact(screen, "times", &times)?;
        }
        match self.secret {
            Some(secret) => fact(screen, "secret", &named(secret))?,
            None => {
                for (place, secret) in self.secrets().iter().enumerate() {
                    fact(screen, if place == 0 { "tried" } else { "" }, secret)?;
                }
            }
        }
        if let Some(hint) = self.hint {
            fact(screen, "but", &format!("it would match {hint}"))?;
        }
        let advice = advice(refusal.reason, self.source).unwrap_or_default();
        fact(screen, "do", advice)
    }

    pub(super) fn json(&self) -> Value {
        let secret = self
            .secret
            .map(|secret| json!({"number": secret.number, "name": secret.name}));
        let mut told = match &self.received {
            Received::Events(events) => json!({
                "outcome": "accepted",
                "events": events.iter().map(|event| json!({
                    "type": event.kind, "id": event.sender_id, "person": event.person, "live": event.live,
                })).collect::<Vec<_>>(),
            }),
            Received::Handshake {
                kind,
                status,
                content_type,
                body,
            } => json!({
                "outcome": "answered", "kind": kind, "status": status, "content_type": content_type, "body": body,
            }),
            Received::Ask(question) => json!({
                "outcome": "undecided",
                "checked": question.checked,
                "would_ask": question.ask.request(),
            }),
            Received::Refused(refusal) => json!({
                "outcome": "refused",
                "status": refusal.status,
                "reason": refusal.reason,
                "detail": refusal.detail,
                "age_s": refusal.age_s,
                "signed_at": self.signed_at(refusal),
                "would_match": self.hint,
                "do": advice(refusal.reason, self.source),
            }),
        };
        told["secret"] = json!(secret);
        told["secrets"] = json!(self.secrets());
        told["notes"] = json!(self.notes);
        told
    }
}

/// Who an event is about, in a line.
fn person(event: &Event) -> String {
    let person = &event.person;
    let name = [&person.first_name, &person.last_name];
    let name: Vec<&str> = name.into_iter().filter_map(Option::as_deref).collect();
    let ids = person.ids.iter().map(|(kind, id)| {
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        format!("{kind} {id}")
    });
    let texts = [
        person.email.clone(),
        Some(name.join(" ")),
        person.phone.clone(),
    ];
    let texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
    let all: Vec<String> = texts.chain(ids).collect();
    if all.is_empty() {
        return "not in it".to_owned();
    }
    all.join(", ")
}
