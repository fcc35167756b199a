//! A plugin that tries everything that a plugin must not get away with. The tests say what; it only
//! does it, and tells how the host answered.

mod cancelled;
mod keys;
mod odd;
mod raw;
mod tables;

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::{
    Blob, Content, EmbeddedResource, Failure, Json, Output, ResourceBody, ResourceLink, config,
    report, tool, tools,
};

use raw::{Report, Step};

tools![
    noop,
    raw_steps,
    raw_read_only,
    raw_adds,
    read_config,
    spin,
    sleep,
    recurse,
    grow,
    big_result,
    big_failure,
    flood,
    print_flood,
    say,
    every_kind,
    fail_as,
    fail,
    hoard,
    leave,
    panics,
    random,
    breaks_schema,
    not_json,
    deep_json,
    panics_after,
    write_many,
    touch_many,
    swap,
    watch,
    cancelled::tidy_up,
    cancelled::write_on,
    keys::key_steps,
    keys::file_to_key,
    tables::table_steps,
    tables::table_steps_then_trap,
    tables::file_to_table,
    odd::look_around,
    odd::drip,
    odd::leave_marks,
    odd::find_marks,
    odd::guess,
    odd::hold,
    odd::trap_inside,
    odd::huge_sizes,
    odd::many_parts,
    odd::write_for_ever,
    odd::append_for_ever,
    odd::fill_up,
    odd::random_again,
];

/// Does nothing.
#[tool(read_only)]
fn noop() -> &'static str {
    "fine"
}

/// Does what it is told through raw WASI, step by step.
#[tool]
fn raw_steps(
    /// The steps.
    steps: Vec<Step>,
) -> Json<Report> {
    Json(raw::run(&steps))
}

/// Says that it changes nothing, and does what it is told.
#[tool(read_only)]
fn raw_read_only(
    /// The steps.
    steps: Vec<Step>,
) -> Json<Report> {
    Json(raw::run(&steps))
}

/// Says that it only adds, and does what it is told.
#[tool(non_destructive)]
fn raw_adds(
    /// The steps.
    steps: Vec<Step>,
) -> Json<Report> {
    Json(raw::run(&steps))
}

/// Reads a value of the config.
#[tool(read_only)]
fn read_config(
    /// Its key.
    key: String,
) -> String {
    format!("{:?}", config::get(&key))
}

/// Never comes back.
#[tool(read_only)]
fn spin() {
    report::progress(0, None, Some("spinning"));
    let mut x = 0u64;
    loop {
        x = std::hint::black_box(x.wrapping_add(1));
    }
}

/// Waits.
#[tool(read_only)]
fn sleep(
    /// For so long.
    ms: u64,
) {
    std::thread::sleep(std::time::Duration::from_millis(ms));
}

/// Calls itself without end.
#[tool(read_only)]
fn recurse(
    /// Whether each call also takes a piece of the stack in memory.
    memory: bool,
) -> String {
    #[allow(unconditional_recursion, reason = "that is the attack")]
    fn deeper(n: u64) -> u64 {
        let kept = std::hint::black_box([n; 64]);
        deeper(n + 1) + kept[(n % 64) as usize]
    }
    fn deep(n: u64) -> u64 {
        if n == u64::MAX {
            0
        } else {
            deep(n + 1).rotate_left(3) ^ n
        }
    }
    if memory { deeper(0) } else { deep(0) }.to_string()
}

/// Takes memory until there is no more.
#[tool(read_only)]
fn grow(
    /// MiB to take.
    mib: u64,
) -> String {
    let mut all = Vec::new();
    for n in 0..mib {
        all.push(std::hint::black_box(vec![n as u8; 1 << 20]));
    }
    format!("took {} MiB", all.len())
}

/// Gives back very much.
#[tool(read_only)]
fn big_result(
    /// So many bytes.
    bytes: usize,
) -> String {
    "x".repeat(bytes)
}

/// Fails at very great length.
#[tool(read_only)]
fn big_failure(
    /// So many bytes.
    bytes: usize,
) -> Result<(), Failure> {
    Err(Failure::failed("x".repeat(bytes)))
}

/// Says very much while it runs.
#[tool(read_only)]
fn flood(
    /// So many lines and updates.
    lines: u64,
    /// Each of so many bytes more.
    bytes: Option<usize>,
) -> String {
    let more = "x".repeat(bytes.unwrap_or(0));
    for n in 0..lines {
        report::info(format!("line {n}{more}"));
        report::progress(n, Some(lines), Some("still going"));
    }
    "said it all".to_owned()
}

/// Prints very much.
#[tool(read_only)]
fn print_flood(
    /// So many lines.
    lines: u64,
) -> String {
    for n in 0..lines {
        println!("out {n}");
        eprintln!("err {n}");
    }
    "printed it all".to_owned()
}

/// Says a text in every way there is.
#[tool(read_only)]
fn say(
    /// The text.
    text: String,
) -> Vec<Content> {
    report::error(&text);
    report::progress(1, Some(2), Some(&text));
    println!("{text}");
    eprintln!("{text}");
    vec![Content::text(text.clone()), Content::image(b"image", &text)]
}

