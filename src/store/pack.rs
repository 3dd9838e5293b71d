//! Large bodies are kept packed (raw deflate), where that saves something.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// A body of fewer bytes is kept as it came: most of them are, and none of these costs time.
pub const PACK_BYTES_MIN: usize = 16 << 10;
/// A body of more bytes is kept as it came, and nothing that claims to have more is unpacked.
pub const UNPACKED_BYTES_MAX: usize = 64 << 20;
/// It is kept packed when at least one part in so many is saved.
const SAVES_ONE_IN: usize = 8;

/// The body packed; nothing where it is to be kept as it is.
#[must_use]
pub(super) fn pack(raw: &[u8]) -> Option<Vec<u8>> {
    if !(PACK_BYTES_MIN..=UNPACKED_BYTES_MAX).contains(&raw.len()) {
        return None;
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(raw).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() <= raw.len() - raw.len() / SAVES_ONE_IN).then_some(packed)
}

/// The body that was packed. It must have exactly so many bytes; not one more is made.
///
/// # Errors
/// It cannot be what was packed; the text says why.
pub(super) fn unpack(packed: &[u8], bytes: usize) -> Result<Vec<u8>, String> {
    if bytes > UNPACKED_BYTES_MAX {
        return Err(format!("it claims to have {bytes} bytes"));
    }
    let mut raw = Vec::with_capacity(bytes);
    let limit = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(1);
    DeflateDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut raw)
        .map_err(|error| format!("it cannot be unpacked: {error}"))?;
    match raw.len() == bytes {
        true => Ok(raw),
        false => Err(format!("it does not have the {bytes} bytes it should have")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_large_body_is_packed_where_that_saves_something_and_comes_back_whole() {
        let text = r#"{"name":"Ada Lovelace","amount":1999},"#.repeat(2_000);
        let packed = pack(text.as_bytes()).expect("text packs well");
        assert!(packed.len() * 10 < text.len(), "{}", packed.len());
        assert_eq!(unpack(&packed, text.len()).as_deref(), Ok(text.as_bytes()));
        assert_eq!(pack(&text.as_bytes()[..PACK_BYTES_MIN - 1]), None, "small");
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(100_000)
        .collect();
        assert_eq!(pack(&noise), None, "nothing would be saved");
    }

    #[test]
    fn what_unpacks_to_more_than_it_says_is_refused_without_being_made() {
        let bomb = pack(&vec![0; 32 << 20]).expect("zeros pack well");
        assert!(bomb.len() < 200_000);
        for bytes in [0, 10, 1_000] {
            assert!(unpack(&bomb, bytes).is_err_and(|why| why.contains("should have")));
        }
        assert!(unpack(&bomb, (32 << 20) + 1).is_err());
        assert!(unpack(&bomb, UNPACKED_BYTES_MAX + 1).is_err_and(|why| why.contains("claims")));
        assert!(unpack(&bomb[..bomb.len() / 2], 32 << 20).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), length in 0_usize..5_000) {
            if let Ok(raw) = unpack(&bytes, length) {
                prop_assert_eq!(raw.len(), length);
            }
        }
    }
}
