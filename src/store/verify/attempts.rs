//! Invariant 4: every call is on disk before it leaves, and what must not be repeated is not.

super::checks! { Some(4);
    GAP = "attempt-gap":
        "the attempts of a step are numbered from 1 without a gap",
        "A call was made, or is thought to have been made, of which nothing is known any more.",
        "Look in Kartra what was done for this person, and restore a backup if more is missing.";
    MISSING = "attempt-missing":
        "every attempt that a run has counted is there",
        "A call was counted whose intent is not there: it may have been sent.",
        "Look in Kartra what was done for this person.";
    UNCOUNTED = "attempt-uncounted":
        "every attempt is counted by its run",
        "The run does not know of a call that may have been sent, and could make it again.",
        "Look in Kartra what was done for this person; cancel the run if that was all.";
    OPEN_STATE = "attempt-open":
        "an attempt without an outcome belongs to a run that is under way or was stopped in the middle",
        "The run went on, or ended, without knowing what became of its call.",
        "Look in Kartra whether the call was carried out.";
    OPEN_LATER = "attempt-one":
        "no call is made while the outcome of the one before is not recorded",
        "Two calls of one run were under way at once, or an outcome was lost.",
        "Look in Kartra what was done for this person.";
    SENT_AGAIN = "attempt-never":
        "a call that must never be repeated was sent again only after an answer that proves that nothing was done, or by a person's word",
        "Money may have moved twice.",
        "Look in Kartra at the transactions of this person now.";
    DONE_AGAIN = "attempt-done-again":
        "what is more than harmless is not sent again once it was done",
        "Something was done twice that a person notices.",
        "Look in Kartra what was done for this person.";
}
