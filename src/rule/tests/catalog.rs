//! A catalogue of a few actions, with fields of every type.

use crate::action::{
    ActionSpec, Catalog, Claim, Effects, Evidence, Field, FieldType, Look, Outcome, Priority,
    Safety,
};

const fn field(name: &'static str, kind: FieldType, required: bool) -> Field {
    Field {
        name,
        kind,
        required,
        doc: "A field.",
    }
}

const fn action(key: &'static str, fields: &'static [Field]) -> ActionSpec {
    ActionSpec {
        key,
        doc: "An action.",
        effects: Effects::Write,
        safety: Safety::Safe,
        priority: Priority::Normal,
        fields,
    }
}

const EMAIL: Field = field("email", FieldType::Text, true);
const ID: Field = field("id", FieldType::Any, false);

const ACTIONS: &[ActionSpec] = &[
    action(
        "assign-tag",
        &[EMAIL, ID, field("tag_name", FieldType::Text, true)],
    ),
    action(
        "create-lead",
        &[
            EMAIL,
            field("first_name", FieldType::Text, false),
            field("custom_fields", FieldType::Structure, false),
        ],
    ),
    action(
        "edit-lead",
        &[
            EMAIL,
            ID,
            field("zip", FieldType::Text, false),
            field("phone", FieldType::Text, false),
            field("custom_fields", FieldType::Structure, false),
        ],
    ),
    action("get-lead", &[EMAIL, ID]),
    action(
        "grant-membership-access",
        &[
            EMAIL,
            ID,
            field("membership_name", FieldType::Text, true),
            field("level_name", FieldType::Text, true),
        ],
    ),
    action(
        "refund-transaction",
        &[
            field("transaction_id", FieldType::Integer, true),
            field("refund_amount", FieldType::Number, false),
        ],
    ),
    action("retrieve-account-tags", &[]),
    action(
        "subscribe-lead-to-sequence",
        &[
            EMAIL,
            ID,
            field("sequence_name", FieldType::Text, true),
            field("step", FieldType::Any, true),
        ],
    ),
];

/// The catalogue of these tests.
pub(in crate::rule) fn catalog() -> Catalog {
    Catalog {
        actions: ACTIONS,
        read_output: |_, _, output| Outcome::done(output),
        look_back: |_, _, _| Look::Found(Evidence::Unclear(String::new())),
        trace: |_, _| None,
        traces_of: |_, _| Vec::new(),
        reports: |_, _| Vec::new(),
        prove: |_, _| Claim::True,
        refuse: |_, _| None,
        missing_name: |_, _, _| None,
    }
}
