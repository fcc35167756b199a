//! The decision. Every reason is kept, in this order: what the manifest declares, whether there is
//! a grant, what grant and narrowing say of each verb, patterns, the tool's hints, whether the
//! object can be reached at all, and whether what the call has seen may go there. The strictest wins;
//! nothing here can turn a deny into an allow.

mod flow;
mod object;

use super::access::{Access, Object};
use super::config::VerbLists;
use super::scope::{Inner, Scope, config_table, place_table};
use super::verb::{Handle, Verb, Verbs};
use super::verdict::{Judgement, Reason, ReasonCode, Verdict};
use crate::base::label::Label;
use crate::base::text::visible;

/// The reasons found so far.
struct Reasons(Vec<Reason>);

impl Reasons {
    fn add(&mut self, verdict: Verdict, code: ReasonCode, text: String) {
        self.0.push(Reason {
            verdict,
            code,
            text,
            remedy: None,
        });
    }

    fn deny(&mut self, code: ReasonCode, text: String) {
        self.add(Verdict::Deny, code, text);
    }

    fn with_remedy(&mut self, verdict: Verdict, code: ReasonCode, text: String, remedy: String) {
        self.0.push(Reason {
            verdict,
            code,
            text,
            remedy: Some(remedy),
        });
    }
}

impl Scope {
    /// Judges one access of the call, which has seen what `seen` says.
    pub fn decide(&self, access: &Access, seen: &Label) -> Judgement {
        // On the way on which all is well there is one reason, and one text.
        let mut reasons = Reasons(Vec::with_capacity(1));
        let inner = &*self.inner;
        if access.verbs.is_empty() {
            let text = "the access says nothing of what it wants".to_owned();
            reasons.deny(ReasonCode::NotDeclared, text);
        }
        for verb in access.verbs.without(access.handle.all()).iter() {
            let text = format!("{} has no verb `{verb}`", access.handle);
            reasons.deny(ReasonCode::NotDeclared, text);
        }
        match access.handle {
            Handle::Tool => inner.decide_tool(access, &mut reasons),
            Handle::Config => inner.decide_config(access, &mut reasons),
            Handle::Fs | Handle::Http | Handle::Kv | Handle::Sql => {
                inner.decide_place(access, seen, &mut reasons);
            }
        }
        inner.judge_hints(access, &mut reasons);
        object::judge_object(access, &mut reasons);
        Judgement::new(reasons.0)
    }
}

impl Inner {
    fn decide_tool(&self, access: &Access, reasons: &mut Reasons) {
        let Some(plugin) = &self.plugin else {
            return self.no_plugin(reasons);
        };
        let is_this = matches!(&access.object, Object::Tool(name) if *name == *self.tool.as_str());
        if !is_this || access.verbs != Verbs::one(Verb::Call) {
            let text = format!(
                "this is a call of tool `{}`, and of nothing else",
                self.tool
            );
            return reasons.deny(ReasonCode::NotDeclared, text);
        }
        let text = format!("[plugins.{}] at {} has the tool", self.name, plugin.line);
        reasons.add(Verdict::Allow, ReasonCode::Granted, text);
    }

