//! A folder's listing, name by name.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorType, DirectoryEntry, DirectoryEntryStream, HostDirectoryEntryStream,
};

use super::{View, failed};
use crate::base::id::Name;
use crate::handle::fs::listing::{Listing, Step};
use crate::handle::fs::located::Found;
use crate::rules::verb::Handle;

/// A listing under way, with the need whose patterns it is held against.
pub(super) struct Entries {
    pub(super) need: Name,
    pub(super) listing: Listing,
}

impl HostDirectoryEntryStream for View<'_> {
    /// Names that the grant's patterns do not let the call see are left out.
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let call = self.call()?;
        let stream = Resource::<Entries>::new_borrow(stream.rep());
        let listed = loop {
            let Entries { need, listing } = self.table.get_mut(&stream)?;
            let shows = |path: &str, is_folder| call.shows(Handle::Fs, need, path, is_folder);
            match listing.next(shows).map_err(failed)? {
                Step::Listed(listed) => break Some(listed),
                Step::End => break None,
                // Many names that the call may not see: others have their turn, and limits count.
                Step::Skipped => tokio::task::yield_now().await,
            }
        };
        Ok(listed.map(|listed| DirectoryEntry {
            type_: match listed.found {
                Found::File => DescriptorType::RegularFile,
                Found::Folder => DescriptorType::Directory,
                Found::Link => DescriptorType::SymbolicLink,
                Found::Special | Found::Nothing => DescriptorType::Unknown,
            },
            name: listed.name,
        }))
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.table
            .delete(Resource::<Entries>::new_own(stream.rep()))?;
        Ok(())
    }
}
