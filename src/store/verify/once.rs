//! Invariant 3: nothing is taken twice.

super::checks! { Some(3);
    EVENT_TWICE = "event-twice":
        "there is one event for each id of a sender",
        "A repeated delivery was taken for a new one, and its rules ran twice.",
        "Look at the runs of both events, and undo in Kartra what was done twice.";
    RUN_TWICE = "run-twice":
        "an event starts a rule once",
        "The rule ran twice for one event.",
        "Look at both runs, and undo in Kartra what was done twice.";
    ONCE_TWICE = "once-twice":
        "of the runs of a rule with the same `once` value one is unfinished or done",
        "What should happen once happened twice, or is about to.",
        "Cancel the later run, or undo in Kartra what it did.";
    ONCE_DECLINED = "once-declined":
        "a run that was declined for `once` names the run that has the value",
        "Something was not done because of a run that is not there.",
        "Look whether it was done in Kartra; if not, send the event again with a new id.";
}
