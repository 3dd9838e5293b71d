//! Backup and restore of a SQLite file.
//!
//! A backup is written by `VACUUM INTO` from a connection that only reads: one moment of the database, without the free
//! pages. It lies under another name until it was read back whole. A restore is a copy of the backup that is verified,
//! migrated and paused first, and takes the database's place by one rename.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::Connection;

use crate::clock::SharedClock;
use crate::store::sqlite::{error, file, link, migrate, open, whole};
use crate::store::{BackedUp, Doing, Hold, HoldKind, OpenOptions, Step, StoreError, Told};

/// How often it is told how far it has come.
const TOLD_EVERY: Duration = Duration::from_millis(200);
/// What is copied at a time.
const COPY_BYTES: usize = 1 << 20;
const HOLDER: &str = "kartwheel restore";

/// See `store::backup`.
pub(in crate::store) async fn backup(
    path: &str,
    to: &Path,
    told: Told<'_>,
) -> Result<BackedUp, StoreError> {
    let path = file::locate(path)?;
    if !path.exists() {
        return Err(file::unusable(&path, "there is no database"));
    }
    free(to)?;
    let partial = Partial::create(to)?;
    let written = write(&path, &partial.0, told).await;
    let (earliest, latest) = written?;
    sync(&partial.0)?;
    let (content, numbers) = whole::file(&partial.0, told).await?;
    let within = |at: usize| (earliest[at]..=latest[at]).contains(&numbers[at]);
    if !within(0) || !within(1) {
        return Err(file::unusable(
            to,
            "the copy does not hold what the database held",
        ));
    }
    free(to)?;
    let bytes = file::length(&partial.0);
    fs::rename(&partial.0, to).map_err(|error| of_io(to, &error))?;
    sync_folder(to)?;
    Ok(BackedUp {
        bytes,
        content,
        kept: None,
    })
}

/// Writes the copy; the last numbers of the database before and after it.
async fn write(path: &Path, to: &Path, told: Told<'_>) -> Result<([i64; 2], [i64; 2]), StoreError> {
    let mut db = link::reader(path).await?;
    migrate::check(&mut db, path).await?;
    let space = super::space::of(&mut db, path).await?;
    let earliest = whole::last_numbers(&mut db).await?;
    // Absolute, so that SQLite takes it for nothing but a path.
    let name = std::path::absolute(to).map_err(|error| of_io(to, &error))?;
    let Some(name) = name.to_str() else {
        return Err(file::unusable(to, "the name is no text"));
    };
    {
        let copying = sqlx::query("VACUUM INTO ?1").bind(name).execute(&mut db);
        tokio::pin!(copying);
        loop {
            tokio::select! {
                copied = &mut copying => break copied,
                () = tokio::time::sleep(TOLD_EVERY) => told(Step {
                    doing: Doing::Copy,
                    done: file::length(to),
                    of: space.used,
                }),
            }
        }
    }
    .map_err(error::of)?;
    let latest = whole::last_numbers(&mut db).await?;
    db.close().await.map_err(error::of)?;
    Ok((earliest, latest))
}

/// See `store::restore`.
pub(in crate::store) async fn restore(
    path: &str,
    from: &Path,
    reason: &str,
    clock: SharedClock,
    told: Told<'_>,
) -> Result<BackedUp, StoreError> {
    let path = file::locate(path)?;
    let from = from.canonicalize().map_err(|error| of_io(from, &error))?;
    if from == path {
        return Err(file::unusable(&from, "it is the database itself"));
    }
    if file::length(&file::beside(&from, "-wal")) > 0 {
        let why = "it has a log beside it, so it is a database in use and no backup";
        return Err(file::unusable(&from, why));
    }
    file::create_folder(&path)?;
    let lock = file::Lock::take(&path, HOLDER, clock.now())?;
    let copy = Restoring::beside(&path)?;
    copy_to(&from, &copy.0, told)?;
    let (content, _) = whole::file(&copy.0, told).await?;
    pause(&copy.0, reason, clock.clone()).await?;
    let bytes = file::length(&copy.0);
    let kept = replace(&copy.0, &path, clock.now()).await?;
    drop(lock);
    Ok(BackedUp {
        bytes,
        content,
        kept,
    })
}

