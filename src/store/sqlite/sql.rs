//! One statement for many rows: the text with its rows of parameters, and the values that fill them.

use std::sync::OnceLock;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, Encode, Sqlite, Type};
use uuid::Uuid;

use crate::clock::micros;
use crate::store::StoreError;
use crate::store::sqlite::error;

/// How many rows a statement is prepared for. Rows are padded with NULLs up to the next of these, so that a few texts
/// serve all batches and SQLite keeps them prepared. Every statement ignores rows whose first value is NULL.
pub(super) const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

/// A statement. Where it says `VALUES @`, it takes any number of rows.
pub(super) struct Sql {
    text: &'static str,
    made: [OnceLock<String>; SIZES.len()],
}

impl Sql {
    pub(super) const fn new(text: &'static str) -> Self {
        Self {
            text,
            made: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// The text of a statement that takes no rows.
    pub(super) const fn text(&'static self) -> &'static str {
        self.text
    }

    /// The text for the size of this index.
    pub(super) fn of_size(&'static self, index: usize) -> &'static str {
        let Some((before, after)) = self.text.split_once('@') else {
            return self.text;
        };
        self.made[index].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.width()].join(", "));
            format!("{before}{}{after}", vec![row; SIZES[index]].join(", "))
        })
    }

    /// How many values a row has: the columns that `WITH v(…)` names.
    fn width(&self) -> usize {
        let columns = self.text.split_once("v(").map_or("", |(_, rest)| rest);
        let (columns, _) = columns.split_once(')').unwrap_or_default();
        columns.split(',').count()
    }
}

/// The values of one statement, row after row.
pub(super) struct Rows {
    sql: &'static Sql,
    width: usize,
    chunks: Vec<SqliteArguments>,
    rows: usize,
    failure: Option<StoreError>,
}

impl Rows {
    pub(super) fn of(sql: &'static Sql) -> Self {
        Self {
            sql,
            width: sql.width(),
            chunks: Vec::new(),
            rows: 0,
            failure: None,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Begins a row.
    pub(super) fn row(&mut self) -> &mut Self {
        let largest = SIZES[SIZES.len() - 1];
        if self.rows.is_multiple_of(largest) {
            self.chunks.push(SqliteArguments::default());
        }
        debug_assert_eq!(
            self.chunks.last().map(Arguments::len),
            Some(self.rows % largest * self.width),
            "the rows before this one are whole"
        );
        self.rows += 1;
        self
    }

    pub(super) fn put<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Some(chunk) = self.chunks.last_mut()
            && let Err(error) = chunk.add(value)
        {
            self.failure = Some(StoreError::Row(error.to_string()));
        }
        self
    }

    pub(super) fn id(&mut self, id: Uuid) -> &mut Self {
        self.put(id)
    }

    pub(super) fn time(&mut self, time: Timestamp) -> &mut Self {
        self.put(micros(time))
    }

    pub(super) fn maybe_time(&mut self, time: Option<Timestamp>) -> &mut Self {
        self.put(time.map(micros))
    }

    /// A value as compact JSON text.
    pub(super) fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> &mut Self {
        match serde_json::to_string(value) {
            Ok(text) => self.put(text),
            Err(error) => {
                self.failure = Some(StoreError::Row(error.to_string()));
                self
            }
        }
    }

    /// Carries the statement out; says how many rows it changed.
    pub(super) async fn execute(self, db: &mut SqliteConnection) -> Result<u64, StoreError> {
        let mut changed = 0;
        for (text, arguments) in self.statements()? {
            let done = sqlx::query_with(text, arguments).execute(&mut *db).await;
            changed += done.map_err(error::of)?.rows_affected();
        }
        Ok(changed)
    }

    /// Carries the statement out and fetches what it finds.
    pub(super) async fn fetch(
        self,
        db: &mut SqliteConnection,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut found = Vec::new();
        for (text, arguments) in self.statements()? {
            let rows = sqlx::query_with(text, arguments).fetch_all(&mut *db).await;
            found.append(&mut rows.map_err(error::of)?);
        }
        Ok(found)
    }

    fn statements(self) -> Result<Vec<(&'static str, SqliteArguments)>, StoreError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let statements = self.chunks.into_iter().map(|mut chunk| {
            let rows = chunk.len() / self.width;
            let size = SIZES.iter().position(|size| *size >= rows);
            let index = size.unwrap_or(SIZES.len() - 1);
            for _ in chunk.len()..SIZES[index] * self.width {
                // Binding nothing cannot fail.
                let _ = chunk.add(None::<i64>);
            }
            (self.sql.of_size(index), chunk)
        });
        Ok(statements.collect())
    }
}
