//! Bytes in JSON.

use std::borrow::Cow;
use std::ops::Deref;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes padding, and reads without it too: models forget it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes that stand in JSON as base64 text: an argument, a field of one, or a part of what a tool gives
/// back as [`Json`](crate::Json).
///
/// The schema says `contentEncoding: base64`, so that a model knows. For a picture or a sound that the
/// model is to see or hear, give back [`Content`](crate::Content) instead.
///
/// ```
/// use toolkeep_sdk::{Bytes, Json, Tool, tool};
///
/// /// Turns bytes around.
/// #[tool(read_only)]
/// fn reverse(
///     /// The bytes.
///     data: Bytes,
/// ) -> Json<Bytes> {
///     Json(data.iter().rev().copied().collect())
/// }
///
/// # fn main() {
/// let output = reverse::call(r#"{"data": "AQID"}"#).unwrap();
/// assert_eq!(output.structured.unwrap(), r#"{"result":"AwIB"}"#);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(
    /// The bytes.
    pub Vec<u8>,
);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        Self(bytes.into_iter().collect())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(self))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64
            .decode(text)
            .map(Self)
            .map_err(|_| D::Error::custom("expected bytes as base64 text"))
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "contentEncoding": "base64"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_base64_in_json() {
        let read = |json: &str| serde_json::from_str::<Bytes>(json).map_err(|e| e.to_string());
        assert_eq!(
            serde_json::to_string(&Bytes(vec![0, 255])).unwrap(),
            r#""AP8=""#
        );
        assert_eq!(read(r#""AP8=""#), Ok(Bytes(vec![0, 255])));
        assert_eq!(read(r#""AP8""#), Ok(Bytes(vec![0, 255])));
        assert_eq!(read(r#""""#), Ok(Bytes::default()));
        for wrong in [r#""A""#, r#""A P8""#, r#""_-8=""#] {
            let error = read(wrong).unwrap_err();
            assert!(
                error.starts_with("expected bytes as base64 text"),
                "{error}"
            );
        }
        let error = read("[0, 255]").unwrap_err();
        assert!(error.starts_with("invalid type: sequence"), "{error}");
    }
}
