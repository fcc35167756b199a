//! A request that a person is asked about: its body is here as a whole before, so that what is approved is
//! what is sent.

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};

use super::destination::Target;
use super::failure::{Failure, SendError};
use super::limits::Limits;
use super::upload::GuestBody;
use crate::gate::call::Call;
use crate::gate::refusal::Refused;
use crate::rules::access::{Access, Content, Object, Unreachable};
use crate::rules::config::SecretUse;
use crate::rules::verdict::ReasonCode;

/// The longest body that a person is asked about, in bytes.
const MAX: usize = 1024 * 1024;

/// Reads all of `body`, before anybody is asked and before anything is sent.
///
/// # Errors
/// Refused, on record, where it is longer than a person can be asked about. Failed where the guest gives
/// something else than it had `announced`, or nothing for too long.
pub(super) async fn read(
    call: &Call,
    access: &Access,
    target: &Target,
    mut body: GuestBody,
    announced: Option<u64>,
    limits: Limits,
) -> Result<Bytes, SendError> {
    // What is shown of it would be cut.
    if let Object::Request { url, .. } = &access.object
        && *url != target.to_string()
    {
        return Err(too_large(
            call,
            access,
            "its URL is longer than a person can be asked about",
        )
        .into());
    }
    let mut whole = BytesMut::new();
    while !body.is_end_stream() {
        let frame = tokio::time::timeout(limits.idle, body.frame()).await;
        let frame = match frame {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => return Err(Failure::RequestBody.into()),
        };
        let data = frame.into_data().map_err(|_| Failure::RequestTrailers)?;
        if whole.len().saturating_add(data.len()) > MAX {
            let why = "it has to be asked, and its body is longer than 1 MiB";
            return Err(too_large(call, access, why).into());
        }
        whole.extend_from_slice(&data);
    }
    if announced.is_some_and(|bytes| bytes != whole.len() as u64) {
        return Err(Failure::RequestBody.into());
    }
    if whole.len() as u64 > limits.request_bytes {
        return Err(Failure::RequestTooLarge.into());
    }
    Ok(whole.freeze())
}

/// What a person is asked about: the object of `access`, with the headers in `parts` and the `whole` body.
///
/// # Errors
/// Refused, on record, where the headers are longer than a person can be asked about.
pub(super) fn object(
    call: &Call,
    access: &Access,
    parts: &Parts,
    whole: &Bytes,
    secrets: &[SecretUse],
) -> Result<Object, Refused> {
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_bytes()));
    let secrets = secrets.iter().map(|one| one.secret.clone()).collect();
    let carried = Content::new(headers, whole, secrets)
        .map_err(|why| too_large(call, access, &why.to_string()))?;
    let mut object = access.object.clone();
    if let Object::Request { content, .. } = &mut object {
        *content = Some(Box::new(carried));
    }
    Ok(object)
}

/// It as a body again.
pub(super) fn body(whole: Bytes) -> GuestBody {
    Box::pin(Full::new(whole).map_err(|never| match never {}))
}

fn too_large(call: &Call, access: &Access, why: &str) -> Refused {
    let asked = access.object.to_string();
    let data = access.data().unwrap_or(&access.need).clone();
    let access = Access {
        object: Object::Unreachable {
            asked,
            data,
            why: Unreachable::TooLarge,
        },
        ..access.clone()
    };
    call.refuse_always(&access, ReasonCode::Unreachable, why)
}
