//! What the database takes of the disk.

use std::path::Path;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::store::sqlite::{error, file};
use crate::store::{Space, StoreError};

/// Pages, free pages, bytes of a page.
pub(super) const PAGES: &str = "SELECT page_count, freelist_count, page_size
    FROM pragma_page_count CROSS JOIN pragma_freelist_count CROSS JOIN pragma_page_size";

/// For the reader.
pub(super) async fn of(db: &mut SqliteConnection, path: &Path) -> Result<Space, StoreError> {
    let row = sqlx::query(PAGES).fetch_one(db).await.map_err(error::of)?;
    let number = |column| u64::try_from(row.get::<i64, usize>(column)).unwrap_or(0);
    let (pages, free, bytes) = (number(0), number(1), number(2));
    Ok(Space {
        used: pages.saturating_sub(free) * bytes,
        free: free * bytes,
        log: file::length(&file::beside(path, "-wal")),
    })
}
