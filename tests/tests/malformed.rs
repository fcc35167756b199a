//! Files and arguments that are not what they should be: a clear error and a documented exit code, no
//! panic, no hang.

use std::fs;
use std::panic::catch_unwind;

use serde_json::json;
use toolkeep::pack::build::{BuildError, pack};
use toolkeep::pack::component::Component;
use toolkeep::pack::inspect::inspect;
use toolkeep::rules::manifest::Manifest;
use toolkeep_tests::by_hand::importing;
use toolkeep_tests::{Keep, Ran, hostile};
use wasm_encoder as we;

/// A keep whose only plugin is `bytes`.
fn keep(bytes: &[u8]) -> Keep {
    let keep = Keep::new("[plugins.bad]\npath = \"bad.wasm\"\n");
    keep.put("bad.wasm", bytes);
    keep
}

#[track_caller]
fn is_told(ran: Ran) -> Ran {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    assert!(
        ran.stderr.len() < 1500 && ran.stderr.lines().count() < 8,
        "{ran:?}"
    );
    ran
}

#[track_caller]
fn all_are_told(bytes: &[u8], says: &str) {
    let keep = keep(bytes);
    for args in [&["inspect", "bad.wasm"][..], &["check"], &["call", "noop"]] {
        let ran = is_told(keep.run(args));
        assert!(ran.stderr.contains(says), "{says}: {ran:?}");
    }
}

#[test]
fn what_is_no_plugin_is_told() {
    all_are_told(b"", "not WebAssembly");
    all_are_told(b"\x7fELF and more of it", "not WebAssembly");
    all_are_told(b"\0asm", "not a valid WebAssembly component");
    all_are_told(b"\0asm\x01\0\0\0", "core WebAssembly module");
    all_are_told(b"\0asm\x0d\0\x01\0", "no plugin description");
    all_are_told(&vec![0xff; 100_000], "not WebAssembly");
    let keep = keep(b"");
    fs::remove_file(keep.path("bad.wasm")).unwrap();
    fs::create_dir(keep.path("bad.wasm")).unwrap();
    for args in [&["inspect", "bad.wasm"][..], &["check"]] {
        is_told(keep.run(args));
    }
}

#[test]
fn a_plugin_that_was_cut_off_is_told() {
    let whole = fs::read(hostile()).unwrap();
    for part in [5, 8, 9, 100, 1000, 10_000, whole.len() / 2, whole.len() - 1] {
        // The first eight bytes are a component by themselves: one with nothing in it.
        let says = if part == 8 {
            "no plugin description"
        } else {
            "valid WebAssembly component"
        };
        all_are_told(&whole[..part], says);
    }
}

#[test]
fn a_plugin_with_a_flipped_bit_never_brings_the_host_down() {
    let whole = fs::read(hostile()).unwrap();
    // xorshift, with a fixed seed.
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut read, mut rejected) = (0, 0);
    let keep = keep(b"");
    for round in 0..400 {
        let mut bytes = whole.clone();
        // Half of them where the structure is, near the ends.
        let at = match round % 4 {
            0 => random(2000),
            1 => whole.len() - 1 - random(20_000),
            _ => random(whole.len()),
        };
        bytes[at] ^= 1 << random(8);
        let outcome = catch_unwind(|| inspect(&bytes).map(|found| found.tools.len()));
        match outcome.unwrap_or_else(|_| panic!("byte {at} panics")) {
            Ok(_) => read += 1,
            Err(error) => {
                rejected += 1;
                assert!(error.to_string().len() < 1000);
            }
        }
        // Some through the program: what it takes for good may also be called.
        if round % 40 == 0 {
            keep.put("bad.wasm", &bytes);
            for args in [&["inspect", "bad.wasm"][..], &["check"]] {
                let ran = keep.run(args);
                assert!([0, 2].contains(&ran.code), "byte {at}: {ran:?}");
            }
            let ran = keep.run(&["call", "noop"]);
            assert!([0, 1, 2, 3].contains(&ran.code), "byte {at}: {ran:?}");
        }
    }
    assert!(
        rejected > 50 && read > 20,
        "{rejected} rejected, {read} read"
    );
}

