//! What both servers for memory are asked, one after the other: each call sees what the ones before it did.

use serde_json::{Value, json};

/// Each call: a name of its own, the tool and the arguments.
pub fn calls() -> Vec<(String, &'static str, Value)> {
    let mut calls = Vec::new();
    let mut call = |what: &str, tool: &'static str, arguments: Value| {
        calls.push((format!("{tool}: {what}"), tool, arguments));
    };
    let entity = |name: &str, kind: &str, observations: &[&str]| json!({"name": name, "entityType": kind, "observations": observations});
    let relation =
        |from: &str, to: &str, kind: &str| json!({"from": from, "to": to, "relationType": kind});

    call("nothing yet", "read_graph", json!({}));
    call("nothing to find yet", "search_nodes", json!({"query": "a"}));
    call(
        "nothing to open yet",
        "open_nodes",
        json!({"names": ["Ada"]}),
    );
    call("none", "create_entities", json!({"entities": []}));
    call(
        "three, not in the order of their names",
        "create_entities",
        json!({"entities": [
            entity("Zoe", "person", &["sings", "lives in Lyon"]),
            entity("Ada Lovelace", "person", &[]),
            entity("Toolkeep", "Project", &["written in Rust"]),
        ]}),
    );
    call(
        "one that is there and one that is not",
        "create_entities",
        json!({"entities": [entity("Zoe", "other", &["changed"]), entity("Bob", "person", &["Zoe's friend"])]}),
    );
    let long = "long ".repeat(100);
    call(
        "odd names",
        "create_entities",
        json!({"entities": [
            entity("", "nothing", &[""]),
            entity("a/b", "path", &[]),
            entity("a%2Fb", "path", &[]),
            entity("..", "path", &[]),
            entity(" spaces ", "path", &[]),
            entity("日本 é ß", "place", &["東京"]),
            entity("line\nbreak", "odd", &["a\nb\t\"c\""]),
            entity("\u{202e}back", "odd", &[]),
            entity(&long, "long", &[&long]),
            entity(&format!("{long}x"), "long", &[]),
            entity("constructor", "__proto__", &["toString"]),
        ]}),
    );
    call("with odd names", "read_graph", json!({}));
    call(
        "several",
        "create_relations",
        json!({"relations": [
            relation("Zoe", "Ada Lovelace", "admires"),
            relation("Bob", "Zoe", "knows"),
            relation("Zoe", "Toolkeep", "works on"),
            relation("Zoe", "Nobody", "waits for"),
            relation("a/b", "a%2Fb", "is not"),
            relation(&long, "日本 é ß", &long),
        ]}),
    );
    call(
        "one that is there, one of another type",
        "create_relations",
        json!({"relations": [relation("Bob", "Zoe", "knows"), relation("Bob", "Zoe", "likes")]}),
    );
    call("none", "create_relations", json!({"relations": []}));
    call(
        "some that are there",
        "add_observations",
        json!({"observations": [
            {"entityName": "Zoe", "contents": ["sings", "swims"]},
            {"entityName": "Bob", "contents": []},
            {"entityName": "", "contents": ["still nothing"]},
        ]}),
    );
    call(
        "to one that is not there",
        "add_observations",
        json!({"observations": [
            {"entityName": "Bob", "contents": ["lost"]},
            {"entityName": "Nobody", "contents": ["x"]},
        ]}),
    );
    for query in [
        "zoe",
        "PERSON",
        "Lyon",
        "東",
        "",
        "nothing at all",
        "%",
        "a/b",
        "rust",
    ] {
        call(
            &format!("{query:?}"),
            "search_nodes",
            json!({"query": query}),
        );
    }
    for names in [
        json!(["Zoe"]),
        json!(["Bob", "Ada Lovelace", "Nobody"]),
        json!([]),
        json!(["zoe"]),
        json!(["", "a/b", "日本 é ß"]),
        json!(["Zoe", "Zoe"]),
    ] {
        call(&names.to_string(), "open_nodes", json!({"names": names}));
    }
    call(
        "some that are there",
        "delete_observations",
        json!({"deletions": [
            {"entityName": "Zoe", "observations": ["sings", "never said"]},
            {"entityName": "Nobody", "observations": ["x"]},
        ]}),
    );
    call(
        "one of two types",
        "delete_relations",
        json!({"relations": [relation("Bob", "Zoe", "likes"), relation("Bob", "Zoe", "hates")]}),
    );
    call(
        "with their relations",
        "delete_entities",
        json!({"entityNames": ["Ada Lovelace", "Nobody", "a/b"]}),
    );
    call("none", "delete_entities", json!({"entityNames": []}));
    call("what is left", "read_graph", json!({}));
    for (what, tool, arguments) in [
        ("no arguments", "create_entities", json!({})),
        (
            "not a list",
            "create_entities",
            json!({"entities": entity("x", "y", &[])}),
        ),
        (
            "no type",
            "create_entities",
            json!({"entities": [{"name": "x", "observations": []}]}),
        ),
        (
            "a number for a name",
            "create_entities",
            json!({"entities": [{"name": 1, "entityType": "x", "observations": []}]}),
        ),
        (
            "more than it has",
            "create_entities",
            json!({"entities": [{"name": "more", "entityType": "x", "observations": [], "more": 1}]}),
        ),
        ("an unknown argument", "read_graph", json!({"deep": true})),
        ("no query", "search_nodes", json!({})),
        ("a number", "open_nodes", json!({"names": [1]})),
    ] {
        call(what, tool, arguments);
    }
    call(
        "what only one of them took",
        "delete_entities",
        json!({"entityNames": ["more"]}),
    );
    call("after all", "read_graph", json!({}));
    calls
}
