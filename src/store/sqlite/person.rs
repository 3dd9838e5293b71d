//! People: who was last known under a sender's own ids.

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use crate::event::Event;
use crate::store::person::ids;
use crate::store::sqlite::error;
use crate::store::sqlite::sql::Rows;
use crate::store::{KnownPerson, StoreError};

/// Who is known under this id.
const FIND: &str = "SELECT p.email, p.first_name, p.last_name, p.phone, p.event_id FROM people p
    WHERE p.source = ? AND p.kind = ? AND p.value = ?";

/// What an event that has an address tells of the ids beside it. One whose address was itself looked up tells nothing new, and
/// one that nothing proves tells nothing.
pub(super) fn rows_of(rows: &mut Rows, event: &Event) {
    let person = &event.person;
    let Some(email) = person
        .email
        .as_deref()
        .filter(|_| person.known_by.is_none() && event.unproven.is_none())
    else {
        return;
    };
    for (kind, value) in ids(person) {
        rows.row()
            .put(&*event.source)
            .put(kind)
            .put(value)
            .put(email)
            .put(person.first_name.as_deref())
            .put(person.last_name.as_deref())
            .put(person.phone.as_deref())
            .id(event.id)
            .time(event.received_at);
    }
}

/// The person, for the reader.
pub(super) async fn find(
    db: &mut SqliteConnection,
    source: &str,
    ids: &[(String, String)],
) -> Result<Option<KnownPerson>, StoreError> {
    for (kind, value) in ids {
        let query = sqlx::query(FIND).bind(source).bind(kind).bind(value);
        let found = query.fetch_optional(&mut *db).await.map_err(error::of)?;
        if let Some(row) = found {
            return Ok(Some(KnownPerson {
                email: row.get("email"),
                first_name: row.get("first_name"),
                last_name: row.get("last_name"),
                phone: row.get("phone"),
                event: row.get("event_id"),
            }));
        }
    }
    Ok(None)
}
