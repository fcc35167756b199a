//! What every tool but one gives back: a text, and the same text as structured output.

use serde_json::json;
use toolkeep_sdk::{Content, Failure, IntoOutput, Output};

/// A text for the model. As structured output it stands under the key `content`.
#[derive(Debug, PartialEq)]
pub struct Text(pub String);

impl IntoOutput for Text {
    fn output_schema() -> Option<String> {
        let schema = json!({
            "type": "object",
            "properties": {"content": {"type": "string"}},
            "required": ["content"],
            "additionalProperties": false,
        });
        Some(schema.to_string())
    }

    fn into_output(self) -> Result<Output, Failure> {
        let structured = json!({ "content": self.0 }).to_string();
        Ok(Output {
            content: vec![Content::Text(self.0)],
            structured: Some(structured),
        })
    }
}

/// Bytes as text. What is not UTF-8 is replaced, as the model could not be given it anyway.
pub fn decode(bytes: Vec<u8>) -> String {
    // Only what is not UTF-8 is copied: the file may be large.
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_given_twice() {
        let output = Text("a\n".to_owned()).into_output().unwrap();
        assert_eq!(output.content, [Content::text("a\n")]);
        assert_eq!(output.structured.unwrap(), r#"{"content":"a\n"}"#);
    }

    #[test]
    fn what_is_not_text_is_replaced() {
        assert_eq!(decode(b"a\xffb".to_vec()), "a\u{fffd}b");
        assert_eq!(decode("ä".into()), "ä");
    }
}
