//! A folder with all that can be odd about files.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// A line of text for each number, more than 5 MB of them.
pub fn huge() -> String {
    let line = |n: u32| format!("{n}: the quick brown fox jumps over the lazy dog\n");
    (0..100_000).map(line).collect()
}

const CODE: &str = "fn main() {\n    let a = 1;\n    if a > 0 {\n        println!(\"{a}\");\n    }\n}\n\n\
    fn other() {\n\tlet b = 2;\n\treturn b;\n}\n";

/// Makes it at `root`; beside it is `outside.txt`, which no link may lead to.
pub fn plant(root: &Path) {
    let files: &[(&str, &str)] = &[
        ("plain.txt", "one\ntwo\nthree\nfour\nfive\n"),
        ("no-end.txt", "one\ntwo\nthree"),
        ("empty.txt", ""),
        ("one-line-end.txt", "\n"),
        ("crlf.txt", "one\r\ntwo\r\nthree\r\n"),
        ("mixed.txt", "one\r\ntwo\nthree\rfour\r\r\nfive"),
        ("bom.txt", "\u{feff}first\nsecond\n"),
        (
            "odd-spaces.txt",
            "a\u{85}b\u{2028}c\u{a0}\n \u{a0}x\u{feff}\n",
        ),
        (
            "unicode.txt",
            "grüße\n日本語\nمرحبا بالعالم\n👩‍👩‍👧‍👦 family\ne\u{301} and \u{e9}\n",
        ),
        ("fences.md", "text\n```\ncode\n```\n`````\nmore\n"),
        ("picture.PNG", "not really a picture"),
        ("sound.mp3", "not really a sound"),
        ("vector.svg", "<svg/>"),
        ("archive.tar.gz", "not really an archive"),
        ("100% sure? #1 [a] 'q' \"d\" ~x^.dat", "an odd name"),
        ("with space/a file.txt", "spaced"),
        ("back\\slash.txt", "a backslash"),
        ("new\nline.txt", "a line feed"),
        ("-dash", "a dash"),
        (".hidden", "hidden"),
        ("caf\u{e9}.txt", "composed"),
        ("cafe\u{301}s.txt", "decomposed"),
        ("\u{e4}mter/stra\u{df}e.txt", "in a composed folder"),
        ("שלום.txt", "right to left"),
        ("😀.txt", "smile"),
        ("both-\u{e5}", "composed"),
        ("both-a\u{30a}", "decomposed"),
        ("project/Cargo.toml", "[package]\nname = \"x\"\n"),
        ("project/src/main.rs", CODE),
        ("project/src/lib.rs", "pub mod a;\n"),
        ("project/src/a/mod.rs", ""),
        ("project/src/a/deep/er/x.rs", "x\n"),
        ("project/.git/HEAD", "ref\n"),
        ("project/target/debug/x", "1"),
        ("project/node_modules/m/index.js", "2"),
        ("project/docs/a.md", "# A\n"),
        ("project/docs/b.MD", "# B\n"),
        ("project/docs/c.txt", "c\n"),
        ("sizes/a10", "0123456789"),
        ("sizes/B1", "0"),
        ("sizes/a9", "012345678"),
        ("sizes/_x", ""),
        ("sizes/Z", "zz"),
        ("sizes/é", "1"),
        ("sizes/f", "12"),
        ("sizes/e", "12"),
        (
            "sizes/a name that is far longer than thirty columns.txt",
            "123",
        ),
        ("sizes/sub/inner", "not counted"),
        ("edit/main.rs", CODE),
        ("edit/crlf.txt", "one\r\ntwo\r\nthree\r\n"),
        ("edit/no-end.txt", "one\ntwo"),
        ("edit/dollar.txt", "price: x\nprice: x\n"),
        ("edit/fences.md", "```\nold\n```\n"),
        ("edit/repeat.txt", "a\nb\na\nb\na\nb\nc\n"),
        ("edit/unicode.txt", "grüße\n日本語\n"),
        ("edit/empty.txt", ""),
        ("move/a.txt", "a"),
        ("move/b.txt", "b"),
        ("move/folder/x.txt", "x"),
        ("move/caf\u{e9}", "x"),
        ("over/short.txt", "was here"),
        ("over/decompose\u{301}d.txt", "was here"),
        ("apart/target.txt", "the target\n"),
    ];
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let all: Vec<u8> = (0..=255).collect();
    fs::write(root.join("binary.bin"), &all).unwrap();
    fs::write(
        root.join("latin1.txt"),
        b"gr\xfc\xdfe\n\xe2\x82 cut\n\xf0\x9f\x98\n",
    )
    .unwrap();
    fs::write(root.join("apart/latin1.txt"), b"gr\xfc\xdfe\n").unwrap();
    fs::write(root.join("huge.txt"), huge()).unwrap();
    fs::write(root.join("sizes/tie"), vec![b'x'; 1152]).unwrap();
    fs::write(root.join("sizes/large"), vec![b'x'; 1_500_000]).unwrap();
    let numbers: String = (0..60).map(|n| format!("line {n}\n")).collect();
    fs::write(root.join("edit/numbers.txt"), numbers).unwrap();
    let text = "alpha\n".repeat(3000);
    fs::write(root.join("edit/alphas.txt"), text).unwrap();
    fs::create_dir_all(root.join("bare/empty")).unwrap();
    fs::create_dir(root.join("odd")).unwrap();
    fs::write(root.join("odd/plain"), "").unwrap();
    fs::write(root.join("odd").join(OsStr::from_bytes(b"latin1-\xfc")), "").unwrap();

    fs::write(root.join("../outside.txt"), "never to be seen").unwrap();
    fs::create_dir(root.join("links")).unwrap();
    for (target, link) in [
        ("../plain.txt", "links/to-file"),
        ("../project", "links/to-folder"),
        ("../../outside.txt", "links/out"),
        ("/etc", "links/absolute"),
        ("nowhere", "links/lost"),
        ("loop", "links/loop"),
        ("target.txt", "apart/link"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }

    fs::write(root.join("closed.txt"), "closed").unwrap();
    fs::set_permissions(root.join("closed.txt"), Permissions::from_mode(0o000)).unwrap();

    fs::create_dir(root.join("dated-folder")).unwrap();
    fs::write(root.join("dated.txt"), "dated\n").unwrap();
    let times = FileTimes::new()
        .set_modified(UNIX_EPOCH + Duration::from_millis(981_173_106_999))
        .set_accessed(UNIX_EPOCH + Duration::from_secs(2_147_483_648));
    for dated in ["dated.txt", "dated-folder"] {
        let file = File::open(root.join(dated)).unwrap();
        file.set_times(times).unwrap();
    }
}

/// Each entry of a folder by its path: what it is, or its content.
pub type Picture = BTreeMap<String, Vec<u8>>;

/// All that is in a folder now, but for what is in `apart`.
pub fn picture(root: &Path) -> Picture {
    let mut all = BTreeMap::new();
    collect(root, "", &mut all);
    all
}

fn collect(folder: &Path, shown: &str, all: &mut Picture) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let below = format!("{shown}/{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        let content = if kind.is_dir() {
            if below != "/apart" {
                collect(&entry.path(), &below, all);
            }
            b"a folder".to_vec()
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            format!("a link to {}", target.display()).into_bytes()
        } else {
            // One of them is closed to all but the superuser.
            fs::read(entry.path()).unwrap_or_default()
        };
        all.insert(below, content);
    }
}
