//! Invariant 8: a step is tried as often as its rule says.

super::checks! { Some(8);
    @deep WITHIN_POLICY = "attempts-policy":
        "no step was tried more often than its rule's text says",
        "Calls were made beyond what the rule allows.",
        "Look at the run with `kartwheel runs show`.";
}
