//! What sessions have seen, kept where it outlives a process and is shared by several.

use std::path::Path;
use std::sync::Arc;

use super::audit::leaf::principal_text;
pub use super::db::mark::Mark;
pub use super::db::session::Wanted;
use super::db::state::StateDb;
use super::error::StoreError;
use crate::base::id::SessionId;
use crate::base::label::Label;
use crate::base::principal::Principal;

/// The labels of all sessions of a state folder. Cheap to clone. Another process may raise a label at any
/// time.
///
/// Whoever can write the state folder can lower a label or take a session away; nothing here proves that
/// nobody did.
#[derive(Clone, Debug)]
pub struct Sessions(Arc<StateDb>);

impl Sessions {
    /// Opens the sessions of a state folder, and makes both where they are missing.
    ///
    /// # Errors
    /// If the folder or the database can't be used.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        StateDb::open(state).map(|db| Self(Arc::new(db)))
    }

    /// Something else as soon as any label was raised, by any process. To be asked for before the label is.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn mark(&self) -> Result<Mark, StoreError> {
        self.0.mark()
    }

    /// What the session has seen; clean for one of which nothing is stored.
    ///
    /// # Errors
    /// If it can't be read. It must not be taken for clean then.
    pub fn label(&self, id: &SessionId, principal: &Principal) -> Result<Label, StoreError> {
        let stored = self.0.label(id.as_str(), &principal_text(principal)?)?;
        stored.map_or_else(|| Ok(Label::clean()), |text| self.read(&text))
    }

    /// Adds what the session has seen, durably, and gives back all that it has.
    ///
    /// # Errors
    /// If that can't be read or written.
    pub fn raise(
        &self,
        id: &SessionId,
        principal: &Principal,
        seen: &Label,
    ) -> Result<Label, StoreError> {
        let raise = |stored: Option<String>| {
            let mut label = match stored {
                Some(text) => self.read(&text).ok()?,
                None => Label::clean(),
            };
            label.join(seen);
            serde_json::to_string(&label).ok()
        };
        let raised = self
            .0
            .raise_label(id.as_str(), &principal_text(principal)?, raise)?
            .ok_or_else(|| self.0.damaged("a session's label is not one"))?;
        self.read(&raised)
    }

    /// Takes some of what the session may use up of `budget`, durably; what was taken, or none where there
    /// is not as much left. Whatever process asks, never more than the limit is given in all.
    ///
    /// # Errors
    /// If that can't be written. Nothing must be used up then.
    pub fn take(
        &self,
        id: &SessionId,
        principal: &Principal,
        budget: &str,
        wanted: Wanted,
    ) -> Result<Option<u64>, StoreError> {
        let principal = principal_text(principal)?;
        self.0.take(id.as_str(), &principal, budget, wanted)
    }

    /// Gives back what was taken of budgets and not used.
    ///
    /// # Errors
    /// If that can't be written: it counts as used then.
    pub fn give_back(
        &self,
        id: &SessionId,
        principal: &Principal,
        unused: &[(String, u64)],
    ) -> Result<(), StoreError> {
        let principal = principal_text(principal)?;
        self.0.give_back(id.as_str(), &principal, unused)
    }

    /// Ends a session: what it has seen and used up is forgotten.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn end(&self, id: &SessionId, principal: &Principal) -> Result<(), StoreError> {
        self.0.end_session(id.as_str(), &principal_text(principal)?)
    }

    fn read(&self, text: &str) -> Result<Label, StoreError> {
        serde_json::from_str(text).map_err(|error| {
            self.0
                .damaged(format!("a session's label can't be read: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Identity;
    use crate::rules::config::local_label;
    use crate::store::audit::testing::Folder;
    use crate::store::db::state::raw;

    fn who(user: &str) -> Principal {
        let identity = |text| Identity::new(text).unwrap();
        Principal::new(identity("local"), identity(user))
    }

    fn id(text: &str) -> SessionId {
        SessionId::new(text).unwrap()
    }

    #[test]
    fn a_label_rises_for_everybody_and_outlives_its_store() {
        let folder = Folder::new();
        let (one, two) = (
            Sessions::open(&folder.state()).unwrap(),
            Sessions::open(&folder.state()).unwrap(),
        );
        let (s, ada) = (id("s"), who("ada"));
        assert_eq!(one.label(&s, &ada).unwrap(), Label::clean());
        let seen = local_label();
        assert_eq!(one.raise(&s, &ada, &seen).unwrap(), seen);
        assert_eq!(two.label(&s, &ada).unwrap(), seen);
        // It never falls.
        assert_eq!(two.raise(&s, &ada, &Label::clean()).unwrap(), seen);
        // It is one session's of one principal.
        assert_eq!(two.label(&s, &who("eve")).unwrap(), Label::clean());
        assert_eq!(two.label(&id("t"), &ada).unwrap(), Label::clean());
        drop((one, two));
        let again = Sessions::open(&folder.state()).unwrap();
        assert_eq!(again.label(&s, &ada).unwrap(), seen);
        again.end(&s, &ada).unwrap();
        assert_eq!(again.label(&s, &ada).unwrap(), Label::clean());
    }

    #[test]
    fn a_budget_is_never_given_twice() {
        let folder = Folder::new();
        let (one, two) = (
            Sessions::open(&folder.state()).unwrap(),
            Sessions::open(&folder.state()).unwrap(),
        );
        let (s, ada) = (id("s"), who("ada"));
        let wanted = |least| Wanted {
            least,
            block: 10,
            limit: 100,
        };
        assert_eq!(one.take(&s, &ada, "b", wanted(3)).unwrap(), Some(10));
        assert_eq!(two.take(&s, &ada, "b", wanted(70)).unwrap(), Some(70));
        // Where little is left, no more than is wanted.
        assert_eq!(one.take(&s, &ada, "b", wanted(15)).unwrap(), Some(15));
        assert_eq!(two.take(&s, &ada, "b", wanted(6)).unwrap(), None);
        two.give_back(&s, &ada, &[("b".to_owned(), 1)]).unwrap();
        assert_eq!(two.take(&s, &ada, "b", wanted(6)).unwrap(), Some(6));
        assert_eq!(one.take(&s, &ada, "b", wanted(1)).unwrap(), None);
        // Another's is another.
        assert_eq!(one.take(&s, &who("eve"), "b", wanted(1)).unwrap(), Some(10));
        assert_eq!(one.take(&s, &ada, "c", wanted(101)).unwrap(), None);
        raw(&folder.state())
            .execute_batch("UPDATE spent SET used = -5")
            .unwrap();
        assert_eq!(one.take(&s, &ada, "b", wanted(1)).unwrap(), None);
        one.end(&s, &ada).unwrap();
        assert_eq!(one.take(&s, &ada, "b", wanted(1)).unwrap(), Some(10));
    }

    #[test]
    fn what_cannot_be_read_is_not_clean() {
        let folder = Folder::new();
        let sessions = Sessions::open(&folder.state()).unwrap();
        let (s, ada) = (id("s"), who("ada"));
        sessions.raise(&s, &ada, &local_label()).unwrap();
        for garbage in [
            "''",
            "'{}'",
            "'{\"integrity\":\"clean\",\"confidentiality\":[]}'",
        ] {
            raw(&folder.state())
                .execute_batch(&format!("UPDATE session SET label = {garbage}"))
                .unwrap();
            assert!(sessions.label(&s, &ada).is_err(), "{garbage}");
            assert!(
                sessions.raise(&s, &ada, &local_label()).is_err(),
                "{garbage}"
            );
        }
        raw(&folder.state())
            .execute_batch("DROP TABLE session")
            .unwrap();
        assert!(sessions.label(&s, &ada).is_err());
        assert!(sessions.raise(&s, &ada, &local_label()).is_err());
    }
}
