//! Invariant 7: what concerns one person goes in order, and nobody waits for ever.

super::checks! { Some(7);
    HOLDER_TWO = "key-holder":
        "one run at a time has a key",
        "Two runs work on one person at once, in any order.",
        "Pause, cancel the later run, and start it again by sending its event with a new id.";
    HOLDER_STATE = "key-kept":
        "only runs that others must wait for have a key",
        "The younger runs of this person wait for nothing.",
        "Restart the daemon; if it is still so, cancel the run that has the key.";
    HOLDER_NONE = "key-missing":
        "a run that is carried out has its key",
        "Another run of this person may be carried out at the same time.",
        "Look at this person's runs (`kartwheel runs list --key`).";
    ORDER = "key-order":
        "no run has a key that an older one waits for and never had",
        "What concerns one person was done in the wrong order.",
        "Look at this person's runs (`kartwheel runs list --key`).";
    STUCK = "key-stuck":
        "a run that waits for its key waits for a run that will give it up",
        "The run waits for ever.",
        "`kartwheel runs cancel` it and send its event again with a new id.";
    GIVES_WAY = "key-gives-way":
        "runs that sleep or wait for a person let the younger ones pass, and no others do",
        "The order of this person's runs is not kept, or they wait for nothing.",
        "Restart the daemon; if it is still so, cancel the run.";
}
