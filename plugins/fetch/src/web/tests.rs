use std::cell::RefCell;

use super::*;

/// Servers that say what was put here.
#[derive(Default)]
struct Servers {
    answers: Vec<(&'static str, u16, &'static str)>,
    asked: RefCell<Vec<String>>,
}

impl Servers {
    fn new(answers: &[(&'static str, u16, &'static str)]) -> Self {
        Self {
            answers: answers.to_vec(),
            asked: RefCell::default(),
        }
    }

    fn fetch(&self, url: &str) -> Result<String, Failure> {
        let url = Url::parse(url).unwrap();
        fetch(self, &url, "Keep/1").map(|answer| answer.text)
    }
}

impl Web for Servers {
    fn get(&self, url: &Url, agent: &str, _: Asked) -> Result<Answer, http::Error> {
        assert_eq!(agent, "Keep/1");
        self.asked.borrow_mut().push(url.to_string());
        let known = self
            .answers
            .iter()
            .find(|(known, ..)| *known == url.as_str());
        let (_, status, text) = known.copied().ok_or(http::Error::Refused)?;
        Ok(Answer {
            status,
            location: (300..400).contains(&status).then(|| text.to_owned()),
            content_type: String::new(),
            text: text.to_owned(),
        })
    }
}

#[test]
fn robots_txt_of_each_host_is_asked_once() {
    let servers = Servers::new(&[
        ("http://a/robots.txt", 404, ""),
        ("http://a/1", 302, "/2"),
        ("http://a/2", 301, "http://b/3#x"),
        ("http://b/robots.txt", 307, "/elsewhere"),
        ("http://b/elsewhere", 200, "user-agent: *\ndisallow: /4"),
        ("http://b/3#x", 200, "there"),
        ("http://b/4", 200, "not there"),
    ]);
    assert_eq!(servers.fetch("http://a/1").unwrap(), "there");
    let asked = servers.asked.take();
    let expected = [
        "http://a/robots.txt",
        "http://a/1",
        "http://a/2",
        "http://b/robots.txt",
        "http://b/elsewhere",
        "http://b/3#x",
    ];
    assert_eq!(asked, expected);
    let denied = servers.fetch("http://b/4").unwrap_err().to_string();
    assert!(
        denied.contains("<robots>\nuser-agent: *\ndisallow: /4\n</robots>"),
        "{denied}"
    );
    assert_eq!(servers.asked.take().len(), 2);
}

#[test]
fn a_redirect_to_what_robots_txt_denies_ends() {
    let servers = Servers::new(&[
        ("http://a/robots.txt", 404, ""),
        ("http://a/", 302, "http://b/private"),
        ("http://b/robots.txt", 200, "user-agent: keep\ndisallow: /"),
        ("http://b/private", 200, "private"),
    ]);
    assert!(matches!(
        servers.fetch("http://a/"),
        Err(Failure::Failed(_))
    ));
    assert!(
        !servers
            .asked
            .take()
            .contains(&"http://b/private".to_owned())
    );
}

#[test]
fn what_the_host_refuses_is_refused() {
    let servers = Servers::new(&[
        ("http://a/robots.txt", 404, ""),
        ("http://c/robots.txt", 200, ""),
    ]);
    for url in ["http://a/", "http://b/", "http://c/"] {
        assert!(
            matches!(servers.fetch(url), Err(Failure::Refused(_))),
            "{url}"
        );
    }
}

#[test]
fn what_servers_do_not_give_is_told() {
    let servers = Servers::new(&[
        ("http://a/robots.txt", 404, ""),
        ("http://a/1", 503, ""),
        ("http://a/2", 302, "/2"),
        ("http://b/robots.txt", 403, ""),
        ("http://c/robots.txt", 302, "/robots.txt"),
    ]);
    for (url, expected) in [
        ("http://a/1", "Failed to fetch http://a/1 - status code 503"),
        ("http://a/2", "Exceeded maximum allowed redirects"),
        ("http://b/", "received status 403"),
        (
            "http://c/",
            "Failed to fetch robots.txt http://c/robots.txt due to a connection issue",
        ),
    ] {
        let failure = servers.fetch(url).unwrap_err().to_string();
        assert!(failure.contains(expected), "{failure}");
        assert!(servers.asked.take().len() <= 22);
    }
}
