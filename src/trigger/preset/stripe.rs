//! Stripe: payments, invoices, subscriptions.

use serde_json::Value;

use super::{Live, People, Preset, Row, Sample, Unfolded};
use crate::trigger::signature::hmac::timed_list;
use crate::trigger::signature::{Refusal, reason};

/// How far the time of a signature may lie from ours, to either side, in seconds.
const TOLERANCE_S: i64 = 300;

/// The preset.
pub(super) static PRESET: Preset = Preset {
    name: "stripe",
    title: "Stripe",
    doc: "The secret is the endpoint's signing secret (`whsec_…`): each endpoint has its own, and another in test mode. \
          Subscription events carry no address, only the customer's id.",
    verified: "`Stripe-Signature` holds a time and one or more HMAC-SHA256 signatures over time and body, keyed with the whole secret.",
    retries: "Live: with growing gaps for up to three days. Test mode: three times within hours.",
    lost_after: "3 days",
    id: &[&["$.body.id"]],
    kind: &["$.body.type"],
    live: Live::At("$.body.livemode"),
    people: People::Rows(PEOPLE),
    events: EVENTS,
    samples: SAMPLES,
    scheme: |around| {
        Ok(Box::new(timed_list(
            "stripe-signature",
            around,
            TOLERANCE_S,
        )))
    },
    unfold: Some(unfold),
    ..Preset::NEW
};

/// What is no event, and events of the second kind: they name an object instead of holding it.
fn unfold(body: Value) -> Result<Unfolded, Refusal> {
    if body.get("type").and_then(Value::as_str).is_none() {
        let detail = "a body without a `type`: no event of Stripe's";
        return Err(Refusal::unusable(reason::BODY, detail));
    }
    let object = body.get("object").and_then(Value::as_str);
    if object == Some("v2.core.event") {
        let detail = "a thin event of Stripe's API v2: it names an object instead of holding it. \
                      Register an endpoint for snapshot events (API v1) instead";
        return Err(Refusal::unusable(reason::THIN, detail));
    }
    Ok(Unfolded::AsIs(body))
}

/// Ids under which Stripe knows a customer; expanded objects hold them one level deeper.
const CUSTOMER: &[(&str, &[&str])] = &[(
    "customer",
    &[
        "$.body.data.object.customer",
        "$.body.data.object.customer.id",
    ],
)];

/// Where the customer stands, by what the event is about.
static PEOPLE: &[Row] = &[
    Row {
        events: "checkout.session.*",
        email: &[
            "$.body.data.object.customer_details.email",
            "$.body.data.object.customer_email",
            "$.body.data.object.metadata.email",
        ],
        name: &["$.body.data.object.customer_details.name"],
        phone: &["$.body.data.object.customer_details.phone"],
        ids: CUSTOMER,
        ..Row::NONE
    },
    Row {
        events: "invoice.*",
        email: &["$.body.data.object.customer_email"],
        name: &["$.body.data.object.customer_name"],
        phone: &["$.body.data.object.customer_phone"],
        ids: CUSTOMER,
        ..Row::NONE
    },
    Row {
        events: "charge.dispute.*",
        email: &["$.body.data.object.evidence.customer_email_address"],
        name: &["$.body.data.object.evidence.customer_name"],
        ..Row::NONE
    },
    Row {
        events: "charge.*",
        email: &[
            "$.body.data.object.billing_details.email",
            "$.body.data.object.receipt_email",
            "$.body.data.object.metadata.email",
        ],
        name: &["$.body.data.object.billing_details.name"],
        phone: &["$.body.data.object.billing_details.phone"],
        ids: CUSTOMER,
        ..Row::NONE
    },
    Row {
        events: "payment_intent.*",
        email: &[
            "$.body.data.object.receipt_email",
            "$.body.data.object.metadata.email",
        ],
        ids: CUSTOMER,
        ..Row::NONE
    },
    Row {
        events: "customer.subscription.*",
        email: &["$.body.data.object.metadata.email"],
        ids: CUSTOMER,
        ..Row::NONE
    },
    // What belongs to a customer names it; only the customer itself has an address.
    Row {
        events: "customer.*.*",
        ids: CUSTOMER,
        ..Row::NONE
    },
    Row {
        events: "customer.*",
        email: &["$.body.data.object.email"],
        name: &["$.body.data.object.name"],
        phone: &["$.body.data.object.phone"],
        ids: &[("customer", &["$.body.data.object.id"])],
        ..Row::NONE
    },
    // Of nobody in particular.
    Row {
        events: "account.*",
        ..Row::NONE
    },
    Row {
        events: "balance.*",
        ..Row::NONE
    },
    Row {
        events: "coupon.*",
        ..Row::NONE
    },
    Row {
        events: "payout.*",
        ..Row::NONE
    },
    Row {
        events: "plan.*",
        ..Row::NONE
    },
    Row {
        events: "price.*",
        ..Row::NONE
    },
    Row {
        events: "product.*",
        ..Row::NONE
    },
    Row {
        events: "tax_rate.*",
        ..Row::NONE
    },
    Row {
        email: &[
            "$.body.data.object.billing_details.email",
            "$.body.data.object.customer_email",
            "$.body.data.object.metadata.email",
        ],
        name: &["$.body.data.object.billing_details.name"],
        ids: CUSTOMER,
        ..Row::NONE
    },
];