#[test]
fn an_unknown_import_is_told_and_never_linked() {
    // Another plugin's description, put on by hand, since the packager would refuse.
    let hostile = Component::read(&fs::read(hostile()).unwrap()).unwrap();
    let description = hostile.description().unwrap();
    for name in [
        "wasi:sockets/tcp@0.2.6",
        "evil:host/all@1.0.0",
        "wasi:filesystem/types@0.3.0",
    ] {
        let bare = importing(name);
        assert_eq!(Component::read(&bare).unwrap().imports, [name]);
        let packed = toolkeep::pack::component::embed(&bare, &description).unwrap();
        let keep = keep(&packed);
        let ran = keep.run(&["inspect", "bad.wasm"]).expect(0);
        assert!(
            ran.stdout.contains("UNKNOWN: the plugin cannot be run"),
            "{ran:?}"
        );
        assert!(ran.stderr.contains("warning:"), "{ran:?}");
        keep.configure(
            "[data.d]\ndir = \"data\"\n[plugins.bad]\npath = \"bad.wasm\"\n\
             [plugins.bad.fs.data]\ndata = \"d\"\nallow = [\"read\"]\n",
        );
        let ran = keep.call("noop", &json!({}));
        assert!([1, 2].contains(&ran.code), "{ran:?}");
        assert!(ran.stderr.contains("error: "), "{ran:?}");
    }
}

#[test]
fn an_unknown_argument_role_is_told() {
    let bytes = fs::read(hostile()).unwrap();
    let mut description = Component::read(&bytes).unwrap().description().unwrap();
    let role = json!({"x-toolkeep-role": "harmless"});
    description.tools[0].input_schema =
        json!({"type": "object", "properties": {"to": role}}).into();
    let bare = importing("wasi:io/error@0.2.6");
    let packed = toolkeep::pack::component::embed(&bare, &description).unwrap();
    all_are_told(&packed, "argument `to` has the role `harmless`");
}

/// A plugin cannot take a call that is meant for another.
#[test]
fn no_tool_takes_the_name_of_another() {
    let bytes = fs::read(hostile()).unwrap();
    let bare = importing("wasi:io/error@0.2.6");
    let plugin = |tools: &[&str]| {
        let mut description = Component::read(&bytes).unwrap().description().unwrap();
        let mut all = std::mem::take(&mut description.tools).into_iter();
        description.manifest.needs = Default::default();
        description.tools = tools
            .iter()
            .map(|name| {
                let mut tool = all.next().unwrap();
                tool.name = name.parse().unwrap();
                tool
            })
            .collect();
        toolkeep::pack::component::embed(&bare, &description).unwrap()
    };
    let keep = Keep::new(
        "[plugins.notes]\npath = \"notes.wasm\"\n[plugins.zevil]\npath = \"zevil.wasm\"\n",
    );
    keep.put("notes.wasm", plugin(&["write_note"]));
    // Its own `write_note` makes both go by plugin and tool, and the other is called like that already.
    keep.put("zevil.wasm", plugin(&["write_note", "notes_write_note"]));
    let ran = is_told(keep.run(&["call", "notes_write_note"]));
    let why = "toolkeep.toml:3: the tool `notes_write_note` of [plugins.zevil] would be called \
        `notes_write_note`, which is the name of a tool of another plugin too";
    assert!(ran.stderr.contains(why), "{ran:?}");
    let checked = keep.run(&["check"]).expect(2);
    assert!(checked.stderr.contains(&ran.stderr), "{checked:?}");
    let long = "w".repeat(60);
    keep.put("notes.wasm", plugin(&[&long]));
    keep.put("zevil.wasm", plugin(&[&long]));
    let ran = is_told(keep.run(&["call", "notes"]));
    // Both at once.
    for plugin in ["notes", "zevil"] {
        let why = format!("`{plugin}_{long}`, which is longer than clients take");
        assert!(ran.stderr.contains(&why), "{ran:?}");
    }
    let checked = keep.run(&["check"]).expect(2);
    assert!(checked.stderr.contains("than clients take"), "{checked:?}");
}

