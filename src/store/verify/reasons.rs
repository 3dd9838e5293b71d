//! Invariant 12: what is declined is recorded with a reason.

super::checks! { Some(12);
    RUN = "run-reason":
        "a run that is declined, cancelled, failed, held, tried again or waits for a person says why",
        "Nobody can tell why, nor what would help.",
        "Look into the log of that time (`kartwheel runs show` names it).";
    VERDICT = "verdict-reason":
        "a verdict says which leaf did not hold, what it wanted and what was there",
        "Nobody can tell why the rule did not fire.",
        "`kartwheel verify --deep` judges the event again.";
    HOLD = "hold-reason":
        "a hold says why",
        "Nobody can tell why nothing is sent.",
        "`kartwheel connection status` asks the connection anew.";
}
