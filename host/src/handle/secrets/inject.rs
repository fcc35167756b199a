//! Putting secrets into a request, on its way out and unseen by the guest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderName, HeaderValue, IF_RANGE, RANGE};
use http::request::Parts;
use http::uri::PathAndQuery;
use zeroize::Zeroizing;

use super::mask::{Mask, percent};
use super::{Secret, Vault};
use crate::base::id::Name;
use crate::rules::config::{SecretPlace, SecretUse};

/// Why a request is not sent. The text is for the operator and has no value in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotInjected {
    /// The guest set what only the host may set.
    #[error("the guest itself set {place}, where the secret `{secret}` goes")]
    Taken {
        /// The secret.
        secret: Name,
        /// Which part of the request.
        place: String,
    },
    /// The guest asks for a part of what comes back, in which no echo would be found.
    #[error(
        "the guest set the header `{header}`, and the answer is searched for the secret `{secret}` as a whole"
    )]
    Part {
        /// The secret.
        secret: Name,
        /// The header.
        header: HeaderName,
    },
    /// The vault does not have it.
    #[error("the secret `{0}` is not set; set it with `toolkeep secret set {0}`")]
    Missing(Name),
    /// The vault cannot be read.
    #[error("the secret `{secret}` cannot be read: {why}")]
    Vault {
        /// The secret.
        secret: Name,
        /// What the vault said.
        why: String,
    },
    /// It cannot stand where it should.
    #[error("the secret `{0}` cannot stand where the grant wants it")]
    Unfit(Name),
}

/// The secrets that one request needs, ready to go in.
pub struct Ready {
    parts: Vec<(SecretUse, Secret)>,
}

/// Headers by which a part of the answer is asked for, or what differs from another.
const PARTS: [HeaderName; 3] = [RANGE, IF_RANGE, HeaderName::from_static("a-im")];

/// Makes sure that the guest set nothing that only the host may set, and asks for no part of an answer.
///
/// # Errors
/// [`NotInjected::Taken`] and [`NotInjected::Part`] where it did.
pub fn check(parts: &Parts, uses: &[SecretUse]) -> Result<(), NotInjected> {
    for one in uses {
        let place = match &one.place {
            SecretPlace::Header { name, .. } if parts.headers.contains_key(name.as_str()) => {
                format!("the header `{name}`")
            }
            SecretPlace::Basic { .. } if parts.headers.contains_key(AUTHORIZATION) => {
                format!("the header `{AUTHORIZATION}`")
            }
            SecretPlace::Query { name } if has_query(parts.uri.query(), name) => {
                format!("`{name}` in the query")
            }
            _ => continue,
        };
        let secret = one.secret.clone();
        return Err(NotInjected::Taken { secret, place });
    }
    let part = PARTS
        .into_iter()
        .find(|name| parts.headers.contains_key(name));
    if let (Some(header), Some(one)) = (part, uses.first()) {
        let secret = one.secret.clone();
        return Err(NotInjected::Part { secret, header });
    }
    Ok(())
}

/// Fetches what `uses` need. It may take a while: ask where that is no harm.
///
/// # Errors
/// Where one is missing or cannot be read.
pub fn fetch(uses: &[SecretUse], vault: &Vault) -> Result<Ready, NotInjected> {
    let mut parts = Vec::with_capacity(uses.len());
    for one in uses {
        let name = || one.secret.clone();
        let secret = vault.get(&one.secret).map_err(|error| NotInjected::Vault {
            secret: name(),
            why: error.to_string(),
        })?;
        let secret = secret.ok_or_else(|| NotInjected::Missing(name()))?;
        parts.push((one.clone(), secret));
    }
    Ok(Ready { parts })
}

impl Ready {
    /// The names of what goes in.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.parts.iter().map(|(one, _)| &one.secret)
    }

    /// Puts all of them into `parts`, and says what to search for in what comes back.
    ///
    /// # Errors
    /// [`NotInjected::Unfit`] where one cannot stand where it should. Then the request must not be sent.
    pub fn put(&self, parts: &mut Parts) -> Result<Mask, NotInjected> {
        let mut mask = Mask::new();
        for (one, secret) in &self.parts {
            let unfit = || NotInjected::Unfit(one.secret.clone());
            let value = secret.expose();
            mask.add(value);
            match &one.place {
                SecretPlace::Header { name, before } => {
                    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit())?;
                    let text = Zeroizing::new(format!("{before}{value}"));
                    let value = sensitive(&text).ok_or_else(unfit)?;
                    parts.headers.insert(name, value);
                }
                SecretPlace::Basic { user } => {
                    let pair = Zeroizing::new(format!("{user}:{value}"));
                    let code = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
                    mask.add(&code);
                    let text = Zeroizing::new(format!("Basic {}", *code));
                    let value = sensitive(&text).ok_or_else(unfit)?;
                    parts.headers.insert(AUTHORIZATION, value);
                }
                SecretPlace::Query { name } => {
                    let value = Zeroizing::new(percent(value.as_bytes(), false));
                    let name = percent(name.as_bytes(), false);
                    let path = parts.uri.path();
                    let text = Zeroizing::new(match parts.uri.query() {
                        Some(query) if !query.is_empty() => {
                            format!("{path}?{query}&{name}={}", *value)
                        }
                        _ => format!("{path}?{name}={}", *value),
                    });
                    let path = PathAndQuery::try_from(text.as_str()).map_err(|_| unfit())?;
                    let mut uri = std::mem::take(&mut parts.uri).into_parts();
                    uri.path_and_query = Some(path);
                    parts.uri = http::Uri::from_parts(uri).map_err(|_| unfit())?;
                }
            }
        }
        if !self.parts.is_empty() {
            // What comes back compressed could not be searched.
            let plain = HeaderValue::from_static("identity");
            parts.headers.insert(ACCEPT_ENCODING, plain);
        }
        Ok(mask)
    }
}

/// A header value that shows itself in no log.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether a query has `name`, however it is escaped.
fn has_query(query: Option<&str>, name: &str) -> bool {
    let pairs = query.unwrap_or_default().split(['&', ';']);
    pairs
        .map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key))
        .any(|key| {
            let key = unescape(key);
            // `name[]` is `name` to some.
            let plain = key.split(|b| *b == b'[').next().unwrap_or_default();
            key.eq_ignore_ascii_case(name.as_bytes()) || plain.eq_ignore_ascii_case(name.as_bytes())
        })
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = match byte {
            b'+' => b' ',
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => u8::try_from(high * 16 + low).unwrap_or(b'%'),
                _ => b'%',
            },
            other => other,
        };
        out.push(value);
    }
    out
}

#[cfg(test)]
mod tests;
