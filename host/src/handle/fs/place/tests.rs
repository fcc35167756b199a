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
    match place.locate(base, path, follow, &|_| true) {
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
        Err(Unresolved::Malformed(errno)) => format!("{errno:?}"),
    }
}

#[test]
fn a_path_is_what_it_leads_to() {
    let keep = Keep::new("leads");
    let place = keep.place(&[]);
    let missing = format!("{:?}", Errno::NOENT);
    let too_long = "a/".repeat(3000);
    let name_too_long = format!("{:?}", Errno::NAMETOOLONG);
    let invalid = format!("{:?}", Errno::INVAL);
    let cases = [
        ("", "", missing.as_str()),
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
        // By its text: what stands before `..` is not even looked at.
        ("", "new/../file", "File file"),
        ("", "file/../new", "Nothing new"),
        ("", "out/..", "Folder "),
        ("", &too_long, name_too_long.as_str()),
        ("", "file/x", "Nothing file/x"),
        ("sub", "inner", "File sub/inner"),
        ("sub", "deep/../inner", "File sub/inner"),
        ("sub", ".", "Folder sub"),
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
fn a_path_that_a_link_makes_too_long_leads_nowhere() {
    let keep = Keep::new("long");
    let target = format!("long/{}", "x/".repeat(2000));
    symlink(target, keep.0.join("data/long")).unwrap();
    let place = keep.place(&[]);
    let located = place.locate("", "long/y", true, &|_| true);
    let Ok(located) = located else {
        panic!("it is judged as it stands");
    };
    assert_eq!(located.found(), Found::Nothing);
    assert_eq!(located.missing(), Errno::NAMETOOLONG);
    // The link is followed no further than the system looks.
    assert!((4096..8192).contains(&located.path().len()));
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
        // What is not there tells no more than what is.
        "state/nosuch/x",
        "state/keys/key/x",
        "toolkeep.toml/x",
        "not-there",
        "not-there/x",
    ] {
        assert_eq!(tell(&place, "", path, true), "Protected", "{path}");
    }
    assert_eq!(tell(&place, "", "file", true), "File file");
    // Moving or listing a folder that contains it is found out too.
    for (name, own) in [
        ("state", true),
        ("innocent", true),
        ("not-there", true),
        ("file", false),
    ] {
        assert_eq!(place.guards(place.dir.as_fd(), name), Ok(own), "{name}");
    }
    // An editor saves by putting a new file in the old one's place.
    fs::write(data.join("new.toml"), "y").unwrap();
    fs::rename(data.join("new.toml"), data.join("toolkeep.toml")).unwrap();
    assert_eq!(tell(&place, "", "toolkeep.toml", true), "Protected");
    fs::remove_file(data.join("toolkeep.toml")).unwrap();
    assert_eq!(tell(&place, "", "toolkeep.toml", true), "Protected");
}

#[test]
fn a_link_to_what_is_toolkeeps_own_is_its_own_too() {
    let keep = Keep::new("own-link");
    let data = keep.0.join("data");
    fs::write(keep.0.join("real.toml"), "x").unwrap();
    symlink("../real.toml", data.join("toolkeep.toml")).unwrap();
    // Nor can a linked folder on the way be exchanged.
    fs::create_dir_all(data.join("releases/1")).unwrap();
    fs::write(data.join("releases/1/plugin.wasm"), "x").unwrap();
    symlink("releases/1", data.join("current")).unwrap();
    let place = keep.place(&["data/toolkeep.toml", "data/current/plugin.wasm"]);
    assert!(place.is_guarded());
    assert_eq!(tell(&place, "", "current", false), "Protected");
    assert_eq!(tell(&place, "", "current/plugin.wasm", true), "Protected");
    assert_eq!(
        tell(&place, "", "releases/1/plugin.wasm", true),
        "Protected"
    );
    assert_eq!(tell(&place, "", "toolkeep.toml", false), "Protected");
    assert_eq!(place.guards(place.dir.as_fd(), "toolkeep.toml"), Ok(true));
}

#[test]
fn a_hidden_link_is_not_followed_and_tells_nothing() {
    let keep = Keep::new("hidden");
    let place = keep.place(&[]);
    let hidden = |path: &str| path != "folder" && path != "good";
    for path in ["folder/inner", "folder/missing", "folder/deep"] {
        let located = place.locate("", path, true, &hidden).unwrap();
        assert_eq!((located.found(), located.path()), (Found::Nothing, path));
        assert_eq!(located.missing(), Errno::NOENT);
    }
    assert_eq!(
        place.locate("", "good", true, &hidden).unwrap().path(),
        "good"
    );
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
    let before = place.locate("", "sub/inner", true, &|_| true).unwrap();
    // What was located stays what it was, whatever comes to stand under its name.
    fs::rename(keep.0.join("data/sub"), keep.0.join("data/old")).unwrap();
    symlink("..", keep.0.join("data/sub")).unwrap();
    assert_eq!(before.path(), "sub/inner");
    assert_eq!(tell(&place, "", "sub/outside", true), "Outside");
    assert_eq!(tell(&place, "sub", "inner", true), "Nothing sub/inner");
    assert_eq!(before.unchanged(), Ok(()));
    fs::write(keep.0.join("data/old/another"), "another").unwrap();
    fs::rename(
        keep.0.join("data/old/another"),
        keep.0.join("data/old/inner"),
    )
    .unwrap();
    assert_eq!(before.unchanged(), Err(Errno::AGAIN));
    fs::remove_file(keep.0.join("data/old/inner")).unwrap();
    assert_eq!(before.unchanged(), Err(Errno::NOENT));
}

#[test]
fn what_is_mounted_below_and_the_kernels_own_files_are_no_data() {
    let root = Name::new("root").unwrap();
    let whole = Arc::new(Place::open(&root, Path::new("/"), Arc::default()).unwrap());
    assert_eq!(tell(&whole, "", "proc/self/mem", true), "Outside");
    let proc = Place::open(&root, Path::new("/proc"), Arc::default());
    assert!(matches!(proc, Err(BadPlace::System { .. })));
}
