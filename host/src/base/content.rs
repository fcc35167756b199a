//! What a tool gives back. Serialised, each shape is that of an MCP tool result.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

/// One part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text for the model.
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    #[serde(rename_all = "camelCase")]
    Image {
        /// The picture's bytes.
        #[serde(serialize_with = "base64")]
        data: Vec<u8>,
        /// Such as `image/png`.
        mime_type: String,
    },
    /// A sound.
    #[serde(rename_all = "camelCase")]
    Audio {
        /// The sound's bytes.
        #[serde(serialize_with = "base64")]
        data: Vec<u8>,
        /// Such as `audio/wav`.
        mime_type: String,
    },
    /// A resource, whole.
    Resource {
        /// The resource.
        resource: EmbeddedResource,
    },
    /// A resource, by name.
    #[serde(rename_all = "camelCase")]
    ResourceLink {
        /// Names the resource.
        uri: String,
        /// A short name for people.
        name: String,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Such as `text/markdown`.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
    },
}

/// A resource whose contents are part of the answer: either `text` or `blob` is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedResource {
    /// Names the resource.
    pub uri: String,
    /// Such as `text/markdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Its contents.
    #[serde(flatten)]
    pub body: ResourceBody,
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes.
    Blob(#[serde(serialize_with = "base64")] Vec<u8>),
}

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

/// What a call gives back when it worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// The parts, in order.
    pub content: Vec<Content>,
    /// The same as one JSON object, where the tool has an output schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structured_content: Option<serde_json::Value>,
}

impl Output {
    /// All text of it for a model, the parts one below the other; the structured part as JSON, where it
    /// is all there is. Pictures and other bytes are left out.
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            Content::Text { text }
            | Content::Resource {
                resource:
                    EmbeddedResource {
                        body: ResourceBody::Text(text),
                        ..
                    },
            } => Some(text.as_str()),
            _ => None,
        });
        match (&self.structured_content, self.content.is_empty()) {
            (Some(structured), true) => structured.to_string(),
            _ => texts.collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Why a call gave nothing back, in the tool's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The arguments make no sense to the tool.
    BadArguments(String),
    /// The tool says that the host refused something it needed.
    Refused(String),
    /// It was tried and did not work.
    Failed(String),
}

impl Failure {
    /// The tool's own words, whichever kind it is.
    pub fn text(&self) -> &str {
        match self {
            Self::BadArguments(text) | Self::Refused(text) | Self::Failed(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn serialises_as_mcp_does() {
        let output = Output {
            content: vec![
                Content::Text { text: "hi".into() },
                Content::Image {
                    data: vec![1, 2, 3],
                    mime_type: "image/png".into(),
                },
                Content::Resource {
                    resource: EmbeddedResource {
                        uri: "file:///a".into(),
                        mime_type: None,
                        body: ResourceBody::Blob(vec![255]),
                    },
                },
                Content::ResourceLink {
                    uri: "file:///b".into(),
                    name: "b".into(),
                    description: None,
                    mime_type: Some("text/plain".into()),
                },
            ],
            structured_content: Some(json!({"n": 1})),
        };
        assert_eq!(
            serde_json::to_value(&output).unwrap(),
            json!({
                "content": [
                    {"type": "text", "text": "hi"},
                    {"type": "image", "data": "AQID", "mimeType": "image/png"},
                    {"type": "resource", "resource": {"uri": "file:///a", "blob": "/w=="}},
                    {"type": "resource_link", "uri": "file:///b", "name": "b", "mimeType": "text/plain"},
                ],
                "structuredContent": {"n": 1},
            })
        );
    }

    #[test]
    fn text_is_what_a_model_can_read() {
        let text = |text: &str| Content::Text { text: text.into() };
        let picture = Content::Image {
            data: vec![1],
            mime_type: "image/png".into(),
        };
        let mut output = Output {
            content: vec![text("a"), picture, text("b")],
            structured_content: Some(json!({"n": 1})),
        };
        assert_eq!(output.text(), "a\nb");
        output.content.clear();
        assert_eq!(output.text(), r#"{"n":1}"#);
        assert_eq!(Output::default().text(), "");
    }
}
