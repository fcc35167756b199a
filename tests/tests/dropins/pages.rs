//! The web servers that both are asked to fetch from, and what both are asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

/// A server on loopback. Under the name `localhost` it is another site, with a robots.txt of its own.
pub struct Site {
    pub port: u16,
}

impl Site {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || serve(stream.unwrap(), port));
            }
        });
        Self { port }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Each page: its path, its type and what is in it.
const PAGES: &[(&str, &str, &str)] = &[
    ("/article", "text/html; charset=utf-8", ARTICLE),
    ("/tables", "text/html", TABLES),
    ("/odd", "text/html", ODD),
    ("/long", "text/html", LONG),
    ("/untyped", "", "<p>no type</p>"),
    ("/empty", "text/html", ""),
    ("/nothing", "text/html", "<html><nav>only this</nav></html>"),
    (
        "/text",
        "text/plain; charset=utf-8",
        "plain *text*\n<p>é</p>\n",
    ),
    ("/json", "application/json", "{\"a\": [1, 2]}\n"),
    (
        "/disguised",
        "text/plain",
        "<!DOCTYPE html><html><body><p>a page after all",
    ),
    ("/a%20b?c=d&e", "text/plain", "a path with a space\n"),
    (
        "/template",
        "text/html",
        "<p>a<template><p>t</template><p>b",
    ),
    ("/public/page", "text/html", "<p>for all</p>"),
];

const ARTICLE: &str = r##"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>A &quot;title&quot; &amp; more</title>
<style>p { color: red }</style><script>alert("no")</script></head>
<body class="x"><header><nav><a href="/">Home</a></nav><h1>The <em>heading</em> of_it</h1></header>
<main><article><h2>Part 1</h2><p>Some <a href="/link">linked</a>, <b>bold</b> and
<code>code_text</code>.<br>Next line.<br><br>Next paragraph: 2 * 3 &lt; 7, H<sub>2</sub>O, x<sup>2</sup>.</p>
<p>She said <q>hello</q>.&nbsp;&nbsp;So&shy;ft &#x200b;and ﬁne.</p><hr>
<h3>Part <span>2</span></h3>Bare text here<div>in a block<p>and a paragraph</p>and a tail</div>
<ul><li>one<ul><li>deep<ol><li>deepest</li></ol></li><li>deeper</li></ul></li><li><p>two</p><p>more of two</p></li><li></li></ul>
<ol start="9"><li>nine</li><li>ten</li></ol>
<blockquote>quoted<blockquote>twice</blockquote></blockquote>
<pre>let x = 1;
    let *y_ = 2;</pre>
<dl><dt>term</dt><dd>what it is<p>in two parts</p></dd></dl>
<figure><img src="x.png" alt="picture"><figcaption>a caption</figcaption></figure>
<form><label>Name</label><input name="n"></form><!-- a comment --><p></p><p> </p>
<custom-element>unknown <p>elements</p></custom-element><details><summary>s</summary>d</details>
</article><aside>an aside</aside></main><footer>© 2026 日本 😀</footer></body></html>
"##;

const TABLES: &str = "<table><caption>First</caption><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2<tr><td colspan=2>3</table>\
     <table><tr><td>no<td>head<tr><td>at<td>all</table><table><tr><th>x<td>y<tr><td>z</table>\
     <table><tr><td>a<table><tr><td>nested</table></table><table><tr><td><ul><li>i<li>j</ul><td><p>p<p>q</table>\
     <table><tbody><tr><th>only<tbody><tr><td>second</table><table><tr><td></table>";

const ODD: &str = "text before<p>unclosed <b>bold <p>again</b> and <i>so on<div>a<h4>h<p>x</h4></div>\
     <p>a<br> <br>b<br/><br/><br/>c<hr>d<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>&amp;amp; &notanentity; &#0; a\u{0}b\
     <li>item without a list<td>cell<h2></h2><h5>five<h6>six</h6><svg><text>drawn</text></svg><math><mi>m</mi></math>\
     <noscript>scripts off</noscript><template>t</template><select><option>o</select><center>middle</center>\
     <address>street</address><section><section>sections</section></section><dd>alone<dt>too";

const LONG: &str = "<p>äöü0123456789</p><p>abcdefghij</p><p>klmnopqrst</p>";

