//! Invariant 11: what a run does was settled when it began.

super::checks! { Some(11);
    RUN_TEXT = "run-text":
        "the text of the rule that started a run is stored",
        "The run cannot go on, and nobody can tell what it did.",
        "Restore a backup; an unfinished run can only be cancelled.";
    TEXT_HASH = "text-hash":
        "a rule's text is the one that its hash was made of",
        "The text was changed after runs were pinned to it: they would do something else.",
        "Pause, and restore a backup.";
    SET_MEMBERS = "set-members":
        "every rule set has the texts of its members",
        "It cannot be told any more which rules judged the events of that time.",
        "Restore a backup if that matters.";
    SET_HASH = "set-hash":
        "a rule set's members are those that its hash was made of",
        "It cannot be told for sure which rules judged the events of that time.",
        "Restore a backup if that matters.";
    @deep READABLE = "text-readable":
        "the text of every unfinished run's rule can be read by this version",
        "The run is held when its turn comes.",
        "Let the version that started it end it, or cancel it and send the event again with a new id.";
}
