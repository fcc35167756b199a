//! The operator's file changes while a server runs.

use serde_json::{Value, json};
use toolkeep_tests::rpc::{Client, code, forms};
use toolkeep_tests::{ALL, Keep};

const BOTH: &str = "[plugins.echo]\npath = {echo}\n[data.diary]\ndir = \"data\"\n\
    [plugins.notes]\npath = {notes}\n[plugins.notes.fs.notebook]\ndata = \"diary\"\n\
    allow = [\"list\", \"read\"]\n";
const ONE: &str = "[plugins.echo]\npath = {echo}\n";

/// Asks to be told of changes; gives the request's number once that is agreed.
fn listen(client: &mut Client) -> u64 {
    let wanted = json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true}});
    let id = client.request("subscriptions/listen", wanted);
    let agreed = client.hear("notifications/subscriptions/acknowledged");
    assert_eq!(
        agreed["params"]["notifications"],
        json!({"toolsListChanged": true}),
        "{agreed:#}"
    );
    id
}

#[test]
fn less_is_used_at_once_and_told() {
    let keep = Keep::new(BOTH);
    let [mut older, mut newer] = Client::both(&keep);
    let subscription = listen(&mut newer);
    for client in [&mut older, &mut newer] {
        assert_eq!(client.tools().len(), 6);
    }
    keep.configure(ONE);
    for client in [&mut older, &mut newer] {
        client.hear("notifications/tools/list_changed");
        client.warning("the operator's file has changed, and is in use");
        assert_eq!(client.tools(), ["echo"]);
        let answer = client.ask("tools/call", json!({"name": "list_notes"}));
        assert_eq!(answer["error"]["code"], -32602);
    }
    // A subscription that is cancelled is over.
    newer.notify(
        "notifications/cancelled",
        json!({"requestId": subscription}),
    );
    keep.configure("");
    newer.warning("is in use");
    assert_eq!(newer.tools(), [] as [&str; 0]);
    newer.close();
    assert_eq!(newer.end().0, Some(0));
    let told = |m: &&Value| m["method"] == "notifications/tools/list_changed";
    assert_eq!(
        newer.heard.iter().filter(told).count(),
        0,
        "{:#?}",
        newer.heard
    );
}

/// Nor is a guest that was made ready while it might use more.
#[test]
fn lower_limits_hold_from_the_next_call_on() {
    let limited = |mib| {
        format!(
            "[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {{hostile}}\n\
             [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n\
             [plugins.hostile.limits]\nmemory_bytes = \"{mib} MiB\"\n"
        )
    };
    let keep = Keep::new(&limited(32));
    let mut client = Client::old(&keep, forms());
    for _ in 0..3 {
        let grown = client.call("grow", json!({"mib": 16}));
        assert_eq!(grown["isError"], false, "{grown:#}");
    }
    keep.configure(&limited(8));
    client.warning("is in use");
    assert_eq!(
        code(&client.call("grow", json!({"mib": 16}))),
        "memory-limit"
    );
    let grown = client.call("grow", json!({"mib": 4}));
    assert_eq!(grown["isError"], false, "{grown:#}");
}

#[test]
fn a_change_before_the_subscription_is_told_with_it() {
    let keep = Keep::new(BOTH);
    let mut client = Client::new(&keep, forms());
    assert_eq!(client.tools().len(), 6);
    keep.configure(ONE);
    client.warning("is in use");
    listen(&mut client);
    let told = client.hear("notifications/tools/list_changed");
    assert!(
        told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].is_number(),
        "{told:#}"
    );
    // A subscription does not keep the server.
    client.close();
    assert_eq!(client.end().0, Some(0));
}

#[test]
fn more_is_not_used() {
    let keep = Keep::new(ONE);
    let [mut older, mut newer] = Client::both(&keep);
    listen(&mut newer);
    for client in [&mut older, &mut newer] {
        client.lives();
    }
    keep.configure(BOTH);
    for client in [&mut older, &mut newer] {
        client.warning("gives more than before");
        assert_eq!(client.tools(), ["echo"]);
    }
    // And back again is no change.
    keep.configure(ONE);
    for client in [&mut older, &mut newer] {
        client.close();
        assert_eq!(client.end().0, Some(0));
        assert!(
            client
                .heard
                .iter()
                .all(|m| m["method"] != "notifications/tools/list_changed")
        );
    }
}

#[test]
fn what_cannot_be_read_is_not_used() {
    let keep = Keep::new(BOTH);
    let mut client = Client::old(&keep, forms());
    client.lives();
    for broken in ["[plugins", "[plugins.echo]\npath = 5\n", "unknown = 1\n"] {
        keep.configure(broken);
        client.warning("cannot be used");
        assert_eq!(client.tools().len(), 6);
    }
    std::fs::remove_file(keep.path("toolkeep.toml")).unwrap();
    client.warning("cannot be used");
    let result = client.call("read_note", json!({"name": "nothing"}));
    assert_eq!(code(&result), "failed");
    // It can be put right.
    keep.configure(ONE);
    client.hear("notifications/tools/list_changed");
    assert_eq!(client.tools(), ["echo"]);
}

