//! A folder for as long as a command runs: of its owner's alone, and gone at the end, however the command ends.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use uuid::Uuid;

use crate::web::api::ids::short;

/// A temporary folder; removed when dropped.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a folder of this name.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn make(name: &str, id: Uuid) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("kartwheel-{name}-{}", short(id)));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file; folders in its name are made.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path.join(name);
        let within = || format!("cannot write {}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(within)?;
        }
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .with_context(within)?;
        file.write_all(text.as_bytes()).with_context(within)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of a folder under /tmp harms nobody.
        let _ = fs::remove_dir_all(&self.path);
    }
}