/// Brings the copy to this version, and holds all that it would send.
async fn pause(copy: &Path, reason: &str, clock: SharedClock) -> Result<(), StoreError> {
    let now = clock.now();
    let options = OpenOptions {
        holder: HOLDER.into(),
        ..OpenOptions::default()
    };
    let store = open(&copy.to_string_lossy(), clock, &options).await?;
    let hold = Hold {
        connection: "".into(),
        kind: HoldKind::Paused,
        reason: reason.into(),
        since: now,
    };
    let held = store.hold(hold).await;
    store.close().await;
    if file::length(&file::beside(copy, "-wal")) > 0 {
        return Err(file::unusable(copy, "its log could not be put away"));
    }
    held.map(drop)
}

/// Puts the copy in the place of the database. At no moment is there none, nor a log that is not its own.
async fn replace(copy: &Path, path: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let mut kept = None;
    if file::length(path) > 0 {
        let name = file::beside(
            path,
            &format!(".before-restore-{}", now.strftime("%Y%m%dT%H%M%SZ")),
        );
        free(&name)?;
        put_log_away(path).await;
        let log = file::beside(path, "-wal");
        if log.exists() {
            // Of a database that could not be opened: with its new name it is still its log.
            move_to(&log, &file::beside(&name, "-wal"))?;
        }
        // Where a file cannot have two names, there is none for a moment.
        if fs::hard_link(path, &name).is_err() {
            move_to(path, &name)?;
        }
        kept = Some(name);
    }
    match fs::remove_file(file::beside(path, "-shm")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of_io(path, &error)),
        _ => {}
    }
    sync_folder(path)?;
    move_to(copy, path)?;
    sync_folder(path)?;
    Ok(kept)
}

/// What is in the log of the old database goes into its file, as far as it can still be read.
async fn put_log_away(path: &Path) {
    let Ok(db) = link::writer(path).await else {
        return;
    };
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the database that is replaced did not close well; its log is kept with it");
    }
}

fn copy_to(from: &Path, to: &Path, told: Told<'_>) -> Result<(), StoreError> {
    let read = |error| of_io(from, &error);
    let write = |error| of_io(to, &error);
    let mut source = File::open(from).map_err(read)?;
    let mut target = File::options().write(true).open(to).map_err(write)?;
    let of = file::length(from);
    let mut done = 0;
    let mut bytes = vec![0; COPY_BYTES];
    loop {
        let length = source.read(&mut bytes).map_err(read)?;
        if length == 0 {
            break;
        }
        target.write_all(&bytes[..length]).map_err(write)?;
        done += u64::try_from(length).unwrap_or(0);
        told(Step {
            doing: Doing::Copy,
            done,
            of,
        });
    }
    target.sync_all().map_err(write)
}

/// A backup that is being written; removed unless it got its name.
struct Partial(PathBuf);

impl Partial {
    fn create(to: &Path) -> Result<Self, StoreError> {
        let partial = file::beside(to, ".partial");
        match new_file(&partial) {
            Ok(()) => Ok(Self(partial)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let why =
                    "a backup to this name is being written, or was cut off; if none is, remove it";
                Err(file::unusable(&partial, why))
            }
            Err(error) => Err(of_io(&partial, &error)),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        remove(&self.0, &["", "-journal"]);
    }
}

/// The copy of a backup that is to become the database; removed unless it did. Whoever has the database's lock has it alone.
struct Restoring(PathBuf);

impl Restoring {
    fn beside(path: &Path) -> Result<Self, StoreError> {
        let copy = Self(file::beside(path, ".restoring"));
        copy.remove();
        new_file(&copy.0).map_err(|error| of_io(&copy.0, &error))?;
        Ok(copy)
    }

    fn remove(&self) {
        remove(&self.0, &["", "-wal", "-shm", ".lock"]);
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        self.remove();
    }
}

fn remove(path: &Path, endings: &[&str]) {
    for ending in endings {
        // Mostly there is none.
        let _ = fs::remove_file(file::beside(path, ending));
    }
}

fn new_file(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    let made = options.write(true).create_new(true).mode(file::FILE_MODE);
    made.open(path).map(drop)
}

/// Nothing is ever written over.
fn free(path: &Path) -> Result<(), StoreError> {
    match path.symlink_metadata() {
        Ok(_) => Err(file::unusable(
            path,
            "it is there already; give another name",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(of_io(path, &error)),
    }
}

fn move_to(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|error| of_io(to, &error))
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| of_io(path, &error))
}

/// A name is on disk when its folder is.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

fn of_io(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        _ => file::unusable(path, &error.to_string()),
    }
}
