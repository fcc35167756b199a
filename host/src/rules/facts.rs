//! What is known of a call before it runs.

use std::sync::Arc;

use serde_json::Value;

use crate::base::principal::Principal;

/// What is known of a call before it runs, and rules may depend on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// On whose behalf it is made.
    pub principal: Principal,
    /// Its arguments: a JSON object, as the runtime gave it. Nothing has held it against the tool's schema yet.
    pub arguments: Arc<Value>,
}
