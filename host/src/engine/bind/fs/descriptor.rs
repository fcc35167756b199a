//! `wasi:filesystem/types`, method by method. What goes by path is in [`super::paths`]; what is done
//! with an open descriptor needs the pass it was opened with, and is then wasmtime-wasi's.

use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntryStream, ErrorCode,
    Filesize, HostDescriptor, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::entries::Entries;
use super::gone::Gone;
use super::metered::{MeteredInput, MeteredOutput};
use super::paths::settle;
use super::{View, convert, failed, refused};
use crate::gate::call::Span;
use crate::gate::pass::Pass;
use crate::rules::verb::{Verb, Verbs};
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
        let node = self.node(&fd)?;
        let stat = self.stat_path(&node, &path, follows(path_flags)).await?;
        Ok(convert::stat(&stat))
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        // C libraries ask this of every name that they list.
        let entry = if follows(path_flags) {
            None
        } else {
            self.identify(&fd, &path)
        };
        let stat = match entry {
            Some(stat) => stat,
            None => {
                let node = self.node(&fd)?;
                self.stat_path(&node, &path, follows(path_flags)).await?
            }
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
        let node = self.node(&fd)?;
        self.set_times_path(&node, &path, follows(path_flags), accessed, modified)
            .await
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.create_folder(&self.node(&fd)?, &path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.delete_folder(&self.node(&fd)?, &path).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.delete_file(&self.node(&fd)?, &path).await
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.read_link(&self.node(&fd)?, &path).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.rename(&self.node(&fd)?, &old_path, &self.node(&new_fd)?, &new_path)
            .await
    }

    async fn link_at(
        &mut self,
        _fd: Resource<Descriptor>,
        _old_path_flags: PathFlags,
        _old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.refuse_link(&new_fd, &new_path).await
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        _old_path: String,
        new_path: String,
    ) -> FsResult<()> {
        self.refuse_link(&fd, &new_path).await
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
        let done = self.wasi().write(fd, bytes, offset).await;
        if let Ok(written) = &done {
            pass.count_written(*written);
        }
        noted(&pass, done)
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let pass = self.writing(&fd)?;
        let done = self.wasi().set_size(fd, size).await;
        noted(&pass, done)
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let pass = self.writing(&fd)?;
        let done = self.wasi().set_times(fd, accessed, modified).await;
        noted(&pass, done)
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
        self.opened(&fd, &[Verb::Modify, Verb::Create, Verb::Read, Verb::List])?;
        self.wasi().sync(fd).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.opened(&fd, &[Verb::Modify, Verb::Create, Verb::Read, Verb::List])?;
        self.wasi().sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.wasi().get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.wasi().get_type(fd).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        Ok(convert::stat(&self.stat_open(&fd).await?))
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        Ok(convert::hash(&self.stat_open(&fd).await?))
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
        let verbs = Verbs::one(Verb::List);
        // By its path, not by the open folder: that may have been moved since it was judged.
        let place = Arc::clone(&node.mount.place);
        let mut whole = node.clone();
        whole.path.clear();
        let path = if node.path.is_empty() {
            "."
        } else {
            &node.path
        };
        let located = self.locate(&whole, path, false, verbs).await?;
        let pass = match &node.pass {
            Some(_) => {
                let pass = self.opened(&fd, &[Verb::List])?;
                self.call()?.count(pass.access()).map_err(refused)?;
                pass
            }
            // The mount itself, which nobody had to open.
            None => {
                let pass = self.judge(&node, &located, verbs, Span::Moment).await?;
                Arc::new(pass)
            }
        };
        let listing = located.list(Arc::clone(&pass), place);
        if node.pass.is_none() {
            settle(&pass, &listing);
        }
        let listing = listing.map_err(failed)?;
        let listing = Entries {
            need: node.mount.need,
            listing,
        };
        let stream = self.table.push(listing)?;
        // The type that WASI's bindings know; what stands behind it is ours.
        Ok(Resource::new_own(stream.rep()))
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        if let Some(node) = self.folders.nodes.remove(&fd.rep())
            && let Some(pass) = node.pass
        {
            pass.settle_done();
        }
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

/// A change that failed is what came of the access, however it goes on.
fn noted<T>(pass: &Pass, done: FsResult<T>) -> FsResult<T> {
    if done.is_err() {
        pass.settle(Status::Failed, Some("write"));
    }
    done
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}
