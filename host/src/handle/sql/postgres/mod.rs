//! PostgreSQL servers.

mod statement;
