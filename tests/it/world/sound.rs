//! What `kartwheel verify` says of a story's database.

use kartwheel::kartra;
use kartwheel::store::{Checked, Reader, Verify};

/// All that it finds, a line each.
pub(crate) fn findings(checked: &[Checked]) -> Vec<String> {
    let lines = checked.iter().flat_map(|checked| {
        let name = checked.check.name;
        let unread = checked
            .unread
            .iter()
            .map(move |why| format!("{name}: {why}"));
        let found = checked.found.iter().map(move |one| {
            let subject = one.name.as_deref().unwrap_or_default();
            format!(
                "{name}: {subject} {:?} {:?}: {}",
                one.event, one.run, one.what
            )
        });
        unread.chain(found)
    });
    lines.collect()
}

/// Looks at everything there is.
pub(crate) async fn verify(reader: &dyn Reader) -> Vec<Checked> {
    let asked = Verify {
        actions: kartra::catalog().actions,
        deep: true,
        told: &|_| {},
    };
    reader
        .verify(&asked)
        .await
        .expect("the database can be looked at")
}

/// The invariants hold in this database.
pub(crate) async fn assert_sound(reader: &dyn Reader) {
    let found = findings(&verify(reader).await);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
