//! Plugin files: any bytes as a component, and any bytes as the section that makes one a plugin.

use std::sync::OnceLock;

use serde_json::{Value, json};
use toolkeep::fuzzing::{Fit, fit};
use toolkeep::pack::component::{BadComponent, Component, SECTION, embed};
use toolkeep::pack::inspect::inspect;
use toolkeep::rules::manifest::Manifest;
use toolkeep::rules::tool::Description;

use super::arguments::runtime;
use super::input::Input;
use super::json;

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
/// A core module with nothing in it.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Bytes as they come, a section with any bytes in it, one with a description that was changed, or a
/// `plugin.toml`.
pub fn component(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.below(4) {
        0 => read(input.rest()),
        1 => {
            let count = input.below(4);
            sections(&mut input, count);
        }
        2 => {
            let text = changed(&mut input);
            let file = section(EMPTY, SECTION, text.as_bytes());
            read(&file);
        }
        _ => {
            let text = String::from_utf8_lossy(input.rest());
            if let Ok(manifest) = Manifest::parse_toml("plugin.toml", &text) {
                let again = serde_json::to_string(&manifest).expect("a manifest is JSON");
                assert_eq!(
                    serde_json::from_str::<Manifest>(&again).ok(),
                    Some(manifest),
                    "{text}"
                );
            }
        }
    }
}

/// Reads a file in every way in which one is read, before anybody knows what it is.
fn read(file: &[u8]) {
    let Ok(component) = Component::read(file) else {
        assert!(inspect(file).is_err());
        return;
    };
    assert_eq!(component.bytes, file.len() as u64);
    match component.description() {
        Ok(description) => sound(file, &description),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
    assert_eq!(inspect(file).is_ok(), component.description().is_ok());
}

/// A description that was accepted is as the page about formats has it, and says the same when it is read
/// once more.
fn sound(file: &[u8], description: &Description) {
    let json = serde_json::to_value(description).expect("a description is JSON");
    let runtime = runtime();
    let documented = runtime.block_on(fit(documented(), &json, 0));
    assert_eq!(documented, Fit::Fits, "{json}");
    let text = json.to_string();
    assert_eq!(
        serde_json::from_str::<Description>(&text).ok().as_ref(),
        Some(description),
        "{text}"
    );
    let twice = embed(file, description).expect("a description can be embedded");
    let twice = Component::read(&twice)
        .expect("it still is a component")
        .description();
    assert!(
        matches!(twice, Err(BadComponent::ManyDescriptions)),
        "{text}"
    );
    let tool = |tool: &toolkeep::ToolInfo| description.tool(tool.name.as_str()) == Some(tool);
    assert!(description.tools.iter().all(tool), "{text}");
    let role = |tool: &toolkeep::ToolInfo| tool.argument_roles().len();
    assert!(description.tools.iter().map(role).sum::<usize>() < file.len());
}

/// The schema of the section, as it stands in the page about formats.
fn documented() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let page = include_str!("../../../docs/formats.md");
        let from = page
            .split("```json description-v1\n")
            .nth(1)
            .expect("the page has it");
        let schema = from.split("```").next().expect("it ends");
        serde_json::from_str(schema).expect("it is JSON")
    })
}

/// A component with so many descriptions at its outer level, and others where none counts.
fn sections(input: &mut Input<'_>, count: usize) {
    let mut file = EMPTY.to_vec();
    let mut outer = 0;
    while !input.is_empty() {
        let length = input.below(64);
        let data = match input.once_in(3) {
            true => good().to_string().into_bytes(),
            false => input.bytes(length).to_vec(),
        };
        match input.below(5) {
            0 => file = section(&file, "toolkeep:plugin2", &data),
            1 => file = nested(&file, 1, &section(MODULE, SECTION, &data)),
            2 => file = nested(&file, 4, &section(EMPTY, SECTION, &data)),
            _ if outer < count => {
                file = section(&file, SECTION, &data);
                outer += 1;
            }
            _ => break,
        }
    }
    while outer < count {
        file = section(&file, SECTION, good().to_string().as_bytes());
        outer += 1;
    }
    read(&file);
    let description = Component::read(&file)
        .expect("its sections are right")
        .description();
    match outer {
        0 => assert!(matches!(description, Err(BadComponent::NoDescription))),
        1 => assert!(!matches!(
            description,
            Err(BadComponent::NoDescription | BadComponent::ManyDescriptions)
        )),
        _ => assert!(matches!(description, Err(BadComponent::ManyDescriptions))),
    }
}

