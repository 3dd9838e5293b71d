//! Actions that a connection does not offer. Of memberships it may well lack them, for Kartra's API documents no command for them; then
//! a tag and an automation of the account do the same.

use super::{Inventory, Look};
use crate::problem::nearest;
use crate::rule::fallback::{Fallback, is_membership};
use crate::rule::fields::Fields;

impl Look<'_> {
    /// Every action that the step calls.
    pub(super) fn offer(&mut self) {
        let step = self.step;
        let Some(offered) = Inventory::Actions.names(self.account) else {
            return;
        };
        for verb in step.calls().filter(|verb| !offered.contains(verb)) {
            match step.kind.fallback() {
                Some(fallback) if *fallback.verb != *verb => self.falls_back(verb, fallback),
                None if is_membership(verb) => self.no_membership(verb),
                _ => self.not_offered(verb, &offered),
            }
        }
    }

    fn not_offered(&mut self, verb: &str, offered: &[&str]) {
        let again = "`kartwheel catalog sync` reads again what the connection offers";
        let help = match nearest(verb, offered.iter().copied()) {
            Some(near) => format!("the nearest it offers is `{near}`; {again}"),
            None => format!("it offers {} actions; {again}", offered.len()),
        };
        let message = format!("connection `{}` does not offer `{verb}`", self.connection);
        self.note("K0804", self.step.verb_span, message, help);
    }

    fn no_membership(&mut self, verb: &str) {
        let fields = self.step.kind.fields();
        let membership = constant(fields, "membership_name").unwrap_or("MEMBERSHIP".to_owned());
        let level =
            constant(fields, "level_name").map_or(String::new(), |level| format!(":{level}"));
        let (gives, does) = told(verb);
        let help = format!(
            "write `fallback: {{ {gives}: \"access:{membership}{level}\" }}` beside it, and make an automation in Kartra: IF that tag is {}, THEN {does}",
            participle(gives)
        );
        let message = format!(
            "connection `{}` does not offer `{verb}`: Kartra's API has no documented command for it",
            self.connection
        );
        self.note("K0804", self.step.verb_span, message, help);
    }

    fn falls_back(&mut self, verb: &str, fallback: &Fallback) {
        let fields = self.step.kind.fields();
        let tag = fallback.constant_tag();
        let shown = tag
            .as_deref()
            .unwrap_or_else(|| fallback.tag.template.text());
        let message = format!(
            "connection `{}` does not offer `{verb}`: the step uses its fallback, `{}` with `{shown}`",
            self.connection, fallback.verb
        );
        let (_, does) = told(verb);
        let membership = match constant(fields, "membership_name") {
            Some(name) => format!(" to `{name}`"),
            None => String::new(),
        };
        let level = match constant(fields, "level_name") {
            Some(name) => format!(", level `{name}`"),
            None => String::new(),
        };
        let help = format!(
            "Kartra needs an automation for it, which cannot be checked from here: IF that tag is {}, THEN {does}{membership}{level}",
            participle(&fallback.verb)
        );
        self.warn("K0805", self.step.verb_span, message, help);
    }
}

/// The usual stand-in for a membership action, and what the automation does.
fn told(verb: &str) -> (&'static str, &'static str) {
    if verb.starts_with("grant") {
        ("assign-tag", "grant access")
    } else {
        ("unassign-tag", "revoke access")
    }
}

fn participle(verb: &str) -> &'static str {
    if verb == "assign-tag" {
        "assigned to the lead"
    } else {
        "taken from the lead"
    }
}

fn constant(fields: Option<&Fields>, name: &str) -> Option<String> {
    let given = fields?.given.iter().find(|given| &*given.name == name)?;
    given.constant_text()
}
