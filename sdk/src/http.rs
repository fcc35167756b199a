//! Requests to the web.
//!
//! This is `wasi:http`, made small: one request, one response, and it waits. Connections, TLS, HTTP/2,
//! secrets and the check of every address are the host's. A plugin that uses it has a need in its manifest:
//!
//! ```toml
//! [needs.http.api]
//! verbs = ["get", "post"]
//! why = "looks up the weather"
//! ```
//!
//! Where requests may go, and with which secret, the operator says. The host follows no redirects and unpacks
//! nothing: what comes back is what the server said.
//!
//! ```no_run
//! use serde::Deserialize;
//! use toolkeep_sdk::{Failure, http, tool};
//!
//! #[derive(Deserialize)]
//! struct Weather {
//!     celsius: f32,
//! }
//!
//! /// Tells how warm it is.
//! #[tool(read_only)]
//! fn weather(
//!     /// The town.
//!     #[arg(role = "object")]
//!     town: String,
//! ) -> Result<String, Failure> {
//!     let weather: Weather = http::get("https://weather.example/v1/now")
//!         .query("town", &town)
//!         .header("accept", "application/json")
//!         .send()?
//!         .success()?
//!         .json()?;
//!     Ok(format!("{} °C", weather.celsius))
//! }
//! # fn main() {}
//! ```

mod error;
mod host;
mod request;
mod response;
mod url;

pub use error::Error;
pub use request::Request;
pub use response::{Body, Response};

/// A GET request for `url`.
///
/// ```no_run
/// use toolkeep_sdk::http;
///
/// let page = http::get("https://example.org/").send()?.text()?;
/// # Ok::<(), http::Error>(())
/// ```
pub fn get(url: &str) -> Request {
    request("GET", url)
}

/// A HEAD request for `url`: a GET without the body.
pub fn head(url: &str) -> Request {
    request("HEAD", url)
}

/// A POST request to `url`.
///
/// ```no_run
/// use toolkeep_sdk::http;
///
/// let made = http::post("https://api.example.org/notes")
///     .json(&["milk", "bread"])
///     .send()?;
/// assert_eq!(made.status(), 201);
/// # Ok::<(), http::Error>(())
/// ```
pub fn post(url: &str) -> Request {
    request("POST", url)
}

/// A PUT request to `url`.
pub fn put(url: &str) -> Request {
    request("PUT", url)
}

/// A PATCH request to `url`.
pub fn patch(url: &str) -> Request {
    request("PATCH", url)
}

/// A DELETE request for `url`.
pub fn delete(url: &str) -> Request {
    request("DELETE", url)
}

/// A request with any method, in capitals. Which methods can be granted, the host says.
///
/// ```no_run
/// use toolkeep_sdk::http;
///
/// let listing = http::request("PROPFIND", "https://files.example.org/")
///     .header("depth", "1")
///     .send()?;
/// # Ok::<(), http::Error>(())
/// ```
pub fn request(method: &str, url: &str) -> Request {
    Request::new(method, url)
}
