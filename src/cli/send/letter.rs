//! What is posted: a sample or a file, changed as the command says, with a new id if it is to be a new event.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::patch::Assignment;
use crate::cli::Failure;
use crate::trigger::Sample;

/// The largest file that is sent; a daemon takes less.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";

/// A body and what goes with it, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The body.
    pub(crate) body: Vec<u8>,
    /// How it is written.
    pub(crate) content_type: String,
    /// Headers beside those of the signature.
    pub(crate) headers: Vec<(String, String)>,
}

impl Letter {
    /// The file's bytes as they are.
    pub(crate) fn of_file(path: &Path) -> anyhow::Result<Self> {
        let within = || format!("cannot read {}", path.display());
        let length = std::fs::metadata(path).with_context(within)?.len();
        if length > FILE_BYTES_MAX {
            let what = format!("{} has {length} bytes", path.display());
            return Err(Failure::new(what)
                .remedy("A daemon takes bodies up to 2 MiB.")
                .into());
        }
        let body = std::fs::read(path).with_context(within)?;
        let form = matches!(
            path.extension().and_then(|end| end.to_str()),
            Some("form" | "txt")
        );
        Ok(Self::new(body, if form { FORM } else { JSON }))
    }

    /// The sample as its sender would send it.
    pub(crate) fn of_sample(sample: &Sample) -> Self {
        let headers = sample.headers.iter();
        Self {
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Self::new(sample.body, sample.content_type)
        }
    }

    /// A body of this type.
    pub(crate) fn new(body: impl Into<Vec<u8>>, content_type: &str) -> Self {
        Self {
            body: body.into(),
            content_type: content_type.to_owned(),
            headers: Vec::new(),
        }
    }

    /// Changes the body; written anew, since something in it changed.
    pub(crate) fn set(&mut self, assignments: &[Assignment]) -> Result<(), Failure> {
        if assignments.is_empty() {
            return Ok(());
        }
        if self.is_form() {
            self.body = set_in_form(&self.body, assignments);
            return Ok(());
        }
        if self.content_type.starts_with(MULTIPART) {
            for assignment in assignments {
                self.body = set_in_parts(&self.body, assignment)?;
            }
            return Ok(());
        }
        let mut body: Value = serde_json::from_slice(&self.body).map_err(|error| {
            let what = format!("the body is not JSON, so nothing can be set in it: {error}");
            Failure::new(what).remedy("Write the whole body to a file: --file PATH")
        })?;
        for assignment in assignments {
            assignment.apply(&mut body).map_err(Failure::new)?;
        }
        self.body = body.to_string().into_bytes();
        Ok(())
    }

    /// Whether the body is a form.
    pub(super) fn is_form(&self) -> bool {
        self.content_type.starts_with(FORM)
    }
}

fn set_in_form(body: &[u8], assignments: &[Assignment]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mut pairs: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for assignment in assignments {
        let (name, value) = assignment.form_field();
        let (name, value) = (encode(&name), encode(&value));
        let same =
            |known: &str| known == name || known.replace('[', "%5B").replace(']', "%5D") == name;
        match pairs.iter_mut().find(|(known, _)| same(known)) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name, value)),
        }
    }
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&").into_bytes()
}

/// The parts with the text of one of them replaced.
fn set_in_parts(body: &[u8], assignment: &Assignment) -> Result<Vec<u8>, Failure> {
    let (name, value) = assignment.form_field();
    let text = String::from_utf8_lossy(body);
    let head = format!("name=\"{name}\"\r\n\r\n");
    let replaced = text.split_once(&head).and_then(|(before, after)| {
        let end = after.find("\r\n--")?;
        Some(format!("{before}{head}{value}{}", &after[end..]))
    });
    replaced
        .map(String::into_bytes)
        .ok_or_else(|| Failure::new(format!("the body has no part `{name}` that could be set")))
}

pub(super) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(text: &str) -> Assignment {
        text.parse().expect("an assignment")
    }

    #[test]
    fn nothing_set_leaves_every_byte() {
        let mut letter = Letter::new("{ \"a\" : 1 }\n", JSON);
        letter.set(&[]).expect("nothing to do");
        assert_eq!(letter.body, b"{ \"a\" : 1 }\n");
    }

    #[test]
    fn the_text_of_a_part_is_replaced() {
        let part = |text: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n{text}\r\n--b--\r\n")
        };
        let mut letter = Letter::new(part("1"), "multipart/form-data; boundary=b");
        letter
            .set(&[assignment("$.body.id=2")])
            .expect("it is there");
        assert_eq!(letter.body, part("2").into_bytes());
        assert!(letter.set(&[assignment("$.body.other=2")]).is_err());
    }

    #[test]
    fn a_form_field_is_replaced_or_added() {
        let mut letter = Letter::new("event=order&customer%5Bemail%5D=a%40example.com", FORM);
        letter
            .set(&[
                assignment("$.body.customer.email=b@example.com"),
                assignment("$.body.order.id=7"),
            ])
            .expect("both can be set");
        assert_eq!(
            String::from_utf8_lossy(&letter.body),
            "event=order&customer%5Bemail%5D=b%40example.com&order%5Bid%5D=7"
        );
    }
}
