//! Compiled code that was kept, and is not what it was.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use toolkeep_tests::{Keep, Ran};

/// Two plugins: code of one can be put in the place of the other's.
fn keep() -> Keep {
    let keep = Keep::new("[plugins.echo]\npath = {echo}\n[plugins.time]\npath = {time}\n");
    // Other keeps share these files by hard links, which must not be written through.
    fs::remove_dir_all(keep.path("state")).unwrap();
    keep
}

fn call(keep: &Keep) -> Ran {
    keep.call("echo", &json!({"text": "x"})).expect(0)
}

fn codes(keep: &Keep) -> Vec<PathBuf> {
    let entries = fs::read_dir(keep.path("state/code")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn exchange(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn tampered_code_is_never_loaded_and_made_anew_without_a_word() {
    let keep = keep();
    assert_eq!(call(&keep).stderr, "");
    let [echo] = <[PathBuf; 1]>::try_from(codes(&keep)).unwrap();
    let now = json!({"zone": "UTC"});
    keep.call("now", &now);
    let time = codes(&keep).into_iter().find(|path| *path != echo);
    let good = fs::read(&echo).unwrap();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut old_key = [&[0u8; 32][..], &good[32..]].concat();
    old_key[0] = 1;
    let mut bad = vec![
        Vec::new(),
        good[..20].to_vec(),
        good[..good.len() - 1].to_vec(),
        flipped(0),
        flipped(good.len() / 2),
        [&good[..], b"x"].concat(),
        old_key,
    ];
    bad.extend(time.map(|time| fs::read(time).unwrap()));
    for bytes in bad {
        exchange(&echo, &bytes);
        let ran = call(&keep);
        assert_eq!(ran.stderr, "");
        // What is there now was made by this keep.
        assert_ne!(fs::read(&echo).unwrap(), bytes);
        let made = fs::metadata(&echo).unwrap().modified().unwrap();
        call(&keep);
        assert_eq!(fs::metadata(&echo).unwrap().modified().unwrap(), made);
    }
    keep.run(&["audit", "verify"]).expect(0);
}

#[test]
fn a_key_that_is_new_makes_all_code_old() {
    let keep = keep();
    call(&keep);
    let [echo] = <[PathBuf; 1]>::try_from(codes(&keep)).unwrap();
    let good = fs::read(&echo).unwrap();
    fs::remove_file(keep.path("state/keys/cache.key")).unwrap();
    assert_eq!(call(&keep).stderr, "");
    assert_ne!(fs::read(&echo).unwrap(), good);
    // The same code by the old key.
    exchange(&echo, &good);
    assert_eq!(call(&keep).stderr, "");
    assert_ne!(fs::read(&echo).unwrap(), good);
    // No place for it costs time only.
    fs::remove_dir_all(keep.path("state/code")).unwrap();
    fs::write(keep.path("state/code"), "in the way").unwrap();
    let ran = call(&keep);
    assert!(
        ran.stderr.contains("compiled code cannot be kept"),
        "{ran:?}"
    );
}
