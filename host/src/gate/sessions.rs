//! The conversations that this process takes part in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::session::Session;
use crate::base::id::SessionId;
use crate::base::principal::Principal;
use crate::store::error::StoreError;
use crate::store::sessions::Sessions;

/// How many conversations are in memory before those that nobody holds are looked for.
const FEW: usize = 1024;

/// The conversations that this process takes part in, one of each name and principal, and the store of
/// their labels.
pub struct OpenSessions {
    store: Sessions,
    open: Mutex<Open>,
}

struct Open {
    sessions: HashMap<(SessionId, Principal), Arc<Session>>,
    /// At this many it is worth to look for those that nobody holds.
    many: usize,
}

impl OpenSessions {
    /// No conversation yet; labels are kept in `store`.
    pub fn new(store: Sessions) -> Self {
        let open = Open {
            sessions: HashMap::new(),
            many: FEW,
        };
        Self {
            store,
            open: Mutex::new(open),
        }
    }

    /// The conversation `id` on behalf of `principal`: the one that is held already, or a new one.
    pub fn get(&self, id: SessionId, principal: Principal) -> Arc<Session> {
        let mut open = self.open();
        let key = (id, principal);
        if let Some(session) = open.sessions.get(&key) {
            return Arc::clone(session);
        }
        if open.sessions.len() >= open.many {
            open.forget_idle();
        }
        let (id, principal) = key.clone();
        let session = Arc::new(Session::new(id, principal, self.store.clone()));
        open.sessions.insert(key, Arc::clone(&session));
        session
    }

    /// Ends the conversation `id` on behalf of `principal`: what it has seen is forgotten. This waits for
    /// the store.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn end(&self, id: SessionId, principal: Principal) -> Result<(), StoreError> {
        let key = (id, principal);
        self.open().sessions.remove(&key);
        self.store.end(&key.0, &key.1)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Lets go of what nobody holds. One whose label is not in the store stays: it is known here alone.
    fn forget_idle(&mut self) {
        self.sessions
            .retain(|_, session| Arc::strong_count(session) > 1 || !session.is_kept());
        self.many = FEW.max(self.sessions.len().saturating_mul(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Identity;
    use crate::base::label::Label;
    use crate::rules::config::local_label;
    use crate::store::audit::testing::Folder;

    #[tokio::test]
    async fn only_what_is_held_or_not_stored_stays_in_memory() {
        let folder = Folder::new();
        let sessions = OpenSessions::new(Sessions::open(&folder.state()).unwrap());
        let ada = || Identity::new("ada").unwrap();
        let key = |number: usize| {
            let id = SessionId::new(&format!("s{number}")).unwrap();
            (id, Principal::new(ada(), ada()))
        };
        let get = |number| {
            let (id, principal) = key(number);
            sessions.get(id, principal)
        };
        let held = get(0);
        get(1).raise(&local_label());
        get(2).raise(&local_label());
        get(2).keep().await.unwrap();
        for number in 3..10 * FEW {
            get(number);
        }
        let has = |number| sessions.open().sessions.contains_key(&key(number));
        assert!(has(0) && has(1) && !has(2) && !has(3));
        assert!(sessions.open().sessions.len() <= FEW);
        // All are what they were: one by being held, one by being kept here, one by being stored.
        assert!(Arc::ptr_eq(&held, &get(0)));
        assert_eq!(get(1).label().unwrap(), local_label());
        assert_eq!(get(2).label().unwrap(), local_label());
        assert_eq!(get(3).label().unwrap(), Label::clean());
        let (id, principal) = key(2);
        sessions.end(id, principal).unwrap();
        assert_eq!(get(2).label().unwrap(), Label::clean());
    }
}
