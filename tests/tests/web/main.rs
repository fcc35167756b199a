//! Requests of real guests, through the whole program, to servers on loopback.

mod hostile;
mod two;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use toolkeep_tests::{Keep, plugin};

/// A server that answers every request with what its path asks for.
struct Server {
    port: u16,
    /// All that came, connection by connection.
    got: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let told = Arc::clone(&told);
                std::thread::spawn(move || serve(stream.unwrap(), &told));
            }
        });
        Self { port, got }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, told: &Mutex<Vec<String>>) {
    let mut text = String::new();
    let mut byte = [0];
    while !text.ends_with("\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        text.push(char::from(byte[0]));
    }
    if let Some(address) = text.strip_prefix("CONNECT ") {
        told.lock().unwrap().push(text.clone());
        relay(stream, address.split(' ').next().unwrap());
        return;
    }
    let at = told.lock().unwrap().len();
    told.lock().unwrap().push(text.clone());
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let answer = match path.split('?').next().unwrap() {
        "/away" => "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
        "/slow" => {
            std::thread::sleep(Duration::from_secs(1));
            "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
        }
        "/collect" => {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            told.lock().unwrap()[at].push_str(&String::from_utf8_lossy(&rest));
            return;
        }
        "/echo" => {
            let header = text.lines().find(|line| line.starts_with("x-key:"));
            let body = format!("you sent {}", header.unwrap_or("no key"));
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        }
        "/big" => {
            let body = "x".repeat(3_000_000);
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        }
        _ => {
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            let _ = stream.read_exact(&mut body);
            let body = format!("hello {}", String::from_utf8_lossy(&body));
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        }
    };
    let _ = stream.write_all(answer.as_bytes());
}

/// As an egress proxy does. Only to loopback.
fn relay(mut near: TcpStream, address: &str) {
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let mut far = TcpStream::connect(address).unwrap();
    near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    let _ = std::io::copy(&mut far, &mut near);
    let _ = near.shutdown(std::net::Shutdown::Both);
}

fn keep(server: &Server, more: &str) -> Keep {
    let file = plugin("tests/guests/web");
    Keep::new(&format!(
        "[data.site]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\n\
         [plugins.web]\npath = {:?}\n\
         [plugins.web.http.api]\ndata = \"site\"\nallow = [\"get\", \"post\", \"put\"]\n{more}",
        server.url(""),
        file.display().to_string(),
    ))
}

fn outcomes(keep: &Keep) -> Vec<Value> {
    let mut records = keep.records(&["--handle", "http"]);
    records.retain(|record| !record["outcome"].is_null());
    records
}

#[test]
fn honest_requests_are_made_and_recorded() {
    let server = Server::start();
    let keep = keep(&server, "");
    let got = keep.steps_of(
        "web_steps",
        json!([
            {"op": "GET", "url": server.url("/a?b=c")},
            {"op": "POST", "url": server.url("/b"), "body": "world"},
            {"op": "PUT", "url": server.url("/c"), "body": "x".repeat(60_000)},
            {"op": "GET", "url": server.url("/away")},
            {"op": "HEAD", "url": server.url("/away"), "headers": [["accept", "text/html"]]},
        ]),
    );
    assert_eq!(got[0], "ok 200 hello ");
    assert_eq!(got[1], "ok 200 hello world");
    assert_eq!(got[2].len(), "ok 200 hello ".len() + 60_000);
    assert_eq!(got[3], "ok 302 to http://169.254.169.254/ ");
    assert_eq!(got[4], "ok 302 to http://169.254.169.254/ ");
    let outcomes = outcomes(&keep);
    let codes: Vec<&Value> = outcomes.iter().map(|one| &one["outcome"]["code"]).collect();
    assert_eq!(codes, [200, 200, 200, 302, 302]);
    assert_eq!(outcomes[2]["outcome"]["bytes_written"], 60_000);
    assert_eq!(outcomes[0]["outcome"]["peer"], "127.0.0.1");
    keep.lives();
}

