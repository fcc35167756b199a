//! `wasi:keyvalue`, a draft, matched by exact version.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::super::guest::Guest;
use crate::gate::call::Call;
use crate::gate::refusal::Refused;
use crate::handle::kv::{Bucket, Buckets, Cas, KvFailure, Swapped};
use crate::rules::verb::Handle;

mod bindings {
    #![allow(missing_docs, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../wit/keyvalue/0.2.0-draft2",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": super::Opened,
            "wasi:keyvalue/atomics.cas": super::Seen,
        },
    });
}

use bindings::wasi::keyvalue::{atomics, batch, store};

/// A bucket that a guest has opened.
pub struct Opened(Arc<Bucket>);

/// A value that a guest has read, to exchange it.
pub struct Seen {
    bucket: Arc<Bucket>,
    cas: Cas,
}

/// A bucket, and the call that uses it.
type Known = (Arc<Bucket>, Arc<Call>);

struct View<'a> {
    table: &'a mut ResourceTable,
    buckets: &'a Buckets,
    call: Option<&'a Arc<Call>>,
}

struct HasView;

impl HasData for HasView {
    type Data<'a> = View<'a>;
}

impl<'a> View<'a> {
    fn of(guest: &'a mut Guest) -> Self {
        let (table, buckets, call) = guest.keys();
        Self {
            table,
            buckets,
            call,
        }
    }

    /// The bucket, and the call that uses it.
    fn bucket(&self, bucket: &Resource<Opened>) -> wasmtime::Result<Result<Known, store::Error>> {
        let bucket = Arc::clone(&self.table.get(bucket)?.0);
        Ok(match self.call {
            Some(call) => Ok((bucket, Arc::clone(call))),
            None => Err(store::Error::AccessDenied),
        })
    }
}

/// What is known of a bucket and a call, or the error that a guest gets.
macro_rules! known {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        }
    };
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    store::add_to_linker::<Guest, HasView>(linker, |guest| View::of(guest))?;
    atomics::add_to_linker::<Guest, HasView>(linker, |guest| View::of(guest))?;
    batch::add_to_linker::<Guest, HasView>(linker, |guest| View::of(guest))
}

impl store::Host for View<'_> {
    async fn open(
        &mut self,
        need: String,
    ) -> wasmtime::Result<Result<Resource<Opened>, store::Error>> {
        let Some(call) = self.call else {
            return Ok(Err(store::Error::AccessDenied));
        };
        if let Some(bucket) = self.buckets.get(&need) {
            return Ok(Ok(self.table.push(Opened(bucket))?));
        }
        let declared = call
            .scope()
            .kv()
            .any(|declared| declared.need.as_str() == need);
        if !declared {
            return Ok(Err(store::Error::NoSuchStore));
        }
        let Refused = call.refuse_ungranted(Handle::Kv);
        Ok(Err(store::Error::AccessDenied))
    }
}

impl store::HostBucket for View<'_> {
    async fn get(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.get(&call, &key).await.map_err(told))
    }

    async fn set(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.set(&call, &key, value).await.map_err(told))
    }

    async fn delete(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
    ) -> wasmtime::Result<Result<(), store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.delete_all(&call, vec![key]).await.map_err(told))
    }

    async fn exists(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
    ) -> wasmtime::Result<Result<bool, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.exists(&call, &key).await.map_err(told))
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Opened>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<store::KeyResponse, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        let page = bucket.list(&call, cursor).await.map_err(told);
        Ok(page.map(|page| store::KeyResponse {
            keys: page.keys,
            cursor: page.cursor,
        }))
    }

    async fn drop(&mut self, bucket: Resource<Opened>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.increment(&call, &key, delta).await.map_err(told))
    }

    async fn swap(
        &mut self,
        cas: Resource<Seen>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Seen { bucket, cas } = self.table.delete(cas)?;
        let Some(call) = self.call else {
            return Ok(Err(atomics::CasError::StoreError(
                store::Error::AccessDenied,
            )));
        };
        Ok(match bucket.swap(call, cas, value).await {
            Ok(Swapped::Done) => Ok(()),
            Ok(Swapped::Changed(cas)) => {
                let now = self.table.push(Seen { bucket, cas })?;
                Err(atomics::CasError::CasFailed(now))
            }
            Err(failure) => Err(atomics::CasError::StoreError(told(failure))),
        })
    }
}

impl atomics::HostCas for View<'_> {
    async fn new(
        &mut self,
        bucket: Resource<Opened>,
        key: String,
    ) -> wasmtime::Result<Result<Resource<Seen>, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        match bucket.cas(&call, &key).await {
            Ok(cas) => Ok(Ok(self.table.push(Seen { bucket, cas })?)),
            Err(failure) => Ok(Err(told(failure))),
        }
    }

    async fn current(
        &mut self,
        cas: Resource<Seen>,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, store::Error>> {
        let seen = self.table.get(&cas)?;
        Ok(Ok(seen.cas.current().map(<[u8]>::to_vec)))
    }

    async fn drop(&mut self, cas: Resource<Seen>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl batch::Host for View<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Opened>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        let mut all = Vec::new();
        for key in keys {
            match bucket.get(&call, &key).await {
                Ok(value) => all.push((key, value)),
                Err(failure) => return Ok(Err(told(failure))),
            }
        }
        Ok(Ok(all))
    }

    async fn set_many(
        &mut self,
        bucket: Resource<Opened>,
        values: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.set_all(&call, values).await.map_err(told))
    }

    async fn delete_many(
        &mut self,
        bucket: Resource<Opened>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<(), store::Error>> {
        let (bucket, call) = known!(self.bucket(&bucket)?);
        Ok(bucket.delete_all(&call, keys).await.map_err(told))
    }
}

fn told(failure: KvFailure) -> store::Error {
    match failure {
        KvFailure::Refused(Refused) => store::Error::AccessDenied,
        KvFailure::Failed(why) => store::Error::Other(why.to_owned()),
    }
}
