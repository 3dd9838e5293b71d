//! What stands beside events and runs: people, holds, alerts, what was spent.

super::checks! { None;
    PERSON = "person-event":
        "what is known of a person names the event that told it",
        "An address is used of which nobody can tell where it came from.",
        "Look at the person's events; the next one that brings the address puts it right.";
    HELD = "hold-in-force":
        "a connection is marked as held exactly while a hold of it is in force",
        "Its runs are sent though they should wait, or wait though nothing holds them.",
        "`kartwheel pause` and `kartwheel resume` (with `--connection`) set the mark anew.";
    HOLD_KIND = "hold-kind":
        "a hold is of a kind that this version knows, on a connection that the store knows",
        "The daemon does not see this hold, but its runs wait.",
        "Use the version that made it, to end it.";
    HOLD_TOLD = "hold-told":
        "a connection that is held by itself has its alert, as long as it is",
        "Nobody is told that runs wait, or an alert stands for nothing.",
        "`kartwheel connection status` shows how it is.";
    RUN_TOLD = "run-told":
        "a run that waits for a person to look or to approve has its alert",
        "Nobody is told that it waits.",
        "Restart the daemon: it tells of all that wait. `kartwheel runs list --state needs_person` and `--state held` show them.";
    ALERT_KIND = "alert-kind":
        "an alert is of a kind that this version knows",
        "It is not shown.",
        "Use the version that raised it.";
    SPENT = "limit-counted":
        "what counts against a limit was on its way to be sent",
        "A limit is reached too early.",
        "Nothing: it stops counting after a day.";
}
