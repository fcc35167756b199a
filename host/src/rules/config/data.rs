//! Places: `[data.NAME]`, each declared once with its label.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::super::read::{Reader, Table, Word};
use super::template::Template;
use crate::base::id::Name;
use crate::base::label::{Integrity, Label};
use crate::base::text;
use crate::rules::problem::{Line, Problem};

/// A real place, declared once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The name by which grants point at it.
    pub name: Name,
    /// The folder, as the operator wrote it; relative to the file's own folder.
    pub dir: Template,
    /// What a call becomes by reading here.
    pub label: Label,
    /// Calls of which labels may write here.
    pub accepts: Label,
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

/// Reads all of `[data]`.
pub(super) fn read(reader: &mut Reader<'_>, root: &Table<'_>) -> BTreeMap<Name, Arc<Data>> {
    let mut all = BTreeMap::new();
    for (name, table) in reader.tables(root, "data") {
        let line = reader.line(table.at());
        reader.only(&table, &["dir", "label", "accepts"]);
        let name = reader.name(name.text, name.at);
        let dir = folder(reader, &table);
        let label = label(reader, &table, "label", &local_label());
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
        if let (Some(name), Some(dir), Some(label), Some(accepts)) = (name, dir, label, accepts) {
            let data = Data {
                name: name.clone(),
                dir,
                label,
                accepts,
                line,
            };
            all.insert(name, Arc::new(data));
        }
    }
    all
}

fn folder(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Template> {
    let word = reader.required_text(table, "dir")?;
    Template::parse(word.text)
        .map_err(|bad| {
            let message = format!("`dir` in {}: {bad}", table.shown());
            reader.problem(word.at, message, bad.help);
        })
        .ok()
}

/// The label under `key`. What its words leave open (integrity, or confidentiality) is as in
/// `otherwise`.
fn label(
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

/// A declared place, and the folder that it really is: absolute, without links.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The place.
    pub data: &'a Data,
    /// Its folder.
    pub folder: &'a Path,
}

/// Places that lie in one another and do not have the same label: what is written through one
/// would be read through the other as something else.
pub fn overlaps(places: &[Located<'_>]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, one) in places.iter().enumerate() {
        for two in places.iter().skip(index + 1) {
            let (outer, inner) = match () {
                () if two.folder.starts_with(one.folder) => (one, two),
                () if one.folder.starts_with(two.folder) => (two, one),
                () => continue,
            };
            let what = if outer.data.label != inner.data.label {
                "label"
            } else if outer.data.accepts != inner.data.accepts {
                "`accepts`"
            } else {
                continue;
            };
            let relation = if outer.folder == inner.folder {
                "is the same folder as"
            } else {
                "lies in"
            };
            let message = format!(
                "[data.{}] {relation} [data.{}] ({}), and their {what} differs",
                inner.data.name, outer.data.name, outer.data.line
            );
            let help = format!(
                "give both the same {what}, or move one out of `{}`",
                text::visible(&outer.folder.to_string_lossy())
            );
            problems.push(Problem::new(inner.data.line.clone(), message).help(help));
        }
    }
    problems
}
