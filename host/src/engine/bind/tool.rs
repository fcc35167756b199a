//! `toolkeep:tool/tools`: what a plugin exports.

pub(in crate::engine) mod bindings {
    #![allow(missing_docs, reason = "generated")]
    wasmtime::component::bindgen!({
        path: "../wit/tool/0.1.0",
        world: "plugin",
        imports: { default: trappable },
        exports: { default: async },
    });
}

pub(in crate::engine) use bindings::exports::toolkeep::tool::tools as wit;

use crate::base::content::{Content, EmbeddedResource, Failure, Output, ResourceBody};

/// The guest's answer in our words. `None` where its structured part is not JSON.
pub(in crate::engine) fn output(from: wit::Output) -> Option<Output> {
    let structured_content = match from.structured {
        None => None,
        Some(json) => Some(serde_json::from_str(&json).ok()?),
    };
    Some(Output {
        content: from.content.into_iter().map(content).collect(),
        structured_content,
    })
}

fn content(from: wit::Content) -> Content {
    match from {
        wit::Content::Text(text) => Content::Text { text },
        wit::Content::Image(blob) => Content::Image {
            data: blob.data,
            mime_type: blob.mime_type,
        },
        wit::Content::Audio(blob) => Content::Audio {
            data: blob.data,
            mime_type: blob.mime_type,
        },
        wit::Content::Resource(resource) => Content::Resource {
            resource: EmbeddedResource {
                uri: resource.uri,
                mime_type: resource.mime_type,
                body: match resource.body {
                    wit::ResourceBody::Text(text) => ResourceBody::Text(text),
                    wit::ResourceBody::Blob(bytes) => ResourceBody::Blob(bytes),
                },
            },
        },
        wit::Content::Link(link) => Content::ResourceLink {
            uri: link.uri,
            name: link.name,
            description: link.description,
            mime_type: link.mime_type,
        },
    }
}

/// The guest's failure in our words.
pub(in crate::engine) fn failure(from: wit::Failure) -> Failure {
    match from {
        wit::Failure::BadArguments(text) => Failure::BadArguments(text),
        wit::Failure::Refused(text) => Failure::Refused(text),
        wit::Failure::Failed(text) => Failure::Failed(text),
    }
}