/// `file` with a custom section behind it.
fn section(file: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    number(&mut content, name.len());
    content.extend(name.as_bytes());
    content.extend(data);
    nested(file, 0, &content)
}

/// `file` with a section of the kind `id` behind it.
fn nested(file: &[u8], id: u8, content: &[u8]) -> Vec<u8> {
    let mut out = file.to_vec();
    out.push(id);
    number(&mut out, content.len());
    out.extend(content);
    out
}

/// LEB128.
fn number(out: &mut Vec<u8>, mut number: usize) {
    while number > 127 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A description that is accepted.
fn good() -> Value {
    json!({
        "format": 1,
        "manifest": {
            "name": "notes", "version": "1.0", "description": "Keeps notes",
            "needs": {
                "fs": {"notebook": {"verbs": ["list", "read"], "why": "reads", "optional": true, "many": true}},
                "config": {"words": {"keys": ["greeting"], "why": "greets", "optional": false}},
            },
        },
        "tools": [{
            "name": "search", "title": "Search", "description": "Finds notes",
            "input_schema": {"type": "object", "properties": {"to": {"x-toolkeep-role": "object"}}},
            "output_schema": {"type": "object"},
            "hints": {"read_only": true, "non_destructive": true, "idempotent": true},
        }],
    })
}

/// A good description with a few changes, as text.
fn changed(input: &mut Input<'_>) -> String {
    const KEYS: &[&str] = &[
        "format",
        "manifest",
        "tools",
        "name",
        "version",
        "description",
        "needs",
        "fs",
        "config",
        "verbs",
        "keys",
        "why",
        "optional",
        "many",
        "title",
        "input_schema",
        "output_schema",
        "hints",
        "read_only",
        "non_destructive",
        "idempotent",
        "type",
        "properties",
        "x-toolkeep-role",
        "other",
        "a",
        "notebook-b",
    ];
    const TEXTS: &[&str] = &[
        "", " ", "object", "read", "write", "list", "call", "content", "a", "A.b", "notes",
        "\u{202e}", "é", "1",
    ];
    let mut json = good();
    for _ in 0..input.below(5) {
        let all = json::places(&json);
        let place = &all[input.number() % all.len()];
        let value = match input.below(3) {
            0 => json
                .pointer(&all[input.number() % all.len()])
                .cloned()
                .unwrap_or_default(),
            _ => json::value(input, KEYS, TEXTS, 3),
        };
        match json.pointer_mut(place) {
            Some(Value::Object(members)) if input.once_in(2) => {
                members.insert(input.word(KEYS).to_owned(), value);
            }
            Some(Value::Array(items)) if input.once_in(2) => items.push(value),
            Some(there) => *there = value,
            None => {}
        }
    }
    let text = json.to_string();
    if !input.once_in(4) {
        return text;
    }
    // What no JSON value can hold: the same key twice, odd numbers, half a text.
    let at = input.number() % (text.len() + 1);
    let (before, after) = text.split_at(text.floor_char_boundary(at));
    let odd = [
        "\"format\":1,",
        "1e999",
        "\\ud800",
        "0x1",
        "[",
        "",
        "\"name\":\"a\",",
    ];
    format!("{before}{}{after}", input.word(&odd))
}
