//! Places: `[data.NAME]`, each declared once with its label.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::read::{Reader, Table, Word};
use super::source::{self, Source};
use crate::base::id::Name;
use crate::base::label::{Integrity, Label};
use crate::base::text;
use crate::rules::problem::Line;

/// A real place, declared once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The name by which grants point at it.
    pub name: Name,
    /// What it really is.
    pub source: Source,
    /// What a call becomes by reading here.
    pub label: Label,
    /// Calls of which labels may write here.
    pub accepts: Label,
    /// Whether the operator said what it accepts: then that is not asked about.
    pub says_accepts: bool,
    /// Where it is declared.
    pub line: Line,
}

/// The tag that stands for *not public* where nothing else is said.
const PRIVATE: &str = "private";

/// Words that are no tags.
const TRUSTED: &str = "trusted";
const UNTRUSTED: &str = "untrusted";
const PUBLIC: &str = "public";

/// The label of local data of which nothing else is said: trusted and private.
pub fn local_label() -> Label {
    Label {
        integrity: Integrity::Trusted,
        confidentiality: Name::new(PRIVATE).into_iter().collect(),
    }
}

/// The label of the outside of which nothing else is said: untrusted and public.
pub fn outside_label() -> Label {
    Label {
        integrity: Integrity::Untrusted,
        confidentiality: BTreeSet::new(),
    }
}

impl Data {
    /// The folder, as the operator wrote it, where the place is one.
    pub fn folder(&self) -> Option<&super::Template> {
        match &self.source {
            Source::Folder(dir) => Some(dir),
            _ => None,
        }
    }
}

/// Reads all of `[data]`.
pub(super) fn read(reader: &mut Reader<'_>, root: &Table<'_>) -> BTreeMap<Name, Arc<Data>> {
    let mut all = BTreeMap::new();
    for (name, table) in reader.tables(root, "data") {
        let line = reader.line(table.at());
        let name = reader.name(name.text, name.at);
        let source = source::read(reader, &table, &["label", "accepts"]);
        let usual = match &source {
            Some(Source::Web(_)) => outside_label(),
            _ => local_label(),
        };
        let label = label(reader, &table, "label", &usual);
        let accepts = label
            .as_ref()
            .and_then(|own| self::label(reader, &table, "accepts", own));
        if let (Some(label), Some(accepts)) = (&label, &accepts)
            && !accepts.within(label)
        {
            let at = table.get("accepts").map_or(table.at(), |entry| entry.at);
            let message = format!(
                "`accepts` of {} exceeds its label: it accepts {accepts}, and is {label}",
                table.shown()
            );
            let help = "what is written there could be read back as less than it is; accept less, \
                        or raise the label";
            reader.problem(at, message, Some(help.to_owned()));
        }
        if let (Some(name), Some(source), Some(label), Some(accepts)) =
            (name, source, label, accepts)
        {
            let data = Data {
                name: name.clone(),
                source,
                label,
                accepts,
                says_accepts: table.has("accepts"),
                line,
            };
            all.insert(name, Arc::new(data));
        }
    }
    all
}

/// The label under `key`. What its words leave open (integrity, or confidentiality) is as in
/// `otherwise`.
pub(super) fn label(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    key: &str,
    otherwise: &Label,
) -> Option<Label> {
    if !table.has(key) {
        return Some(otherwise.clone());
    }
    let words = reader.word_or_words(table, key)?;
    let said = |word: &str| words.iter().find(|w| w.text == word);
    let integrity = match (said(TRUSTED), said(UNTRUSTED)) {
        (Some(_), Some(word)) => {
            let message = format!("`{key}` in {} is both trusted and untrusted", table.shown());
            reader.problem(word.at, message, None);
            return None;
        }
        (Some(_), None) => Integrity::Trusted,
        (None, Some(_)) => Integrity::Untrusted,
        (None, None) => otherwise.integrity,
    };
    let mut tags = BTreeSet::new();
    for word in &words {
        if ![TRUSTED, UNTRUSTED, PUBLIC].contains(&word.text) {
            tags.insert(tag(reader, table, key, word)?);
        }
    }
    let confidentiality = match (said(PUBLIC), tags.first()) {
        (Some(word), Some(tag)) => {
            let message = format!(
                "`{key}` in {} is both public and `{tag}`: public means no tag",
                table.shown()
            );
            reader.problem(word.at, message, None);
            return None;
        }
        (Some(_), None) => BTreeSet::new(),
        (None, None) => otherwise.confidentiality.clone(),
        (None, Some(_)) => tags,
    };
    Some(Label {
        integrity,
        confidentiality,
    })
}

/// A confidentiality tag. A word that is nearly one of the fixed words is a slip, and taking it for a
/// tag could make untrusted data trusted.
fn tag(reader: &mut Reader<'_>, table: &Table<'_>, key: &str, word: &Word<'_>) -> Option<Name> {
    let fixed = [TRUSTED, UNTRUSTED, PUBLIC, PRIVATE];
    let folded = word.text.to_ascii_lowercase();
    let slip = fixed
        .into_iter()
        .find(|fixed| *fixed != word.text && text::is_slip(&folded, fixed));
    if let Some(meant) = slip {
        let message = format!(
            "unknown word `{}` in `{key}` in {}",
            text::visible(word.text),
            table.shown()
        );
        reader.problem(word.at, message, Some(format!("did you mean `{meant}`?")));
        return None;
    }
    reader.name(word.text, word.at)
}
