//! What the tests of the whole program share: plugins built by the real packager, a keep in a folder
//! of its own, and the real program run on it.

#![allow(missing_docs, reason = "read by nobody but the tests beside it")]

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use toolkeep::api::host::Host;
use toolkeep::api::session::Session;
use toolkeep::base::digest::Digest;
use toolkeep::base::id::{Identity, SessionId};
use toolkeep::base::principal::Principal;

pub mod architecture;
pub mod by_hand;
pub mod clients;
pub mod many;
pub mod rpc;
pub mod surface;
pub mod terminal;
pub mod walls;

/// How long any run of the program may take before the tests call it hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// Text that must never come out of a folder that was not granted.
pub const SECRET: &str = "TOP-SECRET-3f9a";

/// All verbs of files, as the operator's file lists them.
pub const ALL: &str = r#"["list", "stat", "read", "create", "modify", "delete"]"#;

/// The root of the source tree.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `target`, or wherever cargo was told to build.
fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).unwrap().to_owned()
}

/// The folder with the crates that these tests were linked with.
pub fn deps() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .to_owned()
}

/// The program.
pub fn program() -> PathBuf {
    deps().parent().unwrap().join("toolkeep-under-test")
}

/// The plugin built from `folder` (below the source tree), built once for all tests and processes.
pub fn plugin(folder: &str) -> PathBuf {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let shared = target().join("tmp").join("plugins");
    fs::create_dir_all(&shared).unwrap();
    let lock = fs::File::create(shared.join(".lock")).unwrap();
    lock.lock().unwrap();

    let root = source();
    let mut sources = Vec::new();
    for part in [folder, "sdk/src", "sdk/macros/src", "wit", "host/src/pack"] {
        collect(&root.join(part), &mut sources);
    }
    let name = Path::new(folder).file_name().unwrap().to_str().unwrap();
    let digest = Digest::of(&sources).hex();
    let file = shared.join(format!("{name}-{}.wasm", &digest[..16]));
    if !file.exists() {
        // A thread of its own: the test that comes first may already run in a runtime.
        let folder = root.join(folder);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                let built = toolkeep::pack::build::build(&folder, Some(&file), &|_| {});
                runtime.block_on(built).unwrap();
            });
        });
        warm(&shared, &file);
    }
    file
}

/// Compiles a plugin once, and keeps the compiled code for every keep to come.
fn warm(shared: &Path, file: &Path) {
    let keep = TempDir::new().unwrap();
    let config = keep.path().join("toolkeep.toml");
    fs::write(
        &config,
        format!("[plugins.warm]\npath = {:?}\n", file.display().to_string()),
    )
    .unwrap();
    let ran = Ran::of(
        Command::new(program())
            .args(["call", "noop", "--config"])
            .arg(&config)
            .arg("--state")
            .arg(shared.join("state")),
        None,
    );
    assert_ne!(ran.code, 5, "{ran:?}");
}

fn collect(folder: &Path, into: &mut Vec<u8>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap();
        if path.is_dir() {
            if name != "target" {
                collect(&path, into);
            }
        } else if path.extension().is_none_or(|end| end != "wasm") {
            into.extend(path.display().to_string().bytes());
            into.extend(fs::read(&path).unwrap());
        }
    }
}

pub fn hostile() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| plugin("tests/guests/hostile")).clone()
}

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// The most memory that it had, in KiB, as far as was seen while it ran.
    pub peak: u64,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command, input: Option<&[u8]>) -> Self {
        let began = Instant::now();
        let mut child = start(command, input.is_some());
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || all_of(&mut out));
        let stderr = std::thread::spawn(move || all_of(&mut err));
        if let Some(input) = input {
            // It may stop reading whenever it likes.
            let _ = child.stdin.take().unwrap().write_all(input);
        }
        let mut most = 0;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            most = peak(Pid::from_child(&child)).unwrap_or(most);
            if began.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("it hangs: {command:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let ran = Self {
            code: status.code().unwrap_or(-1),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
            took: began.elapsed(),
            peak: most,
        };
        // A guest may panic, and say so; the host may not.
        let panicked = |line: &str| line.contains("panicked") && !line.starts_with("tool says:");
        assert!(!ran.stderr.lines().any(panicked), "{ran:?}");
        ran
    }

    /// The one line of JSON on stdout.
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The fixed word of the error in [`Self::json`].
    pub fn word(&self) -> String {
        match &self.json()["error"]["code"] {
            Value::String(word) => word.clone(),
            other => panic!("{other}: {self:?}"),
        }
    }

    /// The same, if it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

