//! Every scheme accepts its samples, and none of them with anything broken.

use secrecy::SecretString;

use super::*;
use crate::trigger::delivery::Request;

/// A sample that can be changed.
struct Case {
    kind: &'static str,
    good: KnownGood,
    secrets: Vec<SecretString>,
    headers: Vec<(String, String)>,
    query: String,
    body: Vec<u8>,
    now: Timestamp,
}

impl Case {
    fn all() -> Vec<Self> {
        SCHEMES
            .iter()
            .flat_map(|kind| {
                (kind.samples)().into_iter().map(|good| Self {
                    kind: kind.name,
                    secrets: vec![good.secret.into()],
                    headers: good
                        .headers
                        .iter()
                        .map(|(name, value)| ((*name).into(), (*value).into()))
                        .collect(),
                    query: good.query.into(),
                    body: good.body.into(),
                    now: good.now,
                    good,
                })
            })
            .collect()
    }

    fn verify(&self) -> Result<(), Refusal> {
        let request = Request {
            query: &self.query,
            ..Request::post(&self.headers, &self.body)
        };
        let delivery = Delivery::new(&request, "");
        self.good.scheme.verify(&self.secrets, &delivery, self.now)
    }

    /// It is refused, for one of these reasons, by a sentence that shows neither secret nor proof.
    #[track_caller]
    fn refused(&self, what: &str, reasons: &[&str]) -> Refusal {
        let refusal = self
            .verify()
            .expect_err(&format!("{}: accepted with {what}", self.kind));
        assert!(
            reasons.contains(&refusal.reason),
            "{}: {what}: {refusal:?}",
            self.kind
        );
        assert_eq!(refusal.status, 401);
        assert!(!refusal.detail.contains(self.good.secret), "{refusal:?}");
        let signed = self
            .good
            .scheme
            .sign(&self.good.secret.into(), &self.body, self.now);
        for (_, value) in signed.headers.iter().filter(|(_, value)| value.len() > 10) {
            assert!(!refusal.detail.contains(value), "{refusal:?}");
        }
        refusal
    }
}

/// The text with one character changed for another of its kind.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'0' => b'1',
        b'9' => b'8',
        b'a' | b'A' => bytes[at] + 1,
        byte if byte.is_ascii_alphanumeric() => byte - 1,
        byte => byte ^ 1,
    };
    String::from_utf8(bytes).expect("still text")
}

#[test]
fn the_lists_are_sorted_and_every_reason_is_listed_once() {
    assert!(SCHEMES.is_sorted_by_key(|kind| kind.name));
    assert!(REASONS.is_sorted_by(|one, next| one.0 < next.0));
    for kind in SCHEMES {
        assert!(
            !kind.doc.is_empty() && !(kind.samples)().is_empty(),
            "{}",
            kind.name
        );
    }
}

#[test]
fn every_sample_is_accepted_with_any_of_several_secrets() {
    for mut case in Case::all() {
        case.verify().expect(case.kind);
        case.secrets.insert(0, "another-secret".into());
        case.secrets.push("third:secret".into());
        case.verify().expect(case.kind);
    }
}

#[test]
fn every_scheme_accepts_what_it_signs_and_nobody_else_does() {
    for mut case in Case::all() {
        let signed = case
            .good
            .scheme
            .sign(&case.secrets[0], &case.body, case.now);
        case.headers.retain(|(name, _)| name == "content-type");
        case.headers.extend(signed.headers);
        case.query = signed.query.unwrap_or_default();
        case.body = signed.body.unwrap_or(case.body);
        case.verify().expect(case.kind);
        if case.good.proof != Proof::Absent {
            case.secrets = vec!["whsec_c29tZWJvZHkgZWxzZQ==".into()];
            case.refused("another's secret", &[reason::SIGNATURE, reason::SECRET]);
        }
    }
}

#[test]
fn one_changed_byte_of_a_signed_body_is_refused() {
    for mut case in Case::all() {
        if !matches!(case.good.proof, Proof::Signature(_)) {
            continue;
        }
        for at in 0..case.body.len() {
            case.body[at] ^= 1;
            case.refused("a changed byte", &[reason::SIGNATURE]);
            case.body[at] ^= 1;
        }
        case.body.push(b'\n');
        case.refused("a byte more", &[reason::SIGNATURE]);
        case.body.clear();
        case.refused("no body", &[reason::SIGNATURE]);
    }
}

