//! The offline path: no daemon holds the database's lock, so a command takes it and acts itself.

use async_trait::async_trait;
use uuid::Uuid;

use super::Opened;
use crate::web::api::{As, Control, Refusal};

/// Holds the database's lock for as long as it lives.
pub(super) struct Local;

impl Local {
    /// Takes the lock; `None` when a daemon has it.
    #[expect(clippy::unused_async, reason = "opens the store once it is there")]
    pub(super) async fn take(_project: &Opened) -> anyhow::Result<Option<Self>> {
        Ok(None)
    }
}

#[async_trait]
impl Control for Local {
    async fn cancel(&self, _run: Uuid, _reason: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn retry(&self, _run: Uuid, _reason: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn resume(&self, _run: Uuid, _reason: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn resolve(&self, _run: Uuid, _outcome: As, _reason: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn pause(&self, _connection: Option<&str>, _reason: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn unpause(&self, _connection: Option<&str>) -> Result<(), Refusal> {
        Ok(())
    }
}
