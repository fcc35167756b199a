//! A tiny agent: a model that picks tools, a person who is asked, and Toolkeep in between.
//!
//!     cargo run --example agent
//!
//! The model is a script, so that nothing here needs a network: put a model API in the place of
//! [`respond`]. Everything else is what a real agent does.
#![allow(clippy::print_stdout, reason = "it is there to be watched")]

use std::error::Error;
use std::path::Path;

use serde_json::{Value, json};
use toolkeep::{Answer, Approver, Events, Host, Principal, Question, Session, ToolEntry};

/// What the operator wrote: notes may be written, and a person is asked before one is deleted.
const OPERATORS_FILE: &str = r#"
[data.notes]
dir = "notes"
label = "private"

[plugins.notes]
path = "notes.wasm"

[plugins.notes.fs.notebook]
data = "notes"
allow = ["list", "read", "create", "modify"]
ask = ["delete"]
"#;

/// What the model wants, turn by turn.
const SCRIPT: [(&str, &str); 7] = [
    ("write_note", r#"{"name": "plan", "text": "On Friday."}"#),
    ("write_note", r#"{"name": "draft", "text": "Some day."}"#),
    ("search_notes", r#"{"query": "friday"}"#),
    ("delete_note", r#"{"name": "draft"}"#),
    ("delete_note", r#"{"name": "plan"}"#),
    ("read_note", r#"{"title": "plan"}"#),
    ("read_node", r#"{"name": "plan"}"#),
];

/// One request to a model: it gets the conversation and what it may call, and gives a message.
fn respond(conversation: &[Value], _functions: &[Value]) -> Value {
    let answered = conversation.iter().filter(|said| said["role"] == "tool");
    match SCRIPT.get(answered.count()) {
        Some((tool, arguments)) => json!({"role": "assistant", "tool_calls": [
            {"id": "1", "function": {"name": tool, "arguments": arguments}},
        ]}),
        None => json!({"role": "assistant", "content": "The plan stands; the draft is gone."}),
    }
}

/// A tool in the form that model APIs with function calling take.
fn as_function(tool: &ToolEntry<'_>) -> Value {
    json!({"type": "function", "function": {
        "name": tool.name,
        "description": tool.info.description,
        "parameters": tool.info.input_schema,
    }})
}

/// Somebody at a terminal or behind a chat window. This one gives up drafts, and nothing else.
struct Person;

#[toolkeep::async_trait]
impl Approver for Person {
    async fn ask(&self, question: &Question) -> Answer {
        let (verbs, object) = (question.access.verbs, &question.access.object);
        println!("  person is asked: {verbs} {object}?");
        match object.to_string().as_str() {
            "notes:draft.md" => Answer::Approve,
            _ => Answer::Decline,
        }
    }
}

/// Runs one tool call of the model, and gives what the model is told of it.
async fn run(session: &Session, call: &Value) -> Result<String, Box<dyn Error>> {
    let tool = call["name"].as_str().ok_or("no name")?;
    let arguments = call["arguments"].as_str().ok_or("no arguments")?;
    println!("model calls {tool} {arguments}");
    let done = session.call(tool, serde_json::from_str(arguments)?).await;
    // Why something did not work is for the operator; the model learns what it may know.
    Ok(match done {
        Ok(reply) => reply.output.text(),
        Err(error) => error.for_model(),
    })
}

/// Prints what happened until now. A real agent listens in a task of its own, with `next`.
fn print(events: &mut Events) {
    while let Some(event) = events.try_next() {
        println!("  event: {event}");
    }
}

async fn agent(host: &Host) -> Result<(), Box<dyn Error>> {
    let mut events = host.events();
    let ada = Principal::new("local".parse()?, "ada".parse()?);
    let session = host.session("conversation-1".parse()?, ada);
    let callable = host.tools().filter(|tool| tool.callable);
    let functions: Vec<Value> = callable.map(|tool| as_function(&tool)).collect();

    let mut conversation = vec![json!({"role": "user", "content": "Tidy up my notes."})];
    loop {
        let message = respond(&conversation, &functions);
        conversation.push(message.clone());
        if let Some(text) = message.get("content").and_then(Value::as_str) {
            println!("model says: {text}");
            break;
        }
        let calls = message.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            let told = run(&session, &call["function"]).await?;
            print(&mut events);
            println!("  model is told: {told}");
            conversation.push(json!({"role": "tool", "tool_call_id": call["id"], "content": told}));
        }
    }

    println!("the conversation has seen: {}", session.label()?);
    let checkpoint = host.checkpoint().await?.ok_or("there is no record")?;
    print!("the record until now, signed:\n{}", checkpoint.note);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("toolkeep-agent-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("notes"))?;
    std::fs::write(folder.join("toolkeep.toml"), OPERATORS_FILE)?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/notes");
    let plugin = folder.join("notes.wasm");
    toolkeep::pack::build::build(&source, Some(&plugin), &|_| {}).await?;

    let host = Host::builder(folder.join("toolkeep.toml"))
        .state(folder.join("state"))
        .approver(Person)
        .build()?;
    let done = agent(&host).await;
    drop(host);
    std::fs::remove_dir_all(&folder)?;
    done
}