#[test]
fn the_check_tells_what_tools_of_one_name_are_called() {
    let keep = Keep::new(
        "[plugins.one]\npath = {echo}\n[plugins.two]\npath = {echo}\n[plugins.more]\npath = {notes}\n",
    );
    let checked = keep.run(&["check"]).expect(0);
    for shown in ["echo, called one_echo ", "echo, called two_echo "] {
        assert!(checked.stdout.contains(shown), "{}", checked.stdout);
    }
    // Those that are called as they are.
    assert_eq!(checked.stdout.matches("called").count(), 2);
    let names = keep.run(&["check", "--json"]).expect(0).json()["names"].clone();
    let called = |plugin: &str, tool: &str| {
        let mut all = names.as_array().unwrap().iter();
        let found = all.find(|called| called["plugin"] == plugin && called["tool"] == tool);
        found.unwrap()["name"].clone()
    };
    assert_eq!(called("two", "echo"), "two_echo");
    assert_eq!(called("more", "write_note"), "write_note");
    keep.run(&["call", "two_echo", r#"{"text": "x"}"#])
        .expect(0);
}

#[test]
fn the_packager_refuses_what_is_not_declared() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bytes = fs::read(hostile()).unwrap();
    let told = |needs: &str| {
        let text = format!("name = \"bad\"\nversion = \"1.0.0\"\ndescription = \"bad\"\n{needs}");
        let manifest = Manifest::parse_toml("plugin.toml", &text).unwrap();
        runtime
            .block_on(pack(&bytes, manifest))
            .map(drop)
            .unwrap_err()
    };
    let fs_need = "[needs.fs.data]\nverbs = [\"read\"]\nwhy = \"x\"\n";
    let config_need = "[needs.config.settings]\nkeys = [\"a\"]\nwhy = \"x\"\n";
    let both = format!("{fs_need}{config_need}");
    for (needs, says) in [
        ("", "[needs."),
        (fs_need, "[needs.config.NAME]"),
        (&both, "[needs.kv.NAME]"),
    ] {
        let error = told(needs);
        assert!(matches!(error, BuildError::Undeclared(_)), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    // Nothing else of it is wrong: with both it would be described; it carries a description already.
    let no_tools = runtime.block_on(pack(
        &importing("wasi:io/error@0.2.6"),
        Manifest::parse_toml(
            "p",
            "name = \"b\"\nversion = \"1.0.0\"\ndescription = \"b\"\n",
        )
        .unwrap(),
    ));
    assert!(matches!(no_tools, Err(BuildError::NoTools)), "{no_tools:?}");
}

#[test]
fn two_descriptions_in_one_plugin_are_refused() {
    let mut bytes = fs::read(hostile()).unwrap();
    let second = we::CustomSection {
        name: "toolkeep:plugin".into(),
        data: b"{}".as_slice().into(),
    };
    use we::{ComponentSection as _, Encode as _};
    bytes.push(second.id());
    second.encode(&mut bytes);
    all_are_told(&bytes, "more than one plugin description");
}

#[test]
fn a_source_folder_that_is_none_is_told() {
    let keep = Keep::new("");
    let ran = keep.run(&["build", "nowhere"]).expect(2);
    assert!(ran.stderr.contains("cannot read"), "{ran:?}");
    for (toml, says) in [
        ("name = 1", "name"),
        ("[[[", "error"),
        (
            "name = \"x\"\nversion = \"1\"\ndescription = \"x\"\nnonsense = true",
            "unknown key",
        ),
        (
            "name = \"X Y\"\nversion = \"1\"\ndescription = \"x\"",
            "name",
        ),
    ] {
        keep.put("source/plugin.toml", toml);
        let ran = is_told(keep.run(&["build", "source"]));
        assert!(ran.stderr.contains(says), "{toml}: {ran:?}");
    }
    keep.put(
        "source/plugin.toml",
        "name = \"x\"\nversion = \"1.0.0\"\ndescription = \"x\"\n",
    );
    let ran = keep.run(&["build", "source"]).expect(1);
    assert!(
        ran.stderr
            .contains("error: cargo could not build the plugin"),
        "{ran:?}"
    );
}

#[test]
fn arguments_that_are_no_json_are_told() {
    let keep = Keep::granting("");
    let deep = "[".repeat(100_000);
    let object = format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    for bad in [
        "",
        " ",
        "{",
        "nul",
        "{\"a\":}",
        "{'a': 1}",
        "{\"a\": 1,}",
        "NaN",
        "\u{1b}[2J",
        &deep,
        &object,
    ] {
        let ran = is_told(keep.run(&["call", "noop", bad]));
        assert!(ran.stderr.contains("the arguments are not JSON"), "{ran:?}");
        is_told(keep.run_with(&["call", "noop", "-"], bad.as_bytes()));
    }
    for bad in ["[]", "1", "null", "\"text\"", "true"] {
        let ran = is_told(keep.run(&["call", "noop", bad]));
        assert!(ran.stderr.contains("have to be a JSON object"), "{ran:?}");
    }
    for bad in [
        r#"{"text": 1}"#,
        r#"{"txet": "x"}"#,
        r#"{}"#,
        r#"{"text": "x", "more": 1}"#,
    ] {
        let ran = is_told(keep.run(&["call", "say", bad]));
        assert!(ran.stderr.contains("do not fit tool `say`"), "{ran:?}");
    }
    let many = json!({"a": vec![0; 200_000]}).to_string();
    is_told(keep.run_with(&["call", "noop", "-"], many.as_bytes()));
    keep.lives();
}
