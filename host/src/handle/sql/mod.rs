//! The `sql` handle: databases, judged statement by statement. What a statement wants is found out
//! before anything of it runs; each table that it wants something of is one access.

mod act;
pub mod backend;
pub mod database;
pub mod failure;
pub mod postgres;
mod rows;
pub mod sqlite;
mod transaction;
pub mod value;
pub mod want;

pub use self::database::{Databases, Given, Open};
pub use self::rows::Rows;
pub use self::transaction::Transaction;

#[cfg(test)]
mod tests;
