//! Invariant 5: after a cancel or a pause nothing is sent that was not on its way.

super::checks! { Some(5);
    AFTER_CANCEL = "sent-after-cancel":
        "no call was begun after its run was cancelled",
        "Something was sent for a run that a person had ended.",
        "Look in Kartra what was done for this person.";
    WHILE_HELD = "sent-while-held":
        "no call that is more than harmless was begun while its connection was paused or held",
        "A pause did not hold (or the machine's clock was set just then).",
        "Look in Kartra what was done for this person.";
}
