//! The store's promises, each shown on every kind of store.
//!
//! To run the suite on another database: a constructor beside `Home::sqlite`, one line in `on_every_store`.

mod accept;
mod alerts;
mod awaited;
mod backups;
mod budgets;
mod claims;
mod expire;
mod files;
mod holds;
mod keys;
mod lists;
mod model;
mod passing;
mod people;
mod reports;
mod runs;
mod turns;
mod world;

/// Makes each test run on each store.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::store::world::Home::sqlite()).await;
            })*
        }
    };
}
use on_every_store;