/// Whoever can write the operator's file can put anything in its place.
#[test]
fn what_is_no_ordinary_file_keeps_nobody_waiting() {
    let keep = Keep::new(BOTH);
    let mut client = Client::old(&keep, forms());
    client.lives();
    let file = keep.path("toolkeep.toml");
    std::fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    client.warning("it is not an ordinary file");
    assert_eq!(client.tools().len(), 6);
    // The same trouble is told once: another one comes between.
    std::fs::remove_file(&file).unwrap();
    client.warning("No such file");
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    client.warning("it is not an ordinary file");
    assert_eq!(client.tools().len(), 6);
    std::fs::remove_file(&file).unwrap();
    keep.configure(ONE);
    client.warning("is in use");
    assert_eq!(client.tools(), ["echo"]);
}

/// Deleting a note is asked about.
const ASKING: &str = "[approvals]\nelicitation = true\n[data.diary]\ndir = \"data\"\n\
    [plugins.notes]\npath = {notes}\n[plugins.notes.fs.notebook]\ndata = \"diary\"\n\
    allow = [\"list\", \"read\"]\nask = [\"delete\"]\n";

fn approve() -> Value {
    json!({"action": "accept", "content": {"decision": "approve"}})
}

/// What was asked by the old rules is not done by a yes that comes after they changed.
#[test]
fn a_question_does_not_outlive_its_rules() {
    let keep = Keep::new(ASKING);
    keep.put("data/a.md", "kept");
    let mut client = Client::new(&keep, forms());
    let delete = json!({"name": "a"});
    let asked = client.call("delete_note", delete.clone());
    assert_eq!(asked["resultType"], "input_required", "{asked:#}");
    keep.configure(&ASKING.replace("ask = [\"delete\"]\n", ""));
    client.warning("is in use");
    let answered = client.ask(
        "tools/call",
        json!({
            "name": "delete_note", "arguments": delete, "requestState": asked["requestState"],
            "inputResponses": {"approval": approve()},
        }),
    );
    assert_eq!(code(&answered["result"]), "question-closed");
    assert!(keep.has("data/a.md"));
}

/// The same where the call waits for the answer.
#[test]
fn a_question_that_is_asked_back_does_not_outlive_its_rules() {
    let keep = Keep::new(ASKING);
    keep.put("data/a.md", "kept");
    let mut client = Client::old(&keep, forms());
    let call = client.begin("delete_note", json!({"name": "a"}));
    let question = client.hear("elicitation/create");
    keep.configure(&ASKING.replace("ask = [\"delete\"]\n", ""));
    client.warning("is in use");
    client.respond(&question, approve());
    assert_eq!(code(&client.result(call)), "approval-required");
    assert!(keep.has("data/a.md"));
}

/// A call that began under the old rules goes on under them, but has nobody to ask any more.
#[test]
fn nobody_is_asked_by_old_rules() {
    let less = "[approvals]\nelicitation = true\n[data.data]\ndir = \"data\"\n\
        [plugins.hostile]\npath = {hostile}\n[plugins.hostile.fs.data]\ndata = \"data\"\n\
        allow = [\"create\"]\nask = [\"modify\"]\n";
    for open in [Client::old, Client::new] {
        let keep = Keep::new(&format!("{ONE}{less}"));
        let mut client = open(&keep, forms());
        let files = json!({"folder": "/data", "files": 100_000});
        let call = client.begin("write_many", files);
        keep.wait_for(|| keep.has("data/file-0"));
        keep.configure(less);
        client.warning("is in use");
        // The first file that is there already has to be asked about. The call gets to it yet.
        let written = std::fs::read_dir(keep.path("data")).unwrap().count();
        let there = format!("data/file-{}", written + 500);
        keep.put(&there, "kept");
        let result = client.result(call);
        assert_eq!(code(&result), "approval-required");
        assert_eq!(keep.get(&there), "kept");
        let asked = |message: &Value| message["method"] == "elicitation/create";
        assert!(!client.heard.iter().any(asked), "{:#?}", client.heard);
    }
}

/// A pin that is added while the server runs has to hold.
#[test]
fn a_pin_that_the_plugin_does_not_match_is_not_passed_over() {
    let keep = Keep::new(ONE);
    let mut client = Client::old(&keep, forms());
    client.lives();
    keep.configure(&format!("{ONE}digest = \"sha256:{}\"\n", "0".repeat(64)));
    client.warning("cannot be used");
}