#[test]
fn what_was_not_granted_is_refused_and_recorded() {
    let server = Server::start();
    let keep = keep(&server, "");
    let port = server.port;
    let steps = json!([
        {"op": "DELETE", "url": server.url("/")},
        {"op": "PROPFIND", "url": server.url("/")},
        {"op": "BREW", "url": server.url("/")},
        {"op": "GET", "url": "http://127.0.0.1/"},
        {"op": "GET", "url": "http://169.254.169.254/latest"},
        {"op": "GET", "url": format!("https://127.0.0.1:{port}/")},
        {"op": "GET", "url": format!("http://user@127.0.0.1:{port}/")},
        {"op": "GET", "url": format!("http://2130706433:{port}/")},
        {"op": "GET", "url": format!("http://127.1:{port}/")},
        {"op": "GET", "url": format!("http://0x7f.0.0.1:{port}/")},
        {"op": "GET", "url": format!("http://[::ffff:127.0.0.1]:{port}/")},
        {"op": "GET", "url": format!("http://127.0.0.1.:{port}/")},
        {"op": "GET", "url": server.url("/"), "headers": [["host", "example.org"]]},
    ]);
    let count = steps.as_array().unwrap().len();
    let got = keep.steps_of("web_steps", steps);
    for (at, answer) in got.iter().enumerate() {
        assert_eq!(answer, "refused", "{at}");
    }
    let refused = keep.records(&["--handle", "http", "--kind", "refusal"]);
    assert_eq!(refused.len(), count, "{refused:#?}");
    assert!(server.got().is_empty());
    // What belongs to the connection a guest cannot even set.
    let got = keep.steps_of(
        "web_steps",
        json!([
            {"op": "raw", "url": server.url("/"), "headers": [["transfer-encoding", "chunked"]]},
            {"op": "raw", "url": server.url("/"), "headers": [["x", "a\r\nb: c"]]},
            {"op": "raw", "url": server.url("/"), "headers": [["a\r\nb", "c"]]},
            {"op": "raw", "url": format!("ftp://127.0.0.1:{port}/")},
        ]),
    );
    assert!(
        got.iter().all(|answer| !answer.starts_with("ok")),
        "{got:?}"
    );
    assert!(server.got().is_empty());
    // And the model is told that it was refused, and no more.
    let ran = keep.call("web_refused", &json!({"url": "http://169.254.169.254/"}));
    assert_eq!(ran.word(), "denied", "{ran:?}");
    keep.lives();
}

#[test]
fn limits_and_a_proxy_come_from_the_file_alone() {
    let (server, proxy) = (Server::start(), Server::start());
    let limits = "[plugins.web.limits]\nhttp_response_bytes = 1000\nhttp_headers = 3\nhttp_request_bytes = 10\n\
                  http_header_ms = 200\n";
    let direct = keep(&server, limits);
    let steps = json!({"steps": [
        {"op": "GET", "url": server.url("/big")},
        {"op": "GET", "url": server.url("/"), "headers": [["a", "1"], ["b", "1"], ["c", "1"], ["d", "1"]]},
        {"op": "POST", "url": server.url("/"), "body": "longer than ten"},
        {"op": "GET", "url": server.url("/slow")},
        {"op": "GET", "url": server.url("/")},
    ]});
    let mut command = direct.command(&["call", "--json", "web_steps", &steps.to_string()]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, proxy.url(""));
    }
    let ran = toolkeep_tests::Ran::of(&mut command, None).expect(0);
    let got = ran.json()["structuredContent"]["results"].clone();
    for at in 0..4 {
        let answer = got[at].as_str().unwrap();
        assert!(!answer.starts_with("ok") && answer != "refused", "{got:#}");
    }
    assert_eq!(got[4], "ok 200 hello ");
    let mut words: Vec<Value> = outcomes(&direct)
        .iter()
        .map(|one| one["outcome"]["error"].clone())
        .collect();
    // Headers that do not fit are sent nowhere, so nothing of them is on record.
    words.truncate(3);
    let expected = ["response-too-large", "request-too-large", "header-timeout"];
    assert_eq!(words, expected);
    assert!(proxy.got().is_empty());

    let through = keep(&server, &format!("[host]\nproxy = \"{}\"\n", proxy.url("")));
    let before = server.got().len();
    let got = through.steps_of("web_steps", json!([{"op": "GET", "url": server.url("/")}]));
    assert_eq!(got, ["ok 200 hello "]);
    assert_eq!(server.got().len(), before + 1);
    assert_eq!(proxy.got().len(), 1);
    let asked = proxy.got().remove(0);
    let port = server.port;
    assert!(
        asked.starts_with(&format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n")),
        "{asked}"
    );
}

