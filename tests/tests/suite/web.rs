//! Reaching for servers that nobody granted, for secrets that are the host's, and carrying out by requests
//! what must not go out.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use toolkeep_tests::by_hand::{described, importing};
use toolkeep_tests::{SECRET, hostile, plugin};

use crate::case::Outcome::{Failed, Harmless, Refused, Stopped};
use crate::case::{Case, Promise};
use crate::served::Served;

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    Case::new("spells addresses in odd ways", Promise::RealObject, Refused("unreachable"), odd_addresses),
    Case::new("is led inside by names, addresses and a redirect", Promise::RealObject, Refused("unreachable"), led_inside),
    Case::new("names another host in a header and in the path", Promise::RealObject, Refused("unreachable"), another_host),
    Case::new("spells paths so that they are read in two ways", Promise::RealObject, Refused("unreachable"), odd_paths),
    Case::new("makes requests by methods that it was not given", Promise::DeleteIsNotWrite, Refused("not-granted"), methods),
    Case::new("makes requests to schemes, ports and hosts that it was not given", Promise::DenyUnlessGiven, Refused("no-grant"), ungranted),
    Case::new("sets the header in which a secret goes, and reads what echoes it", Promise::DenyUnlessGiven, Refused("secret"), secret_header),
    Case::new("opens a request while clean, then reads a secret file and sends it", Promise::DataStays, Refused("flow"), opened_while_clean),
    Case::new("carries out a secret file in a query, a path, a header and a body", Promise::DataStays, Refused("flow"), carries),
    Case::new("makes more requests at once, in calls side by side, than its budget", Promise::CallEnds, Refused("limit"), budget),
    Case::new("sends a body without end, and trailers that nobody counts", Promise::CallEnds, Failed("request-too-large"), too_much),
    Case::new("drops its request, to hide what came of it", Promise::NothingLeavesUnrecorded, Harmless("what came of it is on record"), drops),
    Case::new("traps in the middle of a request", Promise::NothingLeavesUnrecorded, Stopped("trap"), traps),
    Case::new("opens sockets and looks up names by a grant of the web", Promise::NothingAmbient, Stopped("unusable"), sockets),
];

/// A server on loopback that keeps all that came to it, and answers by the path.
struct Site {
    port: u16,
    got: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&got);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || drop(serve(stream.unwrap(), &kept)));
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

    /// A host that gives the plugin `url`, with `place` in the place's table and `more` in the grant's.
    fn served(url: &str, place: &str, more: &str) -> Served {
        let file = plugin("tests/guests/web").display().to_string();
        Served::new(&format!(
            "[data.data]\ndir = \"data\"\nlabel = [\"hr\"]\n[data.site]\nurl = \"{url}\"\n{place}\n\
             [plugins.web]\npath = {file:?}\n\
             [plugins.web.fs.data]\ndata = \"data\"\nallow = [\"list\", \"stat\", \"read\"]\n\
             [plugins.web.http.api]\ndata = \"site\"\nallow = [\"get\", \"post\"]\n{more}\n"
        ))
    }

    /// A host that gives it this server.
    fn granted(&self, more: &str) -> Served {
        Self::served(&self.url(""), "addresses = [\"127.0.0.1\"]", more)
    }

    /// A host that gives it any host at all on this server's port, and this machine's address.
    fn any(&self, place: &str) -> Served {
        Self::served(&format!("http://*:{}", self.port), place, "")
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let at = kept.lock().unwrap().len();
    kept.lock().unwrap().push(head.clone());
    let path = head.split(' ').nth(1).unwrap_or_default();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    match (path, length) {
        // Whatever comes, as it comes.
        ("/collect", _) => {
            let mut some = [0; 4096];
            while let Ok(count) = stream.read(&mut some)
                && count > 0
            {
                let text = String::from_utf8_lossy(&some[..count]).into_owned();
                let mut kept = kept.lock().unwrap();
                if kept[at].len() < 1 << 20 {
                    kept[at].push_str(&text);
                }
            }
            return Ok(());
        }
        ("/slow", _) => std::thread::sleep(Duration::from_millis(800)),
        (_, Some(length)) => {
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body)?;
        }
        _ => {}
    }
    let (status, body) = match path {
        "/echo" => ("200 OK", head.as_str()),
        "/away" => ("302 Found\r\nLocation: http://169.254.169.254/latest", ""),
        "/slow" => ("201 Created", ""),
        _ => ("200 OK", "hello"),
    };
    let length = body.len();
    let start =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(start.as_bytes())?;
    stream.write_all(body.as_bytes())
}

fn steps(served: &mut Served, steps: Value) -> Vec<String> {
    served.steps_of("web_steps", steps)
}

