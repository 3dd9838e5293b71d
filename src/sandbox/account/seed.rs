//! The account that the examples and the demo use.

use jiff::Timestamp;

use super::{Account, Cents, FieldKind, Sale};

const TAGS: &[&str] = &[
    "buyer",
    "buyer: Signature Course",
    "buyer: Signature Course Annual",
    "onboarded",
    "refunded",
    "lead: newsletter",
    "vip",
    "churned",
    "webinar: registered",
    "newsletter",
    "applicant",
    "cancelled",
];
const LISTS: &[&str] = &["Newsletter", "Buyers", "Applicants", "Webinar"];
const SEQUENCES: &[(&str, u32)] = &[("Welcome", 3), ("Nudge", 3), ("Applicants", 2)];
const MEMBERSHIPS: &[(&str, &[&str])] = &[
    ("Signature Course", &["Full", "Gold"]),
    ("Signature Course Annual", &["Full"]),
    ("Academy", &["Silver", "Gold"]),
];
const PAGES: &[&str] = &["Home", "Checkout"];
/// The only lead at the start, with one sale that began a subscription.
const BUYER: Sale<'_> = Sale {
    email: "grace.hopper@example.com",
    product: "Signature Course",
    amount: Cents(29_700),
    recurring: true,
};
const SALE: u64 = 792_354;
const SUBSCRIPTION: u64 = 14_833;

pub(super) fn account(now: Timestamp) -> Account {
    let mut account = Account::empty();
    for tag in TAGS {
        account.add_tag(tag);
    }
    for list in LISTS {
        account.add_list(list);
    }
    for (sequence, steps) in SEQUENCES {
        account.add_sequence(sequence, *steps);
    }
    for (membership, levels) in MEMBERSHIPS {
        account.add_membership(membership, levels);
    }
    account.pages = PAGES.iter().map(|page| (*page).to_owned()).collect();
    account.add_custom_field("company", FieldKind::InputField, &[]);
    account.add_custom_field("plan", FieldKind::DropDown, &["Basic", "Pro"]);
    account.add_custom_field(
        "tracks",
        FieldKind::Checkbox,
        &["Writing", "Video", "Sound"],
    );
    account.add_numbered_sale(&BUYER, SALE, Some(SUBSCRIPTION), now);
    let buyer = account.ensure_lead(BUYER.email, now);
    if let Some(lead) = account.lead_mut(buyer) {
        lead.fields.insert("first_name", "Grace".to_owned());
        lead.fields.insert("last_name", "Hopper".to_owned());
    }
    account
}
