//! `toolkeep approvals list` and `show`.

use clap::Args;
use serde::Serialize;

use super::{ASK_ANEW, CHANGED, Desk, failed};
use crate::base::clock::Timestamp;
use crate::base::text::{shorten, visible};
use crate::cli::exit::Exit;
use crate::cli::{Where, output, question};
use crate::store::approvals::{Approval, Decision, HOST, Question, State};

#[derive(Args)]
pub struct List {
    #[command(flatten)]
    place: Where,
    /// Also those that were answered, used, are too old or void
    #[arg(long)]
    all: bool,
    /// Print each as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Show {
    /// Which question: its identifier, or enough of it
    id: String,
    #[command(flatten)]
    place: Where,
    /// Print it as one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    id: &'a str,
    state: State,
    void: bool,
    made: Timestamp,
    expires: Timestamp,
    answer: Option<Said>,
    question: &'a Question,
}

/// An answer, and whose it is.
#[derive(Serialize)]
struct Said {
    decision: &'static str,
    by: String,
}

pub fn list(options: &List) -> Result<Exit, Exit> {
    let desk = Desk::open(&options.place)?;
    let found = match &desk.approvals {
        Some(approvals) => approvals
            .list(options.all, Timestamp::now())
            .map_err(|error| failed(&error))?,
        None => Vec::new(),
    };
    let mut rows = Vec::new();
    let mut void = 0;
    for approval in &found {
        match approval {
            Ok(approval) => {
                let is_void = desk.is_void(approval);
                void += u64::from(is_void);
                match (is_void && !options.all, options.json) {
                    (true, _) => {}
                    (false, true) => {
                        output::json(&as_json(&desk, approval));
                    }
                    (false, false) => rows.push(row(&desk, approval)),
                }
            }
            Err(why) => output::warning(why),
        }
    }
    if !options.json {
        if rows.is_empty() {
            output::note("nothing waits for an answer");
        } else {
            let head = ["id", "state", "for", "tool", "wants", "object", "until"];
            output::data(output::table(head, rows));
        }
    }
    if void > 0 {
        let all = if options.all {
            ""
        } else {
            "; `--all` lists what is void too"
        };
        let questions = output::count(void, "question");
        output::note(format_args!(
            "void, asked before the operator's file changed: {questions}{all}"
        ));
        output::hint(ASK_ANEW);
    }
    Ok(Exit::Done)
}

pub fn show(options: &Show) -> Result<Exit, Exit> {
    let desk = Desk::open(&options.place)?;
    let (_, approval) = desk.find(&options.id)?;
    if options.json {
        return Ok(output::json(&as_json(&desk, &approval)));
    }
    output::data(question::text(&approval.question));
    output::data(format_args!(
        "  {:<12}{}",
        "state",
        standing(&desk, &approval)
    ));
    if desk.is_void(&approval) {
        output::warning(CHANGED);
        output::hint(ASK_ANEW);
    }
    Ok(Exit::Done)
}

fn row(desk: &Desk, approval: &Approval) -> [String; 7] {
    let question = &approval.question;
    let access = &question.access;
    [
        question.approval.to_string(),
        standing(desk, approval),
        question.principal.to_string(),
        format!("{}/{}", question.plugin, question.tool),
        format!("{} {}", access.handle, access.verbs),
        shorten(&access.object.to_string(), 60),
        approval.expires.to_string(),
    ]
}

/// How far it has come, and by whom.
fn standing(desk: &Desk, approval: &Approval) -> String {
    let state = match approval.state {
        _ if desk.is_void(approval) => "void",
        State::Pending => "waits",
        State::Answered => "answered",
        State::Used => "used",
        State::Expired => "expired",
    };
    match said(desk, approval) {
        Some(said) => format!("{state}: {} by {}", said.decision, visible(&said.by)),
        None if approval.note.is_some() => format!("{state}: by nobody who may answer"),
        None => state.to_owned(),
    }
}

/// What a row's answer says, if a key of the operator's file signed it for this question.
fn said(desk: &Desk, approval: &Approval) -> Option<Said> {
    if let Some(host) = approval.host {
        let (decision, by) = (host.as_str(), HOST.to_owned());
        return Some(Said { decision, by });
    }
    let (answer, by) = desk.keys.read(approval.note.as_deref()?).ok()?;
    let question = &approval.question;
    let decision: Decision = answer.decision;
    let is_its_own = answer.approval == question.approval && answer.digest == question.digest;
    is_its_own.then_some(Said {
        decision: decision.as_str(),
        by,
    })
}

fn as_json<'a>(desk: &Desk, approval: &'a Approval) -> Json<'a> {
    Json {
        id: approval.question.approval.as_str(),
        state: approval.state,
        void: desk.is_void(approval),
        made: approval.made,
        expires: approval.expires,
        answer: said(desk, approval),
        question: &approval.question,
    }
}
