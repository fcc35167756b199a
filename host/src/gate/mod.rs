//! The one door: every access to the world passes [`call::Call::judge`], and all that goes back to
//! the model passes [`exit`]. Nothing else can make a [`pass::Pass`].

pub mod approver;
mod asking;
pub mod call;
pub mod cancel;
pub mod door;
pub mod event;
pub mod events;
pub mod exit;
mod journal;
mod narrowed;
pub mod pass;
pub mod refusal;
pub mod session;
pub mod sessions;

use crate::store::error::StoreError;

/// Runs `work` on the store where it may wait: another process can hold the database for a while.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(StoreError::Closed))
}
