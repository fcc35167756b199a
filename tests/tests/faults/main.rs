//! What can go wrong around the program while it runs: it is killed, the disk is full, the store is locked,
//! moved or tampered with, the clock is set back, files are exchanged. No effect happens that is not on
//! record, nothing that was answered is lost, and when the trouble is over nobody has to help.

mod archived;
mod broken_off;
mod cached;
mod clock;
mod exchanged;
mod full;
mod killed;
mod locked;
mod read_only;
mod sending;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, OLD};

/// A server on `keep`, in a session of its own, and its client.
fn serve(keep: &Keep, session: &str) -> Client {
    Client::old_by(keep.command(&["serve", "--session", session]), json!({}))
}

/// The arguments of `raw_steps` for writing a file.
fn writing(path: &str) -> Value {
    json!({"steps": [{"op": "write", "path": path, "text": "x"}]})
}

/// The arguments of `raw_steps` for looking at the folder.
fn looking() -> Value {
    json!({"steps": [{"op": "list", "path": "."}]})
}

/// Has the tool do one step; what came of it, or the code of what went wrong.
fn step(client: &mut Client, arguments: Value) -> String {
    let result = client.call("raw_steps", arguments);
    match &result["structuredContent"]["results"][0] {
        Value::String(came) => came.clone(),
        _ => toolkeep_tests::rpc::code(&result).to_owned(),
    }
}

/// The numbers of the requests of a session whose calls have ended, on record.
fn ended(keep: &Keep, session: &str) -> BTreeSet<u64> {
    let records = keep.endings(&["--session", session]);
    let number = |record: &Value| record["runtime_call"].as_str()?.parse().ok();
    records.iter().filter_map(number).collect()
}

/// Each file that tools wrote has its intent, and the record is sound. Gives what it says of it.
#[track_caller]
fn is_whole(keep: &Keep) -> Value {
    let intents: BTreeSet<String> = keep
        .records(&["--kind", "intent", "--verb", "create"])
        .iter()
        .map(|record| record["object"].as_str().unwrap().to_owned())
        .collect();
    for entry in std::fs::read_dir(keep.path("data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(intents.contains(&format!("data:{name}")), "{name}");
    }
    keep.run(&["audit", "verify", "--json"]).expect(0).json()
}

/// The server's client goes away. It ends well, whatever it had to say meanwhile: that.
#[track_caller]
fn close(mut client: Client) -> String {
    client.close();
    let (code, told) = client.end();
    assert_eq!(code, Some(0), "{told}");
    told
}

/// A server that is only spoken to in the older era.
fn shake_hands(client: &mut Client) {
    let answer = client.hello(OLD, json!({}));
    assert!(answer["error"].is_null(), "{answer:#}");
}