fn all_of(from: &mut dyn std::io::Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The most memory that process `id` has had so far, in KiB; none where it has ended.
pub fn peak(id: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", id.as_raw_nonzero())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Starts a command that nobody has to wait for.
pub fn start(command: &mut Command, input: bool) -> Child {
    if command.get_program() == program() {
        command.arg0("toolkeep");
    }
    command
        .stdin(if input { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The program, with nothing of this process's environment that it listens to.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    for name in [
        "TOOLKEEP_CONFIG",
        "TOOLKEEP_STATE",
        "TOOLKEEP_APPROVER_KEY",
        "XDG_CONFIG_HOME",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "XDG_STATE_HOME",
        "RUST_BACKTRACE",
    ] {
        command.env_remove(name);
    }
    command.env("USER", "ada").env("COLUMNS", "100");
    command
}

/// An operator's file, folders with data and a state folder, all in a folder of their own.
pub struct Keep {
    root: TempDir,
}

impl Keep {
    /// A keep whose operator wrote `config`; `{hostile}`, `{notes}`, `{echo}`, `{files}`,
    /// `{time}`, `{memory}`, `{sqlite}` and `{measured}` in it are the plugins' files.
    pub fn new(config: &str) -> Self {
        let root = TempDir::new().unwrap();
        let keep = Self { root };
        for folder in ["data", "other", "outside", "state/keys", "state/code"] {
            fs::create_dir_all(keep.path(folder)).unwrap();
        }
        keep.configure(config);
        keep.put("outside/secret.txt", SECRET);
        let warm = target().join("tmp/plugins/state");
        if let Ok(entries) = fs::read_dir(warm.join("code")) {
            for entry in entries {
                let entry = entry.unwrap();
                let to = keep.path("state/code").join(entry.file_name());
                // Another test may be writing this very moment: then it is compiled here.
                let _ = fs::hard_link(entry.path(), to);
            }
            fs::copy(
                warm.join("keys/cache.key"),
                keep.path("state/keys/cache.key"),
            )
            .unwrap();
        }
        keep
    }

    /// The hostile plugin, with all verbs on `data`, and `more` below.
    pub fn granting(more: &str) -> Self {
        Self::new(&format!(
            "[data.data]\ndir = \"data\"\n[data.other]\ndir = \"other\"\n\
             [plugins.hostile]\npath = {{hostile}}\n\
             [plugins.hostile.fs.data]\ndata = \"data\"\nallow = {ALL}\n{more}"
        ))
    }

    /// Writes the operator's file anew.
    pub fn configure(&self, config: &str) {
        let quoted = |path: PathBuf| format!("{:?}", path.display().to_string());
        let mut text = config.to_owned();
        if text.contains("{hostile}") {
            text = text.replace("{hostile}", &quoted(hostile()));
        }
        for folder in [
            "plugins/notes",
            "plugins/echo",
            "plugins/files",
            "plugins/time",
            "plugins/memory",
            "plugins/sqlite",
            "tests/guests/measured",
        ] {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            if text.contains(&format!("{{{name}}}")) {
                let file = quoted(plugin(folder));
                text = text.replace(&format!("{{{name}}}"), &file);
            }
        }
        self.put("toolkeep.toml", &text);
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub fn put(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn link(&self, target: impl AsRef<Path>, below: &str) {
        std::os::unix::fs::symlink(target, self.path(below)).unwrap();
    }

    pub fn get(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    pub fn has(&self, below: &str) -> bool {
        self.path(below).symlink_metadata().is_ok()
    }

    /// The program on this keep, its folder as the working folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command(args);
        command
            .current_dir(self.root.path())
            .env("TOOLKEEP_STATE", "state")
            .env("XDG_CONFIG_HOME", self.path("config"));
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args), None)
    }

    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Ran {
        Ran::of(&mut self.command(args), Some(input))
    }

    /// One call, answered as JSON.
    pub fn call(&self, tool: &str, arguments: &Value) -> Ran {
        self.run(&["call", "--json", tool, &arguments.to_string()])
    }

    /// What the host answers to each step; the call itself has to work.
    pub fn steps(&self, steps: Value) -> Vec<String> {
        self.steps_of("raw_steps", steps)
    }

    pub fn steps_of(&self, tool: &str, steps: Value) -> Vec<String> {
        let ran = self.call(tool, &json!({ "steps": steps })).expect(0);
        let results = &ran.json()["structuredContent"]["results"];
        serde_json::from_value(results.clone()).unwrap()
    }

    /// The host is as well as before, and its record is sound.
    #[track_caller]
    pub fn lives(&self) {
        self.call("noop", &json!({})).expect(0);
        self.run(&["audit", "verify"]).expect(0);
    }

    /// A host of this very process on this keep.
    pub fn host(&self) -> Host {
        Host::builder(self.path("toolkeep.toml"))
            .state(self.state())
            .build()
            .unwrap()
    }

    /// A conversation of Ada's.
    pub fn session(&self, host: &Host, id: &str) -> Session {
        let who = Principal {
            tenant: Identity::new("local").unwrap(),
            user: Identity::new("ada").unwrap(),
            agent: None,
            roles: Default::default(),
        };
        host.session(SessionId::new(id).unwrap(), who)
    }

    /// What is on record, as `audit show` tells it.
    pub fn records(&self, filter: &[&str]) -> Vec<Value> {
        let args = [&["audit", "show", "--json"], filter].concat();
        let ran = self.run(&args).expect(0);
        ran.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Of what is on record, the entries that tell how a call ended.
    pub fn endings(&self, filter: &[&str]) -> Vec<Value> {
        let mut records = self.records(&[&["--handle", "tool"], filter].concat());
        records.retain(|record| !record["outcome"].is_null());
        records
    }

    /// Waits until something is so that another process brings about.
    pub fn wait_for(&self, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "it does not come about");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The record's word for how the newest call ended.
    pub fn ending(&self) -> Value {
        let outcome = self.endings(&[]).last().unwrap()["outcome"].clone();
        match &outcome["error"] {
            Value::Null => outcome["status"].clone(),
            word => word.clone(),
        }
    }
}

/// `text` without what differs from run to run: digests, times, identifiers and this keep's folder.
pub fn scrub(text: &str, keep: &Keep) -> String {
    let text = text.replace(&keep.root.path().display().to_string(), "[KEEP]");
    let plugins = target().join("tmp/plugins").display().to_string();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        if rest.starts_with(&plugins) {
            out.push_str("[PLUGIN]");
            let end = rest.find(".wasm").map_or(rest.len(), |at| at + 5);
            rest = &rest[end..];
            continue;
        }
        if let Some(more) = rest.strip_prefix("apr_") {
            out.push_str("apr_[ID]");
            rest = more.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            continue;
        }
        let hex = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let stamp = stamp(rest);
        if stamp > 0 {
            out.push_str("[TIME]");
            rest = &rest[stamp..];
        } else if hex >= 32 {
            out.push_str("[HEX]");
            rest = &rest[hex..];
        } else {
            let take = first.len_utf8().max(hex);
            out.push_str(&rest[..take]);
            rest = &rest[take..];
        }
    }
    out
}

/// The length of the RFC 3339 time at the start of `text`.
fn stamp(text: &str) -> usize {
    let shape = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes();
    let fits = bytes.len() > shape.len()
        && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            other => other == byte,
        });
    if !fits {
        return 0;
    }
    bytes
        .iter()
        .position(|byte| *byte == b'Z')
        .map_or(0, |at| at + 1)
}
