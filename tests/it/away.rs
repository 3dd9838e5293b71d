//! Membrane is away, or only its run logs are, while a lost answer is looked up.

use std::time::Duration;

use kartwheel::run::State;
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::HoldKind;

use crate::faults::{GRANT, REFUND, effects, start};
use crate::guards::standing;
use crate::world::World;

/// Nothing that can be read in the account shows this one: the run logs alone tell.
const CANCEL: &str = "
id: cancel
trigger: { webhook: shop }
actions:
  - cancel-subscription: { transaction_internal_subscription_id: 14833 }
";
const HALF_A_DAY: Duration = Duration::from_secs(12 * 3_600);

/// A world in which the call of this verb was carried out or not, and its answer lost.
async fn lost(rule: &str, verb: &str, kind: FaultKind) -> World {
    let world = World::with(rule).await;
    let sandbox = world.sandbox.world();
    sandbox.add_fault(Fault::on_verb(verb, kind).times(1));
    start(&world).await;
    assert_eq!(world.runs().await[0].state, State::Retrying);
    world
}

#[tokio::test]
async fn while_membrane_is_away_a_look_up_waits_and_no_person_is_asked() {
    let gateway = FaultKind::Status {
        code: 502,
        body: "<html>".into(),
        after_work: false,
    };
    for (rule, verb) in [
        (GRANT, "grant-membership-access"),
        (REFUND, "refund-transaction"),
        (CANCEL, "cancel-subscription"),
    ] {
        for kind in [FaultKind::DropBefore, gateway.clone()] {
            let world = lost(rule, verb, FaultKind::DropAfter).await;
            let sandbox = world.sandbox.world();
            sandbox.add_fault(Fault::on_path("/", kind.clone()).always());
            world.advance(HALF_A_DAY).await;
            let run = &world.runs().await[0];
            assert_eq!(run.state, State::Held, "{verb} {kind:?} {run:?}");
            let holds = world.app().engine().holds();
            assert_eq!(
                holds.iter().map(|hold| hold.kind).collect::<Vec<_>>(),
                [HoldKind::Broken]
            );
            assert_eq!(standing(&world).await.len(), 1);
            sandbox.clear_faults();
            world.advance(Duration::from_secs(600)).await;
            let run = &world.runs().await[0];
            assert_eq!(run.state, State::Done, "{verb} {kind:?} {run:?}");
            assert_eq!(sandbox.calls_of(verb).len(), 1);
            assert_eq!(effects(&world, verb), 1);
            world.end(&[State::Done]).await;
        }
    }
}

/// The account answers, and shows nothing; without the run logs that is no proof, and in the end a person must look.
#[tokio::test]
async fn where_only_the_run_logs_are_away_a_person_is_asked_late() {
    let world = lost(GRANT, "grant-membership-access", FaultKind::DropBefore).await;
    let sandbox = world.sandbox.world();
    sandbox.add_fault(Fault::on_path("/action-run-logs", FaultKind::DropBefore).always());
    world.advance(Duration::from_secs(3_600)).await;
    assert_eq!(world.runs().await[0].state, State::Retrying);
    assert_eq!(world.app().engine().holds(), []);
    world.advance(HALF_A_DAY).await;
    assert_eq!(world.runs().await[0].state, State::NeedsPerson);
    assert_eq!(sandbox.calls_of("grant-membership-access").len(), 1);
    world.end(&[State::NeedsPerson]).await;
}