static SAMPLES: &[Sample] = &[
    Sample::json(
        "charge.refunded",
        include_str!("samples/stripe-charge.refunded.json"),
    ),
    Sample::json(
        "checkout.session.completed",
        include_str!("samples/stripe-checkout.session.completed.json"),
    ),
    Sample::json(
        "customer.subscription.deleted",
        include_str!("samples/stripe-customer.subscription.deleted.json"),
    ),
    Sample::json(
        "invoice.paid",
        include_str!("samples/stripe-invoice.paid.json"),
    ),
];

/// The types that Stripe's API v1 sends to an account's own endpoints, without those of Connect, Issuing, Treasury and Terminal.
static EVENTS: &[&str] = &[
    "account.updated",
    "balance.available",
    "billing_portal.configuration.created",
    "billing_portal.configuration.updated",
    "billing_portal.session.created",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.expired",
    "charge.failed",
    "charge.pending",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "charge.updated",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "coupon.deleted",
    "coupon.updated",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "customer.created",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.discount.updated",
    "customer.source.created",
    "customer.source.deleted",
    "customer.source.expiring",
    "customer.source.updated",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.tax_id.created",
    "customer.tax_id.deleted",
    "customer.tax_id.updated",
    "customer.updated",
    "customer_cash_balance_transaction.created",
    "entitlements.active_entitlement_summary.updated",
    "file.created",
    "identity.verification_session.canceled",
    "identity.verification_session.created",
    "identity.verification_session.processing",
    "identity.verification_session.redacted",
    "identity.verification_session.requires_input",
    "identity.verification_session.verified",
    "invoice.created",
    "invoice.deleted",
    "invoice.finalization_failed",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.overpaid",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.sent",
    "invoice.upcoming",
    "invoice.updated",
    "invoice.voided",
    "invoice.will_be_due",
    "invoice_payment.paid",
    "invoiceitem.created",
    "invoiceitem.deleted",
    "mandate.updated",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.partially_funded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_link.created",
    "payment_link.updated",
    "payment_method.attached",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "payout.canceled",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "payout.reconciliation_completed",
    "payout.updated",
    "plan.created",
    "plan.deleted",
    "plan.updated",
    "price.created",
    "price.deleted",
    "price.updated",
    "product.created",
    "product.deleted",
    "product.updated",
    "promotion_code.created",
    "promotion_code.updated",
    "quote.accepted",
    "quote.canceled",
    "quote.created",
    "quote.finalized",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "reporting.report_run.failed",
    "reporting.report_run.succeeded",
    "review.closed",
    "review.opened",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "source.canceled",
    "source.chargeable",
    "source.failed",
    "source.refund_attributes_required",
    "subscription_schedule.aborted",
    "subscription_schedule.canceled",
    "subscription_schedule.completed",
    "subscription_schedule.created",
    "subscription_schedule.expiring",
    "subscription_schedule.released",
    "subscription_schedule.updated",
    "tax_rate.created",
    "tax_rate.updated",
    "test_helpers.test_clock.advancing",
    "test_helpers.test_clock.created",
    "test_helpers.test_clock.deleted",
    "test_helpers.test_clock.internal_failure",
    "test_helpers.test_clock.ready",
    "topup.canceled",
    "topup.created",
    "topup.failed",
    "topup.reversed",
    "topup.succeeded",
];
