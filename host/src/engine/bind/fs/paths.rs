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
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

/// How often an act is tried again when something else took the object's place between the look and
/// the act.
const MAX_TRIES: u32 = 4;

impl View<'_> {
    /// Finds what `path` below `node` means. What can never be granted is refused and put on record.
    async fn locate(
        &mut self,
        node: &Node,
        path: &str,
        follow: bool,
        verbs: Verbs,
    ) -> FsResult<Located> {
        match node.mount.place.locate(&node.path, path, follow) {
            Ok(located) => Ok(located),
            Err(Unresolved::Failed(errno)) => Err(failed(errno)),
            Err(Unresolved::Unreachable { asked, why }) => {
                let data = node.mount.place.data().clone();
                let access = Access {
                    handle: Handle::Fs,
                    need: node.mount.need.clone(),
                    verbs,
                    object: Object::Unreachable { data, asked, why },
                    is_folder: false,
                };
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

    async fn judge(
        &mut self,
        node: &Node,
        located: &Located,
        verbs: Verbs,
        span: Span,
    ) -> FsResult<Pass> {
        let access = located.access(&node.mount.need, verbs);
        self.call()?.judge(access, span).await.map_err(refused)
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
                (Err(Errno::EXIST), Found::Nothing) => !exclusive,
                (Err(Errno::LOOP), Found::File | Found::Folder) => true,
                (Err(Errno::NOENT), Found::File) => create,
                _ => false,
            };
            settle(&pass, &opened);
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
        fd: &Resource<Descriptor>,
        path: &str,
        follow: bool,
    ) -> FsResult<Stat> {
        let node = self.node(fd)?;
        let verbs = Verbs::one(Verb::Stat);
        let located = self.locate(&node, path, follow, verbs).await?;
        let pass = self.judge(&node, &located, verbs, Span::Moment).await?;
        let done = located.stat(&pass).and_then(|stat| {
            let folder = Found::Folder == located.found();
            if located.must_be_folder() && !folder {
                Err(Errno::NOTDIR)
            } else {
                Ok(stat)
            }
        });
        settle(&pass, &done);
        done.map_err(failed)
    }

    pub(super) async fn set_times_path(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        follow: bool,
        accessed: Option<SystemTime>,
        modified: Option<SystemTime>,
    ) -> FsResult<()> {
        self.moment(fd, path, follow, Verb::Modify, |located, pass| {
            located.set_times(pass, accessed, modified)
        })
        .await
    }

    pub(super) async fn create_folder(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
    ) -> FsResult<()> {
        self.moment(fd, path, false, Verb::Create, Located::create_folder)
            .await
    }

    pub(super) async fn delete_folder(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
    ) -> FsResult<()> {
        self.moment(fd, path, false, Verb::Delete, Located::delete_folder)
            .await
    }

    pub(super) async fn delete_file(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
    ) -> FsResult<()> {
        self.moment(fd, path, false, Verb::Delete, Located::delete_file)
            .await
    }

    pub(super) async fn read_link(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
    ) -> FsResult<String> {
        self.moment(fd, path, false, Verb::Read, |located, pass| {
            let target = located.read_link(pass)?;
            // An absolute target is a host path, which is not the guest's to know.
            if target.starts_with('/') {
                Err(Errno::PERM)
            } else {
                Ok(target)
            }
        })
        .await
    }

    /// Locates, judges `verb`, acts and settles: for what is over as soon as it is done.
    async fn moment<T>(
        &mut self,
        fd: &Resource<Descriptor>,
        path: &str,
        follow: bool,
        verb: Verb,
        act: impl FnOnce(&Located, &Pass) -> Result<T, Errno>,
    ) -> FsResult<T> {
        let node = self.node(fd)?;
        let verbs = Verbs::one(verb);
        let located = self.locate(&node, path, follow, verbs).await?;
        let pass = self.judge(&node, &located, verbs, Span::Moment).await?;
        let misfit =
            located.must_be_folder() && !matches!(located.found(), Found::Folder | Found::Nothing);
        let done = if misfit {
            Err(Errno::NOTDIR)
        } else {
            act(&located, &pass)
        };
        settle(&pass, &done);
        done.map_err(failed)
    }

    pub(super) async fn rename(
        &mut self,
        fd: &Resource<Descriptor>,
        old_path: &str,
        new_fd: &Resource<Descriptor>,
        new_path: &str,
    ) -> FsResult<()> {
        let (node, new_node) = (self.node(fd)?, self.node(new_fd)?);
        let delete = Verbs::one(Verb::Delete);
        let old = self.locate(&node, old_path, false, delete).await?;
        let create = Verbs::one(Verb::Create);
        let new = self.locate(&new_node, new_path, false, create).await?;
        let making = match new.found() {
            Found::Nothing => create,
            _ => Verbs::one(Verb::Modify),
        };
        if old.found() == Found::Folder {
            self.judge_subtree(&node, &old, &new_node, &new)?;
        }
        let pass = self.judge(&node, &old, delete, Span::Moment).await?;
        let new_pass = self.judge(&new_node, &new, making, Span::Moment).await?;
        let misfit = (old.must_be_folder() || new.must_be_folder()) && old.found() == Found::File;
        let done = if misfit {
            Err(Errno::NOTDIR)
        } else {
            old.rename_to(&pass, &new, &new_pass)
        };
        settle(&pass, &done);
        settle(&new_pass, &done);
        if done.is_ok() {
            self.moved(&node, old.path(), &new_node, new.path());
        }
        done.map_err(failed)
    }

    /// Renaming a folder moves all that is in it: each entry is deleted there and created here, so
    /// that no rename can carry a denied subtree out of its pattern. What would ask is refused, since
    /// nobody can answer for thousands of files at once.
    fn judge_subtree(
        &self,
        node: &Node,
        old: &Located,
        new_node: &Node,
        new: &Located,
    ) -> FsResult<()> {
        let call = self.call()?;
        let entries = match old.entries_below(&node.mount.place) {
            Ok(entries) => entries,
            Err(Errno::PERM) => {
                call.refuse_subtree(&old.access(&node.mount.need, Verbs::one(Verb::Delete)));
                return Err(types::ErrorCode::NotPermitted.into());
            }
            Err(errno) => return Err(failed(errno)),
        };
        for entry in entries {
            let gone = old.access_below(&node.mount.need, Verbs::one(Verb::Delete), &entry);
            let come = new.access_below(&new_node.mount.need, Verbs::one(Verb::Create), &entry);
            call.judge_silently(&gone).map_err(refused)?;
            call.judge_silently(&come).map_err(refused)?;
        }
        Ok(())
    }

    /// Descriptors of what was moved carry their paths along.
    fn moved(&mut self, node: &Node, old: &str, new_node: &Node, new: &str) {
        let (from, to) = (&node.mount.place, &new_node.mount.place);
        for open in self.folders.nodes.values_mut() {
            if !Arc::ptr_eq(&open.mount.place, from) {
                continue;
            }
            let below = match open.path.strip_prefix(old) {
                Some("") => "",
                Some(rest) if rest.starts_with('/') => rest,
                _ => continue,
            };
            if Arc::ptr_eq(from, to) {
                open.path = format!("{new}{below}");
            }
        }
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
