//! `wasi:filesystem/types`, method by method. What goes by path is in [`super::paths`]; what is done
//! with an open descriptor needs the pass it was opened with, and is then wasmtime-wasi's.

use std::sync::Arc;

use rustix::fs::Stat;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::metered::{MeteredInput, MeteredOutput};
use super::{Listing, View, convert, failed, refused};
use crate::gate::call::Span;
use crate::gate::pass::Pass;
use crate::handle::fs::located::Found;
use crate::handle::fs::place::Unresolved;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.wasi().convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.wasi().filesystem_error_code(error)
    }
}

impl View<'_> {
    /// The pass with which `fd` was opened to read.
    fn reading(&self, fd: &Resource<Descriptor>) -> FsResult<Arc<Pass>> {
        self.opened(fd, &[Verb::Read, Verb::List, Verb::Create])
    }

    /// The pass with which `fd` was opened to write, still good for what the call has seen since.
    fn writing(&self, fd: &Resource<Descriptor>) -> FsResult<Arc<Pass>> {
        let pass = self.opened(fd, &[Verb::Modify, Verb::Create])?;
        pass.recheck().map_err(refused)?;
        Ok(pass)
    }

    fn opened(&self, fd: &Resource<Descriptor>, any_of: &[Verb]) -> FsResult<Arc<Pass>> {
        let pass = self.node(fd)?.pass.ok_or(ErrorCode::NotPermitted)?;
        let verbs = pass.access().verbs;
        if any_of.iter().any(|verb| verbs.contains(*verb)) {
            Ok(pass)
        } else {
            Err(ErrorCode::NotPermitted.into())
        }
    }

    fn stat_open(&self, fd: &Resource<Descriptor>) -> FsResult<Stat> {
        let stat = match self.table.get(fd)? {
            Descriptor::File(file) => rustix::fs::fstat(&*file.file),
            Descriptor::Dir(dir) => rustix::fs::fstat(&*dir.dir),
        };
        stat.map_err(failed)
    }

    /// The identity of an entry of a folder that is open for listing, if the call may see the entry.
    fn identify(&self, fd: &Resource<Descriptor>, flags: PathFlags, name: &str) -> Option<Stat> {
        if follows(flags) || name.contains('/') {
            return None;
        }
        let node = self.node(fd).ok()?;
        let located = node.mount.place.locate(&node.path, name, false).ok()?;
        let is_folder = located.found() == Found::Folder;
        let scope = self.call.as_ref()?.scope();
        if !scope.shows(&node.mount.need, located.path(), is_folder) {
            return None;
        }
        located.identify(node.pass.as_deref()?).ok()
    }

    fn making_link(&self, fd: &Resource<Descriptor>, path: &str) -> FsResult<FsError> {
        let node = self.node(fd)?;
        let verbs = Verbs::one(Verb::Create);
        let access = match node.mount.place.locate(&node.path, path, false) {
            Ok(located) => located.access(&node.mount.need, verbs),
            Err(Unresolved::Failed(errno)) => return Err(failed(errno)),
            Err(Unresolved::Unreachable { asked, why }) => Access {
                handle: Handle::Fs,
                need: node.mount.need.clone(),
                verbs,
                object: Object::Unreachable {
                    data: node.mount.place.data().clone(),
                    asked,
                    why,
                },
                is_folder: false,
            },
        };
        Ok(refused(self.call()?.refuse_link(&access)))
    }
}

