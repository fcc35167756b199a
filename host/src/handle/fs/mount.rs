//! A data place as a guest sees it: a folder with a path of its own.

use std::sync::Arc;

use super::place::Place;
use crate::base::id::Name;

/// A data place as a guest sees it.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The need that it was granted for.
    pub need: Name,
    /// Where the guest sees it, such as `/notebook`.
    pub at: String,
    /// The data place's folder.
    pub place: Arc<Place>,
}
