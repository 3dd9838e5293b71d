//! Tests of account-aware checks.
