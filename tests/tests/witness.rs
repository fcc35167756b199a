//! What code outside the gate cannot be made to compile. The samples in `witness/` are compiled against
//! the library that this test itself was linked with; `// error:` lines say what the compiler has to
//! find, so that none fails for another reason.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use toolkeep_tests::deps;

/// The builds of a crate that lie beside this test, the newest first.
fn builds(name: &str) -> Vec<PathBuf> {
    let start = format!("lib{name}-");
    let mut built: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(deps())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&start) && name.ends_with(".rlib")
        })
        .map(|path| (path.metadata().unwrap().modified().unwrap(), path))
        .collect();
    built.sort();
    built.into_iter().rev().map(|(_, path)| path).collect()
}

fn compile(sample: &Path, library: &Path, serde: &Path) -> String {
    let out = tempfile::TempDir::new().unwrap();
    let ran = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .arg("--out-dir")
        .arg(out.path())
        .arg("-L")
        .arg(format!("dependency={}", deps().display()))
        .arg("--extern")
        .arg(format!("toolkeep={}", library.display()))
        .arg("--extern")
        .arg(format!("serde={}", serde.display()))
        .arg(sample)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.success(), !said.contains("error"), "{said}");
    said
}

/// The library, and the serde that it was built with: those with which the good sample compiles.
fn libraries(good: &Path) -> (PathBuf, PathBuf) {
    let mut said = String::new();
    // Older builds may lie there too; the newest is the one that this test was built with.
    let library = builds("toolkeep").remove(0);
    for serde in builds("serde") {
        said = compile(good, &library, &serde);
        if said.is_empty() {
            return (library, serde);
        }
    }
    panic!("{said}");
}

#[test]
fn a_pass_cannot_be_made_and_nothing_acts_without_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/witness");
    let (library, serde) = libraries(&folder.join("good.rs"));
    let mut samples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("// error: "))
            .collect();
        let said = compile(&path, &library, &serde);
        let errors = said.matches("\nerror").count() + usize::from(said.starts_with("error"));
        for part in &expected {
            assert!(said.contains(part), "{}: {part}\n{said}", path.display());
        }
        if expected.is_empty() {
            assert_eq!(said, "", "{}", path.display());
        } else {
            assert!(errors > 0, "{}\n{said}", path.display());
        }
        samples += 1;
    }
    assert!(samples >= 10, "{samples}");
}
