//! Reading files that are no text.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};
use toolkeep_sdk::{Content, EmbeddedResource, Failure, IntoOutput, Output, ResourceBody, tool};

use crate::folders::Folders;
use crate::read;

/// What is written as `%` and two digits in the path of a `file:` address. Everything that is not ASCII
/// is too.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'~');

/// A file that is not given as text.
pub struct Media {
    path: String,
    mime_type: &'static str,
    data: Vec<u8>,
}

/// Reads a file and gives it with its media type: pictures and sounds as such, every other file as an
/// embedded resource. The bytes are in base64. Only files in the allowed directories can be read.
#[tool(read_only, title = "Read Media File")]
pub fn read_media_file(
    /// The file.
    path: String,
) -> Result<Media, Failure> {
    media(&Folders::granted(), &path)
}

fn media(folders: &Folders, path: &str) -> Result<Media, Failure> {
    let found = folders.find(path)?;
    Ok(Media {
        data: read::bytes(&found)?,
        mime_type: mime_type(&found.path),
        path: found.path,
    })
}

/// The media type of a file, by the end of its name.
fn mime_type(path: &str) -> &'static str {
    let end = Path::new(path).extension().and_then(|end| end.to_str());
    match end.unwrap_or_default().to_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "ogg" => "audio/ogg",
        "flac" => "audio/flac",
        _ => "application/octet-stream",
    }
}

impl Media {
    /// `image` or `audio`; none for what is neither.
    fn kind(&self) -> Option<&'static str> {
        let kind = self.mime_type.split('/').next();
        ["image", "audio"]
            .into_iter()
            .find(|known| kind == Some(known))
    }

    fn uri(&self) -> String {
        format!("file://{}", utf8_percent_encode(&self.path, ESCAPED))
    }

    /// The part of the answer as MCP writes it.
    fn structured(&self) -> Value {
        let data = STANDARD.encode(&self.data);
        match self.kind() {
            Some(kind) => json!({"type": kind, "data": data, "mimeType": self.mime_type}),
            None => json!({
                "type": "resource",
                "resource": {"uri": self.uri(), "mimeType": self.mime_type, "blob": data},
            }),
        }
    }
}

impl IntoOutput for Media {
    fn output_schema() -> Option<String> {
        let text = json!({"type": "string"});
        let seen_or_heard = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": ["image", "audio"]},
                "data": text,
                "mimeType": text,
            },
            "required": ["type", "data", "mimeType"],
            "additionalProperties": false,
        });
        let resource = json!({
            "type": "object",
            "properties": {
                "type": {"type": "string", "const": "resource"},
                "resource": {
                    "type": "object",
                    "properties": {"uri": text, "mimeType": text, "blob": text},
                    "required": ["uri", "blob"],
                    "additionalProperties": false,
                },
            },
            "required": ["type", "resource"],
            "additionalProperties": false,
        });
        let schema = json!({
            "type": "object",
            "properties": {
                "content": {"type": "array", "items": {"anyOf": [seen_or_heard, resource]}},
            },
            "required": ["content"],
            "additionalProperties": false,
        });
        Some(schema.to_string())
    }

    fn into_output(self) -> Result<Output, Failure> {
        let structured = json!({"content": [self.structured()]}).to_string();
        let content = match self.kind() {
            Some("image") => Content::image(self.data, self.mime_type),
            Some(_) => Content::audio(self.data, self.mime_type),
            None => Content::Resource(EmbeddedResource {
                uri: self.uri(),
                mime_type: Some(self.mime_type.to_owned()),
                body: ResourceBody::Blob(self.data),
            }),
        };
        Ok(Output {
            content: vec![content],
            structured: Some(structured),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    fn structured(name: &str) -> Value {
        let (_root, folders) = folder(&[(name, "\u{1}")]);
        let output = media(&folders, name).unwrap().into_output().unwrap();
        serde_json::from_str(&output.structured.unwrap()).unwrap()
    }

    #[test]
    fn gives_pictures_sounds_and_the_rest() {
        let picture = json!({"type": "image", "data": "AQ==", "mimeType": "image/jpeg"});
        assert_eq!(structured("a.JPG"), json!({"content": [picture]}));
        let sound = json!({"type": "audio", "data": "AQ==", "mimeType": "audio/flac"});
        assert_eq!(structured("a.b.flac"), json!({"content": [sound]}));
        for name in ["png", ".png", "a.pdf", "a."] {
            let part = structured(name);
            let resource = &part["content"][0]["resource"];
            assert_eq!(resource["mimeType"], "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn addresses_are_escaped() {
        let media = Media {
            path: "/a b/é#?%[~]!$&'()*+,;=:@-_.txt".to_owned(),
            mime_type: "application/octet-stream",
            data: Vec::new(),
        };
        assert_eq!(
            media.uri(),
            "file:///a%20b/%C3%A9%23%3F%25%5B%7E%5D!$&'()*+,;=:@-_.txt"
        );
    }
}
