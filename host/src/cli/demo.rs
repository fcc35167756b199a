//! `toolkeep demo`: a short scripted agent session on a real folder, and the record of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::audit::print_entry;
use super::exit::Exit;
use super::output::{self, BAD, FAINT, GOOD, STRONG};
use crate::api::error::CallError;
use crate::api::host::Host;
use crate::api::session::{Reply, Session};
use crate::base::content::Content;
use crate::base::id::{Identity, SessionId};
use crate::base::principal::Principal;
use crate::base::text::{shorten, visible};
use crate::pack::build::build;
use crate::rules::verb::Handle;
use crate::rules::verdict::Verdict;
use crate::store::audit::record::Kind;
use crate::store::audit::verify::verify;
use crate::store::audit::{AuditReader, Filter, StoredRecord};

#[derive(Args)]
pub struct Options {
    /// The checkout with the plugin `notes` [default: the folder that we are in, or one above]
    #[arg(long, value_name = "DIR")]
    checkout: Option<PathBuf>,
}

/// What a step should come to: the demo checks itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Done,
    Denied,
    Asked,
    /// The tool fails by itself, without the host having been asked for anything.
    Nothing,
}

struct Step {
    title: &'static str,
    tool: &'static str,
    arguments: Value,
    expect: Expect,
    /// What to notice, where the record alone does not tell.
    remark: Option<&'static str>,
}

fn script() -> Vec<Step> {
    let step = |title, tool, arguments, expect| Step {
        title,
        tool,
        arguments,
        expect,
        remark: None,
    };
    vec![
        step("list the notes", "list_notes", json!({}), Expect::Done),
        step(
            "read a note",
            "read_note",
            json!({"name": "todo"}),
            Expect::Done,
        ),
        Step {
            remark: Some(
                "`link` is a link out of the folder: it is passed over, the rest is searched",
            ),
            ..step(
                "search them all",
                "search_notes",
                json!({"query": "milk"}),
                Expect::Done,
            )
        },
        step(
            "escape by `..`",
            "read_note",
            json!({"name": "../secret"}),
            Expect::Denied,
        ),
        Step {
            remark: Some(
                "no access was even wanted: in the tool's world there is nothing but /notebook",
            ),
            ..step(
                "escape by an absolute path",
                "read_note",
                json!({"name": ABSOLUTE}),
                Expect::Nothing,
            )
        },
        step(
            "escape by a link",
            "read_note",
            json!({"name": "link"}),
            Expect::Denied,
        ),
        step(
            "write a note",
            "write_note",
            json!({"name": "plans/friday", "text": "# Friday\nship it\n"}),
            Expect::Done,
        ),
        step(
            "delete a note",
            "delete_note",
            json!({"name": "todo"}),
            Expect::Asked,
        ),
    ]
}

/// Stands for the secret file's real path, which is known only when the demo runs.
const ABSOLUTE: &str = "(absolute)";

const CONFIG: &str = r#"# The operator's file of the demo.
[host]
state = "state"

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

pub async fn run(options: Options) -> Exit {
    match demo(options).await {
        Ok(exit) => exit,
        Err(why) => {
            output::error(why);
            Exit::Failed
        }
    }
}

async fn demo(options: Options) -> Result<Exit, String> {
    let checkout = match options.checkout {
        Some(checkout) => checkout,
        None => find_checkout()?,
    };
    let folder = checkout.join("target").join("demo");
    prepare(&folder).map_err(|error| format!("cannot prepare `{}`: {error}", folder.display()))?;
    let plugin = folder.join("notes.wasm");
    let progress = |step: &str| output::note(format_args!("… {step}"));
    build(
        &checkout.join("plugins").join("notes"),
        Some(&plugin),
        &progress,
    )
    .await
    .map_err(|error| error.to_string())?;

    let config = folder.join("toolkeep.toml");
    let host = Host::builder(&config)
        .build()
        .map_err(|error| error.to_string())?;
    let session = session(&host).map_err(|error| error.to_string())?;
    output::data(format_args!(
        "\n{STRONG}An agent works with ada's notes, through the plugin `notes`.{STRONG:#}\n\
         Granted: list, read, create and modify in {}; delete only if a person says so.\n\
         The plugin does no checks of its own: whatever name it is given, it opens.",
        folder.join("notes").display()
    ));
    let state = folder.join("state");
    let mut surprises = 0;
    for (number, step) in script().into_iter().enumerate() {
        surprises += usize::from(!play(number + 1, step, &session, &state, &folder).await?);
    }
    drop(session);
    // The last checkpoint is made when the host ends.
    drop(host);

    output::data(format_args!("\n{STRONG}The record{STRONG:#}"));
    let log = AuditReader::open(&state).map_err(|error| error.to_string())?;
    for entry in log
        .collect(&Filter::default())
        .map_err(|error| error.to_string())?
    {
        print_entry(&entry);
    }
    let report = verify(&state, None, None).map_err(|error| error.to_string())?;
    let (style, word) = if report.is_sound() {
        (GOOD, "sound")
    } else {
        (BAD, "BROKEN")
    };
    output::data(format_args!(
        "\n{style}{word}{style:#}: {} entries, {} of them under a signed checkpoint; root {}",
        report.records, report.sealed, report.root
    ));
    output::data(format_args!(
        "\nLook for yourself:\n  \
         cargo run -- audit show --why --config {config}\n  \
         cargo run -- call read_note '{{\"name\":\"todo\"}}' --config {config}",
        config = config.display()
    ));
    if surprises > 0 {
        return Err(format!("{surprises} steps did not end as they should"));
    }
    Ok(if report.is_sound() {
        Exit::Done
    } else {
        Exit::Record
    })
}

