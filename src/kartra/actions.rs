//! The table of Kartra's actions: key, fields, what they do, and whether a repeat is safe.
//!
//! Keys are those of Membrane's published Kartra skill. Field names are Kartra's own (its inbound API); that Membrane's
//! input schemas use the same ones is inferred, so a synced schema wins over this table. Grant and revoke have no
//! documented command in Kartra's API: an account's connection may lack them.
//!
//! To add an action: one row here, in the order of keys.

use crate::action::{ActionSpec, Effects, Field, FieldType, Priority, Safety};

const fn field(name: &'static str, kind: FieldType, required: bool, doc: &'static str) -> Field {
    Field {
        name,
        kind,
        required,
        doc,
    }
}

const fn text(name: &'static str, doc: &'static str) -> Field {
    field(name, FieldType::Text, false, doc)
}

const EMAIL: Field = field(
    "email",
    FieldType::Text,
    true,
    "The lead's e-mail address; `id` will do instead.",
);
const ID: Field = field(
    "id",
    FieldType::Any,
    false,
    "The lead's number; wins over `email` when both are given.",
);
const TAG: Field = field(
    "tag_name",
    FieldType::Text,
    true,
    "The tag's name, exactly as in the account.",
);
const LIST: Field = field(
    "list_name",
    FieldType::Text,
    true,
    "The list's name, exactly as in the account.",
);
const SEQUENCE: Field = field(
    "sequence_name",
    FieldType::Text,
    true,
    "The sequence's name, exactly as in the account.",
);
const STEP: Field = field(
    "step",
    FieldType::Any,
    true,
    "The number of the sequence's box to start at, such as 1.",
);
const MEMBERSHIP: Field = field(
    "membership_name",
    FieldType::Text,
    true,
    "The membership's name, exactly as in the account.",
);
const LEVEL: Field = field(
    "level_name",
    FieldType::Text,
    true,
    "The access level's name.",
);
const LEVEL_OPTIONAL: Field = text(
    "level_name",
    "The access level's name; all levels when absent.",
);
const TRANSACTION: Field = field(
    "transaction_id",
    FieldType::Integer,
    true,
    "The transaction's number.",
);
const TRANSACTION_OR_NONE: Field = field(
    "transaction_id",
    FieldType::Integer,
    true,
    "The transaction's number; `transaction_internal_subscription_id` will do instead.",
);
const SUBSCRIPTION: Field = field(
    "transaction_internal_subscription_id",
    FieldType::Integer,
    false,
    "Kartra's own number of the subscription.",
);
const AMOUNT: Field = field(
    "refund_amount",
    FieldType::Number,
    false,
    "How much, 0.01 or more, in the transaction's currency.",
);

/// These, then what a lead can have, by Kartra's names.
macro_rules! lead_fields {
    ($($first:expr),+) => {
        &[
            $($first,)+
            text("first_name", "Given name."),
            text("middle_name", "Middle name."),
            text("last_name", "Family name."),
            text("last_name2", "Second family name."),
            text("phone", "Phone number without the country code."),
            text("phone_country_code", "Country code of the phone number."),
            text("ip", "Address the lead came from."),
            text("address", "Street and number."),
            text("zip", "Postal code."),
            text("city", "City."),
            text("state", "State or province."),
            text("country", "Country."),
            text("company", "Company."),
            text("lead_picture", "Link to a picture."),
            text("website", "Link."),
            text("facebook", "Link."),
            text("twitter", "Link."),
            text("linkedin", "Link."),
            text("lead_preferred_time_zone", "Time zone."),
            text("sales_tax_id", "Tax number."),
            text("notes", "Notes."),
            field(
                "business_type",
                FieldType::Number,
                false,
                "Kartra's number of the kind of business.",
            ),
            field(
                "custom_fields",
                FieldType::Structure,
                false,
                "A list of `{ field_identifier, field_value }`; an unknown identifier is ignored by Kartra.",
            ),
        ]
    };
}

const LEAD: &[Field] = lead_fields![field(
    "email",
    FieldType::Text,
    true,
    "The lead's e-mail address."
)];
const LEAD_EDIT: &[Field] = lead_fields![
    EMAIL,
    ID,
    text("new_email", "The address the lead shall have from now on.")
];

