//! The parts of an answer.

pub use crate::__private::bindings::exports::toolkeep::tool::tools::{
    Blob, Content, EmbeddedResource, ResourceBody, ResourceLink,
};

impl Content {
    /// Text for the model.
    ///
    /// ```
    /// use toolkeep_sdk::Content;
    ///
    /// assert_eq!(Content::text("hello"), Content::Text("hello".to_owned()));
    /// ```
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A picture, with its media type, such as `image/png`.
    ///
    /// ```
    /// use toolkeep_sdk::{Blob, Content};
    ///
    /// let picture = Content::image(b"GIF89a", "image/gif");
    /// assert_eq!(picture, Content::Image(Blob::new(b"GIF89a", "image/gif")));
    /// ```
    pub fn image(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self::Image(Blob::new(data, mime_type))
    }

    /// A sound, with its media type, such as `audio/wav`.
    ///
    /// ```
    /// use toolkeep_sdk::{Blob, Content};
    ///
    /// let sound = Content::audio(b"RIFF", "audio/wav");
    /// assert_eq!(sound, Content::Audio(Blob::new(b"RIFF", "audio/wav")));
    /// ```
    pub fn audio(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self::Audio(Blob::new(data, mime_type))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<EmbeddedResource> for Content {
    fn from(resource: EmbeddedResource) -> Self {
        Self::Resource(resource)
    }
}

impl From<ResourceLink> for Content {
    fn from(link: ResourceLink) -> Self {
        Self::Link(link)
    }
}

impl Blob {
    /// Bytes, with their media type.
    ///
    /// ```
    /// use toolkeep_sdk::Blob;
    ///
    /// let blob = Blob::new([1, 2], "application/octet-stream");
    /// assert_eq!(blob.data, [1, 2]);
    /// ```
    pub fn new(data: impl Into<Vec<u8>>, mime_type: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            mime_type: mime_type.into(),
        }
    }
}
