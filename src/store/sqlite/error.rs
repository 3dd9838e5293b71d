//! What SQLite says went wrong, in the store's words.

use crate::store::StoreError;

/// SQLite's primary result codes that mean something to the store.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
/// The extended code of a shared-memory file that could not grow: the disk is full.
const IO_ERROR_SHM_SIZE: i32 = IO_ERROR | (19 << 8);

/// The store's error for one of sqlx. What is not known to be harmless is fatal.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(super) fn of(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse().ok());
            of_code(code.unwrap_or_default(), database.message())
        }
        sqlx::Error::PoolTimedOut => StoreError::Busy,
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::TypeNotFound { .. } => StoreError::Row(error.to_string()),
        _ => StoreError::Fatal(error.to_string()),
    }
}

fn of_code(code: i32, message: &str) -> StoreError {
    match (code & 0xff, code) {
        (_, IO_ERROR_SHM_SIZE) | (FULL, _) => StoreError::Full,
        (BUSY | LOCKED, _) => StoreError::Busy,
        (CONSTRAINT | TOO_BIG | MISMATCH, _) => StoreError::Row(message.into()),
        _ => StoreError::Fatal(format!("SQLite says: {message} (code {code})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_passes_and_a_failed_fsync_does_not() {
        let fsync = IO_ERROR | (4 << 8);
        assert!(matches!(
            of_code(FULL, "database or disk is full"),
            StoreError::Full
        ));
        assert!(matches!(
            of_code(IO_ERROR_SHM_SIZE, "disk I/O error"),
            StoreError::Full
        ));
        assert!(matches!(
            of_code(fsync, "disk I/O error"),
            StoreError::Fatal(_)
        ));
        assert!(matches!(of_code(11, "malformed"), StoreError::Fatal(_)));
        assert!(matches!(
            of_code(2067, "UNIQUE constraint failed"),
            StoreError::Row(_)
        ));
        assert!(matches!(
            of_code(BUSY | (1 << 8), "database is locked"),
            StoreError::Busy
        ));
    }
}
