//! What clients are told of the tools.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::Value;

use crate::api::host::ToolEntry;

/// A tool for a client's list. Its annotations are guarantees: the host holds the tool to them.
pub(super) fn tool(entry: &ToolEntry<'_>) -> Tool {
    let info = entry.info;
    let effects = entry.effects;
    let mut tool = Tool::new(
        entry.name.to_owned(),
        info.description.clone(),
        object(&info.input_schema),
    );
    tool.title = info.title.clone();
    tool.output_schema = info.output_schema.as_ref().map(object);
    tool.annotations = Some(ToolAnnotations::from_raw(
        info.title.clone(),
        Some(!effects.changes),
        Some(effects.destroys),
        Some(info.hints.idempotent || !effects.changes),
        Some(effects.outside),
    ));
    tool
}

fn object(schema: &Value) -> Arc<JsonObject> {
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}
