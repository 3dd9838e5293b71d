//! Runs whose row agrees with itself, so that they can go on or be helped.

super::checks! { None;
    STATE = "run-state":
        "a run is in a state that there is",
        "The run cannot be read, and lists that hold it fail.",
        "Restore a backup.";
    PROGRESS = "run-readable":
        "what is stored of a run's progress can be read",
        "The run is held when its turn comes, and lists that hold it fail.",
        "Restore a backup.";
    COLUMNS = "run-columns":
        "a run that is due says since when, one that has a key names it, and its priority is one that there is",
        "The run is not found when it is its turn, or comes at the wrong time.",
        "Restore a backup, or cancel it and send its event again with a new id.";
    LEASE = "run-lease":
        "a run has a lease exactly while it is carried out",
        "The run is carried out by nobody, or by two.",
        "Restart the daemon: it takes up what nobody carries out.";
    NOT_DUE = "run-not-due":
        "a run that is carried out, waits for a person or is over is not due",
        "The run would be carried out again.",
        "Pause, and cancel it before you resume.";
    NEVER_DUE = "run-never-due":
        "a run that nothing but time will wake has its time",
        "The run waits for ever.",
        "`kartwheel runs retry` it; if that is refused, cancel it and send its event again with a new id.";
    CONNECTION = "run-connection":
        "the connection of every unfinished run is known to the store",
        "The run is never found when what is due is looked for.",
        "Restart the daemon; the next event of the rule makes the connection known.";
    PERSON_STEP = "person-step":
        "a run that waits for a person has the step that the person can settle",
        "`runs resolve`, `approve` or `resume` cannot help it.",
        "Cancel it and send its event again with a new id, after a look into Kartra.";
    OVER_STEPS = "over-steps":
        "a run that is done has no step that is under way, sleeps or is in doubt, and one that failed none that is under way",
        "The run ended before it was through, or went on after its end.",
        "Look at it with `kartwheel runs show`, and do the rest by hand.";
}