#[test]
fn a_secret_is_put_in_and_not_given_back() {
    const VALUE: &str = "k3y-of-the-keep";
    let server = Server::start();
    let keep = keep(
        &server,
        "[plugins.web.http.api.secrets.key]\nheader = \"x-key\"\n",
    );
    let steps = json!({"steps": [
        {"op": "GET", "url": server.url("/echo")},
        {"op": "GET", "url": server.url("/echo"), "headers": [["x-key", "mine"]]},
    ]});
    let mut command = keep.command(&["call", "--json", "web_steps", &steps.to_string()]);
    command.env("TOOLKEEP_SECRET_KEY", VALUE);
    let ran = toolkeep_tests::Ran::of(&mut command, None).expect(0);
    let got = &ran.json()["structuredContent"]["results"];
    assert_eq!(
        got[0],
        format!("ok 200 you sent x-key: {}", "*".repeat(VALUE.len()))
    );
    assert_eq!(got[1], "refused");
    assert!(server.got()[0].contains(VALUE));
    let told = keep.run(&["audit", "show", "--json"]).stdout;
    assert!(!told.contains(VALUE));
    assert_eq!(outcomes(&keep)[0]["outcome"]["secrets"], json!(["key"]));
    // Without its value nothing is sent.
    let got = keep.steps_of(
        "web_steps",
        json!([{"op": "GET", "url": server.url("/echo")}]),
    );
    assert_eq!(got, ["refused"]);
    assert_eq!(server.got().len(), 1);
}

#[test]
fn what_is_read_while_a_request_is_open_does_not_go_out() {
    let (outside, inside) = (Server::start(), Server::start());
    let more = format!(
        "[data.inside]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\nlabel = [\"untrusted\", \"private\"]\n\
         [plugins.web.http.other]\ndata = \"inside\"\nallow = [\"get\"]\n",
        inside.url("")
    );
    let keep = keep(&outside, &more);
    let step = json!([{"op": "leak", "url": outside.url("/collect"), "to": inside.url("/secret")}]);
    let got = keep.steps_of("web_steps", step);
    assert_eq!(got.len(), 1);
    assert!(!got[0].starts_with("ok"), "{got:?}");
    keep.wait_for(|| {
        outside
            .got()
            .first()
            .is_some_and(|all| all.contains("clean"))
    });
    let sent = outside.got().concat();
    assert!(
        !sent.contains("hello") && !sent.ends_with("0\r\n\r\n"),
        "{sent}"
    );
    let stopped = outcomes(&keep);
    let stopped = stopped
        .iter()
        .filter(|one| one["outcome"]["status"] == "stopped");
    assert_eq!(stopped.count(), 1);
    keep.lives();
}

#[test]
fn a_guest_that_goes_away_hides_nothing() {
    let server = Server::start();
    let keep = keep(
        &server,
        "[plugins.web.limits]\nwall_ms = 1500\ncpu_ms = 1000\n",
    );
    let host = keep.host();
    let session = keep.session(&host, "s");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let steps = json!({"steps": [{"op": "abandon", "url": server.url("/slow"), "body": "effect"}]});
    let spin = json!({"url": server.url("/slow")});
    runtime.block_on(async {
        session.call("web_steps", steps).await.unwrap();
        assert!(session.call("web_spin", spin).await.is_err());
        tokio::time::sleep(Duration::from_millis(1500)).await;
    });
    drop(session);
    drop(host);
    drop(runtime);
    let outcomes = outcomes(&keep);
    assert_eq!(outcomes.len(), 2, "{outcomes:#?}");
    for one in outcomes {
        assert_eq!(one["outcome"]["status"], "done", "{one:#}");
        assert_eq!(one["outcome"]["code"], 201, "{one:#}");
    }
    assert_eq!(server.got().len(), 2);
}

