//! Invariant 2: why something happened, or did not, can be told of every event.

super::checks! { Some(2);
    RULE_SET = "event-rule-set":
        "every event names a rule set that is stored",
        "It cannot be told any more which rules judged the event.",
        "Restore a backup if that matters; nothing else depends on it.";
    MEMBER = "verdict-member":
        "every verdict is of a rule of the event's rule set, by its text then",
        "It cannot be told any more why that rule did what it did.",
        "Restore a backup if that matters.";
    MATCHED_RUN = "matched-run":
        "every rule that matched has its run",
        "The rule matched, and nothing was done for it.",
        "Do by hand what the rule would have done, or send the event again with a new id.";
    RUN_VERDICT = "run-verdict":
        "every run has the verdict that started it",
        "Something is done, or was, that no rule asked for.",
        "Look at the run with `kartwheel runs show`, and cancel it if it should not be.";
    @deep REJUDGED = "verdict-again":
        "judged again, every event gets the verdicts that are stored, and every rule without one excludes its type",
        "A body or a verdict was changed after it was stored, or this version judges otherwise than the one that stored it.",
        "Compare the event (`kartwheel events show`) with what the sender shows.";
}
