//! Tests of reading, judging and planning rules.
