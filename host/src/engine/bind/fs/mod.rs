//! `wasi:filesystem`: every path goes through [`crate::handle::fs`] and the gate; the bytes of a file
//! that was opened there are read and written by wasmtime-wasi's own implementation, metered.

mod convert;
mod descriptor;
mod entries;
mod gone;
mod metered;
mod opened;
mod paths;
mod rename;

use std::collections::HashMap;
use std::sync::Arc;

use rustix::io::Errno;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::super::guest::Guest;
use crate::gate::call::Call;
use crate::gate::pass::Pass;
use crate::gate::refusal::Refused;
use crate::handle::fs::mount::Mount;

/// What the host knows of a guest's descriptors: they carry no path themselves.
pub(in crate::engine) struct Folders {
    mounts: Vec<Mount>,
    nodes: HashMap<u32, Node>,
    wasi: WasiFilesystemCtx,
}

/// What a descriptor stands for.
#[derive(Clone)]
struct Node {
    mount: Mount,
    /// Its resolved path below the place.
    path: String,
    /// What it was opened with; none for a mount itself, which gives nothing by itself.
    pass: Option<Arc<Pass>>,
}

impl Folders {
    pub(in crate::engine) fn new(mounts: Vec<Mount>) -> Self {
        Self {
            mounts,
            nodes: HashMap::new(),
            wasi: WasiFilesystemCtx::default(),
        }
    }
}

impl Folders {
    /// The guest came to its end with these still open: they ended well.
    pub(in crate::engine) fn settle(&self) {
        for pass in self.nodes.values().filter_map(|node| node.pass.as_ref()) {
            pass.settle_done();
        }
    }
}

struct HasFolders;

impl HasData for HasFolders {
    type Data<'a> = View<'a>;
}

pub(in crate::engine) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    types::add_to_linker::<Guest, HasFolders>(linker, |guest| View::of(guest))?;
    preopens::add_to_linker::<Guest, HasFolders>(linker, |guest| View::of(guest))
}

/// One guest's file system during one host call.
struct View<'a> {
    table: &'a mut ResourceTable,
    folders: &'a mut Folders,
    call: Option<&'a Arc<Call>>,
}

impl<'a> View<'a> {
    fn of(guest: &'a mut Guest) -> Self {
        let (table, folders, call) = guest.parts();
        Self {
            table,
            folders,
            call,
        }
    }

    /// wasmtime-wasi's own view, for what is done with a descriptor that is open already.
    fn wasi(&mut self) -> WasiFilesystemCtxView<'_> {
        WasiFilesystemCtxView {
            ctx: &mut self.folders.wasi,
            table: self.table,
        }
    }

    fn call(&self) -> FsResult<Arc<Call>> {
        self.call
            .cloned()
            .ok_or_else(|| types::ErrorCode::NotPermitted.into())
    }

    fn node(&self, fd: &Resource<Descriptor>) -> FsResult<Node> {
        let node = self.folders.nodes.get(&fd.rep()).cloned();
        node.ok_or_else(|| types::ErrorCode::BadDescriptor.into())
    }

    /// Gives the guest a descriptor for `file`.
    fn push(
        &mut self,
        file: std::fs::File,
        is_folder: bool,
        writable: bool,
        node: Node,
    ) -> FsResult<Resource<Descriptor>> {
        // wasmtime-wasi's own permissions are a second wall behind the pass.
        let (perms, mode) = if writable {
            (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE)
        } else {
            (FsPerms::ReadOnly, OpenMode::READ)
        };
        let descriptor = if is_folder {
            Descriptor::Dir(Dir::new(file, perms, mode, false))
        } else {
            Descriptor::File(File::new(file, perms, mode, false))
        };
        let fd = self.table.push(descriptor)?;
        self.folders.nodes.insert(fd.rep(), node);
        Ok(fd)
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        if let Some(call) = self.call
            && self.folders.mounts.is_empty()
        {
            // A stand-in for an optional need that nobody granted.
            call.refuse_ungranted(crate::rules::verb::Handle::Fs);
        }
        let mut all = Vec::new();
        for mount in self.folders.mounts.clone() {
            let file = mount.place.handle().map_err(wasmtime::Error::new)?;
            let at = mount.at.clone();
            let node = Node {
                mount,
                path: String::new(),
                pass: None,
            };
            let fd =
                self.push(file, true, false, node)
                    .map_err(|error| match error.downcast() {
                        Ok(code) => wasmtime::Error::msg(format!("cannot open {at}: {code:?}")),
                        Err(trap) => trap,
                    })?;
            all.push((fd, at));
        }
        Ok(all)
    }
}

fn failed(errno: Errno) -> FsError {
    std::io::Error::from(errno).into()
}

/// All that a guest learns: that it was refused.
fn refused(_: Refused) -> FsError {
    types::ErrorCode::NotPermitted.into()
}
