//! Tag: the output of a keyed hash, as bytes of known length.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{KeyInit, Mac};
use subtle::ConstantTimeEq;

use super::Encoding;

/// Longest tag: that of SHA-512.
const TAG_BYTES_MAX: usize = 64;

/// Base64 with or without its padding.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The output of a keyed hash.
pub(crate) struct Tag {
    bytes: [u8; TAG_BYTES_MAX],
    length: usize,
}

impl Tag {
    /// The tag of these pieces, one after the other.
    pub(super) fn of<'p, M: KeyInit + Mac>(
        key: &[u8],
        pieces: impl Iterator<Item = &'p [u8]>,
    ) -> Option<Self> {
        let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
        for piece in pieces {
            mac.update(piece);
        }
        Self::new(&mac.finalize().into_bytes())
    }

    /// The tag that a text stands for, if it is one.
    pub(crate) fn decode(encoding: Encoding, text: &str) -> Option<Self> {
        let mut tag = Self {
            bytes: [0; TAG_BYTES_MAX],
            length: 0,
        };
        tag.length = match encoding {
            Encoding::Hex => {
                let length = text.len() / 2;
                hex::decode_to_slice(text, tag.bytes.get_mut(..length)?).ok()?;
                length
            }
            Encoding::Base64 => LENIENT.decode_slice(text, &mut tag.bytes).ok()?,
        };
        (tag.length > 0).then_some(tag)
    }

    fn new(bytes: &[u8]) -> Option<Self> {
        let mut tag = Self {
            bytes: [0; TAG_BYTES_MAX],
            length: bytes.len(),
        };
        tag.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(tag)
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Compares in time that does not tell how much is equal.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        self.bytes().ct_eq(other.bytes()).into()
    }
}
