use super::super::{Environment, File, SecretSource as _, set};
use super::*;
use crate::rules::config::Config;

/// The secrets of a grant that says `secrets`.
fn uses(secrets: &str) -> Vec<SecretUse> {
    let config = format!(
        "[data.web]\nurl = \"https://api.example\"\n[plugins.p]\npath = \"p.wasm\"\n\
         [plugins.p.http.api]\ndata = \"web\"\nallow = [\"get\"]\n{secrets}\n"
    );
    let config = Config::parse("toolkeep.toml", &config).unwrap();
    let grants = &config.plugins["p"].grants;
    grants.http["api"].secrets.clone()
}

fn vault(name: &str, value: &str) -> Vault {
    let path = std::env::temp_dir().join(format!("toolkeep-inject-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let file = File::new(&path);
    set(&file, &Name::new("key").unwrap(), value.to_owned()).unwrap();
    Vault::new().with(Environment).with(file)
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::get(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

const HEADER: &str = "[plugins.p.http.api.secrets.key]\nheader = \"X-Key\"\nbefore = \"Token \"";
const QUERY: &str = "[plugins.p.http.api.secrets.key]\nquery = \"key\"";
const BASIC: &str = "[plugins.p.http.api.secrets.key]\nbasic = \"ada\"";

#[test]
fn each_place() {
    let vault = vault("each", "open sesame");
    let put = |secrets: &str, uri: &str| {
        let mut parts = parts(uri, &[("accept-encoding", "gzip")]);
        let ready = fetch(&uses(secrets), &vault).unwrap();
        assert_eq!(ready.names().count(), 1);
        let mask = ready.put(&mut parts).unwrap();
        assert!(!mask.is_empty());
        assert_eq!(parts.headers[ACCEPT_ENCODING], "identity");
        parts
    };
    let header = put(HEADER, "/a?b=c");
    assert_eq!(header.headers["x-key"], "Token open sesame");
    assert!(header.headers["x-key"].is_sensitive());
    assert!(!format!("{header:?}").contains("sesame"));
    assert_eq!(put(QUERY, "/a?b=c").uri, "/a?b=c&key=open%20sesame");
    assert_eq!(put(QUERY, "/a").uri, "/a?key=open%20sesame");
    let basic = put(BASIC, "/");
    assert_eq!(basic.headers[AUTHORIZATION], "Basic YWRhOm9wZW4gc2VzYW1l");
}

#[test]
fn what_the_guest_sets_itself_is_refused() {
    let taken = |secrets: &str, uri: &str, headers: &[(&str, &str)]| {
        check(&parts(uri, headers), &uses(secrets)).is_err()
    };
    assert!(taken(HEADER, "/", &[("x-KEY", "mine")]));
    assert!(!taken(HEADER, "/", &[("authorization", "mine")]));
    assert!(taken(BASIC, "/", &[("Authorization", "mine")]));
    for query in [
        "key=a", "a=b&key=", "a&KEY", "%6bey=a", "k%65y", "a;key=b", "key[]=a",
    ] {
        assert!(taken(QUERY, &format!("/?{query}"), &[]), "{query}");
    }
    for query in ["", "keys=a", "a=key", "a=b&monkey=c"] {
        assert!(!taken(QUERY, &format!("/?{query}"), &[]), "{query}");
    }
}

#[test]
fn without_its_secret_nothing_is_sent() {
    let missing = fetch(&uses(HEADER), &Vault::new()).map(|_| ()).unwrap_err();
    assert_eq!(missing, NotInjected::Missing(Name::new("key").unwrap()));
    assert!(missing.to_string().contains("toolkeep secret set key"));
    // Not every text can stand in a header.
    let ready = fetch(&uses(HEADER), &vault("unfit", "schlüssel")).unwrap();
    let put = ready.put(&mut parts("/", &[])).map(|_| ());
    assert!(matches!(put, Ok(()) | Err(NotInjected::Unfit(_))));
    assert_eq!(Environment.what(), "the environment");
}
