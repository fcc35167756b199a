//! Handles and verbs: the kinds of access and what can be done with each.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of access to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Handle {
    /// The tool call itself, judged before the guest runs.
    Tool,
    /// Files and folders.
    Fs,
    /// Values that the operator wrote for the plugin.
    Config,
    /// Requests to web servers.
    Http,
    /// Values by key.
    Kv,
    /// Databases.
    Sql,
}

impl Handle {
    /// Those through which declared places are reached.
    pub const PLACES: [Self; 4] = [Self::Fs, Self::Http, Self::Kv, Self::Sql];

    /// The word used in config, log and docs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Fs => "fs",
            Self::Config => "config",
            Self::Http => "http",
            Self::Kv => "kv",
            Self::Sql => "sql",
        }
    }

    /// The verbs that this handle knows, in the order in which people list them.
    pub const fn verbs(self) -> &'static [Verb] {
        match self {
            Self::Tool => &[Verb::Call],
            Self::Fs => &[
                Verb::List,
                Verb::Stat,
                Verb::Read,
                Verb::Create,
                Verb::Modify,
                Verb::Delete,
            ],
            Self::Config => &[Verb::Read],
            Self::Http => &[
                Verb::Get,
                Verb::Post,
                Verb::Put,
                Verb::Patch,
                Verb::Delete,
                Verb::Propfind,
                Verb::Proppatch,
                Verb::Mkcol,
                Verb::Copy,
                Verb::Move,
                Verb::Lock,
                Verb::Unlock,
                Verb::Report,
                Verb::Search,
                Verb::Query,
            ],
            Self::Kv => &[
                Verb::List,
                Verb::Get,
                Verb::Create,
                Verb::Modify,
                Verb::Delete,
            ],
            Self::Sql => &[
                Verb::Select,
                Verb::Insert,
                Verb::Update,
                Verb::Delete,
                Verb::Ddl,
            ],
        }
    }

    /// The same as a set.
    pub fn all(self) -> Verbs {
        self.verbs().iter().copied().collect()
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that can be done through a handle. Seeing, creating, changing and deleting are apart
/// everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verb {
    /// Run a tool.
    Call,
    /// See the names in a folder.
    List,
    /// See size, kind and times.
    Stat,
    /// See the contents.
    Read,
    /// Make something that was not there.
    Create,
    /// Change or overwrite something that was there.
    Modify,
    /// Make something that was there go away, a rename's source included.
    Delete,
    /// See a value; of a web server, what GET, HEAD and OPTIONS give.
    Get,
    /// Have a web server take something in.
    Post,
    /// Put something at an address.
    Put,
    /// Change a part of what is at an address.
    Patch,
    /// The HTTP method of this name, as the others from here on.
    Propfind,
    /// The HTTP method of this name.
    Proppatch,
    /// The HTTP method of this name.
    Mkcol,
    /// The HTTP method of this name.
    Copy,
    /// The HTTP method of this name.
    Move,
    /// The HTTP method of this name.
    Lock,
    /// The HTTP method of this name.
    Unlock,
    /// The HTTP method of this name.
    Report,
    /// The HTTP method of this name.
    Search,
    /// The HTTP method of this name.
    Query,
    /// See rows of a table.
    Select,
    /// Add rows.
    Insert,
    /// Change rows.
    Update,
    /// Change what tables there are, and what they are like.
    Ddl,
}

impl Verb {
    /// Every verb, in the order in which people list them.
    pub const ALL: [Self; 25] = [
        Self::Call,
        Self::List,
        Self::Stat,
        Self::Read,
        Self::Create,
        Self::Modify,
        Self::Delete,
        Self::Get,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Propfind,
        Self::Proppatch,
        Self::Mkcol,
        Self::Copy,
        Self::Move,
        Self::Lock,
        Self::Unlock,
        Self::Report,
        Self::Search,
        Self::Query,
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Ddl,
    ];

    /// The word used in config, log and docs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::List => "list",
            Self::Stat => "stat",
            Self::Read => "read",
            Self::Create => "create",
            Self::Modify => "modify",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Propfind => "propfind",
            Self::Proppatch => "proppatch",
            Self::Mkcol => "mkcol",
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Report => "report",
            Self::Search => "search",
            Self::Query => "query",
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Ddl => "ddl",
        }
    }

    /// Whether it changes the world. Of HTTP methods only those that are safe by their definition do not:
    /// <https://www.iana.org/assignments/http-methods>.
    pub const fn is_effect(self) -> bool {
        !matches!(
            self,
            Self::Call
                | Self::List
                | Self::Stat
                | Self::Read
                | Self::Get
                | Self::Select
                | Self::Propfind
                | Self::Report
                | Self::Search
                | Self::Query
        )
    }

    /// Whether it only adds, so that nothing that was there is lost by it.
    pub const fn only_adds(self) -> bool {
        matches!(self, Self::Create | Self::Insert)
    }

    /// Whether the guest sees something by it, other than that it was done. Every request has an answer.
    pub const fn sees(self, handle: Handle) -> bool {
        matches!(handle, Handle::Http) || !self.is_effect() && !matches!(self, Self::Call)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of verbs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Verbs(u32);

impl Verbs {
    /// No verb at all.
    pub const NONE: Self = Self(0);

    /// The set of just `verb`.
    pub const fn one(verb: Verb) -> Self {
        Self(1 << verb as u32)
    }

    /// This set and `verb`.
    #[must_use]
    pub const fn with(self, verb: Verb) -> Self {
        self.union(Self::one(verb))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `verb` is in the set.
    pub const fn contains(self, verb: Verb) -> bool {
        self.0 & Self::one(verb).0 != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set and what it brings along: who may list or read may also see kind, size and times.
    #[must_use]
    pub const fn with_implied(self) -> Self {
        if self.contains(Verb::List) || self.contains(Verb::Read) {
            self.with(Verb::Stat)
        } else {
            self
        }
    }

    /// Whether any verb in the set changes the world.
    pub fn has_effect(self) -> bool {
        self.iter().any(Verb::is_effect)
    }

    /// The verbs in the order of [`Verb::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL
            .into_iter()
            .filter(move |verb| self.contains(*verb))
    }
}

impl FromIterator<Verb> for Verbs {
    fn from_iter<I: IntoIterator<Item = Verb>>(verbs: I) -> Self {
        verbs.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Verbs {
    /// `read, modify`; `nothing` for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        for (index, verb) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{verb}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Verbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Verbs {
    /// A list of words.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Verbs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Verb>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave() {
        let set = Verbs::one(Verb::Read).with(Verb::Modify);
        assert_eq!(set.to_string(), "read, modify");
        assert!(set.has_effect() && set.contains(Verb::Read) && !set.contains(Verb::Delete));
        assert!(!Verbs::one(Verb::Read).has_effect());
        assert_eq!(
            set.without(Verbs::one(Verb::Read)),
            Verbs::one(Verb::Modify)
        );
        assert_eq!(Verbs::NONE.to_string(), "nothing");
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["read","modify"]"#);
        assert_eq!(
            Verb::ALL.into_iter().collect::<Verbs>().iter().count(),
            Verb::ALL.len()
        );
    }
}