/// All actions, sorted by key.
pub const ACTIONS: &[ActionSpec] = &[
    ActionSpec {
        key: "assign-tag",
        doc: "Gives a lead a tag that exists in the account.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, TAG],
    },
    ActionSpec {
        key: "cancel-subscription",
        doc: "Ends a recurring subscription; access is revoked only where the membership is linked to the product.",
        effects: Effects::Money,
        safety: Safety::Noticeable,
        priority: Priority::High,
        fields: &[TRANSACTION_OR_NONE, SUBSCRIPTION],
    },
    ActionSpec {
        key: "create-lead",
        doc: "Makes a lead. One that exists is an error of Kartra's; use `ensure-lead` where it may.",
        effects: Effects::Write,
        safety: Safety::Noticeable,
        priority: Priority::Normal,
        fields: LEAD,
    },
    ActionSpec {
        key: "edit-lead",
        doc: "Changes fields of a lead; only those that are sent.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: LEAD_EDIT,
    },
    ActionSpec {
        key: "get-lead",
        doc: "Reads a lead with its tags, lists, sequences and memberships.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID],
    },
    ActionSpec {
        key: "get-transaction-details",
        doc: "Reads one transaction.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[TRANSACTION],
    },
    ActionSpec {
        key: "grant-membership-access",
        doc: "Gives a lead access to a level of a membership.",
        effects: Effects::Write,
        safety: Safety::Noticeable,
        priority: Priority::High,
        fields: &[EMAIL, ID, MEMBERSHIP, LEVEL],
    },
    ActionSpec {
        key: "refund-transaction",
        doc: "Pays money back. Needs its amount, or `full: true` beside the verb.",
        effects: Effects::Money,
        safety: Safety::Never,
        priority: Priority::High,
        fields: &[TRANSACTION, AMOUNT],
    },
    ActionSpec {
        key: "retrieve-account-custom-fields",
        doc: "Lists the account's custom fields.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[],
    },
    ActionSpec {
        key: "retrieve-account-lists",
        doc: "Lists the account's lists.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[],
    },
    ActionSpec {
        key: "retrieve-account-pages",
        doc: "Lists the account's pages.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[],
    },
    ActionSpec {
        key: "retrieve-account-sequences",
        doc: "Lists the account's sequences.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[],
    },
    ActionSpec {
        key: "retrieve-account-tags",
        doc: "Lists the account's tags.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[],
    },
    ActionSpec {
        key: "retrieve-transactions-from-lead",
        doc: "Lists a lead's transactions, without amounts.",
        effects: Effects::Read,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID],
    },
    ActionSpec {
        key: "revoke-membership-access",
        doc: "Takes access to a membership, or to one level of it, away from a lead.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::High,
        fields: &[EMAIL, ID, MEMBERSHIP, LEVEL_OPTIONAL],
    },
    ActionSpec {
        key: "subscribe-lead-to-list",
        doc: "Puts a lead on a list.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, LIST],
    },
    ActionSpec {
        key: "subscribe-lead-to-sequence",
        doc: "Starts an e-mail sequence for a lead at a step.",
        effects: Effects::Write,
        safety: Safety::Noticeable,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, SEQUENCE, STEP],
    },
    ActionSpec {
        key: "unassign-tag",
        doc: "Takes a tag away from a lead.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, TAG],
    },
    ActionSpec {
        key: "unsubscribe-lead-from-list",
        doc: "Takes a lead off a list.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, LIST],
    },
    ActionSpec {
        key: "unsubscribe-lead-from-sequence",
        doc: "Stops an e-mail sequence for a lead.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields: &[EMAIL, ID, SEQUENCE],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_actions_sorted_by_key() {
        assert_eq!(ACTIONS.len(), 20);
        assert!(ACTIONS.is_sorted_by_key(|action| action.key));
    }

    #[test]
    fn only_the_refund_is_never_repeated_and_every_read_is_safe() {
        let never: Vec<_> = ACTIONS
            .iter()
            .filter(|action| action.safety == Safety::Never)
            .map(|action| action.key)
            .collect();
        assert_eq!(never, ["refund-transaction"]);
        assert!(
            ACTIONS
                .iter()
                .filter(|action| action.effects == Effects::Read)
                .all(|action| action.safety == Safety::Safe)
        );
    }
}
