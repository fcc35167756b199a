//! A host under attack: the real program, serving.

use std::ops::Deref;
use std::process::Command;

use serde_json::{Value, json};
use toolkeep_tests::rpc::{Client, code, text};
use toolkeep_tests::{Keep, Ran, SECRET, peak};

use crate::case::Outcome;

/// What a guest is told of every refusal.
pub const NO: &str = "err not-permitted";

/// A keep and the server on it, which is started when it is first needed. It is one process from then
/// on: what serves the good call at the end is what was attacked.
pub struct Served {
    keep: Keep,
    start: Box<dyn Fn(&Keep) -> Client>,
    client: Option<Client>,
    peak: u64,
}

impl Deref for Served {
    type Target = Keep;

    fn deref(&self) -> &Keep {
        &self.keep
    }
}

impl Served {
    /// A host whose operator wrote `config`, as [`Keep::new`] takes it.
    pub fn new(config: &str) -> Self {
        Self::on(Keep::new(config))
    }

    /// A host that gives the hostile plugin all verbs on `data`, with `more` below.
    pub fn granting(more: &str) -> Self {
        Self::on(Keep::granting(more))
    }

    /// The same, with these limits.
    pub fn limited(limits: &str) -> Self {
        Self::granting(&format!("[plugins.hostile.limits]\n{limits}\n"))
    }

    pub fn on(keep: Keep) -> Self {
        Self {
            keep,
            start: Box::new(|keep| Client::old(keep, json!({}))),
            client: None,
            peak: 0,
        }
    }

    /// The same host, started in another way.
    pub fn started(mut self, start: impl Fn(&Keep) -> Client + 'static) -> Self {
        self.start = Box::new(start);
        self
    }

    /// The same host, started by a command that was made from its own.
    pub fn started_by(self, wrap: impl Fn(&Keep, Command) -> Command + 'static) -> Self {
        self.started(move |keep| Client::old_by(wrap(keep, keep.command(&["serve"])), json!({})))
    }

    pub fn client(&mut self) -> &mut Client {
        let (keep, start) = (&self.keep, &self.start);
        self.client.get_or_insert_with(|| start(keep))
    }

    /// One call, and nothing secret in what comes back.
    #[track_caller]
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.client().call(tool, arguments);
        assert!(!result.to_string().contains(SECRET), "{result:#}");
        result
    }

    /// What the host answers to each step; the call itself has to work.
    #[track_caller]
    pub fn steps(&mut self, steps: Value) -> Vec<String> {
        self.steps_of("raw_steps", steps)
    }

    #[track_caller]
    pub fn steps_of(&mut self, tool: &str, steps: Value) -> Vec<String> {
        let result = self.call(tool, json!({ "steps": steps }));
        results(&result)
    }

    #[track_caller]
    pub fn answers(&mut self, steps: Value, expected: &[&str]) {
        assert_eq!(self.steps(steps), expected);
    }

    /// Every one of these steps is refused.
    #[track_caller]
    pub fn refuses(&mut self, steps: &[Value]) {
        let answers = self.steps(json!(steps));
        for (step, answer) in steps.iter().zip(answers) {
            assert_eq!(answer, NO, "{step}");
        }
    }

    /// A call that the host stops, and says so with `word`.
    #[track_caller]
    pub fn stops(&mut self, tool: &str, arguments: Value, word: &str) {
        let result = self.call(tool, arguments);
        assert_eq!(code(&result), word, "{result:#}");
    }

    /// Runs a command on the keep, whose memory counts too.
    pub fn measured(&mut self, args: &[&str]) -> Ran {
        let ran = self.keep.run(args);
        self.peak = self.peak.max(ran.peak);
        ran
    }

    /// The server answers a good call, and leaves without a word of complaint. What it did is on record
    /// from then on.
    #[track_caller]
    pub fn rest(&mut self) {
        if let Some(mut client) = self.client.take() {
            let fine = client.call("noop", json!({}));
            assert_eq!(text(&fine), "fine");
            self.measure(&client);
            client.leave();
            let secret = |message: &Value| message.to_string().contains(SECRET);
            assert!(!client.heard.iter().any(secret), "{:#?}", client.heard);
        }
    }

    /// Takes the server away, without the good call at its end.
    pub fn gone(&mut self) -> Option<Client> {
        let client = self.client.take()?;
        self.measure(&client);
        Some(client)
    }

    fn measure(&mut self, client: &Client) {
        self.peak = self.peak.max(peak(client.pid()).unwrap_or(0));
    }

    /// The most memory that any of its processes had, in MiB.
    pub fn peak(&self) -> u64 {
        self.peak.div_ceil(1024)
    }

    /// The record is sound, and says that this came of it.
    #[track_caller]
    pub fn is_on_record(&self, outcome: Outcome) {
        if !self.has("state/audit.db") {
            assert!(
                matches!(outcome, Outcome::NoCall(_)),
                "nothing is on record"
            );
            return;
        }
        self.run(&["audit", "verify"]).expect(0);
        let is_told = match outcome {
            Outcome::Refused(code) => self.records(&["--kind", "refusal"]).iter().any(|record| {
                let reasons = record["reasons"].as_array().unwrap();
                reasons.iter().any(|reason| reason["code"] == code)
            }),
            Outcome::Stopped(word) => self.endings(&[]).iter().any(|record| {
                let outcome = &record["outcome"];
                (&outcome["status"], &outcome["error"]) == (&json!("stopped"), &json!(word))
            }),
            Outcome::Failed(word) => self
                .records(&[])
                .iter()
                .any(|record| record["handle"] != "tool" && record["outcome"]["error"] == word),
            Outcome::Harmless(_) => self
                .endings(&[])
                .iter()
                .any(|record| record["outcome"]["status"] != "stopped" && record["tool"] != "noop"),
            Outcome::Killed(_) => self
                .records(&["--handle", "tool", "--kind", "intent"])
                .iter()
                .any(|record| {
                    let call = record["call"].as_str().unwrap();
                    self.endings(&["--call", call]).is_empty()
                }),
            Outcome::NoCall(_) => true,
        };
        assert!(is_told, "the record does not say: {outcome}");
    }
}

/// The answers in a result of the tools that take steps.
#[track_caller]
pub fn results(result: &Value) -> Vec<String> {
    let results = result["structuredContent"]["results"].clone();
    serde_json::from_value(results).unwrap_or_else(|_| panic!("{result:#}"))
}
