//! What a tool gives back.

use std::fmt::Display;

use crate::{Content, Failure};

pub use crate::__private::bindings::exports::toolkeep::tool::tools::Output;

impl<T: Into<Content>> From<T> for Output {
    /// An answer of one part.
    fn from(part: T) -> Self {
        Self {
            content: vec![part.into()],
            structured: None,
        }
    }
}

impl From<Vec<Content>> for Output {
    fn from(content: Vec<Content>) -> Self {
        Self {
            content,
            structured: None,
        }
    }
}

/// What a function may return to be a tool. The table at the top of this crate lists all.
///
/// ```
/// use toolkeep_sdk::{Content, tool};
///
/// /// Draws one dot.
/// #[tool(read_only)]
/// fn dot() -> Vec<Content> {
///     let gif = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
///     vec![Content::text("here it is:"), Content::image(gif, "image/gif")]
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a tool cannot return `{Self}`",
    label = "not something that a model can be given",
    note = "return text, `Json<T>` for data of any other type, `Content`, `Vec<Content>`, `Output`, \
            `()`, or a `Result` of one of these"
)]
pub trait IntoOutput {
    /// The schema of the structured output; none for a type that has no such output.
    fn output_schema() -> Option<String> {
        None
    }

    /// The answer.
    ///
    /// # Errors
    ///
    /// Where the tool failed, or what it gave cannot be written as an answer.
    fn into_output(self) -> Result<Output, Failure>;
}

impl IntoOutput for Output {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(self)
    }
}

impl IntoOutput for () {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(Output::from(Vec::new()))
    }
}

impl IntoOutput for String {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(Output::from(self))
    }
}

impl IntoOutput for &str {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(Output::from(self))
    }
}

impl IntoOutput for Content {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(Output::from(self))
    }
}

impl IntoOutput for Vec<Content> {
    fn into_output(self) -> Result<Output, Failure> {
        Ok(Output::from(self))
    }
}

impl<T: IntoOutput, E: Display + 'static> IntoOutput for Result<T, E> {
    fn output_schema() -> Option<String> {
        T::output_schema()
    }

    fn into_output(self) -> Result<Output, Failure> {
        self.map_err(Failure::of)?.into_output()
    }
}
