//! The other side of the door. Outside a component nothing is there.

#[cfg(target_family = "wasm")]
pub(super) use self::component::*;
#[cfg(not(target_family = "wasm"))]
pub(super) use self::nothing::*;

#[cfg(target_family = "wasm")]
mod component {
    use super::super::{Column, Done, Error, Table, Value};
    use crate::__private::bindings::toolkeep::data::sql as wit;

    #[derive(Debug)]
    pub(in super::super) struct Database(wit::Database);

    impl Database {
        pub(in super::super) fn open(need: &str) -> Result<Self, Error> {
            wit::Database::open(need).map(Self).map_err(error)
        }

        pub(in super::super) fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, Error> {
            self.0.query(sql, &values(params)).map(Rows).map_err(error)
        }

        pub(in super::super) fn execute(&self, sql: &str, params: &[Value]) -> Result<Done, Error> {
            self.0
                .execute(sql, &values(params))
                .map(done)
                .map_err(error)
        }

        pub(in super::super) fn begin(&self) -> Result<Transaction, Error> {
            self.0.begin().map(Transaction).map_err(error)
        }

        pub(in super::super) fn tables(&self) -> Result<Vec<Table>, Error> {
            let table = |table: wit::Table| Table {
                name: table.name,
                is_view: table.is_view,
            };
            let tables = self.0.tables().map_err(error)?;
            Ok(tables.into_iter().map(table).collect())
        }

        pub(in super::super) fn columns(&self, table: &str) -> Result<Vec<Column>, Error> {
            let column = |column: wit::Column| Column {
                name: column.name,
                kind: column.kind,
                not_null: column.not_null,
                default: column.default,
                key: column.key,
            };
            let columns = self.0.columns(table).map_err(error)?;
            Ok(columns.into_iter().map(column).collect())
        }
    }

    #[derive(Debug)]
    pub(in super::super) struct Transaction(wit::Transaction);

    impl Transaction {
        pub(in super::super) fn query(&self, sql: &str, params: &[Value]) -> Result<Rows, Error> {
            self.0.query(sql, &values(params)).map(Rows).map_err(error)
        }

        pub(in super::super) fn execute(&self, sql: &str, params: &[Value]) -> Result<Done, Error> {
            self.0
                .execute(sql, &values(params))
                .map(done)
                .map_err(error)
        }

        pub(in super::super) fn commit(self) -> Result<(), Error> {
            wit::Transaction::commit(self.0).map_err(error)
        }
    }

    #[derive(Debug)]
    pub(in super::super) struct Rows(wit::Rows);

    impl Rows {
        pub(in super::super) fn columns(&self) -> Vec<String> {
            self.0.columns()
        }

        pub(in super::super) fn next(&self) -> Result<Vec<Value>, Error> {
            let of_wit = |value| match value {
                wit::Value::Null => Value::Null,
                wit::Value::Integer(number) => Value::Integer(number),
                wit::Value::Real(number) => Value::Real(number),
                wit::Value::Text(text) => Value::Text(text),
                wit::Value::Blob(bytes) => Value::Blob(bytes),
            };
            let values = self.0.next().map_err(error)?;
            Ok(values.into_iter().map(of_wit).collect())
        }
    }

    fn values(params: &[Value]) -> Vec<wit::Value> {
        let to_wit = |value: &Value| match value {
            Value::Null => wit::Value::Null,
            Value::Integer(number) => wit::Value::Integer(*number),
            Value::Real(number) => wit::Value::Real(*number),
            Value::Text(text) => wit::Value::Text(text.clone()),
            Value::Blob(bytes) => wit::Value::Blob(bytes.clone()),
        };
        params.iter().map(to_wit).collect()
    }

    fn done(done: wit::Done) -> Done {
        Done {
            changed: done.changed,
            last_row: done.last_row,
        }
    }

    fn error(error: wit::Error) -> Error {
        match error {
            wit::Error::Refused => Error::Refused,
            wit::Error::Invalid(text) => Error::Invalid(text),
            wit::Error::Constraint(text) => Error::Constraint(text),
            wit::Error::Busy => Error::Busy,
            wit::Error::Changed => Error::Changed,
            wit::Error::RolledBack => Error::RolledBack,
            wit::Error::InUse => Error::InUse,
            wit::Error::TimedOut => Error::TimedOut,
            wit::Error::TooLarge => Error::TooLarge,
            wit::Error::Unavailable => Error::Unavailable,
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod nothing {
    use std::convert::Infallible;

    use super::super::{Column, Done, Error, Table, Value};

    #[derive(Debug)]
    pub(in super::super) struct Database(Infallible);

    impl Database {
        pub(in super::super) fn open(_: &str) -> Result<Self, Error> {
            Err(Error::Unavailable)
        }

        pub(in super::super) fn query(&self, _: &str, _: &[Value]) -> Result<Rows, Error> {
            match self.0 {}
        }

        pub(in super::super) fn execute(&self, _: &str, _: &[Value]) -> Result<Done, Error> {
            match self.0 {}
        }

        pub(in super::super) fn begin(&self) -> Result<Transaction, Error> {
            match self.0 {}
        }

        pub(in super::super) fn tables(&self) -> Result<Vec<Table>, Error> {
            match self.0 {}
        }

        pub(in super::super) fn columns(&self, _: &str) -> Result<Vec<Column>, Error> {
            match self.0 {}
        }
    }

    #[derive(Debug)]
    pub(in super::super) struct Transaction(Infallible);

    impl Transaction {
        pub(in super::super) fn query(&self, _: &str, _: &[Value]) -> Result<Rows, Error> {
            match self.0 {}
        }

        pub(in super::super) fn execute(&self, _: &str, _: &[Value]) -> Result<Done, Error> {
            match self.0 {}
        }

        pub(in super::super) fn commit(self) -> Result<(), Error> {
            match self.0 {}
        }
    }

    #[derive(Debug)]
    pub(in super::super) struct Rows(Infallible);

    impl Rows {
        pub(in super::super) fn columns(&self) -> Vec<String> {
            match self.0 {}
        }

        pub(in super::super) fn next(&self) -> Result<Vec<Value>, Error> {
            match self.0 {}
        }
    }
}
