//! Shapes of signed headers that several senders share.

use super::{Hmac, Piece, Time};
use crate::trigger::settings::Around;

/// A list such as `t=1793520000,v1=…,v1=…`: the time and one or more signatures over `TIME.BODY`.
pub(crate) fn timed_list(header: &str, around: &Around, usual_tolerance_s: i64) -> Hmac {
    Hmac {
        header: header.into(),
        prefix: "v1=".into(),
        separator: Some(','),
        signed: vec![Piece::Timestamp, Piece::Text(".".into()), Piece::Body],
        time: Some(Time::Part("t=".into())),
        tolerance_s: around.tolerance_s.unwrap_or(usual_tolerance_s),
        ..Hmac::default()
    }
}

/// `v0=…` in one header and the time in another: a signature over `v0:TIME:BODY`.
pub(crate) fn versioned(header: &str, time: &str, around: &Around) -> Hmac {
    let usual = Hmac::default();
    Hmac {
        header: header.into(),
        prefix: "v0=".into(),
        signed: vec![
            Piece::Text("v0:".into()),
            Piece::Timestamp,
            Piece::Text(":".into()),
            Piece::Body,
        ],
        time: Some(Time::Header(time.into())),
        tolerance_s: around.tolerance_s.unwrap_or(usual.tolerance_s),
        ..usual
    }
}
