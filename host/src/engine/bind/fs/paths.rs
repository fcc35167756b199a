//! What a guest does by path: locate, judge, act, and say how it went.

use std::sync::Arc;
use std::time::SystemTime;

use rustix::fs::Stat;
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{self, DescriptorFlags, OpenFlags};

use super::{Node, View, failed, refused};
use crate::gate::call::Span;
use crate::gate::pass::Pass;
use crate::handle::fs::act::Open;
use crate::handle::fs::located::{Found, Located};
use crate::handle::fs::place::Unresolved;
use crate::rules::access::{Access, Object, Unreachable};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

/// How often an act is tried again when something else took the object's place between the look and
/// the act.
pub(super) const MAX_TRIES: u32 = 4;

impl View<'_> {
    /// Finds what `path` below `node` means. What can never be granted is refused and put on record.
    pub(super) async fn locate(
        &mut self,
        node: &Node,
        path: &str,
        follow: bool,
        verbs: Verbs,
    ) -> FsResult<Located> {
        match self.look_up(node, path, follow)? {
            Ok(located) => Ok(located),
            Err(Unresolved::Malformed(errno)) => Err(failed(errno)),
            Err(Unresolved::Unreachable { asked, why }) => {
                let access = unreachable(node, asked, why, verbs);
                let pass = self
                    .call()?
                    .judge(access, Span::Moment)
                    .await
                    .map_err(refused)?;
                // No rule gives the unreachable; if one did, there would still be nothing to give.
                pass.settle(Status::Refused, Some("unreachable"));
                Err(types::ErrorCode::NotPermitted.into())
            }
        }
    }

    pub(super) fn look_up(
        &self,
        node: &Node,
        path: &str,
        follow: bool,
    ) -> FsResult<Result<Located, Unresolved>> {
        let call = self.call()?;
        let need = &node.mount.need;
        let sees = |path: &str| call.shows(Handle::Fs, need, path, true);
        Ok(node.mount.place.locate(&node.path, path, follow, &sees))
    }

    pub(super) async fn judge(
        &mut self,
        node: &Node,
        located: &Located,
        verbs: Verbs,
        span: Span,
    ) -> FsResult<Pass> {
        let access = located.access(&node.mount.need, verbs);
        let pass = self.call()?.judge(access, span).await.map_err(refused)?;
        if pass.was_approved() && !node.mount.place.still_has(located) {
            // While a person thought about it, the folder was moved away.
            pass.settle(Status::Failed, Some("changed-meanwhile"));
            return Err(types::ErrorCode::Busy.into());
        }
        Ok(pass)
    }

    pub(super) async fn open(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        follow: bool,
        oflags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let node = self.node(fd)?;
        let create = oflags.contains(OpenFlags::CREATE);
        let exclusive = create && oflags.contains(OpenFlags::EXCLUSIVE);
        let only_folder = oflags.contains(OpenFlags::DIRECTORY);
        let read = flags.contains(DescriptorFlags::READ);
        let truncate = oflags.contains(OpenFlags::TRUNCATE);
        let write = flags.contains(DescriptorFlags::WRITE) || truncate;
        if only_folder && (create || truncate) {
            return Err(types::ErrorCode::Invalid.into());
        }
        let sync = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        if flags.intersects(sync) {
            return Err(types::ErrorCode::Unsupported.into());
        }

        let asked = Verbs::one(if create { Verb::Create } else { Verb::Read });
        for _ in 0..MAX_TRIES {
            let located = self
                .locate(&node, path, follow && !exclusive, asked)
                .await?;
            let found = located.found();
            let making = create && found == Found::Nothing;
            let verbs = wanted(found, only_folder, create, exclusive, read, write);
            let pass = self.judge(&node, &located, verbs, Span::Held).await?;
            let only_folder = only_folder || located.must_be_folder();
            let opened = match found {
                Found::Nothing if making && located.must_be_folder() => Err(Errno::ISDIR),
                Found::Nothing if making => located.create(&pass, read),
                Found::Nothing => Err(located.missing()),
                _ if exclusive => Err(Errno::EXIST),
                Found::Link => Err(Errno::LOOP),
                Found::Special => Err(Errno::PERM),
                Found::File if only_folder => Err(Errno::NOTDIR),
                Found::File => located.open(
                    &pass,
                    Open {
                        read,
                        write,
                        truncate,
                    },
                ),
                Found::Folder if write || create => Err(Errno::ISDIR),
                Found::Folder => located.open(
                    &pass,
                    Open {
                        read: true,
                        ..Open::default()
                    },
                ),
            };
            let retry = match (&opened, found) {
                (Err(Errno::AGAIN), _) => true,
                (Err(Errno::EXIST), Found::Nothing) => !exclusive,
                (Err(Errno::LOOP), Found::File | Found::Folder) => true,
                (Err(Errno::NOENT), Found::File) => create,
                _ => false,
            };
            if opened.is_err() {
                // What is open is settled when it is closed.
                settle(&pass, &opened);
            }
            match opened {
                Ok(file) => {
                    let node = Node {
                        mount: node.mount.clone(),
                        path: located.path().to_owned(),
                        pass: Some(Arc::new(pass)),
                    };
                    return self.push(file, found == Found::Folder, making || write, node);
                }
                Err(_) if retry => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        Err(types::ErrorCode::Busy.into())
    }

    pub(super) async fn stat_path(
        &mut self,
        node: &Node,
        path: &str,
        follow: bool,
    ) -> FsResult<Stat> {
        self.moment(node, path, follow, Verb::Stat, Located::stat)
            .await
    }

    pub(super) async fn set_times_path(
        &mut self,
        node: &Node,
        path: &str,
        follow: bool,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> FsResult<()> {
        self.moment(node, path, follow, Verb::Modify, |located, pass| {
            located.set_times(pass, accessed, modified)
        })
        .await
    }

    pub(super) async fn create_folder(&mut self, node: &Node, path: &str) -> FsResult<()> {
        self.moment(node, path, false, Verb::Create, Located::create_folder)
            .await
    }

    pub(super) async fn delete_folder(&mut self, node: &Node, path: &str) -> FsResult<()> {
        self.moment(node, path, false, Verb::Delete, Located::delete_folder)
            .await
    }

    pub(super) async fn delete_file(&mut self, node: &Node, path: &str) -> FsResult<()> {
        self.moment(node, path, false, Verb::Delete, Located::delete_file)
            .await
    }

    pub(super) async fn read_link(&mut self, node: &Node, path: &str) -> FsResult<String> {
        self.moment(node, path, false, Verb::Read, Located::read_link)
            .await
    }

    /// Locates, judges `verb`, acts and settles: for what is over as soon as it is done. Where
    /// something else took the object's place meanwhile, all of it is done again.
    async fn moment<T>(
        &mut self,
        node: &Node,
        path: &str,
        follow: bool,
        verb: Verb,
        act: impl Fn(&Located, &Pass) -> Result<T, Errno>,
    ) -> FsResult<T> {
        let verbs = Verbs::one(verb);
        for _ in 0..MAX_TRIES {
            let located = self.locate(node, path, follow, verbs).await?;
            let pass = self.judge(node, &located, verbs, Span::Moment).await?;
            let misfit = located.must_be_folder()
                && matches!(located.found(), Found::File | Found::Link | Found::Special);
            let done = if misfit {
                Err(Errno::NOTDIR)
            } else {
                act(&located, &pass)
            };
            settle(&pass, &done);
            match done {
                Err(Errno::AGAIN) => {}
                done => return done.map_err(failed),
            }
        }
        Err(types::ErrorCode::Busy.into())
    }
}

/// The access of reaching for what no grant can give.
pub(super) fn unreachable(node: &Node, asked: String, why: Unreachable, verbs: Verbs) -> Access {
    Access {
        handle: Handle::Fs,
        need: node.mount.need.clone(),
        verbs,
        object: Object::Unreachable {
            data: node.mount.place.data().clone(),
            asked,
            why,
        },
        is_folder: false,
    }
}

/// The verbs that an open needs, given what stands there.
fn wanted(
    found: Found,
    only_folder: bool,
    create: bool,
    exclusive: bool,
    read: bool,
    write: bool,
) -> Verbs {
    match found {
        // What was made may be written by others too before it is read.
        Found::Nothing if create && read => Verbs::one(Verb::Create).with(Verb::Read),
        Found::Nothing if create => Verbs::one(Verb::Create),
        _ if exclusive => Verbs::one(Verb::Create),
        Found::Folder => Verbs::one(Verb::List),
        Found::Nothing if only_folder => Verbs::one(Verb::List),
        _ => {
            let mut verbs = Verbs::NONE;
            if read || !write {
                verbs = verbs.with(Verb::Read);
            }
            if write {
                verbs = verbs.with(Verb::Modify);
            }
            verbs
        }
    }
}

pub(super) fn settle<T>(pass: &Pass, done: &Result<T, Errno>) {
    match done {
        Ok(_) => pass.settle(Status::Done, None),
        Err(errno) => pass.settle(Status::Failed, Some(word(*errno))),
    }
}

/// The record's fixed word for what the system says.
fn word(errno: Errno) -> &'static str {
    match errno {
        Errno::NOENT => "no-entry",
        Errno::EXIST => "exists",
        Errno::ISDIR => "is-folder",
        Errno::NOTDIR => "not-folder",
        Errno::NOTEMPTY => "not-empty",
        Errno::NOSPC | Errno::DQUOT => "no-space",
        Errno::ACCESS | Errno::PERM => "system-permission",
        Errno::LOOP => "link",
        Errno::ROFS => "read-only",
        Errno::XDEV => "other-device",
        Errno::AGAIN => "changed-meanwhile",
        _ => "io",
    }
}
