//! What everything else stands on: the file, its tables and indexes, and the references between rows.

super::checks! { None;
    SCHEMA = "schema":
        "tables and indexes are those that the migrations make",
        "Somebody changed the database by hand. Unique indexes keep events and runs from being stored twice, so it may accept what it should not.",
        "Stop the daemon and restore a backup; or make again by hand what is missing, as migrations/ has it.";
    FILE = "file":
        "the pages of the file are whole, and every row fits its table",
        "The disk, the file system or another program damaged the file.",
        "Stop the daemon, keep a copy of the file, restore the newest backup that `kartwheel verify` finds in order, and look after the disk.";
    REFERENCES = "references":
        "rows that belong to another row have one",
        "A row was removed by hand, or the file was damaged.",
        "Restore a backup, or put the missing row back.";
    NUMBERS = "numbers":
        "the next event and the next run get a number that none has",
        "The next delivery cannot be stored.",
        "Restore a backup.";
}