fn serve(mut stream: TcpStream, port: u16) {
    let mut request = String::new();
    let mut byte = [0];
    while !request.ends_with("\r\n\r\n") {
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        request.push(char::from(byte[0]));
    }
    let path = request.split(' ').nth(1).unwrap();
    let host = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let is_other = host.unwrap().starts_with("localhost");
    let found = |to: &str| (302, String::new(), to.as_bytes().to_vec());
    let text = |text: &str| (200, "text/plain".to_owned(), text.as_bytes().to_vec());
    let (status, kind, body) = match path {
        "/robots.txt" if is_other => text(
            "# the other site\nUser-agent: *\nDisallow: /\nAllow: /public\n\nUser-agent: ModelContextProtocol\nAllow: /\n",
        ),
        "/robots.txt" => text("User-agent: Toolkeep\nDisallow: /private/\nDisallow: /*.pdf$\n"),
        "/latin" => (
            200,
            "text/html; charset=ISO-8859-1".to_owned(),
            b"<p>caf\xe9".to_vec(),
        ),
        "/broken" => (
            200,
            "text/html".to_owned(),
            b"<p>caf\xe9 \xff\xfe ok".to_vec(),
        ),
        "/to-article" => found("/article"),
        "/to-relative" => found("public/../text#part"),
        "/to-private" => found("/private/page"),
        "/to-other" => found(&format!("http://localhost:{port}/secret")),
        "/to-other-public" => found(&format!("http://localhost:{port}/public/page")),
        "/round" => found("/round"),
        "/gone" => (410, "text/html".to_owned(), b"<p>gone".to_vec()),
        "/failing" => (500, "text/html".to_owned(), b"<p>failing".to_vec()),
        path => match PAGES.iter().find(|(known, ..)| *known == path) {
            Some((_, kind, body)) => (200, (*kind).to_owned(), body.as_bytes().to_vec()),
            None => (404, "text/html".to_owned(), b"<p>nothing here".to_vec()),
        },
    };
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    let mut body = body;
    if status == 302 {
        head.push_str(&format!(
            "Location: {}\r\n",
            String::from_utf8(body).unwrap()
        ));
        body = Vec::new();
    }
    if !kind.is_empty() {
        head.push_str(&format!("Content-Type: {kind}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let _ = stream.write_all(&[head.into_bytes(), body].concat());
}

/// What both are asked: a name of its own, and the arguments, in which `SITE` is where the server is.
pub fn calls() -> Vec<(String, Value)> {
    let mut calls = Vec::new();
    for path in [
        "/article",
        "/tables",
        "/odd",
        "/long",
        "/untyped",
        "/empty",
        "/nothing",
        "/text",
        "/json",
        "/disguised",
        "/a b?c=d&e",
        "/template",
        "/public/page",
        "/robots.txt",
        "/latin",
        "/broken",
        "",
        "/to-article",
        "/to-relative",
        "/to-private",
        "/to-other",
        "/to-other-public",
        "/round",
        "/gone",
        "/failing",
        "/missing",
        "/private/page",
        "/private",
        "/x.pdf",
        "/x.pdf?y",
        "/text#part",
    ] {
        calls.push((path.to_owned(), json!({"url": format!("SITE{path}")})));
        if path.len() < 10 {
            let arguments = json!({"url": format!("SITE{path}"), "raw": true});
            calls.push((format!("{path} raw"), arguments));
        }
    }
    for (start, length) in [
        (0, 1),
        (0, 13),
        (0, 38),
        (0, 39),
        (0, 999_999),
        (3, 5),
        (13, 26),
        (38, 1),
        (38, 5),
        (39, 5),
        (1_000_000, 5),
    ] {
        calls.push((
            format!("from {start}, {length} characters"),
            json!({"url": "SITE/long", "start_index": start, "max_length": length}),
        ));
    }
    for (name, arguments) in [
        ("no arguments", json!({})),
        ("no URL", json!({"url": "not a url"})),
        ("an empty URL", json!({"url": ""})),
        ("a number", json!({"url": 1})),
        ("another scheme", json!({"url": "ftp://127.0.0.1/"})),
        ("nobody listens", json!({"url": "http://127.0.0.1:1/"})),
        ("no length", json!({"url": "SITE/long", "max_length": 0})),
        (
            "a huge length",
            json!({"url": "SITE/long", "max_length": 1_000_000}),
        ),
        (
            "a negative start",
            json!({"url": "SITE/long", "start_index": -1}),
        ),
        (
            "a text for a number",
            json!({"url": "SITE/long", "start_index": "1"}),
        ),
        (
            "a text for a yes",
            json!({"url": "SITE/long", "raw": "yes"}),
        ),
        (
            "an unknown argument",
            json!({"url": "SITE/long", "cookies": "a"}),
        ),
    ] {
        calls.push((name.to_owned(), arguments));
    }
    calls
}
