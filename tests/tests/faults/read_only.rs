//! The state folder may not be written. Permissions bind no administrator, so it is made so by the system.

use std::path::{Path, PathBuf};
use std::process::Command;

use toolkeep_tests::{Keep, Ran};

use super::{close, is_whole, looking, serve, step, writing};

/// Makes files and folders immutable for everybody, until it goes away.
struct Immutable(Vec<PathBuf>);

impl Immutable {
    fn make(paths: Vec<PathBuf>) -> Result<Self, String> {
        let made = Self(paths);
        let ran = Ran::of(&mut made.change("+i"), None);
        if ran.code == 0 {
            Ok(made)
        } else {
            Err(ran.stderr)
        }
    }

    fn change(&self, how: &str) -> Command {
        let mut command = Command::new("chattr");
        command.arg(how).args(&self.0);
        command
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = self.change("-i").output();
    }
}

/// What the program writes to while it runs. But for what it shares with other programs as memory: there
/// the system ends who writes.
fn written(keep: &Keep) -> Vec<PathBuf> {
    let files = [
        "audit.db",
        "audit.db-wal",
        "state.db",
        "state.db-wal",
        "spool",
        "",
    ];
    let mut all: Vec<PathBuf> = files.iter().map(|file| keep.state().join(file)).collect();
    let spools = std::fs::read_dir(keep.path("state/spool")).unwrap();
    all.extend(spools.map(|entry| entry.unwrap().path()));
    all
}

#[test]
fn a_store_that_becomes_read_only_allows_no_effect_and_recovers() {
    let keep = Keep::granting("");
    let mut client = serve(&keep, "s");
    assert_eq!(step(&mut client, writing("before")), "ok");
    let immutable = match Immutable::make(written(&keep)) {
        Ok(immutable) => immutable,
        Err(why) => {
            println!("skipped: this user or file system makes no file immutable: {why}");
            return;
        }
    };
    for path in ["not-1", "not-2"] {
        let came = step(&mut client, writing(path));
        assert_ne!(came, "ok");
        assert!(!keep.has(&format!("data/{path}")));
    }
    assert!(!step(&mut client, looking()).starts_with("ok"));
    drop(immutable);
    assert_eq!(step(&mut client, writing("after")), "ok");
    close(client);
    is_whole(&keep);
}

#[test]
fn on_a_read_only_store_nothing_starts_and_it_says_why() {
    let keep = Keep::granting("");
    keep.lives();
    let script = "mount --bind state state && mount -o remount,ro,bind state && exec \"$@\"";
    let inner = keep.command(&["call", "--json", "raw_steps", &writing("not").to_string()]);
    let unshared = |program: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(program).current_dir(keep.path(""));
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    };
    let tried = Ran::of(&mut unshared(Path::new("true")), None);
    if tried.code != 0 {
        println!("skipped: this user may not mount: {}", tried.stderr);
        return;
    }
    let ran = Ran::of(
        unshared(inner.get_program().as_ref()).args(inner.get_args()),
        None,
    )
    .expect(5);
    assert!(
        ran.stderr.starts_with("error: ") && ran.stderr.contains("hint: "),
        "{ran:?}"
    );
    assert!(!keep.has("data/not"));
    // What is there can still be looked at and proved.
    let mut verify = unshared(inner.get_program().as_ref());
    Ran::of(verify.args(["audit", "verify"]), None).expect(0);
    keep.lives();
}