fn gets(urls: &[String]) -> Value {
    let steps = urls.iter().map(|url| json!({"op": "GET", "url": url}));
    steps.collect()
}

/// Each of these requests is refused, or none that could be made at all.
#[track_caller]
fn refused(served: &mut Served, urls: &[String]) {
    for (url, answer) in urls.iter().zip(steps(served, gets(urls))) {
        let none = "failed: the request cannot be made";
        assert!(
            answer == "refused" || answer.starts_with(none),
            "{url}: {answer}"
        );
    }
}

/// All of them would lead to the server, if anybody read them so.
fn odd_addresses() -> Served {
    let site = Site::start();
    let mut served = site.any("addresses = [\"127.0.0.1\", \"::/0\"]");
    let port = site.port;
    let hosts = [
        "2130706433",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0.0.1",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "00127.0.0.1",
        "127.0.0.1.",
        "localhost.",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2002:7f00:1::1]",
        "[2001:0:7f00:1:0:0:80ff:fffe]",
        "[::1%25lo]",
        "[::1%lo]",
        "[fe80::1%251]",
        "user@127.0.0.1",
        "user:word@127.0.0.1",
        "@127.0.0.1",
        "example.org@127.0.0.1",
        "127.0.0.1\u{3002}",
        "１２７.0.0.1",
        "127.0.0.1%00",
        "127.0.0.1%2eexample.org",
        "127.0.0.1#",
        "127.0.0.1\\",
        "[127.0.0.1]",
        "[::1",
        "",
        ".",
        "..",
        "127..0.0.1",
    ];
    let urls: Vec<String> = hosts
        .iter()
        .map(|host| format!("http://{host}:{port}/"))
        .collect();
    refused(&mut served, &urls);
    let ports = [
        "0",
        "00",
        &format!("0{port}"),
        &format!("+{port}"),
        "65536",
        "-1",
        &format!("{port}x"),
    ];
    let urls: Vec<String> = ports
        .iter()
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    refused(&mut served, &urls);
    let records = served.records(&["--handle", "http", "--kind", "refusal"]);
    assert!(records.len() >= 30, "{}", records.len());
    let plain = gets(&[site.url("/")]);
    assert!(site.got().is_empty(), "{:#?}", site.got());
    assert_eq!(steps(&mut served, plain), ["ok 200 hello"]);
    served
}

fn led_inside() -> Served {
    let site = Site::start();
    // Each hop is a request of its own.
    let mut served = site.granted("");
    let away = gets(&[
        site.url("/away"),
        "http://169.254.169.254/latest".to_owned(),
    ]);
    let answers = steps(&mut served, away);
    assert!(answers[0].starts_with("ok 302"), "{answers:?}");
    assert_eq!(answers[1], "refused");
    served.rest();
    let mut served = site.any("");
    let port = site.port;
    let hosts = [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "224.0.0.1",
        "255.255.255.255",
    ];
    let urls: Vec<String> = hosts
        .iter()
        .map(|host| format!("http://{host}:{port}/"))
        .collect();
    refused(&mut served, &urls);
    assert_eq!(site.got().len(), 1);
    served
}

fn another_host() -> Served {
    let site = Site::start();
    let mut served = site.granted("");
    let url = site.url("/");
    let host = |value: &str| json!({"op": "raw", "url": url, "headers": [["host", value]]});
    let path = |path: &str| json!({"op": "path", "url": url, "to": path});
    let answers = steps(
        &mut served,
        json!([
            host("169.254.169.254"),
            host("example.org"),
            host(&format!("127.0.0.1:{}", site.port.wrapping_add(1))),
            host(""),
            {"op": "raw", "url": url, "headers": [["host", format!("127.0.0.1:{}", site.port)], ["host", "b"]]},
            path("http://169.254.169.254/"),
            path("//169.254.169.254/"),
            path("@169.254.169.254/"),
            path("*"),
            {"op": "raw", "url": url, "headers": [["transfer-encoding", "chunked"]]},
            {"op": "raw", "url": url, "headers": [["connection", "upgrade"]]},
            {"op": "raw", "url": url, "headers": [["content-length", "5"], ["content-length", "6"]]},
        ]),
    );
    for answer in &answers {
        // `//` is a path like others where the grant is for all of them.
        assert!(
            !answer.starts_with("ok") || *answer == answers[6],
            "{answers:#?}"
        );
    }
    for head in site.got() {
        let own = format!("\r\nhost: 127.0.0.1:{}\r\n", site.port);
        assert!(head.starts_with("GET /") && head.contains(&own), "{head}");
    }
    assert!(site.got().len() <= 1);
    served
}

