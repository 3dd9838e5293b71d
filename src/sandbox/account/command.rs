//! The list of commands: which Membrane action is which command of Kartra's, and how it answers.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::answer::{Answer, Nesting};
use super::{Account, lead_commands as lead, money_commands as money};

/// One command of Kartra's inbound API.
#[derive(Debug)]
pub(in crate::sandbox) struct Command {
    /// The key of Membrane's action.
    pub(in crate::sandbox) verb: &'static str,
    /// Kartra's name of it. The two membership commands are not in Kartra's documentation: their names are made up.
    pub(in crate::sandbox) cmd: &'static str,
    /// The nesting in which it answers unless told otherwise.
    pub(in crate::sandbox) nesting: Nesting,
    pub(super) run: fn(&mut Account, &Fields<'_>, Timestamp) -> Answer,
}

/// The input of a command.
#[derive(Debug, Clone, Copy)]
pub(in crate::sandbox) struct Fields<'a>(pub(in crate::sandbox) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A field as text, numbers included; nothing when it is absent or anything else.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.0.get(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// The same, without those that are blank.
    pub(super) fn filled(&self, name: &str) -> Option<Cow<'a, str>> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// A field as a number of Kartra's.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }
}

const fn row(
    verb: &'static str,
    cmd: &'static str,
    nesting: Nesting,
    run: fn(&mut Account, &Fields<'_>, Timestamp) -> Answer,
) -> Command {
    Command {
        verb,
        cmd,
        nesting,
        run,
    }
}

/// All commands.
#[rustfmt::skip]
pub(super) const COMMANDS: &[Command] = &[
    row("assign-tag", "assign_tag", Nesting::Actions, lead::assign_tag),
    row("cancel-subscription", "cancel_transaction", Nesting::Command, money::cancel),
    row("create-lead", "create_lead", Nesting::Actions, lead::create),
    row("edit-lead", "edit_lead", Nesting::Actions, lead::edit),
    row("get-lead", "get_lead", Nesting::Flat, lead::get),
    row("get-transaction-details", "get_transaction_details", Nesting::Command, money::details),
    row("grant-membership-access", "grant_membership_access", Nesting::Flat, lead::grant),
    row("refund-transaction", "refund_transaction", Nesting::Command, money::refund),
    row("retrieve-account-custom-fields", "retrieve_custom_fields", Nesting::Flat, lead::list_custom_fields),
    row("retrieve-account-lists", "retrieve_account_lists", Nesting::Flat, lead::list_lists),
    row("retrieve-account-pages", "retrieve_account_pages", Nesting::Flat, lead::list_pages),
    row("retrieve-account-sequences", "retrieve_account_sequences", Nesting::Flat, lead::list_sequences),
    row("retrieve-account-tags", "retrieve_account_tags", Nesting::Flat, lead::list_tags),
    row("retrieve-transactions-from-lead", "retrieve_transactions_from_lead", Nesting::Command, money::list),
    row("revoke-membership-access", "revoke_membership_access", Nesting::Flat, lead::revoke),
    row("subscribe-lead-to-list", "subscribe_lead_to_list", Nesting::Actions, lead::subscribe_list),
    row("subscribe-lead-to-sequence", "subscribe_lead_to_sequence_at_step", Nesting::Actions, lead::subscribe_sequence),
    row("unassign-tag", "unassign_tag", Nesting::Actions, lead::unassign_tag),
    row("unsubscribe-lead-from-list", "unsubscribe_lead_from_list", Nesting::Actions, lead::unsubscribe_list),
    row("unsubscribe-lead-from-sequence", "unsubscribe_lead_from_sequence", Nesting::Actions, lead::unsubscribe_sequence),
];

/// The command behind an action of Membrane's.
pub(in crate::sandbox) fn of_verb(verb: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.verb == verb)
}

/// The command with this name of Kartra's.
pub(in crate::sandbox) fn of_cmd(cmd: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.cmd == cmd)
}
