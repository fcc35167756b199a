//! The written forms are those of `docs/formats.md`, and old ones stay readable.

use serde_json::{Value, json};

use super::super::leaf::{Salts, write};
use super::super::opened::open;
use super::super::testing::varied;
use super::super::tree::leaf_hash;
use crate::base::digest::Digest;

/// The fenced block of that name in the docs.
fn schema(name: &str) -> jsonschema::Validator {
    let docs = include_str!("../../../../../docs/formats.md");
    let (_, block) = docs.split_once(&format!("```json {name}\n")).unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    jsonschema::validator_for(&serde_json::from_str(block).unwrap()).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, text: &str) {
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{text}");
}

#[test]
fn real_records_are_as_the_docs_say() {
    let (body, private) = (schema("record-v1"), schema("private-v1"));
    let mut salts = Salts::default();
    for (seq, record) in (0..).zip(varied()) {
        let leaf = write(seq, &record, &mut salts).unwrap();
        assert_valid(&body, &leaf.body);
        assert_valid(&private, &leaf.private);
    }
}

/// A field that the docs don't tell of would be a form that nobody decided on.
#[test]
fn the_docs_tell_of_every_field() {
    let docs = include_str!("../../../../../docs/formats.md");
    fn names(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                out.push(name.clone());
                names(value, out);
            }),
            Value::Array(list) => list.iter().for_each(|value| names(value, out)),
            _ => {}
        }
    }
    for record in varied() {
        let leaf = write(0, &record, &mut Salts::default()).unwrap();
        let mut found = Vec::new();
        names(&serde_json::from_str(&leaf.body).unwrap(), &mut found);
        names(&serde_json::from_str(&leaf.private).unwrap(), &mut found);
        for name in found {
            assert!(docs.contains(&format!("\"{name}\": {{")), "{name}");
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_record() {
    let schema = schema("record-v1");
    let leaf = write(0, &varied()[1], &mut Salts::default()).unwrap();
    let good: Value = serde_json::from_str(&leaf.body).unwrap();
    for (field, bad) in [
        ("v", json!(2)),
        ("kind", json!("rumour")),
        ("object", json!("notes:diary.md")),
        ("time", json!(-1)),
        ("call", json!("7")),
    ] {
        let mut value = good.clone();
        value[field] = bad;
        assert!(!schema.is_valid(&value), "{field}");
    }
}

/// Old reader, new data: fields that this program does not know are passed over.
#[test]
fn unknown_fields_are_passed_over() {
    let record = varied().swap_remove(1);
    let leaf = write(0, &record, &mut Salts::default()).unwrap();
    let mut body: Value = serde_json::from_str(&leaf.body).unwrap();
    body["v"] = json!(2);
    body["weather"] = json!({"sky": "blue"});
    body["outcome"]["mood"] = json!("good");
    body["reasons"][0]["weight"] = json!(3);
    let mut private: Value = serde_json::from_str(&leaf.private).unwrap();
    private["weather"] = Value::Null;
    let opened = open(&body.to_string(), &private.to_string()).unwrap();
    assert_eq!((opened.record, opened.faults), (record, vec![]));
    assert!(schema("record-v1").is_valid(&{
        body["v"] = json!(1);
        body
    }));
}

/// New reader, old data: a record as version 1 wrote it, byte for byte.
#[test]
fn a_stored_record_of_version_1_stays_readable() {
    let (body, private) = (
        include_str!("record-v1.body.json").trim_end(),
        include_str!("record-v1.private.json").trim_end(),
    );
    assert_eq!(
        leaf_hash(body.as_bytes()),
        include_str!("record-v1.leaf")
            .trim_end()
            .parse::<Digest>()
            .unwrap()
    );
    assert_valid(&schema("record-v1"), body);
    assert_valid(&schema("private-v1"), private);
    let opened = open(body, private).unwrap();
    assert_eq!(opened.faults, Vec::<String>::new());
    assert_eq!((opened.seq, opened.record), (7, super::testing::full()));
}
