//! `toolkeep:data/sql`.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::super::guest::Guest;
use crate::gate::call::Call;
use crate::handle::sql::failure::Failure;
use crate::handle::sql::value::{Done, Value};
use crate::handle::sql::{Databases, Open, Rows, Transaction};

mod bindings {
    #![allow(missing_docs, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../wit/data/0.1.0",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "toolkeep:data/sql.database": crate::handle::sql::Open,
            "toolkeep:data/sql.transaction": crate::handle::sql::Transaction,
            "toolkeep:data/sql.rows": crate::handle::sql::Rows,
        },
    });
}

use bindings::toolkeep::data::sql as wit;

struct View<'a> {
    table: &'a mut ResourceTable,
    databases: &'a Databases,
    call: Option<&'a Arc<Call>>,
}

struct HasView;

impl HasData for HasView {
    type Data<'a> = View<'a>;
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasView>(linker, |guest| {
        let (table, databases, call) = guest.sql_parts();
        View {
            table,
            databases,
            call,
        }
    })
}

type Answer<T> = wasmtime::Result<Result<T, wit::Error>>;

impl View<'_> {
    /// Gives the guest a handle of what there is, or tells it why there is none.
    fn push<T: Send + 'static>(&mut self, made: Result<T, Failure>) -> Answer<Resource<T>> {
        Ok(match made {
            Ok(made) => Ok(self.table.push(made)?),
            Err(failure) => Err(error(failure)),
        })
    }
}

impl wit::Host for View<'_> {}

impl wit::HostDatabase for View<'_> {
    async fn open(&mut self, need: String) -> Answer<Resource<Open>> {
        let opened = match self.call {
            Some(call) => self.databases.open(call, &need).await,
            None => Err(Failure::Refused),
        };
        self.push(opened)
    }

    async fn query(
        &mut self,
        own: Resource<Open>,
        statement: String,
        params: Vec<wit::Value>,
    ) -> Answer<Resource<Rows>> {
        let open = self.table.get(&own)?;
        let rows = open.query(statement, values(params)).await;
        self.push(rows)
    }

    async fn execute(
        &mut self,
        own: Resource<Open>,
        statement: String,
        params: Vec<wit::Value>,
    ) -> Answer<wit::Done> {
        let open = self.table.get(&own)?;
        Ok(done(open.execute(statement, values(params)).await))
    }

    async fn begin(&mut self, own: Resource<Open>) -> Answer<Resource<Transaction>> {
        let begun = self.table.get(&own)?.begin().await;
        self.push(begun)
    }

    async fn tables(&mut self, own: Resource<Open>) -> Answer<Vec<wit::Table>> {
        let tables = self.table.get(&own)?.tables().await;
        let tables = tables.map(|tables| {
            let table = |table: crate::handle::sql::backend::Table| wit::Table {
                name: table.name,
                is_view: table.is_view,
            };
            tables.into_iter().map(table).collect()
        });
        Ok(tables.map_err(error))
    }

    async fn columns(&mut self, own: Resource<Open>, table: String) -> Answer<Vec<wit::Column>> {
        let columns = self.table.get(&own)?.columns(table).await;
        let columns = columns.map(|columns| {
            let column = |column: crate::handle::sql::backend::Column| wit::Column {
                name: column.name,
                kind: column.kind,
                not_null: column.not_null,
                default: column.default,
                key: column.key,
            };
            columns.into_iter().map(column).collect()
        });
        Ok(columns.map_err(error))
    }

    async fn drop(&mut self, own: Resource<Open>) -> wasmtime::Result<()> {
        self.table.delete(own)?;
        Ok(())
    }
}

impl wit::HostTransaction for View<'_> {
    async fn query(
        &mut self,
        own: Resource<Transaction>,
        statement: String,
        params: Vec<wit::Value>,
    ) -> Answer<Resource<Rows>> {
        let transaction = self.table.get_mut(&own)?;
        let rows = transaction.query(statement, values(params)).await;
        self.push(rows)
    }

    async fn execute(
        &mut self,
        own: Resource<Transaction>,
        statement: String,
        params: Vec<wit::Value>,
    ) -> Answer<wit::Done> {
        let transaction = self.table.get_mut(&own)?;
        Ok(done(transaction.execute(statement, values(params)).await))
    }

    async fn commit(&mut self, own: Resource<Transaction>) -> Answer<()> {
        let transaction = self.table.delete(own)?;
        Ok(transaction.commit().await.map_err(error))
    }

    async fn drop(&mut self, own: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table.delete(own)?.roll_back().await;
        Ok(())
    }
}

impl wit::HostRows for View<'_> {
    async fn columns(&mut self, own: Resource<Rows>) -> wasmtime::Result<Vec<String>> {
        Ok(self.table.get(&own)?.columns().to_vec())
    }

    async fn next(&mut self, own: Resource<Rows>) -> Answer<Vec<wit::Value>> {
        let batch = self.table.get_mut(&own)?.next().await;
        let batch = batch.map(|values| values.into_iter().map(to_wit).collect());
        Ok(batch.map_err(error))
    }

    async fn drop(&mut self, own: Resource<Rows>) -> wasmtime::Result<()> {
        self.table.delete(own)?.close().await;
        Ok(())
    }
}

fn values(params: Vec<wit::Value>) -> Vec<Value> {
    let of_wit = |value| match value {
        wit::Value::Null => Value::Null,
        wit::Value::Integer(number) => Value::Integer(number),
        wit::Value::Real(number) => Value::Real(number),
        wit::Value::Text(text) => Value::Text(text),
        wit::Value::Blob(bytes) => Value::Blob(bytes),
    };
    params.into_iter().map(of_wit).collect()
}

fn to_wit(value: Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Integer(number) => wit::Value::Integer(number),
        Value::Real(number) => wit::Value::Real(number),
        Value::Text(text) => wit::Value::Text(text),
        Value::Blob(bytes) => wit::Value::Blob(bytes),
    }
}

fn done(done: Result<Done, Failure>) -> Result<wit::Done, wit::Error> {
    let to_wit = |done: Done| wit::Done {
        changed: done.changed,
        last_row: done.last_row,
    };
    done.map(to_wit).map_err(error)
}

fn error(failure: Failure) -> wit::Error {
    match failure {
        Failure::Refused => wit::Error::Refused,
        Failure::Invalid(text) => wit::Error::Invalid(text),
        Failure::Constraint(text) => wit::Error::Constraint(text),
        Failure::RolledBack => wit::Error::RolledBack,
        Failure::InUse(_) => wit::Error::InUse,
        Failure::Busy => wit::Error::Busy,
        Failure::Changed => wit::Error::Changed,
        Failure::TimedOut => wit::Error::TimedOut,
        Failure::TooLarge => wit::Error::TooLarge,
        Failure::Unavailable | Failure::Lost | Failure::Stopped => wit::Error::Unavailable,
    }
}
