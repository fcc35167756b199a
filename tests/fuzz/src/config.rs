//! The operator's file: whatever stands in it, what is wrong is told with its line, and what is accepted
//! gives what is written and nothing else.

use std::sync::Arc;

use serde_json::{Value, json};
use toml::Table;
use toolkeep::base::id::{Identity, Name};
use toolkeep::base::label::Label;
use toolkeep::base::principal::Principal;
use toolkeep::base::text::is_unsafe;
use toolkeep::rules::access::{Access, Object};
use toolkeep::rules::check::check;
use toolkeep::rules::config::{Config, Grant, Plugin};
use toolkeep::rules::may::Capabilities;
use toolkeep::rules::problem::Problem;
use toolkeep::rules::scope::Scope;
use toolkeep::rules::tool::Description;
use toolkeep::rules::verb::{Handle, Verb, Verbs};
use toolkeep::rules::verdict::Verdict;

use super::input::Input;
use super::lines;

/// A file as it comes, or one put together from lines that mean something.
pub fn config(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let text = if input.once_in(2) {
        lines::file(&mut input)
    } else {
        String::from_utf8_lossy(input.rest()).into_owned()
    };
    match Config::parse("toolkeep.toml", &text) {
        Err(problems) => {
            assert!(problems.iter().next().is_some());
            problems.iter().for_each(|problem| told(&text, problem));
            assert!(!problems.to_string().is_empty());
        }
        Ok(config) => accepted(&text, &config),
    }
}

/// A problem is in a line of the file, and its text disturbs no terminal.
fn told(text: &str, problem: &Problem) {
    let lines: Vec<&str> = text.split('\n').collect();
    let number = problem.line.number as usize;
    if text.len() > 1 << 20 {
        assert_eq!(number, 0, "{problem}");
        return;
    }
    assert!((1..=lines.len()).contains(&number), "{problem}\n{text}");
    let most = lines[number - 1].chars().count() + 1;
    assert!(problem.column as usize <= most, "{problem}\n{text}");
    let said = [Some(&problem.message), problem.help.as_ref()];
    for said in said.into_iter().flatten() {
        // A help can be a table, in lines.
        let odd = |c: char| is_unsafe(c) && c != '\n';
        assert!(
            !said.is_empty() && !said.chars().any(odd),
            "{said:?}\n{text}"
        );
    }
}

fn accepted(text: &str, config: &Config) {
    let written: Table = toml::from_str(text).expect("what is accepted is TOML");
    assert!(!format!("{config:?}").is_empty());
    assert_eq!(
        config.widening_of(config),
        None,
        "a file gives no more than itself\n{text}"
    );
    nothing_is_empty(text, &toml::Value::Table(written.clone()), "");
    let known = ["host", "audit", "approvals", "limits", "data", "plugins"];
    assert!(
        written.keys().all(|key| known.contains(&key.as_str())),
        "{text}"
    );
    let data = table(&written, "data");
    assert!(
        data.keys().eq(config.data.keys().map(Name::as_str)) || data.len() == config.data.len()
    );
    for (name, data) in &config.data {
        let place = &written["data"][name.as_str()];
        let key = match data.source.handle() {
            Handle::Http => "url",
            Handle::Kv => "kv",
            Handle::Sql => "sql",
            _ => "dir",
        };
        assert_eq!(place[key].as_str(), Some(&*data.source.to_string()));
        assert!(data.accepts.within(&data.label), "{text}");
        let who = |text| Identity::new(text).expect("it is an identity");
        if let Some(dir) = data.folder() {
            let _ = dir.expand(&Principal::new(who("tenant"), who("user")));
        }
    }
    let plugins = table(&written, "plugins");
    assert_eq!(plugins.len(), config.plugins.len(), "{text}");
    for (name, plugin) in &config.plugins {
        let written = plugins[name.as_str()]
            .as_table()
            .expect("a plugin is a table");
        grants(text, written, plugin);
        judged(text, written, config, plugin);
    }
}

/// An empty list or text reads as *everything* to one and as *nothing* to another. Only config values,
/// which are below `values`, may be empty.
fn nothing_is_empty(text: &str, value: &toml::Value, key: &str) {
    match value {
        toml::Value::Array(list) => {
            assert!(!list.is_empty(), "`{key}` is empty\n{text}");
            list.iter()
                .for_each(|item| assert!(item.is_str(), "`{key}` holds what is no text\n{text}"));
        }
        toml::Value::String(word) => assert!(!word.trim().is_empty(), "`{key}` is empty\n{text}"),
        toml::Value::Table(table) => {
            for (key, value) in table.iter().filter(|(key, _)| *key != "values") {
                nothing_is_empty(text, value, key);
            }
        }
        _ => {}
    }
}

fn grants(text: &str, written: &Table, plugin: &Plugin) {
    assert_eq!(
        written["path"].as_str(),
        Some(plugin.path.as_str()),
        "{text}"
    );
    let limits = serde_json::to_value(plugin.limits).expect("limits are JSON");
    let at_least_one = |limit: &Value| limit.as_u64().is_some_and(|limit| limit > 0);
    assert!(
        limits
            .as_object()
            .is_some_and(|all| all.values().all(at_least_one)),
        "{text}"
    );
    assert_eq!(table(written, "fs").len(), plugin.grants.fs.len(), "{text}");
    assert_eq!(
        table(written, "config").len(),
        plugin.grants.config.len(),
        "{text}"
    );
    assert_eq!(table(written, "tools").len(), plugin.tools.len(), "{text}");
    for (need, grant) in &plugin.grants.fs {
        let written = &written["fs"][need.as_str()];
        let (allow, ask) = verbs(written);
        assert_eq!(
            (grant.grant.lists.allow, grant.grant.lists.ask),
            (allow, ask),
            "{text}"
        );
        assert_eq!(
            written["data"].as_str(),
            Some(grant.grant.data.name.as_str()),
            "{text}"
        );
        let (only, except) = (words(written, "only"), words(written, "except"));
        assert!(
            grant.grant.patterns.only().eq(only) && grant.grant.patterns.except().eq(except),
            "{text}"
        );
        assert!(
            grant.mount.starts_with('/') && !grant.mount.contains("/../"),
            "{text}"
        );
    }
    for (need, grant) in &plugin.grants.config {
        let values = written["config"][need.as_str()]["values"]
            .as_table()
            .expect("values are a table");
        let given = |(key, value): (&String, &String)| values[key].as_str() == Some(value.as_str());
        assert!(
            values.len() == grant.values.len() && grant.values.iter().all(given),
            "{text}"
        );
    }
}

