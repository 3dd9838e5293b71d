//! All integration tests in one binary: faster to link, and shared code is a module.

mod rules;