/// Gives back one part of every kind.
#[tool(read_only)]
fn every_kind() -> Vec<Content> {
    let resource = |body| {
        Content::Resource(EmbeddedResource {
            uri: "keep:1".to_owned(),
            mime_type: Some("text/plain".to_owned()),
            body,
        })
    };
    vec![
        Content::Text("text".to_owned()),
        Content::Image(Blob::new([1], "image/png")),
        Content::Audio(Blob::new([2], "audio/wav")),
        resource(ResourceBody::Text("inside".to_owned())),
        resource(ResourceBody::Blob(vec![3])),
        Content::Link(ResourceLink {
            uri: "keep:2".to_owned(),
            name: "linked".to_owned(),
            description: Some("a link".to_owned()),
            mime_type: None,
        }),
    ]
}

/// Fails in one of the three ways.
#[tool(read_only)]
fn fail_as(
    /// Which.
    way: String,
) -> Result<(), Failure> {
    Err(match way.as_str() {
        "bad-arguments" => Failure::bad_arguments("no"),
        "refused" => Failure::refused("no"),
        _ => Failure::failed("no"),
    })
}

/// Fails with a text.
#[tool(read_only)]
fn fail(
    /// The text.
    text: String,
    /// `failed`, `refused` or `bad-arguments`.
    kind: String,
) -> Result<(), Failure> {
    Err(match kind.as_str() {
        "refused" => Failure::refused(text),
        "bad-arguments" => Failure::bad_arguments(text),
        _ => Failure::failed(text),
    })
}

/// Opens a file again and again and closes nothing.
#[tool(read_only)]
fn hoard(
    /// The file.
    path: String,
    /// How often.
    times: u64,
) -> Result<String, Failure> {
    let mut open = Vec::new();
    for n in 0..times {
        match std::fs::File::open(&path) {
            Ok(file) => open.push(file),
            Err(error) => return Ok(format!("{n} open, then: {error}")),
        }
    }
    Ok(format!("{} open", open.len()))
}

/// Ends the program as if all were well.
#[tool(read_only)]
fn leave(
    /// The exit code.
    code: i32,
) -> String {
    std::process::exit(code)
}

/// Panics.
#[tool(read_only)]
fn panics() -> String {
    panic!("on purpose");
}

/// Asks for very much randomness at once.
#[tool(read_only)]
fn random(
    /// So many bytes.
    bytes: u64,
) -> String {
    let got = wasip2::random::random::get_random_bytes(bytes);
    format!("{} bytes", got.len())
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// A number, it says.
    #[schemars(with = "u32")]
    sum: String,
}

/// Promises a number and gives a text.
#[tool(read_only)]
fn breaks_schema() -> Json<Sum> {
    Json(Sum {
        sum: "many".to_owned(),
    })
}

/// Gives a structured part that is not JSON.
#[tool(read_only)]
fn not_json() -> Output {
    Output {
        content: vec![Content::text("text")],
        structured: Some("{\"a\":".to_owned()),
    }
}

/// Gives JSON that is nested without sense.
#[tool(read_only)]
fn deep_json() -> Output {
    Output {
        content: Vec::new(),
        structured: Some(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
    }
}

/// Does what it is told, then panics.
#[tool]
fn panics_after(
    /// The steps.
    steps: Vec<Step>,
) -> String {
    panic!("after {}", raw::run(&steps).results.len());
}

/// Writes files, one after the other.
#[tool]
fn write_many(
    /// The folder.
    folder: String,
    /// How many.
    files: u64,
) -> Result<String, Failure> {
    for n in 0..files {
        std::fs::write(format!("{folder}/file-{n}"), b"x")?;
    }
    Ok(format!("wrote {files}"))
}

/// Looks at one path again and again.
#[tool(read_only)]
fn touch_many(
    /// The path.
    path: String,
    /// How often.
    times: u64,
) -> Result<String, Failure> {
    for _ in 0..times {
        std::fs::symlink_metadata(&path)?;
    }
    Ok(format!("looked {times} times"))
}

/// Renames two things over one another, to and fro, for a while.
#[tool]
fn swap(
    /// The path whose meaning changes.
    name: String,
    /// One thing to stand there.
    one: String,
    /// The other thing to stand there.
    two: String,
    /// For so long.
    ms: u64,
) -> String {
    let end = std::time::Instant::now() + std::time::Duration::from_millis(ms);
    let mut swaps = 0u64;
    while std::time::Instant::now() < end {
        let there = std::fs::rename(&one, &name).is_ok() && std::fs::rename(&name, &one).is_ok();
        let back = std::fs::rename(&two, &name).is_ok() && std::fs::rename(&name, &two).is_ok();
        swaps += u64::from(there) + u64::from(back);
    }
    swaps.to_string()
}

/// Reads one path again and again for a while, and tells each different thing it saw.
#[tool(read_only)]
fn watch(
    /// The path.
    path: String,
    /// For so long.
    ms: u64,
) -> Json<Report> {
    let end = std::time::Instant::now() + std::time::Duration::from_millis(ms);
    let mut seen = std::collections::BTreeMap::new();
    while std::time::Instant::now() < end {
        let what = match std::fs::read_to_string(&path) {
            Ok(text) => format!("text: {text}"),
            Err(error) => format!("error: {error}"),
        };
        *seen.entry(what).or_insert(0u64) += 1;
    }
    Json(Report {
        results: seen
            .into_iter()
            .map(|(what, times)| format!("{times} × {what}"))
            .collect(),
    })
}