/// Every verb of every grant, as a tool of each name that is narrowed may use it, against what the page about
/// rules says of the words that are written.
fn judged(text: &str, written: &Table, config: &Config, plugin: &Plugin) {
    let description = wants_all(plugin);
    for finding in check(config, &plugin.name, &description) {
        told(text, &finding.problem);
    }
    let shown = Capabilities::granted(&description, config, &plugin.name);
    for tool in shown.tools {
        let lines = tool.places.iter().map(ToString::to_string);
        assert!(
            lines
                .chain([tool.delete.to_string()])
                .all(|line| !line.is_empty())
        );
    }
    let manifest = Arc::new(description.manifest.clone());
    for tool in &description.tools {
        let scope = Scope::new(config, &manifest, tool, &plugin.name);
        let narrowing = table(written, "tools").get(tool.name.as_str()).map(verbs);
        for (need, grant) in &plugin.grants.fs {
            let lists = verbs(&written["fs"][need.as_str()]);
            for (path, is_folder) in [
                ("", true),
                ("a", true),
                ("a/b.md", false),
                ("private/x", false),
            ] {
                for verb in Handle::Fs.verbs() {
                    let access = Access {
                        handle: Handle::Fs,
                        need: need.clone(),
                        verbs: Verbs::one(*verb),
                        object: Object::Path {
                            data: grant.grant.data.name.clone(),
                            path: path.to_owned(),
                        },
                        is_folder,
                    };
                    let told = scope.decide(&access, &Label::clean()).verdict();
                    let expected = match shows(&grant.grant, path, is_folder, *verb) {
                        false => Verdict::Deny,
                        true => expected(lists, *verb)
                            .max(narrowing.map_or(Verdict::Allow, |n| expected(n, *verb))),
                    };
                    assert_eq!(
                        told, expected,
                        "{verb} {path} by {} for {need}\n{text}",
                        tool.name
                    );
                }
            }
        }
    }
}

fn shows(grant: &Grant, path: &str, is_folder: bool, verb: Verb) -> bool {
    let looks = is_folder && matches!(verb, Verb::List | Verb::Stat);
    grant.patterns.admits(path) || looks && grant.patterns.leads(path)
}

/// What two lists say of a verb; `stat` comes with `list` and with `read`.
fn expected((allow, ask): (Verbs, Verbs), verb: Verb) -> Verdict {
    let brings = |list: Verbs| {
        verb == Verb::Stat && (list.contains(Verb::List) || list.contains(Verb::Read))
    };
    if allow.contains(verb) {
        Verdict::Allow
    } else if ask.contains(verb) {
        Verdict::Ask
    } else if brings(allow) {
        Verdict::Allow
    } else if brings(ask) {
        Verdict::Ask
    } else {
        Verdict::Deny
    }
}

/// The description of a plugin that wants all that it is given, with a tool for each that is narrowed.
fn wants_all(plugin: &Plugin) -> Description {
    let mut fs = serde_json::Map::new();
    for need in plugin.grants.fs.keys() {
        fs.insert(
            need.to_string(),
            json!({"verbs": Handle::Fs.all(), "why": "it does"}),
        );
    }
    let mut config = serde_json::Map::new();
    for (need, grant) in &plugin.grants.config {
        let keys: Vec<&String> = grant.values.keys().collect();
        config.insert(need.to_string(), json!({"keys": keys, "why": "it does"}));
    }
    let mut tools = vec!["a-tool-that-is-not-narrowed".to_owned()];
    tools.extend(plugin.tools.keys().take(20).map(ToString::to_string));
    tools.sort();
    tools.dedup();
    let tools: Vec<Value> = tools
        .iter()
        .map(|name| json!({"name": name, "description": "x", "input_schema": {"type": "object"}}))
        .collect();
    let description = json!({
        "format": 1,
        "manifest": {"name": "p", "version": "1", "description": "x", "needs": {"fs": fs, "config": config}},
        "tools": tools,
    });
    serde_json::from_value(description).expect("what the operator can grant, a plugin can want")
}

fn table(of: &Table, key: &str) -> Table {
    of.get(key)
        .and_then(toml::Value::as_table)
        .cloned()
        .unwrap_or_default()
}

fn words<'a>(of: &'a toml::Value, key: &str) -> impl Iterator<Item = &'a str> {
    let list = of.get(key).and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_str)
}

/// The verbs under `allow` and under `ask`.
fn verbs(of: &toml::Value) -> (Verbs, Verbs) {
    let list = |key| {
        let known = |word: &str| Verb::ALL.into_iter().find(|verb| verb.as_str() == word);
        words(of, key).fold(Verbs::NONE, |all, word| match word {
            "write" => all.with(Verb::Create).with(Verb::Modify),
            word => all.with(known(word).expect("only verbs are accepted")),
        })
    };
    (list("allow"), list("ask"))
}
