//! A backup beside the daemon, and the way back.

use serde_json::json;

use super::shop::{Daemon, Shop};

#[test]
fn a_backup_is_taken_beside_the_daemon_and_a_restore_sends_nothing_before_a_person_says_so() {
    let shop = Shop::open();
    let daemon = Daemon::start(&shop);
    shop.well("pause --reason x");
    let early = shop.purchase(1);
    let told = shop.json("backup early.db");
    assert_eq!(
        (&told["events"], &told["unfinished_runs"]),
        (&json!(1), &json!(1)),
        "{told}"
    );
    let again = shop.run("backup early.db");
    assert_eq!(again.code, 2);
    assert!(again.err.contains("there already"), "{}", again.err);
    shop.well("resume");
    let run = shop.run_in_state(&early, "done");
    let busy = shop.run("restore early.db");
    assert_eq!(busy.code, 2);
    assert!(busy.err.contains("Stop the daemon"), "{}", busy.err);
    assert_eq!(daemon.stop(), 0);

    let told = shop.well("restore early.db");
    for part in [
        "1 events, 1 runs (1 unfinished)",
        "kartwheel.db.before-restore-",
        "may have been done already",
        "kartwheel runs list --state held",
        "kartwheel resume",
    ] {
        assert!(told.contains(part), "{part} in:\n{told}");
    }
    let daemon = Daemon::start(&shop);
    let later = shop.purchase(2);
    shop.run_in_state(&later, "held");
    assert_eq!(
        shop.run_in_state(&early, "held"),
        run,
        "the one that was done since"
    );
    let health = shop.well("health");
    assert!(health.contains("everything is held"), "{health}");
    shop.well(&format!("runs cancel {run} --reason done-already"));
    shop.well("resume");
    shop.run_in_state(&later, "done");
    shop.run_in_state(&early, "cancelled");
    assert_eq!(daemon.stop(), 0);

    let wrong = shop.run("restore kartwheel.yaml");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("Nothing was replaced"), "{}", wrong.err);
}
