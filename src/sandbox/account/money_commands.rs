//! Kartra's commands about money: look, pay back, end a subscription.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::Account;
use super::answer::Answer;
use super::command::Fields;
use super::money::{Cents, TransactionKind};
use crate::clock;

/// How long after a payment it can be paid back.
const REFUND_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

pub(super) fn list(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    match account.find(fields, 243).map(|lead| lead.clone()) {
        Ok(lead) => {
            Answer::success(json!({ "transaction_list": account.show_transactions(&lead) }))
        }
        Err(number) => Answer::error(number),
    }
}

pub(super) fn details(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let id = fields.number("transaction_id");
    match id.and_then(|id| account.transaction(id)) {
        Some(row) => {
            Answer::success(json!({ "transaction_details": account.show_transaction(row) }))
        }
        None => Answer::error(247),
    }
}

/// Pays a transaction back: what is left of it when no amount is given, or a blank one.
pub(super) fn refund(account: &mut Account, fields: &Fields<'_>, now: Timestamp) -> Answer {
    let id = fields.number("transaction_id");
    let Some(row) = id.and_then(|id| account.transaction_mut(id)) else {
        return Answer::error(247);
    };
    if !row.kind.is_payment() {
        return Answer::error(253);
    }
    let left = Cents(row.amount.0 - row.refunded.0);
    if left.0 <= 0 {
        return Answer::error(251);
    }
    if clock::between(row.at, now) > REFUND_PERIOD {
        return Answer::error(250);
    }
    let amount = match fields.filled("refund_amount") {
        None => Some(left),
        Some(text) => Cents::read(&text).filter(|amount| amount.0 > 0 && *amount <= left),
    };
    let Some(amount) = amount else {
        return Answer::error(268);
    };
    row.refunded.0 += amount.0;
    let kind = if amount == row.amount {
        TransactionKind::Refund
    } else {
        TransactionKind::PartialRefund
    };
    let sale = row.clone();
    account.add_row(&sale, kind, amount, now);
    Answer::success(json!({ "transaction_refunded": sale.id.to_string() })).with_change(true)
}

/// Ends the subscription that a transaction belongs to, or the one that is named itself.
pub(super) fn cancel(account: &mut Account, fields: &Fields<'_>, now: Timestamp) -> Answer {
    let id = if fields.filled("transaction_id").is_some() {
        let row = fields
            .number("transaction_id")
            .and_then(|id| account.transaction(id));
        match row {
            None => return Answer::error(248),
            Some(row) if !row.kind.is_payment() => return Answer::error(253),
            Some(row) => match row.subscription {
                None => return Answer::error(249),
                subscription => subscription,
            },
        }
    } else {
        fields.number("transaction_internal_subscription_id")
    };
    let Some(subscription) = id.and_then(|id| account.subscription_mut(id)) else {
        return Answer::error(248);
    };
    if subscription.cancelled {
        return Answer::error(252);
    }
    subscription.cancelled = true;
    let subscription = subscription.clone();
    if let Some(sale) = account.transaction(subscription.sale).cloned() {
        account.add_row(&sale, TransactionKind::Cancellation, Cents(0), now);
    }
    Answer::success(json!({
        "transaction_subscription_id": subscription.gateway_id,
        "transaction_internal_subscription_id": subscription.id.to_string(),
    }))
    .with_change(true)
}
