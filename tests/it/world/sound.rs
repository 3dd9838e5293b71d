//! The end of a story, and what `kartwheel verify` says of its database.

use std::sync::Arc;

use kartwheel::clock::Clock;
use kartwheel::engine::rejudge::{self, Again};
use kartwheel::kartra;
use kartwheel::run::State;
use kartwheel::store::{Checked, Reader, Verify};

use super::World;

impl World {
    /// Ends the story: nothing due is left, every run stands in one of these states, and the invariants hold.
    pub(crate) async fn end(mut self, states: &[State]) {
        self.settle().await;
        let counts = self
            .reader()
            .counts(self.clock.now())
            .await
            .expect("the store answers");
        assert_eq!(counts.due, 0, "something due is left");
        for run in self.runs().await {
            assert!(states.contains(&run.state), "{run:?}");
            assert_ne!(run.state, State::Running, "a lease is held");
        }
        assert_sound(self.app().store().reader()).await;
        self.app.take().expect("running").stop().await;
        self.sandbox.stop().await;
    }
}

/// All that it finds, a line each.
fn findings(checked: &[Checked]) -> Vec<String> {
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

/// Looks at everything there is; with `deep` also whether every index holds what its table holds.
pub(crate) async fn verify(reader: &dyn Reader, deep: bool) -> Vec<Checked> {
    let asked = Verify {
        actions: kartra::catalog().actions,
        deep,
        told: &|_| {},
    };
    let checked = reader.verify(&asked).await;
    checked.expect("the database can be looked at")
}

/// Judges everything again.
pub(crate) async fn look_deep(reader: Arc<dyn Reader>) -> Vec<Checked> {
    let again = Again {
        reader,
        catalog: kartra::catalog(),
        told: &|_| {},
    };
    let checked = rejudge::look(&again).await;
    checked.expect("the database can be looked at")
}

/// The invariants hold in this database.
pub(crate) async fn assert_sound(reader: &Arc<dyn Reader>) {
    let mut checked = verify(&**reader, true).await;
    checked.extend(look_deep(Arc::clone(reader)).await);
    let found = findings(&checked);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
