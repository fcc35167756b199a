//! The `fs` handle: files and folders below a data place.
//!
//! A path is judged *after* its links are followed, and the act goes to the very folder that was
//! judged: [`place::Place::locate`] opens the parent folder without following any link in it and
//! keeps it open; what is then judged, and what [`located::Located`]'s acts touch, is this parent and
//! one leaf name in it.

pub mod act;
mod asked;
mod beneath;
pub mod listing;
pub mod located;
pub mod mount;
pub mod place;
pub mod protected;
pub mod subtree;
