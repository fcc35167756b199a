//! Which differences between a plugin and the server that it stands in for are known, and right.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toolkeep_tests::source;

/// What both said to the same question.
pub struct Pair {
    pub reference: Value,
    pub ours: Value,
}

/// What is compared, by the name that the file knows it by.
pub type Pairs = BTreeMap<String, Pair>;

/// Who is asked.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The plugin `files` on one folder.
    Files,
    /// The same on several folders.
    SeveralFolders,
    /// The plugin `time`.
    Time,
    /// The plugin `memory`.
    Memory,
    /// The plugin `sqlite`.
    Sqlite,
    /// The plugin `fetch`.
    Fetch,
    /// The plugin `git`.
    Git,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    prefix: Vec<Prefix>,
    difference: Vec<Difference>,
}

/// What the reference server puts before the text of every failure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    /// The comparison in which it shows.
    of: Comparison,
    /// The text, with `TOOL` for the tool's name.
    reference: String,
    /// Why ours does not.
    reason: String,
}

/// One known difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// The comparison in which it shows.
    of: Comparison,
    /// Where it shows, by name.
    calls: Vec<String>,
    /// What the reference server's answer has in it.
    reference: String,
    /// What ours has in it.
    ours: String,
    /// Why it is right that they differ.
    reason: String,
}

/// Holds all that was compared against the file: each difference is there, and each that is
/// there still shows as it says.
#[track_caller]
pub fn check(comparison: Comparison, mut pairs: Pairs) {
    let file = source().join("tests/dropins/differences.toml");
    let listed: Listed = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut trouble = Vec::new();
    for prefix in &listed.prefix {
        assert!(!prefix.reason.is_empty());
        if prefix.of == comparison {
            trouble.extend(without(prefix, &mut pairs));
        }
    }
    let mut known = BTreeMap::new();
    for difference in &listed.difference {
        assert!(!difference.reason.is_empty() && !difference.calls.is_empty());
        if difference.of != comparison {
            continue;
        }
        for call in &difference.calls {
            if known.insert(call.as_str(), difference).is_some() {
                trouble.push(format!("`{call}` is listed twice"));
            }
            if !pairs.contains_key(call) {
                trouble.push(format!("`{call}` is listed, and there is no such call"));
            }
        }
    }
    for (name, Pair { reference, ours }) in &pairs {
        let (theirs, own) = (text(reference), text(ours));
        match known.get(name.as_str()) {
            None if reference == ours => {}
            None => trouble.push(format!(
                "`{name}` differs, and is not listed\n  reference: {theirs}\n  ours:      {own}"
            )),
            Some(_) if reference == ours => trouble.push(format!(
                "`{name}` is listed, and does not differ any more: {own}"
            )),
            Some(known) if theirs.contains(&known.reference) && own.contains(&known.ours) => {}
            Some(_) => trouble.push(format!(
                "`{name}` differs in another way than is listed\n  reference: {theirs}\n  ours:      {own}"
            )),
        }
    }
    println!(
        "{comparison:?}: {} compared, {} differ as listed",
        pairs.len(),
        known.len()
    );
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
}

/// Takes the prefix off the reference server's failures, each of which has to have it.
fn without(prefix: &Prefix, pairs: &mut Pairs) -> Vec<String> {
    let mut trouble = Vec::new();
    for (name, pair) in pairs {
        if pair.reference["isError"] != true {
            continue;
        }
        let tool = name.split(':').next().unwrap_or_default();
        let expected = prefix.reference.replace("TOOL", tool);
        let text = &mut pair.reference["content"][0]["text"];
        match text.as_str().and_then(|text| text.strip_prefix(&expected)) {
            Some(rest) => *text = rest.into(),
            None => trouble.push(format!("`{name}` fails without `{expected}`: {text}")),
        }
    }
    trouble
}

/// An answer for people, with the texts of its content as they are.
fn text(answer: &Value) -> String {
    let mut text = answer.to_string();
    for part in answer["content"].as_array().into_iter().flatten() {
        if let Some(part) = part["text"].as_str() {
            text = format!("{part} {text}");
        }
    }
    if text.len() > 1500 {
        let end = text.floor_char_boundary(1500);
        text.truncate(end);
        text.push('…');
    }
    text
}
