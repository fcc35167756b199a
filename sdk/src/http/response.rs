//! What came back.

use std::fmt;
use std::io::{self, Read};

use serde::de::DeserializeOwned;

use super::{Error, host};

/// What came back. Its body is read when it is asked for.
pub struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Body,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// The status code, such as 200.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of success: 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The response itself where it is one of success.
    ///
    /// # Errors
    ///
    /// [`Error::Status`] for any other.
    ///
    /// ```no_run
    /// use toolkeep_sdk::http;
    ///
    /// let page = http::get("https://example.org/").send()?.success()?.text()?;
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn success(self) -> Result<Self, Error> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(Error::Status(self.status))
        }
    }

    /// The first header called `name`, in whatever case; none where there is none that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.find_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// All headers, with their names in small letters.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The whole body.
    ///
    /// # Errors
    ///
    /// Where it breaks off, or is larger than the request's [`limit`](super::Request::limit).
    pub fn bytes(mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        while let Some(piece) = self.body.piece()? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// The whole body as UTF-8 text. What is no UTF-8 is shown as `�`.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes).
    pub fn text(self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Self::bytes), and [`Error::Unreadable`] where it is not JSON of that form.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = self.bytes()?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Unreadable(error.to_string()))
    }

    /// The body, to be read piece by piece.
    ///
    /// ```no_run
    /// use std::io::{BufRead, BufReader};
    /// use toolkeep_sdk::http;
    ///
    /// let log = http::get("https://example.org/log").limit(u64::MAX).send()?;
    /// let lines = BufReader::new(log.into_body()).lines();
    /// let errors = lines.map_while(Result::ok).filter(|line| line.contains("error"));
    /// # drop(errors);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn into_body(self) -> Body {
        self.body
    }
}

/// A response's body, read as it comes. Dropping it ends the response.
pub struct Body {
    pub(super) stream: host::Stream,
    /// Bytes that may still be read.
    pub(super) left: u64,
    /// What was got and not yet read.
    pub(super) rest: Vec<u8>,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}

impl Body {
    /// The next piece; none at the end.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(piece) = self.stream.read()? else {
            return Ok(None);
        };
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or(Error::TooLarge)?;
        Ok(Some(piece))
    }
}

impl Read for Body {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.rest.is_empty() {
            match self.piece() {
                Ok(Some(piece)) => self.rest = piece,
                Ok(None) => return Ok(0),
                Err(Error::Refused) => {
                    let kind = io::ErrorKind::PermissionDenied;
                    return Err(io::Error::new(kind, Error::Refused));
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let taken = buf.len().min(self.rest.len());
        for (into, from) in buf.iter_mut().zip(self.rest.drain(..taken)) {
            *into = from;
        }
        Ok(taken)
    }
}
