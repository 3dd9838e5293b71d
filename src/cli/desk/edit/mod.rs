//! Edits of the project's own files, as a person would make them: what else stands there stays, comments and layout with it.
//!
//! `yaml` changes kartwheel.yaml by the spans of its tree, and gives up where the result would not be read as meant; `dotenv` changes .env
//! line by line.

pub(crate) mod dotenv;
#[cfg(test)]
mod tests;
pub(crate) mod yaml;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Permissions of a file with secrets.
const PRIVATE: u32 = 0o600;

/// Puts a new text in the place of a file in one step, so that nobody ever reads half of it. A private one is readable by its owner
/// alone from the first byte on; another keeps the permissions it has.
///
/// # Errors
/// The disk does not take it.
pub(crate) fn replace(path: &Path, text: &str, private: bool) -> io::Result<()> {
    // A link stays a link: what it leads to is changed.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let mode = match fs::metadata(&path) {
        Ok(there) if !private => there.permissions().mode() & 0o777,
        _ => PRIVATE,
    };
    let written = write(&beside, text, mode).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(PRIVATE);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}
