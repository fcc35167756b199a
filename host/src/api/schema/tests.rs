use serde_json::json;

use super::*;

#[tokio::test]
async fn tells_what_does_not_fit() {
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }))
    .unwrap();
    assert_eq!(schema.misfit(&json!({"n": 1}), 7).await, Ok(None));
    let told = schema
        .misfit(&json!({"n": "x\u{1b}"}), 7)
        .await
        .unwrap()
        .unwrap();
    assert!(
        told.starts_with("`n`: ") && !told.contains('\u{1b}'),
        "{told}"
    );
}

#[tokio::test]
async fn tells_where() {
    let edit = json!({"type": "object", "properties": {"oldText": {"type": "string"}}});
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {"edits": {"type": "array", "items": edit}},
    }))
    .unwrap();
    let wrong = json!({"edits": [{}, {}, {"oldText": 1}]});
    assert_eq!(
        schema.misfit(&wrong, 40).await.unwrap().unwrap(),
        "`edits[2].oldText`: 1 is not of type \"string\""
    );
}

#[tokio::test]
async fn tells_what_would_be_right() {
    let order = json!({"oneOf": [
        {"type": "string", "const": "start", "description": "From the first."},
        {"type": "string", "const": "end", "description": "From the last."},
        {"type": "string", "enum": ["up", "down"]},
    ]});
    let step = json!({"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "line"}}, "required": ["kind"]},
        {"type": "object", "properties": {"kind": {"const": "page"}}, "required": ["kind"]},
    ]});
    let schema = Schema::new(&json!({
        "type": "object",
        "properties": {
            "order": order,
            "maybe": {"anyOf": [{"$ref": "#/$defs/Order"}, {"type": "null"}]},
            "plain": {"enum": ["a", "b", "c", "d", "e", "f"]},
            "step": step,
        },
        "$defs": {"Order": order},
    }))
    .unwrap();
    let long = "x".repeat(400);
    for (wrong, expected) in [
        (
            json!({"order": "random"}),
            r#"`order`: "random" is not one of "start", "end", "up" or "down""#,
        ),
        (
            json!({"order": 5}),
            r#"`order`: 5 is not one of "start", "end", "up" or "down""#,
        ),
        (
            json!({"maybe": "random"}),
            r#"`maybe`: "random" is not one of "start", "end", "up", "down" or null"#,
        ),
        (
            json!({"plain": "g"}),
            r#"`plain`: "g" is not one of "a", "b", "c", "d", "e" or "f""#,
        ),
        // The values of a part of it are no values of it.
        (
            json!({"step": {"kind": "word"}}),
            "`step`: {\"kind\":\"word\"} is not valid under any of the schemas listed in the 'oneOf' keyword",
        ),
    ] {
        assert_eq!(
            schema.misfit(&wrong, 40).await.unwrap().unwrap(),
            expected,
            "{wrong}"
        );
    }
    let told = schema.misfit(&json!({"order": long}), 400).await;
    let told = told.unwrap().unwrap();
    assert!(told.ends_with(r#""up" or "down""#), "{told}");
}

#[test]
fn a_schema_that_doubles_and_doubles_is_refused() {
    let mut definitions = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
        definitions.insert(format!("a{level}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("a40".to_owned(), json!({"type": "object"}));
    let bomb = json!({"type": "object", "$ref": "#/$defs/a0", "$defs": definitions});
    assert!(Schema::new(&bomb).err().unwrap().contains("too large"));
}

#[tokio::test]
async fn patterns_take_no_more_together_than_one_may_take() {
    let names = json!({"type": "object", "properties": {"name": {"pattern": "^\\w{1,64}$"}}});
    let schema = Schema::new(&names).unwrap();
    assert_eq!(schema.misfit(&json!({"name": "ada"}), 14).await, Ok(None));
    assert!(schema.misfit(&json!({"name": "-"}), 12).await != Ok(None));
    let many: serde_json::Map<_, _> = (0..200)
        .map(|n| (format!("[\\p{{L}}\\p{{N}}]{{60}}x{n}"), json!(true)))
        .collect();
    let bomb = json!({"type": "object", "patternProperties": many});
    assert!(Schema::new(&bomb).is_err());
}

/// Where others wait, nobody is kept waiting by a pattern.
#[tokio::test]
async fn a_pattern_is_not_matched_where_others_wait() {
    let slow = json!({"properties": {"a": {"pattern": "(?:[a-z]{1,60}){1,60}$"}}});
    assert!(Schema::new(&slow).unwrap().can_be_slow);
    assert!(!Schema::new(&json!({"type": "object"})).unwrap().can_be_slow);
}

#[tokio::test]
async fn a_schema_that_refers_to_itself_works_and_ends_in_time() {
    let twice = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]});
    let schema = Schema::new(&json!({"type": "object", "properties": {"a": twice}})).unwrap();
    assert!(schema.can_be_slow);
    assert_eq!(schema.misfit(&json!({"a": {}}), 8).await, Ok(None));
    let mut deep = json!(1);
    for _ in 0..12 {
        deep = json!({"a": deep});
    }
    assert!(matches!(
        schema.misfit(&deep, 200).await,
        Ok(Some(_)) | Err(TooLong)
    ));
}

#[test]
fn references_to_elsewhere_are_not_followed() {
    for to in ["http://localhost/schema.json", "file:///etc/passwd"] {
        assert!(
            Schema::new(&json!({"type": "object", "$ref": to})).is_err(),
            "{to}"
        );
    }
}
