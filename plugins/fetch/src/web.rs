//! Getting a page: redirects, and what robots.txt says of each hop. Every request is judged by the host.

mod body;

use std::io::Read as _;
use std::time::Duration;

use toolkeep_sdk::{Failure, http};
use url::Url;

use crate::robots;

/// The most hops from one address to another.
const HOPS: usize = 20;

/// The most bytes of a page, packed and unpacked.
const PAGE: u64 = 16 * 1024 * 1024;

/// The most bytes of a robots.txt that count.
const ROBOTS: u64 = 512 * 1024;

/// How long each is waited for.
const PAGE_TIME: Duration = Duration::from_secs(30);
const ROBOTS_TIME: Duration = Duration::from_secs(5);

/// What comes back of one request.
pub struct Answer {
    pub status: u16,
    /// Where it leads, for a redirect.
    pub location: Option<String>,
    pub content_type: String,
    pub text: String,
}

/// Who makes requests.
pub trait Web {
    /// One GET request.
    fn get(&self, url: &Url, agent: &str, asked: Asked) -> Result<Answer, http::Error>;
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asked {
    Page,
    Robots,
}

/// Why one of several requests gave nothing.
enum Trouble {
    Http(http::Error),
    Hops,
    /// It is over: the text says all.
    Over(Failure),
}

/// Fetches a page for the program that calls itself `agent`.
///
/// # Errors
/// With the reference server's words, where a server or its robots.txt does not give it; refused where the host refuses.
pub fn fetch(web: &dyn Web, url: &Url, agent: &str) -> Result<Answer, Failure> {
    let mut checked = Vec::new();
    let mut check = |url: &Url| may_fetch(web, url, agent, &mut checked);
    let answer = follow(web, url, agent, Asked::Page, &mut check);
    let answer = answer.map_err(|trouble| match trouble {
        Trouble::Over(failure) => failure,
        Trouble::Http(http::Error::Refused) => {
            Failure::refused(format!("Failed to fetch {url}: {}", http::Error::Refused))
        }
        Trouble::Http(error) => Failure::failed(format!("Failed to fetch {url}: {error}")),
        Trouble::Hops => Failure::failed(format!(
            "Failed to fetch {url}: TooManyRedirects('Exceeded maximum allowed redirects.')"
        )),
    })?;
    if answer.status >= 400 {
        return Err(Failure::failed(format!(
            "Failed to fetch {url} - status code {}",
            answer.status
        )));
    }
    Ok(answer)
}

/// Requests a page, and what it redirects to, each hop after `check` let it.
fn follow(
    web: &dyn Web,
    url: &Url,
    agent: &str,
    asked: Asked,
    check: &mut dyn FnMut(&Url) -> Result<(), Failure>,
) -> Result<Answer, Trouble> {
    let mut at = url.clone();
    for _ in 0..=HOPS {
        check(&at).map_err(Trouble::Over)?;
        let answer = web.get(&at, agent, asked).map_err(Trouble::Http)?;
        let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
        let Some(location) = answer.location.as_deref().filter(|_| is_redirect) else {
            return Ok(answer);
        };
        at = at.join(location).map_err(|error| {
            let text = format!("it redirects to what is no address: {error}");
            Trouble::Http(http::Error::Failed(text))
        })?;
    }
    Err(Trouble::Hops)
}

/// What robots.txt of an origin says, once it was asked for.
type Checked = Vec<(Url, Option<String>)>;

/// Makes sure that robots.txt lets `url` be fetched.
fn may_fetch(web: &dyn Web, url: &Url, agent: &str, checked: &mut Checked) -> Result<(), Failure> {
    let mut at = url.clone();
    at.set_path("/robots.txt");
    at.set_query(None);
    at.set_fragment(None);
    let known = checked.iter().find(|(known, _)| *known == at);
    let robots = match known {
        Some((_, robots)) => robots.clone(),
        None => {
            let robots = get_robots(web, &at, agent)?;
            checked.push((at.clone(), robots.clone()));
            robots
        }
    };
    let Some(robots) = robots.filter(|robots| !robots::allows(robots, agent, url)) else {
        return Ok(());
    };
    Err(Failure::failed(format!(
        "The sites robots.txt ({at}), specifies that autonomous fetching of this page is not allowed, \
         <useragent>{agent}</useragent>\n<url>{url}</url><robots>\n{robots}\n</robots>\n\
         The assistant must let the user know that it failed to view the page. The assistant may provide further \
         guidance based on the above information.\nThe assistant can tell the user that they can try manually \
         fetching the page by using the fetch prompt within their UI."
    )))
}

/// A robots.txt; none where there is none.
fn get_robots(web: &dyn Web, at: &Url, agent: &str) -> Result<Option<String>, Failure> {
    let failed = format!("Failed to fetch robots.txt {at} due to a connection issue");
    let answer = match follow(web, at, agent, Asked::Robots, &mut |_| Ok(())) {
        Ok(answer) => answer,
        Err(Trouble::Over(failure)) => return Err(failure),
        Err(Trouble::Http(error @ http::Error::Refused)) => {
            return Err(Failure::refused(format!(
                "Failed to fetch robots.txt {at}: {error}"
            )));
        }
        Err(Trouble::Http(_) | Trouble::Hops) => return Err(Failure::failed(failed)),
    };
    match answer.status {
        401 | 403 => Err(Failure::failed(format!(
            "When fetching robots.txt ({at}), received status {} so assuming that autonomous fetching is not allowed, \
             the user can try manually fetching by using the fetch prompt",
            answer.status
        ))),
        400..500 => Ok(None),
        _ => Ok(Some(answer.text)),
    }
}

/// The host.
pub struct Host;

impl Web for Host {
    fn get(&self, url: &Url, agent: &str, asked: Asked) -> Result<Answer, http::Error> {
        let (limit, time) = match asked {
            Asked::Page => (PAGE, PAGE_TIME),
            Asked::Robots => (ROBOTS, ROBOTS_TIME),
        };
        let response = http::get(url.as_str())
            .header("user-agent", agent)
            .header("accept", "*/*")
            .header("accept-encoding", "gzip, deflate")
            .timeout(time)
            .limit(PAGE)
            .send()?;
        let header = |name| response.header(name).unwrap_or_default().to_owned();
        let (content_type, packing) = (header("content-type"), header("content-encoding"));
        let (status, location) = (
            response.status(),
            response.header("location").map(str::to_owned),
        );
        let mut bytes = Vec::new();
        // Of a robots.txt that is too long the beginning counts; a page is got as a whole or not at all.
        match asked {
            Asked::Page => bytes = response.bytes()?,
            Asked::Robots => {
                let read = response.into_body().take(limit).read_to_end(&mut bytes);
                read.map_err(|error| http::Error::Failed(error.to_string()))?;
            }
        }
        let bytes = body::unpack(bytes, &packing, limit)?;
        Ok(Answer {
            status,
            location,
            text: body::decode(&bytes, &content_type),
            content_type,
        })
    }
}

#[cfg(test)]
mod tests;
