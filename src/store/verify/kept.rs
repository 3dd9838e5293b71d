//! Invariant 1: what was answered with success is there.

super::checks! { Some(1);
    BODY = "event-body":
        "every event that came with a body still has it",
        "What the event said is lost; its runs cannot go on, and it cannot be judged again.",
        "Ask the sender to send it again, or restore a backup.";
    READABLE = "event-readable":
        "what is stored of an event can be read",
        "The event cannot be shown, and lists that hold it fail.",
        "Restore a backup.";
}
