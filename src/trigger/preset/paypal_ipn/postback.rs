//! The post-back: PayPal gets a notification back to the byte, and says whether it sent it.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::event::Format;
use crate::trigger::ask::{Ask, Plain, Question, Told};
use crate::trigger::delivery::Delivery;
use crate::trigger::signature::url_secret::UrlSecret;
use crate::trigger::signature::{Need, Refusal, Scheme, Signed, Traces, reason};

const LIVE: &str = "https://ipnpb.paypal.com/cgi-bin/webscr";
const SANDBOX: &str = "https://ipnpb.sandbox.paypal.com/cgi-bin/webscr";
/// What stands before the notification in the question.
const VALIDATE: &[u8] = b"cmd=_notify-validate&";
/// The two answers.
const VERIFIED: &[u8] = b"VERIFIED";
const INVALID: &[u8] = b"INVALID";
/// The longest notification that is asked about; they are a few kilobytes long.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The scheme.
#[derive(Debug)]
pub(super) struct PostBack {
    pub(super) endpoint: Endpoint,
    /// Whose payments count; all if there is none.
    pub(super) receivers: Box<[Box<str>]>,
}

/// Who is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// PayPal itself.
    Live,
    /// Its test system.
    Sandbox,
    /// What stands in for one of them.
    At(Box<str>),
}

impl Endpoint {
    /// As `postback:` names it. `None`: that names nobody who may be asked.
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "" | "live" => Some(Self::Live),
            "sandbox" => Some(Self::Sandbox),
            url => Plain::of(url)?
                .is_safe()
                .then(|| Self::At(url.to_owned().into())),
        }
    }

    fn url(&self) -> &str {
        match self {
            Self::Live => LIVE,
            Self::Sandbox => SANDBOX,
            Self::At(url) => url,
        }
    }

    /// A test that the live system is asked about would be refused by it; what the test system vouches for is a test.
    fn check_mode(&self, is_test: bool) -> Result<(), Refusal> {
        let detail = match (self, is_test) {
            (Self::Live, true) => {
                "a notification of PayPal's sandbox (`test_ipn=1`), and the source takes real ones: `postback: sandbox` of another source \
                 takes it"
            }
            (Self::Sandbox, false) => {
                "no notification of PayPal's sandbox (it has no `test_ipn=1`), and the source takes nothing else: `postback: sandbox`"
            }
            _ => return Ok(()),
        };
        Err(Refusal::unproven(reason::TEST_MODE, detail))
    }
}

impl PostBack {
    /// Whether somebody is paid whose payments count.
    fn check_receiver(&self, body: &Value) -> Result<(), Refusal> {
        if self.receivers.is_empty() {
            return Ok(());
        }
        let field = body.get("receiver_email").and_then(Value::as_str);
        let Some(paid) = field else {
            let detail = "it does not say who was paid: it has no `receiver_email`";
            return Err(Refusal::unproven(reason::RECEIVER, detail));
        };
        let is_ours = |own: &str| own.trim().eq_ignore_ascii_case(paid.trim());
        if self.receivers.iter().any(|own| is_ours(own)) {
            return Ok(());
        }
        let detail = "somebody else was paid: its `receiver_email` is not the `receiver_email` of the source";
        Err(Refusal::unproven(reason::RECEIVER, detail))
    }

    fn checked(&self) -> String {
        let receiver = match self.receivers.len() {
            0 => "`receiver_email` of the source is not set, so whoever was paid",
            _ => "`receiver_email` is the source's",
        };
        format!("a notification of the system that is asked; {receiver}")
    }
}

impl Scheme for PostBack {
    /// All but PayPal's word. A secret in the URL counts if the source has one.
    fn verify(
        &self,
        secrets: &[SecretString],
        delivery: &Delivery<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !secrets.is_empty() {
            UrlSecret.verify(secrets, delivery, now)?;
        }
        let malformed = |detail: String| Refusal::unproven(reason::MALFORMED, detail);
        if delivery.request.body.len() > FORM_BYTES_MAX {
            let detail = format!("a notification of more than {FORM_BYTES_MAX} bytes");
            return Err(malformed(detail));
        }
        let body = delivery
            .body()
            .map_err(|wrong| malformed(wrong.to_owned()))?;
        // In another character set than UTF-8 a form reads as JSON would.
        if body.format != Format::Form && !body.is_translated {
            return Err(malformed("it is not a form".to_owned()));
        }
        let is_test = body.value.get("test_ipn").and_then(Value::as_str) == Some("1");
        self.endpoint.check_mode(is_test)?;
        self.check_receiver(&body.value)
    }

    fn question(&self, delivery: &Delivery<'_>) -> Option<Question> {
        Some(Question {
            ask: Ask::Confirm {
                url: self.endpoint.url().to_owned(),
                form: [VALIDATE, delivery.request.body].concat(),
            },
            checked: self.checked(),
        })
    }

    fn settle(
        &self,
        _delivery: &Delivery<'_>,
        _now: Timestamp,
        told: &Told<'_>,
    ) -> Result<(), Refusal> {
        match told.bytes.trim_ascii() {
            VERIFIED => Ok(()),
            INVALID => {
                let detail = "PayPal says that it did not send it, or not so: somebody else did, or something on the way changed it";
                Err(Refusal::unproven(reason::DENIED, detail))
            }
            _ => Err(Refusal::unanswered(
                "PayPal's answer was neither VERIFIED nor INVALID",
            )),
        }
    }

    fn sign(&self, secret: &SecretString, body: &[u8], now: Timestamp) -> Signed {
        UrlSecret.sign(secret, body, now)
    }

    fn traces(&self) -> Traces {
        UrlSecret.traces()
    }

    /// PayPal would not vouch for it; what stands in for PayPal on this machine may.
    fn can_sign(&self) -> bool {
        match &self.endpoint {
            Endpoint::At(url) => Plain::of(url).is_some_and(|plain| plain.is_own()),
            Endpoint::Live | Endpoint::Sandbox => false,
        }
    }

    fn needs_secret(&self) -> Need {
        Need::IfDeclared
    }
}
