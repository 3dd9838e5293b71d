//! Transactions and subscriptions: what was sold, paid back and ended.

use std::fmt::{Display, Formatter, Result as Written};
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Account, Lead, eastern};

/// An amount in hundredths. Kartra names no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cents(pub i64);

impl Display for Cents {
    fn fmt(&self, out: &mut Formatter<'_>) -> Written {
        write!(out, "{}.{:02}", self.0 / 100, (self.0 % 100).abs())
    }
}

impl Cents {
    /// The amount as a JSON number with two decimals.
    pub(super) fn number(self) -> Value {
        serde_json::Number::from_str(&self.to_string()).map_or(Value::Null, Value::Number)
    }

    /// Reads a plain decimal number, such as `49`, `49.5` or `49.50`; hundredths are the smallest part.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let part = part.trim_end_matches('0');
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 2 {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let part: i64 = format!("{part:0<2}").parse().ok()?;
        Some(Self(whole.checked_mul(100)?.checked_add(part)?))
    }
}

/// What kind of transaction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionKind {
    /// A first payment.
    Sale,
    /// A further payment of a subscription.
    Rebill,
    /// A sale paid back in one.
    Refund,
    /// A part of a sale paid back.
    PartialRefund,
    /// The end of a subscription.
    Cancellation,
}

impl TransactionKind {
    /// Kartra's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Rebill => "rebill",
            Self::Refund => "refund",
            Self::PartialRefund => "partial_refund",
            Self::Cancellation => "cancellation",
        }
    }

    /// Whether money came in, which is what can be paid back.
    pub(super) fn is_payment(self) -> bool {
        matches!(self, Self::Sale | Self::Rebill)
    }
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Kartra's number.
    pub id: u64,
    /// The number of the lead.
    pub lead: u64,
    /// What it is.
    pub kind: TransactionKind,
    /// How much.
    pub amount: Cents,
    /// How much of it was paid back.
    pub refunded: Cents,
    /// The number of the sale it belongs to; 0 for a sale.
    pub parent: u64,
    /// When.
    pub at: Timestamp,
    /// What was sold.
    pub product: String,
    /// The number of the subscription it belongs to.
    pub subscription: Option<u64>,
}

/// A recurring payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Kartra's number (`transaction_internal_subscription_id`).
    pub id: u64,
    /// The payment gateway's (`transaction_subscription_id`).
    pub gateway_id: String,
    /// The sale that began it.
    pub sale: u64,
    /// Ended.
    pub cancelled: bool,
}

/// Something to be sold: for tests and for the account of the examples.
#[derive(Debug, Clone, Copy)]
pub struct Sale<'a> {
    /// Who buys; made when there is no such lead.
    pub email: &'a str,
    /// What.
    pub product: &'a str,
    /// For how much.
    pub amount: Cents,
    /// Whether it begins a subscription.
    pub recurring: bool,
}

impl Account {
    /// Adds a sale; gives the number of the transaction, and of the subscription when there is one.
    pub fn add_sale(&mut self, sale: &Sale<'_>, now: Timestamp) -> (u64, Option<u64>) {
        let id = self.number();
        let subscription = sale.recurring.then(|| self.number());
        self.add_numbered_sale(sale, id, subscription, now);
        (id, subscription)
    }

    /// The same, with numbers that are given.
    pub(super) fn add_numbered_sale(
        &mut self,
        sale: &Sale<'_>,
        id: u64,
        subscription: Option<u64>,
        now: Timestamp,
    ) {
        let lead = self.ensure_lead(sale.email, now);
        self.add_transaction(Transaction {
            id,
            lead,
            kind: TransactionKind::Sale,
            amount: sale.amount,
            refunded: Cents(0),
            parent: 0,
            at: now,
            product: sale.product.to_owned(),
            subscription,
        });
        if let Some(number) = subscription {
            self.subscriptions.insert(
                number,
                Subscription {
                    id: number,
                    gateway_id: format!("I-EV{number:010}"),
                    sale: id,
                    cancelled: false,
                },
            );
        }
    }

    /// Adds a row that belongs to another transaction.
    pub(super) fn add_row(
        &mut self,
        of: &Transaction,
        kind: TransactionKind,
        amount: Cents,
        now: Timestamp,
    ) {
        let id = self.number();
        self.add_transaction(Transaction {
            id,
            kind,
            amount,
            refunded: Cents(0),
            parent: of.id,
            at: now,
            ..of.clone()
        });
    }

    fn add_transaction(&mut self, transaction: Transaction) {
        if let Some(lead) = self.lead_mut(transaction.lead) {
            lead.transactions.push(transaction.id);
        }
        self.transactions.insert(transaction.id, transaction);
    }

    /// A transaction, by its number.
    #[must_use]
    pub fn transaction(&self, id: u64) -> Option<&Transaction> {
        self.transactions.get(&id)
    }

    /// A subscription, by Kartra's number.
    #[must_use]
    pub fn subscription(&self, id: u64) -> Option<&Subscription> {
        self.subscriptions.get(&id)
    }

    /// A lead's transactions, oldest first.
    pub fn transactions_of<'a>(&'a self, lead: &'a Lead) -> impl Iterator<Item = &'a Transaction> {
        lead.transactions
            .iter()
            .filter_map(|id| self.transaction(*id))
    }

    pub(super) fn transaction_mut(&mut self, id: u64) -> Option<&mut Transaction> {
        self.transactions.get_mut(&id)
    }

    pub(super) fn subscription_mut(&mut self, id: u64) -> Option<&mut Subscription> {
        self.subscriptions.get_mut(&id)
    }

    /// A lead's transactions as Kartra lists them: without amounts.
    pub(super) fn show_transactions(&self, lead: &Lead) -> Value {
        let show = |row: &Transaction| {
            json!({
                "transaction_id": row.id.to_string(),
                "lead_id": lead.id.to_string(),
                "lead_email": lead.email,
                "transaction_type": row.kind.word(),
            })
        };
        self.transactions_of(lead).map(show).collect()
    }

    /// One transaction as `get_transaction_details` shows it.
    pub(super) fn show_transaction(&self, row: &Transaction) -> Value {
        let lead = self.leads.get(&row.lead);
        let field = |name: &str| lead.map_or("", |lead| lead.field(name));
        let mut shown = json!({
            "transaction_id": row.id.to_string(),
            "lead_first_name": field("first_name"),
            "lead_last_name": field("last_name"),
            "lead_email": lead.map_or("", |lead| lead.email.as_str()),
            "lead_id": row.lead.to_string(),
            "lead_country": field("country"),
            "lead_state": field("state"),
            "lead_phone_country_code": field("phone_country_code"),
            "lead_phone_number": field("phone"),
            "lead_address": field("address"),
            "lead_city": field("city"),
            "lead_zip": field("zip"),
            "product_name": row.product,
            "product_id": "1",
            "product_price_point": "1",
            "transaction_full_amount": row.amount.number(),
            "transaction_quantity": "1",
            "transaction_affiliate": "",
            "transaction_jv": "",
            "transaction_date": eastern(row.at),
            "transaction_type": row.kind.word(),
            "transaction_parent_id": row.parent.to_string(),
        });
        if let Some(subscription) = row.subscription.and_then(|id| self.subscription(id)) {
            shown["transaction_subscription_id"] = subscription.gateway_id.clone().into();
            shown["transaction_internal_subscription_id"] = subscription.id.to_string().into();
            shown["transaction_subscription_status"] =
                json!(["Active", "Cancelled"][usize::from(subscription.cancelled)]);
        }
        shown
    }
}
