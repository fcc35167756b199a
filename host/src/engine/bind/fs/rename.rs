//! Renaming: a delete here and a create or modify there, for everything that moves.

use rustix::io::Errno;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types;

use super::paths::{MAX_TRIES, settle};
use super::{Node, View, failed, refused};
use crate::gate::call::Span;
use crate::gate::pass::Pass;
use crate::handle::fs::located::{Found, Located};
use crate::rules::verb::{Verb, Verbs};
use crate::rules::verdict::ReasonCode;
use crate::store::audit::record::Status;

impl View<'_> {
    pub(super) async fn rename(
        &mut self,
        node: &Node,
        old_path: &str,
        new_node: &Node,
        new_path: &str,
    ) -> FsResult<()> {
        for _ in 0..MAX_TRIES {
            match self.rename_once(node, old_path, new_node, new_path).await? {
                Err(Errno::AGAIN) => {}
                done => return done.map_err(failed),
            }
        }
        Err(types::ErrorCode::Busy.into())
    }

    async fn rename_once(
        &mut self,
        node: &Node,
        old_path: &str,
        new_node: &Node,
        new_path: &str,
    ) -> FsResult<Result<(), Errno>> {
        // Into another need, what was only to be deleted could be read there: so it has to be readable
        // here, and the call bears its label from then on.
        let moves_out = node.mount.need != new_node.mount.need;
        let mut leaving = Verbs::one(Verb::Delete);
        if moves_out {
            leaving = leaving.with(Verb::Read);
        }
        let create = Verbs::one(Verb::Create);
        let old = self.locate(node, old_path, false, leaving).await?;
        let new = self.locate(new_node, new_path, false, create).await?;
        let coming = match new.found() {
            Found::Nothing => create,
            _ => Verbs::one(Verb::Modify),
        };
        let call = self.call()?;
        let (from, to) = (&node.mount.need, &new_node.mount.need);
        if moves_out && !call.scope().same_labels(from, to) {
            let text = "it would move data to a place with another label";
            let access = old.access(from, leaving);
            return Err(refused(call.refuse_always(&access, ReasonCode::Flow, text)));
        }
        let pass = self.judge(node, &old, leaving, Span::Moment).await?;
        let new_pass = match self.judge(new_node, &new, coming, Span::Moment).await {
            Ok(pass) => pass,
            Err(error) => {
                pass.settle(Status::Refused, Some("target-refused"));
                return Err(error);
            }
        };
        let asked = pass.was_approved() || new_pass.was_approved();
        if old.found() == Found::Folder
            && let Err(error) = self
                .judge_subtree(&pass, node, &old, new_node, &new, asked)
                .await
        {
            pass.settle(Status::Refused, Some("subtree-refused"));
            new_pass.settle(Status::Refused, Some("subtree-refused"));
            return Err(error);
        }
        let misfit = (old.must_be_folder() || new.must_be_folder()) && old.found() != Found::Folder;
        let done = if misfit {
            Err(Errno::NOTDIR)
        } else if old.found() == Found::Nothing {
            Err(old.missing())
        } else {
            old.rename_to(&pass, &new, &new_pass)
        };
        settle(&pass, &done);
        settle(&new_pass, &done);
        Ok(done)
    }

    /// Renaming a folder moves all that is in it: each entry is deleted there and created here, so
    /// that no rename can carry a denied subtree out of its pattern. What would ask is refused, since
    /// nobody can answer for thousands of files at once.
    async fn judge_subtree(
        &mut self,
        pass: &Pass,
        node: &Node,
        old: &Located,
        new_node: &Node,
        new: &Located,
        asked: bool,
    ) -> FsResult<()> {
        let call = self.call()?;
        let (from, to) = (&node.mount.need, &new_node.mount.need);
        let whole = call.gives_whole(from, old.path()) && call.gives_whole(to, new.path());
        if whole && !asked && !node.mount.place.is_guarded() {
            return Ok(());
        }
        let leaving = pass.access().verbs;
        let entries = old
            .entries_below(pass, &node.mount.place)
            .map_err(|errno| {
                let text = match errno {
                    Errno::PERM => "something in this folder belongs to Toolkeep itself",
                    Errno::TOOBIG => "this folder has too many entries to judge each of them",
                    _ => "not every entry of this folder can be judged",
                };
                let access = old.access(from, leaving);
                refused(call.refuse_always(&access, ReasonCode::Unreachable, text))
            })?;
        for (index, entry) in entries.iter().enumerate() {
            let gone = old.access_below(from, leaving, entry);
            let come = new.access_below(to, Verbs::one(Verb::Create), entry);
            call.judge_silently(&gone).map_err(refused)?;
            call.judge_silently(&come).map_err(refused)?;
            if index % 256 == 255 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}