#[test]
fn a_host_that_is_killed_meanwhile_sends_nothing_twice() {
    let server = Server::start();
    let keep = keep(&server, "");
    let steps = json!({"steps": [{"op": "POST", "url": server.url("/slow"), "body": "effect"}]});
    let mut program = keep.command(&["call", "--json", "web_steps", &steps.to_string()]);
    let mut program = toolkeep_tests::start(&mut program, false);
    keep.wait_for(|| !server.got().is_empty());
    program.kill().unwrap();
    program.wait().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    keep.lives();
    let told = keep.run(&["audit", "verify", "--json"]).expect(0).json();
    let intents = keep.records(&["--handle", "http"]);
    assert_eq!(intents.len(), 1, "{intents:#?}");
    assert!(intents[0]["object"].as_str().unwrap().contains("/slow"));
    let unknown = told["unknown"].as_array().unwrap();
    let seq = &intents[0]["seq"];
    assert!(unknown.iter().any(|one| one["seq"] == *seq), "{told:#}");
    assert_eq!(server.got().len(), 1);
}

#[test]
fn the_keyring_keeps_secrets_where_the_file_says_so() {
    const VALUE: &str = "k3y-in-the-kernel";
    let server = Server::start();
    let keep = keep(
        &server,
        "[plugins.web.http.api.secrets.key]\nheader = \"x-key\"\n[host]\nsecrets = \"keyring\"\n",
    );
    let get = |keep: &Keep| {
        let step = json!([{"op": "GET", "url": server.url("/echo")}]);
        keep.steps_of("web_steps", step)
    };
    let set = keep.run_with(&["secret", "set", "key"], VALUE.as_bytes());
    if set.code != 0 {
        // As in many containers: then nothing stands in for it.
        assert!(set.stderr.contains("the keyring cannot be used"), "{set:?}");
        assert_eq!(get(&keep), ["refused"]);
        assert!(!keep.path("state/secrets").exists());
        return;
    }
    assert!(set.stderr.contains("in the keyring"), "{set:?}");
    let list = keep.run(&["secret", "list", "--json"]).expect(0).json();
    assert_eq!(list, json!([{"name": "key", "kept_in": "the keyring"}]));
    assert!(get(&keep)[0].starts_with("ok 200 you sent x-key: *"));
    assert!(server.got()[0].contains(VALUE));
    assert!(!keep.path("state/secrets").exists());
    keep.run(&["secret", "remove", "key"]).expect(0);
    keep.run(&["secret", "remove", "key"]).expect(1);
    assert_eq!(get(&keep), ["refused"]);
    assert_eq!(server.got().len(), 1);
}

#[test]
fn secrets_are_kept_listed_and_forgotten_and_never_shown() {
    const VALUE: &str = "another-k3y";
    let server = Server::start();
    let keep = keep(
        &server,
        "[plugins.web.http.api.secrets.key]\nheader = \"x-key\"\nbefore = \"Bearer \"\n",
    );
    let list = |keep: &Keep| keep.run(&["secret", "list", "--json"]).expect(0).json();
    assert_eq!(list(&keep), json!([]));
    let set = keep.run_with(&["secret", "set", "key"], format!("{VALUE}\n").as_bytes());
    set.expect(0);
    assert_eq!(list(&keep)[0]["name"], "key");
    let shown = keep.run(&["secret", "list"]).expect(0);
    assert!(shown.stdout.contains("key") && !shown.stdout.contains(VALUE));
    let get = |keep: &Keep| {
        let step = json!([{"op": "GET", "url": server.url("/echo")}]);
        keep.steps_of("web_steps", step)
    };
    assert!(get(&keep)[0].starts_with("ok 200 you sent x-key: Bearer *"));
    assert!(server.got()[0].contains(&format!("Bearer {VALUE}")));
    // One that others may read is worth nothing.
    let file = keep.path("state/secrets");
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&file, mode(0o640)).unwrap();
    assert_eq!(get(&keep), ["refused"]);
    let told = keep.run(&["secret", "list"]).expect(1);
    assert!(told.stderr.contains("chmod 600"), "{told:?}");
    std::fs::set_permissions(&file, mode(0o600)).unwrap();
    for (name, value) in [("key", "a\nb"), ("key", ""), ("Key", "x")] {
        let set = keep.run_with(&["secret", "set", name], value.as_bytes());
        assert_ne!(set.code, 0, "{name} {value:?}");
    }
    keep.run(&["secret", "remove", "key"]).expect(0);
    keep.run(&["secret", "remove", "key"]).expect(1);
    assert_eq!(list(&keep), json!([]));
    assert_eq!(get(&keep), ["refused"]);
    assert_eq!(server.got().len(), 1);
}
