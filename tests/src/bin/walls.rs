//! Takes one wall after the other out of a copy of the source, and expects the guests that it keeps to get
//! through: to see that the suite can fail. Names on the command line pick walls by words of their names.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use toolkeep_tests::source;
use toolkeep_tests::walls::{Wall, all};

/// What of the source tree is copied.
const PARTS: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "clippy.toml",
    "host",
    "sdk",
    "tests",
    "plugins",
    "wit",
    "docs",
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let picked = |wall: &Wall| words.is_empty() || words.iter().any(|w| wall.name.contains(w));
    let copy = Copy::new();
    let mut standing = 0;
    println!("| wall taken out | what gets through | |\n|---|---|---|");
    for wall in all().iter().filter(|wall| picked(wall)) {
        let began = Instant::now();
        let missed = wall.fails.iter().chain(&wall.unit).cloned();
        let missed = missed.collect::<Vec<_>>().join("; ");
        let how = match copy.without(wall) {
            Ok(()) => "missed".to_owned(),
            Err(why) => {
                standing += 1;
                format!("NOT MISSED: {why}")
            }
        };
        println!("| {} | {missed} | {how} |", wall.name);
        eprintln!("{}: {how}, {} s", wall.name, began.elapsed().as_secs());
    }
    if standing == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A copy of the source tree, and what is built from it.
struct Copy {
    tree: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let exe = std::env::current_exe().unwrap();
        let built = exe.parent().unwrap().to_owned();
        let target = built.parent().unwrap().join("walls");
        let tree = target.join("tree");
        let _ = fs::remove_dir_all(&tree);
        fs::create_dir_all(&tree).unwrap();
        for part in PARTS {
            // With their times, so that what did not change is not built again.
            run(Command::new("cp")
                .arg("-a")
                .arg(source().join(part))
                .arg(&tree));
        }
        let debug = target.join("debug");
        if !debug.exists() {
            // The outside crates are as they were: only ours are built anew.
            fs::create_dir_all(&debug).unwrap();
            for (part, how) in [("deps", "-al"), ("build", "-a"), (".fingerprint", "-a")] {
                run(Command::new("cp")
                    .arg(how)
                    .arg(built.join(part))
                    .arg(&debug));
            }
        }
        Self { tree, target }
    }

    /// Builds and runs what has to miss `wall`, without it.
    fn without(&self, wall: &Wall) -> Result<(), String> {
        let mut whole = Vec::new();
        for change in &wall.change {
            let path = self.tree.join(&change.file);
            let text = fs::read_to_string(&path).unwrap();
            let changed = change.without(&text)?;
            fs::write(&path, changed).unwrap();
            whole.push((path, text));
        }
        let missed = self.is_missed(wall);
        // The other way round: two changes may be of one file.
        for (path, text) in whole.into_iter().rev() {
            fs::write(path, text).unwrap();
        }
        missed
    }

    fn is_missed(&self, wall: &Wall) -> Result<(), String> {
        if let Some(test) = &wall.unit {
            let unit = ["-p", "toolkeep", "--lib"];
            self.builds(&unit)?;
            let told = self.test(&unit, &[test]);
            let failed = format!("test {test} ... FAILED");
            if !told.contains(&failed) {
                return Err(format!("the test `{test}` does not fail"));
            }
        }
        if !wall.fails.is_empty() {
            let suite = ["-p", "toolkeep-tests", "--test", "suite"];
            self.builds(&suite)?;
            let told = self.test(&suite, &wall.fails);
            for guest in &wall.fails {
                if !told.contains(&format!("error: FAILED {guest}\n")) {
                    return Err(format!("`{guest}` is kept even so"));
                }
            }
        }
        Ok(())
    }

    /// That it does not build is no proof of anything.
    fn builds(&self, what: &[&str]) -> Result<(), String> {
        let output = self.cargo(what).arg("--no-run").output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        Err("it does not build without this wall".to_owned())
    }

    fn test(&self, what: &[&str], names: &[impl AsRef<std::ffi::OsStr>]) -> String {
        let mut command = self.cargo(what);
        command.args(["--", "--exact"]).args(names);
        let output = command.output().unwrap();
        [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .concat()
    }

    fn cargo(&self, what: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .arg("test")
            .args(what)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("TOOLKEEP_WITHOUT_WALL", "1")
            .env_remove("TOOLKEEP_DOCS");
        command
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}