fn odd_paths() -> Served {
    let site = Site::start();
    let mut served = site.granted("only = [\"open/**\"]\n");
    let paths = [
        "/private",
        "/open/../private",
        "/open/%2e%2e/private",
        "/open/%2E./private",
        "//open/a",
        "/open//../../private",
        "/open/..%2fprivate",
        "/open/..\\private",
        "/open/..;/private",
        "/open/a;/../../private",
        "/open/%252e%252e/private",
        "/Open/a",
        "/open",
        "/open/%00",
        "/./private",
    ];
    let tried: Vec<Value> = paths
        .iter()
        .map(|path| json!({"op": "path", "url": site.url("/"), "to": path}))
        .collect();
    for (path, answer) in paths.iter().zip(steps(&mut served, json!(tried))) {
        assert!(!answer.starts_with("ok"), "{path}: {answer}");
    }
    assert!(site.got().is_empty(), "{:#?}", site.got());
    let good = gets(&[site.url("/open/a/../b")]);
    assert_eq!(steps(&mut served, good), ["ok 200 hello"]);
    assert!(site.got()[0].starts_with("GET /open/b "));
    served
}

fn methods() -> Served {
    let site = Site::start();
    let served = site.granted("");
    let config = served.get("toolkeep.toml");
    served.put(
        "toolkeep.toml",
        config.replace("\"get\", \"post\"", "\"get\""),
    );
    let mut served = served;
    let url = site.url("/");
    let tried: Vec<Value> = [
        "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "CONNECT", "TRACE", "BREW", "get",
    ]
    .iter()
    .map(|op| json!({"op": op, "url": url, "body": "x"}))
    .collect();
    for answer in steps(&mut served, json!(tried)) {
        assert!(!answer.starts_with("ok"), "{answer}");
    }
    assert!(site.got().is_empty());
    served
}

fn ungranted() -> Served {
    let (site, other) = (Site::start(), Site::start());
    let mut served = site.granted("");
    let tls = site.url("/").replace("http:", "https:");
    let urls = [
        other.url("/"),
        tls,
        site.url("/").replace("127.0.0.1", "localhost"),
        "http://127.0.0.1/".to_owned(),
    ];
    refused(&mut served, &urls);
    assert!(site.got().is_empty() && other.got().is_empty());
    served
}

fn secret_header() -> Served {
    let site = Site::start();
    let secret = "[plugins.web.http.api.secrets.key]\nheader = \"x-key\"\n";
    let mut served = site.granted(secret);
    let set = served.run_with(&["secret", "set", "key"], SECRET.as_bytes());
    set.expect(0);
    let echo = site.url("/echo");
    let with = |name: &str| json!({"op": "GET", "url": echo, "headers": [[name, "bytes=0-3"]]});
    let tried = json!([
        with("x-key"), with("X-KEY"), with("range"), {"op": "GET", "url": echo},
        {"op": "GET", "url": echo, "headers": [["accept-encoding", "gzip"]]},
    ]);
    // That nothing of it comes back, `call` itself looks after.
    let answers = steps(&mut served, tried);
    assert_eq!(answers[..3], ["refused"; 3]);
    for answer in &answers[3..] {
        let masked = format!("x-key: {}", "*".repeat(SECRET.len()));
        assert!(answer.contains(&masked), "{answer}");
        assert!(answer.contains("accept-encoding: identity"), "{answer}");
    }
    assert_eq!(site.got().len(), 2);
    assert!(site.got().iter().all(|head| head.contains(SECRET)));
    let shown = served.run(&["audit", "show", "--json"]).stdout;
    assert!(!shown.contains(SECRET));
    served
}

fn opened_while_clean() -> Served {
    let site = Site::start();
    let mut served = site.granted("");
    served.put("data/secret.txt", SECRET);
    let leak = json!([{"op": "leak-file", "url": site.url("/collect"), "to": "/data/secret.txt"}]);
    let answers = steps(&mut served, leak);
    assert!(!answers[0].starts_with("ok"), "{answers:?}");
    let sent = site.got().concat();
    assert!(sent.contains("clean "), "{sent}");
    assert!(
        !sent.contains(SECRET) && !sent.ends_with("0\r\n\r\n"),
        "{sent}"
    );
    // Nor from the model, in the next call of the session.
    let next = gets(&[site.url("/?from=the-model")]);
    assert_eq!(steps(&mut served, next), ["refused"]);
    assert_eq!(site.got().len(), 1);
    served
}

fn carries() -> Served {
    let site = Site::start();
    let mut served = site.granted("");
    served.put("data/secret.txt", SECRET);
    let carry = json!([{"op": "carry", "url": site.url("/collect"), "to": "/data/secret.txt"}]);
    let answers = steps(&mut served, carry);
    assert_eq!(answers, ["ok refused refused refused refused"]);
    assert!(site.got().is_empty());
    served
}

