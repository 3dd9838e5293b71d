//! Identity: events that bring only a sender's own id of a person get the address that an earlier event brought.

use super::Engine;
use crate::event::Event;
use crate::store::{self, StoreError};

impl Engine {
    /// Fills in who the event is about, if it names no address and one of its ids is known. Before judging, so that rules see
    /// it; the event keeps what was filled in, and which event told it.
    pub(super) async fn know_person(&self, event: &mut Event) -> Result<(), StoreError> {
        if event.person.email.is_some() || event.person.ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = store::person_ids(&event.person)
            .map(|(kind, id)| (kind.to_owned(), id))
            .collect();
        let reader = self.store().reader();
        let Some(known) = reader.known_person(&event.source, &ids).await? else {
            return Ok(());
        };
        let mut person = event.person.clone();
        person.email = Some(known.email);
        person.first_name = person.first_name.or(known.first_name);
        person.last_name = person.last_name.or(known.last_name);
        person.phone = person.phone.or(known.phone);
        person.known_by = Some(known.event);
        event.set_person(person);
        Ok(())
    }
}
