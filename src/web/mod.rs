//! HTTP in: deliveries from senders on one listener, the API on the other.

pub mod api;
