use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;
use crate::rules::access::Object;

/// A folder of its own for one test, with what the cases below speak of.
struct Keep(PathBuf);

impl Keep {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("toolkeep-place-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let data = folder.join("data");
        fs::create_dir_all(data.join("sub/deep")).unwrap();
        fs::write(folder.join("outside"), "secret").unwrap();
        fs::write(data.join("file"), "x").unwrap();
        fs::write(data.join("sub/inner"), "x").unwrap();
        symlink("sub/inner", data.join("good")).unwrap();
        symlink("sub", data.join("folder")).unwrap();
        symlink("../sub/inner", data.join("sub/up")).unwrap();
        symlink("../outside", data.join("bad")).unwrap();
        symlink("/etc/passwd", data.join("absolute")).unwrap();
        symlink("..", data.join("out")).unwrap();
        symlink("loop", data.join("loop")).unwrap();
        symlink("nowhere", data.join("broken")).unwrap();
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            data.join("fifo"),
            Mode::from_raw_mode(0o600),
        )
        .unwrap();
        Self(folder)
    }

    fn place(&self, protected: &[&str]) -> Arc<Place> {
        let paths: Vec<_> = protected.iter().map(|path| self.0.join(path)).collect();
        let protected = Protected::new(paths.iter().map(PathBuf::as_path)).unwrap();
        let name = Name::new("notes").unwrap();
        Arc::new(Place::open(&name, &self.0.join("data"), Arc::new(protected)).unwrap())
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a path comes to, in short.
fn tell(place: &Arc<Place>, base: &str, path: &str, follow: bool) -> String {
    match place.locate(base, path, follow) {
        Ok(located) => {
            assert_eq!(
                *located.object(),
                Object::Path {
                    data: place.data().clone(),
                    path: located.path().to_owned()
                }
            );
            format!("{:?} {}", located.found(), located.path())
        }
        Err(Unresolved::Unreachable { why, .. }) => format!("{why:?}"),
        Err(Unresolved::Failed(errno)) => format!("{errno:?}"),
    }
}

#[test]
fn a_path_is_what_it_leads_to() {
    let keep = Keep::new("leads");
    let place = keep.place(&[]);
    let invalid = format!("{:?}", Errno::INVAL);
    let cases = [
        ("", "", "Folder "),
        ("", ".", "Folder "),
        ("", "./", "Folder "),
        ("", "file", "File file"),
        ("", "./file", "File file"),
        ("", "sub//inner", "File sub/inner"),
        ("", "sub/../file", "File file"),
        ("", "sub/deep/../inner", "File sub/inner"),
        ("", "sub/deep/..", "Folder sub"),
        ("", "sub/..", "Folder "),
        ("", "good", "File sub/inner"),
        ("", "folder", "Folder sub"),
        ("", "folder/inner", "File sub/inner"),
        ("", "folder/up", "File sub/inner"),
        ("", "folder/../file", "File file"),
        ("", "broken", "Nothing nowhere"),
        ("", "new", "Nothing new"),
        ("", "new/file", "Nothing new/file"),
        ("", "new/../file", "Nothing file"),
        ("", "file/x", "Nothing file/x"),
        ("sub", "inner", "File sub/inner"),
        ("sub", "deep/../inner", "File sub/inner"),
        ("sub", "", "Folder sub"),
        // A base's own links may not lead out of the base, as WASI has it.
        ("sub", "up", "Outside"),
        ("sub", "../file", "Outside"),
        ("", "..", "Outside"),
        ("", "../data/file", "Outside"),
        ("", "sub/../../outside", "Outside"),
        ("", "new/../../outside", "Outside"),
        ("", "/etc/passwd", "Outside"),
        ("", "/", "Outside"),
        ("", "bad", "Outside"),
        ("", "absolute", "Outside"),
        ("", "out/outside", "Outside"),
        ("", "out/data/file", "Outside"),
        ("", "out/..", "Outside"),
        ("", "loop", "Loop"),
        ("", "loop/x", "Loop"),
        ("", "fifo", "SpecialFile"),
        ("", "a\0b", invalid.as_str()),
    ];
    for (base, path, expected) in cases {
        assert_eq!(
            tell(&place, base, path, true),
            expected,
            "`{path}` below `{base}`"
        );
    }
}

#[test]
fn a_link_that_is_not_followed_stands_for_itself() {
    let keep = Keep::new("nofollow");
    let place = keep.place(&[]);
    for (path, expected) in [
        ("good", "Link good"),
        ("bad", "Link bad"),
        ("absolute", "Link absolute"),
        ("loop", "Link loop"),
        ("folder/up", "Link sub/up"),
        // A slash at its end asks for what it leads to.
        ("folder/", "Folder sub"),
        ("bad/", "Outside"),
        ("out/", "Outside"),
    ] {
        assert_eq!(tell(&place, "", path, false), expected, "{path}");
    }
}

#[test]
fn what_is_toolkeeps_own_cannot_be_reached() {
    let keep = Keep::new("own");
    let data = keep.0.join("data");
    fs::create_dir_all(data.join("state/keys")).unwrap();
    fs::write(data.join("state/keys/key"), "x").unwrap();
    fs::write(data.join("toolkeep.toml"), "x").unwrap();
    fs::hard_link(data.join("toolkeep.toml"), data.join("innocent")).unwrap();
    symlink("state/keys", data.join("shortcut")).unwrap();
    let place = keep.place(&["data/state", "data/toolkeep.toml", "data/not-there"]);
    for path in [
        "state",
        "state/keys",
        "state/keys/key",
        "state/new",
        "state/keys/new",
        "toolkeep.toml",
        "innocent",
        "shortcut",
        "shortcut/key",
        "sub/../state/keys/key",
    ] {
        assert_eq!(tell(&place, "", path, true), "Protected", "{path}");
    }
    assert_eq!(tell(&place, "", "file", true), "File file");
    // Moving a folder that contains it is found out too.
    let whole = place.locate("", "", false).unwrap();
    assert_eq!(whole.entries_below(&place), Err(Errno::PERM));
}

#[test]
fn a_place_inside_toolkeeps_own_folder_is_none() {
    let keep = Keep::new("inside");
    let protected = Protected::new([keep.0.as_path()]).unwrap();
    let name = Name::new("notes").unwrap();
    let opened = Place::open(&name, &keep.0.join("data"), Arc::new(protected));
    assert!(matches!(opened, Err(BadPlace::Own { .. })));
    let opened = Place::open(&name, &keep.0.join("missing"), Arc::default());
    assert!(matches!(opened, Err(BadPlace::Open { .. })));
}

#[test]
fn a_moved_folder_does_not_move_the_path_that_is_judged() {
    let keep = Keep::new("moved");
    let place = keep.place(&[]);
    let before = place.locate("", "sub/inner", true).unwrap();
    // What was located stays what it was, whatever comes to stand under its name.
    fs::rename(keep.0.join("data/sub"), keep.0.join("data/old")).unwrap();
    symlink("..", keep.0.join("data/sub")).unwrap();
    assert_eq!(before.path(), "sub/inner");
    assert_eq!(tell(&place, "", "sub/outside", true), "Outside");
    let looped = format!("{:?}", Errno::LOOP);
    assert_eq!(tell(&place, "sub", "inner", true), looped);
}