/// The nearest folder, from here upwards, that has the plugin's source.
fn find_checkout() -> Result<PathBuf, String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let found = here
        .ancestors()
        .find(|folder| folder.join("plugins/notes/plugin.toml").is_file());
    match found {
        // A short path reads better.
        Some(checkout) if checkout == here => Ok(PathBuf::from(".")),
        Some(checkout) => Ok(checkout.to_owned()),
        None => Err(
            "there is no `plugins/notes` here or above; run the demo in a checkout of Toolkeep, \
                     or name one with --checkout DIR"
                .to_owned(),
        ),
    }
}

/// Makes the demo's folder anew: two notes, a secret beside them, and a link to it among them.
fn prepare(folder: &Path) -> io::Result<()> {
    let config = folder.join("toolkeep.toml");
    if folder.exists() {
        if !config.is_file() {
            return Err(io::Error::other(
                "it is there already and is not the demo's; move it away",
            ));
        }
        fs::remove_dir_all(folder)?;
    }
    let notes = folder.join("notes");
    fs::create_dir_all(&notes)?;
    fs::write(config, CONFIG)?;
    fs::write(notes.join("todo.md"), "# To do\nbuy milk\nwrite to Grace\n")?;
    fs::write(
        notes.join("ideas.md"),
        "# Ideas\nan engine for the milk round\n",
    )?;
    fs::write(folder.join("secret.md"), "the password is swordfish\n")?;
    std::os::unix::fs::symlink("../secret.md", notes.join("link.md"))
}

fn session(host: &Host) -> Result<Session, crate::base::id::BadName> {
    let principal = Principal {
        agent: Some(Identity::new("demo-agent")?),
        ..Principal::new(Identity::new("local")?, Identity::new("ada")?)
    };
    Ok(host.session(SessionId::new("demo")?, principal))
}

/// Plays one step and says what was tried, what was decided and why. False if it did not end as it
/// should.
async fn play(
    number: usize,
    step: Step,
    session: &Session,
    state: &Path,
    folder: &Path,
) -> Result<bool, String> {
    let mut arguments = step.arguments;
    if arguments.get("name").is_some_and(|name| name == ABSOLUTE) {
        let folder = folder.canonicalize().map_err(|error| error.to_string())?;
        arguments = json!({"name": folder.join("secret").display().to_string()});
    }
    output::data(format_args!(
        "\n{STRONG}{number}. {}{STRONG:#}  {FAINT}{} {}{FAINT:#}",
        step.title,
        step.tool,
        visible(&arguments.to_string())
    ));
    let before = last_seq(state);
    let done = session.call(step.tool, arguments).await;
    for entry in since(state, before)? {
        print_decision(&entry);
    }
    if let Some(remark) = step.remark {
        output::data(format_args!("   {remark}"));
    }
    let came_to = match &done {
        Ok(_) => Expect::Done,
        Err(CallError::Denied { .. }) => Expect::Denied,
        Err(CallError::Unanswered { .. }) => Expect::Asked,
        Err(_) => Expect::Nothing,
    };
    match &done {
        Ok(reply) => output::data(format_args!("   {GOOD}→{GOOD:#} {}", answer(reply))),
        Err(failed) => {
            output::data(format_args!(
                "   {BAD}→{BAD:#} {}",
                visible(&failed.to_string())
            ));
        }
    }
    let leaked = done
        .as_ref()
        .is_ok_and(|reply| answer(reply).contains("swordfish"));
    if leaked || came_to != step.expect {
        output::data(format_args!(
            "   {BAD}this is not what should have happened{BAD:#}"
        ));
    }
    Ok(came_to == step.expect && !leaked)
}

fn last_seq(state: &Path) -> Option<u64> {
    let last = Filter {
        last: Some(1),
        ..Filter::default()
    };
    let entries = AuditReader::open(state)
        .and_then(|log| log.collect(&last))
        .ok()?;
    entries.last().map(|entry| entry.seq)
}

fn since(state: &Path, after: Option<u64>) -> Result<Vec<StoredRecord>, String> {
    let filter = Filter {
        after,
        ..Filter::default()
    };
    AuditReader::open(state)
        .and_then(|log| log.collect(&filter))
        .map_err(|error| error.to_string())
}

/// One decision of the gate, as the record has it.
fn print_decision(entry: &StoredRecord) {
    let record = &entry.record;
    if record.handle == Handle::Tool || record.kind == Kind::Outcome {
        return;
    }
    let style = output::of(record.verdict);
    output::data(format_args!(
        "   {style}{:<5}{style:#} {} {}",
        record.verdict, record.verbs, record.object
    ));
    let deciding = record
        .reasons
        .iter()
        .filter(|reason| reason.verdict == record.verdict);
    for reason in deciding.filter(|reason| reason.verdict != Verdict::Allow) {
        output::data(format_args!("         because {}", reason.text));
    }
}

/// A tool's answer on one line.
fn answer(reply: &Reply) -> String {
    let texts: Vec<String> = reply
        .output
        .content
        .iter()
        .map(|part| match part {
            Content::Text { text } => visible(text.trim_end()),
            _ => "(not text)".to_owned(),
        })
        .collect();
    shorten(&texts.join(" "), 160)
}
