//! Folders that differ by who the call is for: `users/{user}`.

use std::fmt;

use crate::base::principal::Principal;
use crate::base::text;
use crate::rules::problem::suggest;

/// The path of a folder, in which `{tenant}`, `{user}` and `{agent}` may stand for the principal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Word(Word),
}

/// What may stand between the braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Tenant,
    User,
    Agent,
}

impl Word {
    const ALL: [(&'static str, Self); 3] = [
        ("tenant", Self::Tenant),
        ("user", Self::User),
        ("agent", Self::Agent),
    ];
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadTemplate {
    /// What is wrong.
    pub message: String,
    /// How to make it right.
    pub help: Option<String>,
}

/// A folder has `{agent}` in it, and nobody said which agent is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the folder is templated by agent, and the agent is not known")]
pub struct NoAgent;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadTemplate> {
        let bad = |message: &str, help: Option<String>| BadTemplate {
            message: format!("`{}` {message}", text::visible(text)),
            help,
        };
        if text.chars().any(text::is_unsafe) {
            return Err(bad("has control or invisible characters", None));
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after
                .split_once('}')
                .ok_or_else(|| bad("has a `{` without its `}`", None))?;
            let Some((_, known)) = Word::ALL.into_iter().find(|(name, _)| *name == word) else {
                let message = format!("has the unknown word `{{{}}}`", text::visible(word));
                return Err(bad(
                    &message,
                    suggest(word, Word::ALL.map(|(name, _)| name)),
                ));
            };
            // Two words in one part could be told apart by nobody: `{tenant}-{user}` is the same
            // folder for `a-b` and `c` as for `a` and `b-c`.
            if matches!(pieces.last(), Some(Piece::Word(_))) && !before.contains('/') {
                let help = "put a `/` between them".to_owned();
                return Err(bad("has two words in one part", Some(help)));
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Word(known));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let stray = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains('}'));
        if pieces.iter().any(stray) {
            return Err(bad("has a `}` without its `{`", None));
        }
        Ok(Self {
            text: text.to_owned(),
            pieces,
        })
    }

    /// The folder for `principal`. An identity is one path component at most, so that nothing in it
    /// can lead elsewhere.
    ///
    /// # Errors
    /// Where the agent is asked for and not known.
    pub fn expand(&self, principal: &Principal) -> Result<String, NoAgent> {
        let mut out = String::with_capacity(self.text.len());
        for piece in &self.pieces {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Word(Word::Tenant) => principal.tenant.as_str(),
                Piece::Word(Word::User) => principal.user.as_str(),
                Piece::Word(Word::Agent) => principal.agent.as_ref().ok_or(NoAgent)?.as_str(),
            });
        }
        Ok(out)
    }

    /// Whether it is the same folder for everyone.
    pub fn is_fixed(&self) -> bool {
        !self.pieces.iter().any(|p| matches!(p, Piece::Word(_)))
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Identity;

    fn principal(agent: Option<&str>) -> Principal {
        Principal {
            agent: agent.map(|agent| Identity::new(agent).unwrap()),
            ..Principal::new(
                Identity::new("acme").unwrap(),
                Identity::new("ada").unwrap(),
            )
        }
    }

    #[test]
    fn expands_for_a_principal() {
        let expand = |text: &str, agent| Template::parse(text).unwrap().expand(&principal(agent));
        assert_eq!(expand("./notes", None).unwrap(), "./notes");
        assert_eq!(
            expand("/srv/{tenant}/u-{user}/x", None).unwrap(),
            "/srv/acme/u-ada/x"
        );
        assert_eq!(expand("{user}/{agent}", Some("bot")).unwrap(), "ada/bot");
        assert_eq!(expand("{agent}", None), Err(NoAgent));
        assert!(Template::parse("a/b").unwrap().is_fixed());
        assert!(!Template::parse("a/{user}").unwrap().is_fixed());
    }

    #[test]
    fn what_is_no_template_says_why() {
        let told: Vec<String> = [
            "a/{usr}",
            "a/{}",
            "a/{planet}",
            "a/{user",
            "a/user}",
            "{tenant}-{user}",
            "{tenant}{user}",
            "a\u{202e}b",
        ]
        .into_iter()
        .map(|text| {
            let bad = Template::parse(text).unwrap_err();
            format!("{bad} ({})", bad.help.as_deref().unwrap_or("no help"))
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        `a/{usr}` has the unknown word `{usr}` (did you mean `user`?)
        `a/{}` has the unknown word `{}` (there are `tenant`, `user`, `agent`)
        `a/{planet}` has the unknown word `{planet}` (there are `tenant`, `user`, `agent`)
        `a/{user` has a `{` without its `}` (no help)
        `a/user}` has a `}` without its `{` (no help)
        `{tenant}-{user}` has two words in one part (put a `/` between them)
        `{tenant}{user}` has two words in one part (put a `/` between them)
        `a\u{202e}b` has control or invisible characters (no help)
        ");
    }
}
