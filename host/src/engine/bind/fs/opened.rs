//! What a descriptor lets a guest do: what it was opened with.

use std::sync::Arc;

use rustix::fs::Stat;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::{View, failed, refused};
use crate::gate::pass::Pass;
use crate::handle::fs::located::Found;
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::ReasonCode;

impl View<'_> {
    /// The pass with which `fd` was opened to read.
    pub(super) fn reading(&self, fd: &Resource<Descriptor>) -> FsResult<Arc<Pass>> {
        self.opened(fd, &[Verb::Read])
    }

    /// The pass with which `fd` was opened to write, still good for what the call has seen since.
    pub(super) fn writing(&self, fd: &Resource<Descriptor>) -> FsResult<Arc<Pass>> {
        let pass = self.opened(fd, &[Verb::Modify, Verb::Create])?;
        pass.recheck().map_err(refused)?;
        Ok(pass)
    }

    pub(super) fn opened(&self, fd: &Resource<Descriptor>, any_of: &[Verb]) -> FsResult<Arc<Pass>> {
        let pass = self.node(fd)?.pass.ok_or(ErrorCode::NotPermitted)?;
        let verbs = pass.access().verbs;
        if any_of.iter().any(|verb| verbs.contains(*verb)) {
            Ok(pass)
        } else {
            Err(ErrorCode::NotPermitted.into())
        }
    }

    /// Size, kind and times of what `fd` stands for. What was opened to be seen, or was just made, may
    /// be looked at; anything else is judged, as by path.
    pub(super) async fn stat_open(&mut self, fd: &Resource<Descriptor>) -> FsResult<Stat> {
        if self
            .opened(fd, &[Verb::Read, Verb::List, Verb::Create])
            .is_err()
        {
            let mut node = self.node(fd)?;
            node.path.clear();
            let path = self.node(fd)?.path;
            let path = if path.is_empty() { "." } else { &path };
            return self.stat_path(&node, path, false).await;
        }
        let stat = match self.table.get(fd)? {
            Descriptor::File(file) => rustix::fs::fstat(&*file.file),
            Descriptor::Dir(dir) => rustix::fs::fstat(&*dir.dir),
        };
        stat.map_err(failed)
    }

    /// The identity of an entry of a folder that is open for listing, if the call may see the entry; a
    /// link's own.
    pub(super) fn identify(&self, fd: &Resource<Descriptor>, name: &str) -> Option<Stat> {
        if name.contains('/') {
            return None;
        }
        let node = self.node(fd).ok()?;
        let located = self.look_up(&node, name, false).ok()?.ok()?;
        let is_folder = located.found() == Found::Folder;
        if !self
            .call
            .as_ref()?
            .shows(Handle::Fs, &node.mount.need, located.path(), is_folder)
        {
            return None;
        }
        located.identify(node.pass.as_deref()?).ok()
    }

    /// Links cannot be made: a second way to a file is a second path to be judged by.
    pub(super) async fn refuse_link(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
    ) -> FsResult<()> {
        let node = self.node(fd)?;
        let verbs = Verbs::one(Verb::Create);
        let located = self.locate(&node, path, false, verbs).await?;
        let access = located.access(&node.mount.need, verbs);
        let text = "links cannot be made through a grant";
        let call = self.call()?;
        call.catch_up().await;
        Err(refused(call.refuse_always(
            &access,
            ReasonCode::NotGranted,
            text,
        )))
    }
}