fn budget() -> Served {
    let site = Site::start();
    let mut served = site.granted("per_call = { requests = 3, bytes_out = 100 }\n");
    let client = served.client();
    let many = json!({"steps": [{"op": "at-once", "url": site.url("/"), "body": "10"}]});
    let calls: Vec<u64> = (0..2)
        .map(|_| client.begin("web_steps", many.clone()))
        .collect();
    for call in calls {
        let result = served.client().result(call);
        let answers = crate::served::results(&result);
        assert_eq!(answers, ["ok 7 of 10"]);
    }
    assert_eq!(site.got().len(), 6);
    let long = json!([{"op": "POST", "url": site.url("/"), "body": "x".repeat(101)}]);
    let answers = steps(&mut served, long);
    assert!(!answers[0].starts_with("ok"), "{answers:?}");
    served
}

fn too_much() -> Served {
    let site = Site::start();
    let limits = "[plugins.web.limits]\nhttp_request_bytes = \"64 KiB\"\nhttp_headers = 20\nhttp_header_bytes = \"2 KiB\"\n";
    let mut served = site.granted(limits);
    let url = site.url("/");
    let many: Vec<Value> = (0..40).map(|n| json!([format!("x-{n}"), "y"])).collect();
    let answers = steps(
        &mut served,
        json!([
            {"op": "POST", "url": url, "body": "x".repeat(64 * 1024 + 1)},
            {"op": "GET", "url": url, "headers": many},
            {"op": "GET", "url": url, "headers": [["x", "y".repeat(3_000)]]},
            {"op": "trailers", "url": site.url("/collect")},
            {"op": "GET", "url": url},
        ]),
    );
    for answer in &answers[..4] {
        assert!(!answer.starts_with("ok"), "{answers:#?}");
    }
    assert_eq!(answers[4], "ok 200 hello");
    assert!(!site.got().concat().contains("hidden"));
    served
}

fn drops() -> Served {
    let site = Site::start();
    let mut served = site.granted("");
    let step = json!([{"op": "abandon", "url": site.url("/slow"), "body": "effect"}]);
    assert_eq!(steps(&mut served, step), ["ok abandoned"]);
    std::thread::sleep(Duration::from_millis(1_200));
    served.rest();
    let mut ended = served.records(&["--handle", "http"]);
    ended.retain(|record| !record["outcome"].is_null());
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0]["outcome"]["status"], "done", "{ended:#?}");
    assert_eq!(ended[0]["outcome"]["code"], 201);
    assert_eq!(site.got().len(), 1);
    served
}

fn traps() -> Served {
    let site = Site::start();
    let mut served = site.granted("");
    let step = json!({"steps": [{"op": "trap", "url": site.url("/collect")}]});
    served.stops("web_steps", step, "trap");
    std::thread::sleep(Duration::from_millis(300));
    served.rest();
    let records = served.records(&["--handle", "http"]);
    let ended = |record: &&Value| !record["outcome"].is_null();
    let ended: Vec<&Value> = records.iter().filter(ended).collect();
    assert_eq!(ended.len(), 1, "{records:#?}");
    assert_ne!(ended[0]["outcome"]["status"], "done");
    let sent = site.got().concat();
    assert!(
        sent.contains("half of it") && !sent.ends_with("0\r\n\r\n"),
        "{sent}"
    );
    served
}

fn sockets() -> Served {
    let site = Site::start();
    let file = plugin("tests/guests/web").display().to_string();
    let mut served = Served::new(&format!(
        "[data.data]\ndir = \"data\"\n[data.site]\nurl = \"{}\"\naddresses = [\"127.0.0.1\"]\n\
         [plugins.web]\npath = {file:?}\n[plugins.web.http.api]\ndata = \"site\"\nallow = [\"get\"]\n{}",
        site.url(""),
        ["tcp", "udp", "names"]
            .map(|name| format!(
                "[plugins.{name}]\npath = \"{name}.wasm\"\n\
                 [plugins.{name}.fs.data]\ndata = \"data\"\nallow = [\"list\"]\n"
            ))
            .concat()
    ));
    let bytes = std::fs::read(hostile()).unwrap();
    let whole = toolkeep::pack::component::Component::read(&bytes).unwrap();
    for (name, import) in [
        ("tcp", "wasi:sockets/tcp@0.2.6"),
        ("udp", "wasi:sockets/udp@0.2.6"),
        ("names", "wasi:sockets/ip-name-lookup@0.2.6"),
    ] {
        let bare = importing(import);
        let packed =
            toolkeep::pack::component::embed(&bare, &whole.description().unwrap()).unwrap();
        served.put(&format!("{name}.wasm"), described(&packed, name, |_| ()));
    }
    for name in ["tcp", "udp", "names"] {
        served.stops(name, json!({}), "unusable");
    }
    served
}
