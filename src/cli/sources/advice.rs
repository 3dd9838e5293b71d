//! What an operator does about a refusal, reason by reason.

use crate::trigger::Source;

/// What to do. `None` for a word that is no reason.
pub(super) fn advice(reason: &str, source: &Source) -> Option<&'static str> {
    Some(match reason {
        "address" => {
            "Add the address to `allow_from`, if it is the sender's. Behind a proxy, name the proxy in `trusted_proxies`, so that the sender's own address counts."
        }
        "body" => {
            "The sender is who it says. See what it sends: another format than this source's preset expects, or something that broke on the way."
        }
        "certificate" => {
            "Compare the address in `paypal-cert-url` with what PayPal documents. If the certificate is PayPal's and only who vouches for it is not known here, name it in `certificate: file:PATH`."
        }
        "denied" => {
            "Somebody else sent it, or something on the way changes the body. A notification of the sandbox needs a source with `postback: sandbox`."
        }
        "encoding" => {
            "Switch compression off at the sender, or let the proxy before Kartwheel unpack the body."
        }
        "future" => {
            "Set this machine's clock (NTP). If the sender's clock is wrong, `tolerance:` of the source allows more."
        }
        "malformed" => {
            "Compare the header with what the sender documents. A proxy may have changed it, or another sender posts to this URL."
        }
        "method" => "Let the sender POST.",
        "missing" => match source.preset() {
            Some(_) => {
                "Set a signing secret at the sender, if it signs only then; see that no proxy takes the header away, and that this sender and no other was given the URL."
            }
            None => {
                "See that the source's `verify` names the header or field that the sender uses, and that no proxy takes it away."
            }
        },
        "no_secret" => {
            "Set the variable in .env or the environment, then restart the daemon. kartwheel check names it."
        }
        "query" => "See what stands after `?` in the URL that the sender was given.",
        "receiver" => {
            "If the payment is yours, add its `receiver_email` to that of the source: the primary address of the account, not an alias."
        }
        "scheme" => {
            "The sender signs in a way that this source does not accept. Compare its documentation with `kartwheel sources show`."
        }
        "secret" => {
            "Copy the secret again: from kartwheel.yaml's variable to the sender, or the other way round."
        }
        "signature" if !source.can_sign() => {
            "Compare the key, certificate or id that kartwheel.yaml names with what the sender shows for this very webhook. If they are right, something on the way changes the body."
        }
        "signature" => {
            "Copy the signing secret of this very webhook again: test and live mode, and every endpoint, have their own. If it is right, something on the way changes the body: a proxy, or a tool that writes JSON anew."
        }
        "stale" => {
            "If it was captured a while ago, try it as of when it was signed, with --at. If it came just now, set this machine's clock (NTP)."
        }
        "test_mode" => "Give the sandbox the URL of a source of its own, with `postback: sandbox`.",
        "thin" => "Choose the sender's events that hold their content.",
        "unanswered" => {
            "See that this machine can reach the sender over https. The sender sends it again by itself; `sources try --ask` asks now."
        }
        "too_large" => "Let the sender leave out what rules do not need.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Source as File;
    use crate::trigger::{Home, REASONS};
    use crate::yaml;

    #[test]
    fn there_is_something_to_do_about_every_refusal() {
        for entry in [
            "preset: stripe\nsecret: env:S",
            "verify: bearer\nsecret: env:S",
        ] {
            let file = File::new("kartwheel.yaml", entry);
            let mut problems = Vec::new();
            let node = yaml::parse(&file, &mut problems).remove(0);
            let home = Home::of(&|_| Some("secret".to_owned()));
            let source = Source::parse("x", &node, &file, &home, &mut problems).expect(entry);
            for (reason, _) in REASONS {
                assert!(advice(reason, &source).is_some(), "{reason}");
            }
            assert_eq!(advice("whim", &source), None);
        }
    }
}
