use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("toolkeep-vault-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn a_secret_shows_itself_to_nobody() {
    let secret = Secret::new("open sesame\r\n".to_owned()).unwrap();
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(secret.expose(), "open sesame");
    let bad = |text: &str| Secret::new(text.to_owned()).unwrap_err();
    assert_eq!(bad(""), BadSecret::Empty);
    assert_eq!(bad("\n"), BadSecret::Empty);
    assert_eq!(bad("a\nb"), BadSecret::Control);
    assert_eq!(bad("a\0"), BadSecret::Control);
    assert_eq!(bad(&"a".repeat(20_000)), BadSecret::TooLong);
}

#[test]
fn the_keyring_keeps_what_it_is_given_for_one_keep() {
    let (one, two) = (folder("keyring-one"), folder("keyring-two"));
    let ring = Keyring::of_state(&one).unwrap();
    let other = Keyring::of_state(&two).unwrap();
    // Where there is none for this process, it says so and nothing else answers.
    if let Err(error) = ring.names() {
        assert!(matches!(error, VaultError::Keyring(_)), "{error}");
        assert!(set(&ring, &name("key"), "value".to_owned()).is_err());
        assert!(ring.get(&name("key")).is_err());
        let vault = Vault::of_keep(&one, SecretsIn::Keyring).unwrap();
        assert!(vault.get(&name("key")).is_err());
        return;
    }
    assert!(ring.names().unwrap().is_empty());
    assert!(ring.get(&name("key")).unwrap().is_none());
    set(&ring, &name("key"), "va\"lue\\ ü".to_owned()).unwrap();
    set(&ring, &name("other"), "x".to_owned()).unwrap();
    set(&ring, &name("other"), "y".repeat(9_000)).unwrap();
    // In another thread too, as requests ask for it.
    let asked = ring.clone();
    let read = std::thread::spawn(move || asked.get(&name("key")).unwrap().unwrap());
    assert_eq!(read.join().unwrap().expose(), "va\"lue\\ ü");
    let long = ring.get(&name("other")).unwrap().unwrap();
    assert_eq!(long.expose().len(), 9_000);
    assert!(other.names().unwrap().is_empty());
    assert!(other.get(&name("key")).unwrap().is_none());
    assert!(!other.remove(&name("key")).unwrap());
    let vault = Vault::of_keep(&one, SecretsIn::Keyring).unwrap();
    let listed = vault.list().unwrap();
    assert_eq!(
        listed,
        [(name("key"), "the keyring"), (name("other"), "the keyring")]
    );
    for key in ["key", "other"] {
        assert!(ring.remove(&name(key)).unwrap());
        assert!(!ring.remove(&name(key)).unwrap());
    }
    assert!(ring.names().unwrap().is_empty());
    assert_eq!(std::fs::read_dir(&one).unwrap().count(), 0);
}

#[test]
fn a_file_keeps_what_it_is_given_for_its_owner_alone() {
    let folder = folder("file");
    let path = folder.join("below").join("secrets");
    let file = File::new(&path);
    assert!(file.names().unwrap().is_empty());
    assert!(file.get(&name("key")).unwrap().is_none());
    set(&file, &name("key"), "va\"lue\\ ü".to_owned()).unwrap();
    set(&file, &name("other"), "x".to_owned()).unwrap();
    set(&file, &name("other"), "y".to_owned()).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = file.get(&name("key")).unwrap().unwrap();
    assert_eq!(read.expose(), "va\"lue\\ ü");
    assert_eq!(file.get(&name("other")).unwrap().unwrap().expose(), "y");
    let vault = Vault::new().with(File::new(&path));
    let listed = vault.list().unwrap();
    assert_eq!(
        listed,
        [(name("key"), "the file"), (name("other"), "the file")]
    );
    assert_eq!(format!("{vault:?}"), r#"Vault(["the file"])"#);
    assert!(file.remove(&name("other")).unwrap());
    assert!(!file.remove(&name("other")).unwrap());
    assert!(vault.get(&name("other")).unwrap().is_none());
    let left: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_file_that_others_may_use_is_not_used() {
    let folder = folder("exposed");
    let path = folder.join("secrets");
    let file = File::new(&path);
    set(&file, &name("key"), "value".to_owned()).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refused = file.get(&name("key")).unwrap_err();
        assert!(matches!(refused, VaultError::Exposed { .. }), "{refused}");
        let refused = set(&file, &name("key"), "new".to_owned()).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let link = folder.join("link");
    symlink(&path, &link).unwrap();
    let refused = File::new(&link).get(&name("key")).unwrap_err();
    assert!(matches!(refused, VaultError::Io { .. }), "{refused}");
    let refused = File::new(&folder).names().unwrap_err();
    assert!(matches!(refused, VaultError::Exposed { .. }), "{refused}");
}

#[test]
fn a_damaged_file_is_told_without_its_text() {
    let path = folder("damaged").join("secrets");
    set(&File::new(&path), &name("key"), "value".to_owned()).unwrap();
    for text in [
        "",
        "{",
        "{\"key\": 1}",
        "{\"Bad Name\": \"sesame\"}",
        "{\"key\": \"\"}",
        "sesame",
    ] {
        std::fs::write(&path, text).unwrap();
        let told = File::new(&path).names().unwrap_err().to_string();
        assert!(told.contains("holds no secrets"), "{told}");
        assert!(!told.contains("sesame"), "{told}");
    }
}

#[test]
fn the_first_source_that_has_it_counts_and_one_that_fails_ends_it() {
    let folder = folder("several");
    let (one, two) = (folder.join("one"), folder.join("two"));
    set(&File::new(&one), &name("a"), "first".to_owned()).unwrap();
    set(&File::new(&two), &name("a"), "second".to_owned()).unwrap();
    set(&File::new(&two), &name("b"), "second".to_owned()).unwrap();
    let vault = Vault::new().with(File::new(&one)).with(File::new(&two));
    assert_eq!(vault.get(&name("a")).unwrap().unwrap().expose(), "first");
    assert_eq!(vault.get(&name("b")).unwrap().unwrap().expose(), "second");
    assert_eq!(vault.list().unwrap().len(), 2);
    std::fs::write(&one, "damaged").unwrap();
    assert!(vault.get(&name("b")).is_err());
}

#[test]
fn the_environment_is_read_only() {
    let refused = set(&Environment, &name("a"), "b".to_owned()).unwrap_err();
    assert!(matches!(refused, VaultError::ReadOnly(_)));
    assert!(Environment.remove(&name("a")).is_err());
    assert!(
        Environment
            .get(&name("toolkeep-test-absent"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn writers_at_once_lose_nothing() {
    let path = folder("at-once").join("secrets");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = path.clone();
            scope.spawn(move || {
                set(&File::new(path), &name(&format!("key{n}")), "v".to_owned()).unwrap()
            });
        }
    });
    assert_eq!(File::new(&path).names().unwrap().len(), 8);
}
