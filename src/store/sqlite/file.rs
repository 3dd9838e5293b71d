//! The database's files: where they are, who may read them, and the lock that only one daemon can have.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::store::StoreError;

/// Only the owner reads what people bought.
pub(super) const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// What is read of the text in the lock file.
const HOLDER_BYTES_MAX: u64 = 300;

/// Where a database is, links resolved: two names of one file are one database.
pub(super) fn locate(path: &str) -> Result<PathBuf, StoreError> {
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(StoreError::Unusable(format!(
            "`{path}` is not the path of a database file; write `sqlite://` and a path, without options"
        )));
    }
    let path = Path::new(path);
    if let Ok(real) = path.canonicalize() {
        return Ok(real);
    }
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return Err(unusable(path, "it has no file name"));
    };
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    // A directory that is not there yet has no real name yet.
    let parent = parent
        .canonicalize()
        .unwrap_or_else(|_| parent.to_path_buf());
    Ok(parent.join(name))
}

/// Creates the file and its directory where they are missing.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    create_folder(path)?;
    open(path).map(drop)
}

/// Creates the file's directory where it is missing.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(parent)
            .map_err(|error| unusable(parent, &error.to_string()))?;
    }
    Ok(())
}

/// The file beside the database that goes by this ending: `-wal`, `.lock`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// How many bytes a file has; none when it is not there.
pub(super) fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The lock of the one process that may write. Ends with the value, and with the process however it dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "holding it open is its use")] File);

impl Lock {
    /// Takes the lock, or says who has it.
    pub(super) fn take(database: &Path, holder: &str, now: Timestamp) -> Result<Self, StoreError> {
        let path = beside(database, ".lock");
        let mut file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(database, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error.to_string())),
        }
        let text = format!("{holder}, process {}, since {now}\n", std::process::id());
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all(text.as_bytes()));
        match written {
            // The text is for people; a full disk must not keep the daemon from starting to answer 503.
            Err(error) if error.kind() != io::ErrorKind::StorageFull => {
                Err(unusable(&path, &error.to_string()))
            }
            _ => Ok(Self(file)),
        }
    }
}

fn taken(database: &Path, file: &mut File) -> StoreError {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(HOLDER_BYTES_MAX).read_to_string(&mut text));
    let holder = match text.trim() {
        holder if read.is_ok() && !holder.is_empty() => holder,
        _ => "another process",
    };
    StoreError::Locked(format!(
        "the database {} is in use by {holder}. Only one daemon can have it: stop that one first, or give this one \
         another database. Commands that change something go through the running daemon by themselves",
        database.display()
    ))
}

fn open(path: &Path) -> Result<File, StoreError> {
    File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|error| unusable(path, &error.to_string()))
}

/// A file that cannot be used, and why.
pub(super) fn unusable(path: &Path, why: &str) -> StoreError {
    StoreError::Unusable(format!("cannot use {}: {why}", path.display()))
}
