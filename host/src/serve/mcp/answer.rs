//! What a call's end looks like to the model and its runtime. The model learns that something was
//! refused and what to do about it; never a path, a rule, or whether anything exists.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{
    CallToolResult, ContentBlock, EmbeddedResource, MetaObject, Resource, ResourceContents,
};
use serde_json::{Value, json};

use crate::api::error::CallError;
use crate::api::host::Host;
use crate::api::session::Reply;
use crate::base::content::{Content, Output, ResourceBody};
use crate::base::id::CallId;

/// Ours are told from others' by this, in all `_meta`.
const PREFIX: &str = "io.github.toolkeep";

/// The result for a call that gave something back.
pub(super) fn reply(host: &Host, reply: Reply) -> CallToolResult {
    let Output {
        content,
        structured_content,
    } = reply.output;
    let mut blocks: Vec<ContentBlock> = content.into_iter().map(block).collect();
    if let (true, Some(structured)) = (blocks.is_empty(), &structured_content) {
        blocks.push(ContentBlock::text(structured.to_string()));
    }
    let mut result = CallToolResult::success(blocks);
    result.structured_content = structured_content;
    let mut meta = meta(host, Some(&reply.call));
    set(&mut meta, "label", json!(reply.label));
    if !reply.refusals.is_empty() {
        set(&mut meta, "refused", json!(reply.refusals.len()));
    }
    result.meta = Some(meta);
    result
}

/// The result for a call that gave nothing back; none where no such tool is, which is the client's
/// mistake and no result of a tool.
pub(super) fn error(host: &Host, failed: &CallError) -> Option<CallToolResult> {
    if matches!(failed, CallError::UnknownTool { .. }) {
        return None;
    }
    let mut meta = meta(host, failed.call());
    set(&mut meta, "code", json!(failed.code()));
    if let CallError::Unanswered { .. } = failed {
        set(&mut meta, "approvals", json!(failed.approvals()));
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(failed.for_model())]);
    result.meta = Some(meta);
    Some(result)
}

/// The result where the host itself is at fault.
pub(super) fn broken(host: &Host) -> CallToolResult {
    let text = "internal: the host failed while it ran the tool; what the tool did until then is on \
                record. Tell your user; do not retry before they have looked.";
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    let mut meta = meta(host, None);
    set(&mut meta, "code", json!("internal"));
    result.meta = Some(meta);
    result
}

/// The result for an answer to a question that is not open any more, of a call that had had `effects`
/// until it asked.
pub(super) fn too_late(host: &Host, effects: usize) -> CallToolResult {
    let done = match effects {
        0 => "Nothing was done for it; call the tool again to ask anew.".to_owned(),
        1 => "Before it asked, the call had already had 1 effect, which stays; tell your user before \
              you repeat it."
            .to_owned(),
        many => format!(
            "Before it asked, the call had already had {many} effects, which stay; tell your user \
             before you repeat it."
        ),
    };
    let text =
        format!("question-closed: the question that this answers is not open any more. {done}");
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    let mut meta = meta(host, None);
    set(&mut meta, "code", json!("question-closed"));
    result.meta = Some(meta);
    result
}

fn meta(host: &Host, call: Option<&CallId>) -> MetaObject {
    let mut meta = MetaObject::new();
    if let Some(call) = call {
        set(&mut meta, "call", json!(call));
    }
    if let Some(checkpoint) = host.latest_checkpoint() {
        set(&mut meta, "checkpoint", json!(checkpoint.note));
    }
    meta
}

fn set(meta: &mut MetaObject, key: &str, value: Value) {
    meta.insert(format!("{PREFIX}/{key}"), value);
}

fn block(content: Content) -> ContentBlock {
    match content {
        Content::Text { text } => ContentBlock::text(text),
        Content::Image { data, mime_type } => ContentBlock::image(STANDARD.encode(data), mime_type),
        Content::Audio { data, mime_type } => ContentBlock::audio(STANDARD.encode(data), mime_type),
        Content::Resource { resource } => {
            let contents = match resource.body {
                ResourceBody::Text(text) => ResourceContents::text(text, resource.uri),
                ResourceBody::Blob(bytes) => {
                    ResourceContents::blob(STANDARD.encode(bytes), resource.uri)
                }
            };
            let contents = match resource.mime_type {
                Some(mime_type) => contents.with_mime_type(mime_type),
                None => contents,
            };
            ContentBlock::Resource(EmbeddedResource::new(contents))
        }
        Content::ResourceLink {
            uri,
            name,
            description,
            mime_type,
        } => {
            let mut link = Resource::new(uri, name);
            link.description = description;
            link.mime_type = mime_type;
            ContentBlock::resource_link(link)
        }
    }
}
