//! The `sql` handle: databases, judged statement by statement.

pub mod failure;
pub mod sqlite;
pub mod value;
pub mod want;