impl HostDescriptor for View<'_> {
    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        self.open(&fd, &path, follows(path_flags), open_flags, flags)
            .await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let stat = self.stat_path(&fd, &path, follows(path_flags)).await?;
        Ok(convert::stat(&stat))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        // C libraries ask this of every name that they list.
        let stat = match self.identify(&fd, path_flags, &path) {
            Some(stat) => stat,
            None => self.stat_path(&fd, &path, follows(path_flags)).await?,
        };
        Ok(convert::hash(&stat))
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let (accessed, modified) = (convert::new_time(accessed)?, convert::new_time(modified)?);
        self.set_times_path(&fd, &path, follows(path_flags), accessed, modified)
            .await
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.create_folder(&fd, &path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.delete_folder(&fd, &path).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.delete_file(&fd, &path).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.read_link(&fd, &path).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.rename(&fd, &old_path, &new_fd, &new_path).await
    }

    async fn link_at(
        &mut self,
        _fd: Resource<Descriptor>,
        _old_path_flags: PathFlags,
        _old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        Err(self.making_link(&new_fd, &new_path)?)
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        _old_path: String,
        new_path: String,
    ) -> FsResult<()> {
        Err(self.making_link(&fd, &new_path)?)
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let pass = self.reading(&fd)?;
        let stream = self.wasi().read_via_stream(fd, offset)?;
        let slot = self.table.get_mut(&stream)?;
        let inner = std::mem::replace(slot, Box::new(Gone));
        *slot = Box::new(MeteredInput::new(inner, pass));
        Ok(stream)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let pass = self.writing(&fd)?;
        let stream = self.wasi().write_via_stream(fd, offset)?;
        self.meter(stream, pass)
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let pass = self.writing(&fd)?;
        let stream = self.wasi().append_via_stream(fd)?;
        self.meter(stream, pass)
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let pass = self.reading(&fd)?;
        let (bytes, end) = self.wasi().read(fd, length, offset).await?;
        pass.count_read(bytes.len() as u64);
        Ok((bytes, end))
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let pass = self.writing(&fd)?;
        let written = self.wasi().write(fd, bytes, offset).await?;
        pass.count_written(written);
        Ok(written)
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        self.writing(&fd)?;
        self.wasi().set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.writing(&fd)?;
        self.wasi().set_times(fd, accessed, modified).await
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.wasi().advise(fd, offset, length, advice).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.wasi().sync(fd).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.wasi().sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.wasi().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.wasi().get_type(fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.stat_open(&fd).map(|stat| convert::stat(&stat))
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.stat_open(&fd).map(|stat| convert::hash(&stat))
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        self.wasi().is_same_object(a, b).await
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DirectoryEntryStream>> {
        let node = self.node(&fd)?;
        let pass = match &node.pass {
            Some(_) => self.opened(&fd, &[Verb::List])?,
            // The mount itself, which nobody had to open.
            None => {
                let located = node.mount.place.locate("", "", false);
                let located = located.map_err(|_| ErrorCode::NoEntry)?;
                let access = located.access(&node.mount.need, Verbs::one(Verb::List));
                let pass = self
                    .call()?
                    .judge(access, Span::Moment)
                    .await
                    .map_err(refused)?;
                pass.settle(Status::Done, None);
                Arc::new(pass)
            }
        };
        let stream = self.wasi().read_directory(fd).await?;
        let listing = Listing {
            mount: node.mount,
            path: node.path,
            pass,
        };
        self.folders.listings.insert(stream.rep(), listing);
        Ok(stream)
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.folders.nodes.remove(&fd.rep());
        HostDescriptor::drop(&mut self.wasi(), fd)
    }
}

impl View<'_> {
    fn meter(
        &mut self,
        stream: Resource<DynOutputStream>,
        pass: Arc<Pass>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let slot = self.table.get_mut(&stream)?;
        let inner = std::mem::replace(slot, Box::new(Gone));
        *slot = Box::new(MeteredOutput::new(inner, pass));
        Ok(stream)
    }
}

impl HostDirectoryEntryStream for View<'_> {
    /// Names that the grant's patterns do not let the call see are left out.
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        let rep = stream.rep();
        loop {
            let stream = Resource::new_borrow(rep);
            let Some(entry) = self.wasi().read_directory_entry(stream).await? else {
                return Ok(None);
            };
            let listing = self
                .folders
                .listings
                .get(&rep)
                .ok_or(ErrorCode::BadDescriptor)?;
            let is_folder = matches!(entry.type_, DescriptorType::Directory);
            let path = match listing.path.as_str() {
                "" => entry.name.clone(),
                folder => format!("{folder}/{}", entry.name),
            };
            if self
                .call()?
                .scope()
                .shows(&listing.mount.need, &path, is_folder)
            {
                listing.pass.count_read(entry.name.len() as u64);
                return Ok(Some(entry));
            }
        }
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.folders.listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut self.wasi(), stream)
    }
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}

/// What stands in a stream's place while it is being wrapped.
struct Gone;

#[async_trait::async_trait]
impl wasmtime_wasi::p2::Pollable for Gone {
    async fn ready(&mut self) {}
}

#[async_trait::async_trait]
impl wasmtime_wasi::p2::InputStream for Gone {
    fn read(&mut self, _size: usize) -> wasmtime_wasi::p2::StreamResult<bytes::Bytes> {
        Err(wasmtime_wasi::p2::StreamError::Closed)
    }
}

#[async_trait::async_trait]
impl wasmtime_wasi::p2::OutputStream for Gone {
    fn write(&mut self, _bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        Err(wasmtime_wasi::p2::StreamError::Closed)
    }

    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Err(wasmtime_wasi::p2::StreamError::Closed)
    }

    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Err(wasmtime_wasi::p2::StreamError::Closed)
    }
}