    fn decide_place(&self, access: &Access, seen: &Label, reasons: &mut Reasons) {
        let Access { handle, need, .. } = access;
        let declared = self.manifest.needs.places(*handle).get(need);
        let declared = declared.map(|need| need.verbs);
        self.judge_declared(access, declared, reasons);
        let Some(grant) = self.place(*handle, need) else {
            if self.plugin.is_none() {
                return self.no_plugin(reasons);
            }
            let verbs = declared.unwrap_or(wanted(access));
            let table = place_table(*handle, &self.name, need, verbs);
            return reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::NoGrant,
                format!("plugin `{}` has no grant for `{need}`", self.name),
                format!("add to {}:\n{table}", visible(&self.file)),
            );
        };
        let lists = match (&access.object, self.sql_grant(need)) {
            (Object::Table { table, columns, .. }, Some(given)) if *handle == Handle::Sql => {
                let (lists, known) = given.table(table);
                object::judge_columns(access, columns, lists, known, reasons);
                lists
            }
            _ => &grant.lists,
        };
        self.judge_verbs(wanted(access), lists, reasons);
        object::judge_place(access, grant, reasons);
        flow::judge_flow(access, grant, seen, reasons);
    }

    fn decide_config(&self, access: &Access, reasons: &mut Reasons) {
        let need = &access.need;
        let declared = self.manifest.needs.config.get(need);
        let verbs = declared.map(|_| Handle::Config.all());
        self.judge_declared(access, verbs, reasons);
        let Object::Key(key) = &access.object else {
            return; // told by `object::judge_object`
        };
        if let Some(declared) = declared
            && !declared.keys.contains(key)
        {
            let key = visible(key);
            reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::NotDeclared,
                format!("plugin `{}` does not declare the key `{key}`", self.name),
                format!(
                    "add `{key}` to `keys` in [needs.config.{need}] of its plugin.toml, and build \
                     it again"
                ),
            );
        }
        let Some(grant) = self.config_grant(need) else {
            if self.plugin.is_none() {
                return self.no_plugin(reasons);
            }
            let table = config_table(&self.name, need, std::iter::once(key.as_str()));
            return reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::NoGrant,
                format!("plugin `{}` has no grant for `{need}`", self.name),
                format!("add to {}:\n{table}", visible(&self.file)),
            );
        };
        self.judge_verbs(wanted(access), &grant.lists, reasons);
    }

    /// The plugin is not in the operator's file at all.
    fn no_plugin(&self, reasons: &mut Reasons) {
        let file = visible(&self.file);
        reasons.with_remedy(
            Verdict::Deny,
            ReasonCode::NoGrant,
            format!("plugin `{}` is not in {file}", self.name),
            format!("add [plugins.{}] with its `path` to {file}", self.name),
        );
    }

    /// What the manifest does not declare is denied, whatever was granted.
    fn judge_declared(&self, access: &Access, declared: Option<Verbs>, reasons: &mut Reasons) {
        let Access { handle, need, .. } = access;
        let Some(declared) = declared else {
            return reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::NotDeclared,
                format!(
                    "plugin `{}` does not declare the {handle} need `{need}`",
                    self.name
                ),
                format!("declare [needs.{handle}.{need}] in its plugin.toml, and build it again"),
            );
        };
        for verb in wanted(access).without(declared.with_implied()).iter() {
            reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::NotDeclared,
                format!(
                    "plugin `{}` does not declare `{verb}` for `{need}`",
                    self.name
                ),
                format!(
                    "add `{verb}` to `verbs` in [needs.{handle}.{need}] of its plugin.toml, and \
                     build it again"
                ),
            );
        }
    }

    /// What the grant says of each verb, and what the tool's narrowing leaves of it.
    fn judge_verbs(&self, verbs: Verbs, grant: &VerbLists, reasons: &mut Reasons) {
        let (allowed, asked) = (grant.allowed(), grant.asked());
        let granted = verbs.intersection(allowed);
        if !granted.is_empty() {
            let text = format!("{} at {} allows {granted}", grant.table, grant.line);
            reasons.add(Verdict::Allow, ReasonCode::Granted, text);
        }
        for verb in verbs.without(allowed).iter() {
            let (verdict, code, says) = if asked.contains(verb) {
                (Verdict::Ask, ReasonCode::Asks, "says to ask before")
            } else {
                (Verdict::Deny, ReasonCode::NotGranted, "does not grant")
            };
            let text = format!("{} at {} {says} `{verb}`", grant.table, grant.line);
            reasons.with_remedy(verdict, code, text, grant.remedy(verb));
        }
        let Some(narrowing) = &self.narrowing else {
            return;
        };
        for verb in verbs.without(narrowing.allowed()).iter() {
            let (verdict, code, says) = if narrowing.asked().contains(verb) {
                (Verdict::Ask, ReasonCode::Asks, "says to ask before")
            } else {
                (
                    Verdict::Deny,
                    ReasonCode::Narrowed,
                    "leaves this tool without",
                )
            };
            let text = format!("{} at {} {says} `{verb}`", narrowing.table, narrowing.line);
            reasons.with_remedy(verdict, code, text, narrowing.remedy(verb));
        }
    }

    /// A tool is held to what it says of itself.
    fn judge_hints(&self, access: &Access, reasons: &mut Reasons) {
        let hint = if self.hints.read_only {
            "read_only"
        } else {
            "non_destructive"
        };
        for verb in access.verbs.intersection(self.hints.forbidden()).iter() {
            reasons.with_remedy(
                Verdict::Deny,
                ReasonCode::Hint,
                format!(
                    "tool `{}` says that it is `{hint}`, so it may not {verb}",
                    self.tool
                ),
                format!("take `{hint}` from the tool in the plugin's source, and build it again"),
            );
        }
    }
}

/// The wanted verbs that the handle knows; the others are told already.
fn wanted(access: &Access) -> Verbs {
    access.verbs.intersection(access.handle.all())
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
