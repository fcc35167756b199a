//! What the plugins `files` and `time` promise beyond what the servers do that they stand in for.

use serde_json::{Value, json};
use toolkeep::api::error::CallError;
use toolkeep::api::session::{Reply, Session};
use toolkeep::rules::config::Config;
use toolkeep_tests::{Keep, SECRET, source};

fn files(allow: &str, more: &str) -> Keep {
    Keep::new(&format!(
        "[data.data]\ndir = \"data\"\n[plugins.files]\npath = {{files}}\n{more}\n\
         [plugins.files.fs.files]\ndata = \"data\"\nallow = {allow}\n"
    ))
}

async fn call(session: &Session, tool: &str, arguments: Value) -> Result<Reply, CallError> {
    session.call(tool, arguments).await
}

#[track_caller]
fn text(reply: Result<Reply, CallError>) -> String {
    let output = serde_json::to_value(reply.unwrap().output).unwrap();
    output["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ends_of_a_huge_file_fit_into_a_small_memory() {
    let limits = "[plugins.files.limits]\nmemory_bytes = \"16 MiB\"";
    let keep = files("[\"read\"]", limits);
    keep.put("data/huge", "first\nsecond\n");
    let file = std::fs::OpenOptions::new()
        .append(true)
        .open(keep.path("data/huge"));
    let mut file = file.unwrap();
    // A hole, which takes no room on the disk.
    file.set_len(1 << 30).unwrap();
    std::io::Write::write_all(&mut file, b"\nlast but one\nlast").unwrap();
    let host = keep.host();
    let session = keep.session(&host, "s");
    let read = |part: &str| {
        let arguments = json!({"path": "huge", part: 2});
        call(&session, "read_text_file", arguments)
    };
    assert_eq!(text(read("head").await), "first\nsecond");
    assert_eq!(text(read("tail").await), "last but one\nlast");
    let whole = call(&session, "read_text_file", json!({"path": "huge"})).await;
    assert!(
        matches!(
            whole,
            Err(CallError::Failed { .. } | CallError::Stopped { .. })
        ),
        "{whole:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_delete_may_write_and_not_move() {
    let keep = files(r#"["list", "read", "create", "modify"]"#, "");
    keep.put("data/a", "one\n");
    let host = keep.host();
    let session = keep.session(&host, "s");
    text(
        call(
            &session,
            "write_file",
            json!({"path": "a", "content": "two\n"}),
        )
        .await,
    );
    let edits = json!([{"oldText": "two", "newText": "three"}]);
    text(call(&session, "edit_file", json!({"path": "a", "edits": edits})).await);
    assert_eq!(keep.get("data/a"), "three\n");
    let moved = call(
        &session,
        "move_file",
        json!({"source": "a", "destination": "b"}),
    )
    .await;
    assert!(matches!(moved, Err(CallError::Denied { .. })), "{moved:?}");
    assert!(keep.has("data/a") && !keep.has("data/b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_leads_out_is_neither_read_nor_written_nor_measured() {
    let keep = files(r#"["list", "read", "create", "modify"]"#, "");
    keep.link("../outside/secret.txt", "data/link");
    keep.link("../outside", "data/folder");
    let host = keep.host();
    let session = keep.session(&host, "s");
    for (tool, arguments) in [
        ("read_text_file", json!({"path": "link"})),
        (
            "read_text_file",
            json!({"path": "folder/secret.txt", "tail": 1}),
        ),
        ("read_media_file", json!({"path": "link"})),
        ("get_file_info", json!({"path": "link"})),
        ("list_directory", json!({"path": "folder"})),
        ("search_files", json!({"path": "folder", "pattern": "**"})),
        ("write_file", json!({"path": "link", "content": ""})),
        ("write_file", json!({"path": "folder/new", "content": ""})),
        ("create_directory", json!({"path": "folder/new"})),
        (
            "edit_file",
            json!({"path": "link", "edits": [{"oldText": "TOP", "newText": ""}]}),
        ),
    ] {
        let ended = call(&session, tool, arguments).await;
        assert!(
            matches!(ended, Err(CallError::Denied { .. })),
            "{tool}: {ended:?}"
        );
    }
    let several = json!({"paths": ["link"]});
    let told = text(call(&session, "read_multiple_files", several).await);
    assert!(
        told.starts_with("link: Error - ") && !told.contains(SECRET),
        "{told}"
    );
    let sizes = text(call(&session, "list_directory_with_sizes", json!({"path": ""})).await);
    assert!(sizes.ends_with("Combined size: 0 B"), "{sizes}");
    assert_eq!(keep.get("outside/secret.txt"), SECRET);
    assert!(!keep.has("outside/new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_zone_is_the_operators_where_the_model_names_none() {
    let zone = async |config: &str| {
        let keep = Keep::new(&format!("[plugins.time]\npath = {{time}}\n{config}"));
        let host = keep.host();
        let session = keep.session(&host, "s");
        let reply = call(&session, "get_current_time", json!({})).await?;
        let output = reply.output.structured_content.unwrap_or_default();
        Ok::<_, CallError>(output["timezone"].clone())
    };
    let given =
        |zone: &str| format!("[plugins.time.config.local]\nvalues = {{ timezone = {zone:?} }}\n");
    assert_eq!(zone(&given("Asia/Tokyo")).await.unwrap(), "Asia/Tokyo");
    assert_eq!(zone("").await.unwrap(), "UTC");
    let wrong = zone(&given("Asia/Nowhere")).await.unwrap_err();
    assert!(wrong.to_string().contains("`Asia/Nowhere`"), "{wrong}");
}

#[test]
fn the_grants_in_the_docs_are_right() {
    let docs = std::fs::read_to_string(source().join("docs/plugins.md")).unwrap();
    let examples: Vec<&str> = docs
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(examples.len(), 6);
    for example in examples {
        let read = Config::parse("docs/plugins.md", example);
        assert!(read.is_ok(), "{}", read.err().unwrap());
    }
}
