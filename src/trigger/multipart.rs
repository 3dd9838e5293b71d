//! Multipart bodies (`multipart/form-data`), to the same nested values as a form.
//!
//! A part without a file name is a text. A file is left out but for what is known of it: `{"filename", "content_type", "bytes"}`.

use std::convert::Infallible;

use futures_util::FutureExt as _;
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::form;

/// Most parts of a body.
const PARTS_MAX: usize = 1_000;

/// Decodes a body of this content type. An error says what is wrong, without the content.
pub(super) fn decode(content_type: &str, raw: &[u8]) -> Result<Value, String> {
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| "a multipart body whose type names no boundary")?;
    let whole = stream::iter([Ok::<_, Infallible>(raw.to_vec())]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut root = Value::Object(Map::new());
    let mut count = 0;
    while let Some(part) = at_once(parts.next_field())? {
        count += 1;
        if count > PARTS_MAX {
            return Err(format!("a multipart body of more than {PARTS_MAX} parts"));
        }
        let Some(name) = part.name().map(str::to_owned) else {
            continue;
        };
        let value = match part.file_name().map(str::to_owned) {
            None => Value::String(at_once(part.text())?),
            Some(filename) => {
                let content_type = part.content_type().map(ToString::to_string);
                let bytes = at_once(part.bytes())?.len();
                json!({"filename": filename, "content_type": content_type, "bytes": bytes})
            }
        };
        form::put(&mut root, &name, value)?;
    }
    Ok(root)
}

/// What multer reads: all of the body is here, so it is never waited for.
fn at_once<T>(reading: impl Future<Output = multer::Result<T>>) -> Result<T, String> {
    match reading.now_or_never() {
        Some(Ok(read)) => Ok(read),
        _ => Err(broken()),
    }
}

/// What is wrong with a body that multer cannot read: its own words might show some of it.
fn broken() -> String {
    "a multipart body that is broken or breaks off".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b";

    #[test]
    fn parts_become_nested_texts_and_files_are_only_named() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"q[email]\"\r\n\r\nada@example.com\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"cv\"; filename=\"cv.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"none\"\r\n\r\n\r\n--b--\r\n";
        assert_eq!(
            decode(TYPE, body.as_bytes()),
            Ok(json!({
                "q": {"email": "ada@example.com"},
                "cv": {"filename": "cv.pdf", "content_type": "application/pdf", "bytes": 4},
                "none": "",
            }))
        );
    }

    #[test]
    fn what_breaks_off_is_refused_without_its_content() {
        for body in [
            "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nhalf",
            "no parts at all",
            "--b\r\nnonsense",
        ] {
            assert_eq!(decode(TYPE, body.as_bytes()), Err(broken()), "{body}");
        }
    }
}
