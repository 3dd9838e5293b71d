//! Questions about the log of runs.

use jiff::Timestamp;

use super::{Desk, Failed};
use crate::membrane::RunLog;

impl Desk {
    /// The runs of a connection since an instant, newest first; so many at most.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn logs(
        &self,
        connection: &str,
        from: Timestamp,
        most: usize,
    ) -> Result<Vec<RunLog>, Failed> {
        let read = self.line.run_logs(connection, from, most, |_| true).await?;
        Ok(read.runs)
    }
}
