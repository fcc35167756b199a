//! A plugin that makes requests as it is told, honest ones and others. It tells how the host answered.

mod raw;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toolkeep_sdk::{Failure, Json, http, tool, tools};

tools![noop, web_steps, web_refused, web_spin, get_many];

/// One thing to do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Step {
    /// What to do: a method, or a word for something worse.
    op: String,
    /// Where to.
    url: String,
    /// Another place.
    #[serde(default)]
    to: String,
    /// Headers, each a name and a value.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// The body.
    #[serde(default)]
    body: Option<String>,
}

/// How the host answered each step.
#[derive(Serialize, JsonSchema)]
struct Report {
    /// One for each step.
    results: Vec<String>,
}

/// Does nothing.
#[tool(read_only)]
fn noop() -> &'static str {
    "fine"
}

/// Does one step after the other.
#[tool]
fn web_steps(
    /// What to do.
    #[arg(role = "content")]
    steps: Vec<Step>,
) -> Json<Report> {
    let results = steps.iter().map(act).collect();
    Json(Report { results })
}

fn act(step: &Step) -> String {
    let done = match step.op.as_str() {
        "abandon" => raw::abandon(&step.url, step.body.as_deref().unwrap_or_default()),
        "leak" => raw::leak(&step.url, &step.to),
        "leak-file" => raw::leak_file(&step.url, &step.to),
        "carry" => raw::carry(&step.url, &step.to),
        "path" => raw::path(&step.url, &step.to),
        "at-once" => raw::at_once(&step.url, step.body.as_deref().unwrap_or_default()),
        "trap" => raw::trap(&step.url),
        "trailers" => raw::trailers(&step.url),
        "raw" => raw::send(&step.url, &step.headers),
        method => plain(method, step).map_err(|error| match error {
            http::Error::Refused => "refused".to_owned(),
            other => format!("failed: {other}"),
        }),
    };
    match done {
        Ok(text) => format!("ok {text}"),
        Err(text) => text,
    }
}

fn plain(method: &str, step: &Step) -> Result<String, http::Error> {
    let mut request = http::request(method, &step.url);
    for (name, value) in &step.headers {
        request = request.header(name, value);
    }
    if let Some(body) = &step.body {
        request = request.body(body.as_str());
    }
    let response = request.send()?;
    let (status, kind) = (
        response.status(),
        response.header("location").map(str::to_owned),
    );
    let text = response.text()?;
    let kind = kind.map(|kind| format!(" to {kind}")).unwrap_or_default();
    Ok(format!("{status}{kind} {text}"))
}

/// Fails as its request does.
#[tool]
fn web_refused(
    /// Where to.
    #[arg(role = "destination")]
    url: String,
) -> Result<String, Failure> {
    Ok(http::get(&url).send()?.success()?.text()?)
}

/// Makes the same request again and again, and says how many bytes came.
#[tool]
fn get_many(
    /// Where to.
    #[arg(role = "destination")]
    url: String,
    /// How often.
    count: u32,
) -> Result<String, Failure> {
    let mut total = 0;
    for _ in 0..count {
        total += http::get(&url)
            .limit(u64::MAX)
            .send()?
            .success()?
            .bytes()?
            .len();
    }
    Ok(total.to_string())
}

/// Sends a request and then computes for ever.
#[tool]
fn web_spin(
    /// Where to.
    #[arg(role = "destination")]
    url: String,
) {
    let pending = raw::start(&url, "effect");
    loop {
        std::hint::black_box(&pending);
    }
}
