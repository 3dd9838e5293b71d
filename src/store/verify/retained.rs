//! Invariant 10: nothing that unfinished work needs is removed.

super::checks! { Some(10);
    OPEN_BODY = "run-body":
        "a run that is not over has the body of its event, and so has one that failed until retention removes it",
        "The run cannot go on, nor be resumed.",
        "Cancel it and send the event again with a new id, or restore a backup.";
}
