//! The act on real sockets. Nothing may leave loopback: a connector that counts sees to that.

mod asking;
mod bodies;
mod keep;
mod places;
mod secrets;
mod servers;
mod tls;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};

use super::*;

/// A body that is there as a whole.
fn body(text: &str) -> GuestBody {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes()));
    Box::pin(body.map_err(|never| match never {}))
}

fn get(url: &str) -> http::Request<GuestBody> {
    http::Request::get(url).body(body("")).unwrap()
}

fn post(url: &str, text: &str) -> http::Request<GuestBody> {
    http::Request::post(url).body(body(text)).unwrap()
}

/// All of a response's body.
async fn text(response: http::Response<Download>) -> Result<String, SendError> {
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