#[test]
fn one_changed_character_of_the_proof_is_refused() {
    let reasons = [
        reason::SIGNATURE,
        reason::SECRET,
        reason::MALFORMED,
        reason::SCHEME,
        reason::MISSING,
    ];
    for mut case in Case::all() {
        match case.good.proof {
            Proof::Signature(name) | Proof::Token(name) => {
                let index = case.headers.iter().position(|(known, _)| known == name);
                let index = index.expect("the sample has its header");
                let value = case.headers[index].1.clone();
                // The last signature of a list is the right one. The last character of base64 may hold bits that say nothing.
                let start = value.rfind([' ', ',']).map_or(0, |at| at + 1);
                for at in start..value.trim_end_matches('=').len() - 1 {
                    case.headers[index].1 = flipped(&value, at);
                    case.refused(&format!("`{}`", case.headers[index].1), &reasons);
                }
                case.headers[index].1 = value[..value.len() - 4].into();
                case.refused("a shorter proof", &reasons);
                case.headers[index].1 = String::new();
                case.refused("an empty proof", &reasons);
            }
            Proof::Query => {
                case.query = case.query.replace("s3cr3t", "s3cr4t");
                case.refused("another secret", &reasons);
            }
            Proof::Field(_) => {
                let text = String::from_utf8_lossy(&case.body).replace("TC7", "TC8");
                case.body = text.into_bytes();
                case.refused("another secret", &reasons);
            }
            Proof::Absent => {}
        }
    }
}

#[test]
fn a_changed_secret_is_refused() {
    for mut case in Case::all() {
        if case.good.proof == Proof::Absent {
            continue;
        }
        // The last character of a base64 secret may hold bits that say nothing.
        for at in 0..case.good.secret.trim_end_matches('=').len() - 1 {
            case.secrets = vec![flipped(case.good.secret, at).into()];
            if case
                .good
                .scheme
                .complaint(&flipped(case.good.secret, at))
                .is_some()
            {
                continue;
            }
            case.refused("a changed secret", &[reason::SIGNATURE, reason::SECRET]);
        }
        case.secrets.clear();
        case.refused("no secret", &[reason::SIGNATURE, reason::SECRET]);
    }
}

#[test]
fn a_missing_header_is_refused_by_its_name() {
    for mut case in Case::all() {
        let headers = case.headers.clone();
        for (name, _) in &headers {
            if name == "content-type" {
                continue;
            }
            case.headers = headers.clone();
            case.headers.retain(|(known, _)| known != name);
            let refusal = case.refused("a header missing", &[reason::MISSING]);
            assert!(refusal.detail.contains(&format!("`{name}`")), "{refusal:?}");
        }
        case.headers.clear();
        match case.good.proof {
            Proof::Query => {
                case.query = "from=shop".into();
                case.refused("no secret in the URL", &[reason::MISSING]);
            }
            Proof::Field(name) => {
                case.body = b"{}".to_vec();
                let refusal = case.refused("no field", &[reason::MISSING]);
                assert!(refusal.detail.contains(name), "{refusal:?}");
                case.body = b"{".to_vec();
                case.refused("a broken body", &[reason::MISSING]);
            }
            _ => {}
        }
    }
}

#[test]
fn a_time_too_far_to_either_side_is_refused_and_the_operator_hears_by_how_much() {
    let mut timed = 0;
    for mut case in Case::all() {
        let (now, Some(allowed)) = (case.now, case.good.tolerance_s) else {
            continue;
        };
        timed += 1;
        let at = |case: &mut Case, seconds: i64| {
            case.now = Timestamp::from_second(now.as_second() + seconds).expect("a time");
        };
        for edge in [allowed, -allowed] {
            at(&mut case, edge);
            case.verify().expect("at the edge");
        }
        at(&mut case, allowed + 1);
        let refusal = case.refused("an old time", &[reason::STALE]);
        assert!(
            refusal.detail.contains(&format!("{} s old", allowed + 1)),
            "{refusal:?}"
        );
        at(&mut case, -allowed - 100);
        let refusal = case.refused("a future time", &[reason::FUTURE]);
        assert!(
            refusal
                .detail
                .contains(&format!("{} s ahead", allowed + 100)),
            "{refusal:?}"
        );
    }
    assert_eq!(timed, 2, "samples with a time");
}

#[test]
fn a_list_without_a_known_kind_of_signature_is_refused() {
    for mut case in Case::all() {
        let Proof::Signature(name) = case.good.proof else {
            continue;
        };
        for (known, value) in &mut case.headers {
            if known == name {
                *value = "t=1793520000,v0=00,v9=00".into();
            }
        }
        case.refused("unknown kinds only", &[reason::SCHEME, reason::MALFORMED]);
    }
}
