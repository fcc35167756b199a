//! A question to a person, as a form in the client, and what came back of it.

use rmcp::model::{
    ClientCapabilities, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    EnumSchema,
};

use rmcp::RoleServer;
use rmcp::service::RequestContext;

use super::conversation::Asked;
use super::in_use::InUse;
use crate::api::host::Host;
use crate::api::session::CancelToken;
use crate::gate::approver::{Answer, Question};

/// The one field of the form. It has no default: a client that fills forms in by itself must not be
/// able to say yes by that.
const FIELD: &str = "decision";
const APPROVE: &str = "approve";
const DECLINE: &str = "decline";

/// Whether a client says that it can show forms. By the protocol one that says nothing of the kind of
/// elicitation means forms.
pub(super) fn shows_forms(capabilities: Option<&ClientCapabilities>) -> bool {
    capabilities
        .and_then(|capabilities| capabilities.elicitation.as_ref())
        .is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none())
}

/// The question as a form.
pub(super) fn form(question: &Question) -> ElicitRequestParams {
    let decision = EnumSchema::builder(vec![APPROVE.to_owned(), DECLINE.to_owned()])
        .untitled()
        .title("Decision")
        .description("`approve` allows exactly this, once; `decline` refuses it")
        .build();
    let schema = ElicitationSchema::builder()
        .required_enum_schema(FIELD, decision)
        .build_unchecked();
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: message(question),
        requested_schema: schema,
    }
}

/// What the person reads. Everything in it is ours or made visible: no text of a guest can pass for ours.
fn message(question: &Question) -> String {
    let Question {
        access,
        plugin,
        tool,
        done,
        approval,
        ..
    } = question;
    let mut text = format!(
        "The tool `{tool}` of plugin `{plugin}` wants to {} this:\n    {}",
        access.verbs, access.object
    );
    for (what, line) in access.content().iter().flat_map(|content| content.lines()) {
        text.push_str(&format!("\n    {what}: {line}"));
    }
    text.push_str("\nIt may only if you approve.");
    if !done.is_empty() {
        text.push_str("\nDone in this call already:");
        for line in done {
            text.push_str("\n    ");
            text.push_str(line);
        }
    }
    text.push_str(&format!("\n(Toolkeep, {approval})"));
    text
}

/// What a person answered. Whatever is not a plain yes or no counts as no answer.
pub(super) fn answer(result: &ElicitResult) -> Answer {
    let decision = result
        .content
        .as_ref()
        .and_then(|content| content.get(FIELD))
        .and_then(serde_json::Value::as_str);
    match (&result.action, decision) {
        (ElicitationAction::Accept, Some(APPROVE)) => Answer::Approve,
        (ElicitationAction::Accept, Some(DECLINE)) | (ElicitationAction::Decline, _) => {
            Answer::Decline
        }
        _ => Answer::Nobody,
    }
}

/// Asks through a client of the older era, which answers while the call of `host` waits: as long as that
/// host is in use.
pub(super) async fn ask_back(
    asked: Asked,
    host: &Host,
    in_use: &InUse,
    context: &RequestContext<RoleServer>,
    gone: &CancelToken,
) {
    let Asked {
        question,
        mut answer,
    } = asked;
    // From before the look at it, so that no change is missed.
    let mut changes = in_use.changes();
    if in_use.hold(host).is_none() {
        return;
    }
    tokio::select! {
        // Whatever goes wrong is no answer.
        came = context.peer.create_elicitation(form(&question)) => {
            let came = came.map_or(Answer::Nobody, |result| self::answer(&result));
            in_use.pass_on(host, answer, came);
        }
        _ = changes.changed() => {}
        () = context.ct.cancelled() => {}
        () = gone.cancelled() => {}
        // The gate has stopped waiting.
        () = answer.closed() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn came(action: &str, content: serde_json::Value) -> Answer {
        let result = json!({ "action": action, "content": content });
        answer(&serde_json::from_value(result).unwrap())
    }

    #[test]
    fn only_a_plain_yes_is_one() {
        assert_eq!(
            came("accept", json!({"decision": "approve"})),
            Answer::Approve
        );
        assert_eq!(
            came("accept", json!({"decision": "decline"})),
            Answer::Decline
        );
        assert_eq!(came("decline", json!(null)), Answer::Decline);
        for (action, content) in [
            ("accept", json!(null)),
            ("accept", json!({})),
            ("accept", json!({"decision": "Approve"})),
            ("accept", json!({"decision": true})),
            ("accept", json!({"decision": ["approve"]})),
            ("accept", json!("approve")),
            ("cancel", json!({"decision": "approve"})),
            ("cancel", json!(null)),
        ] {
            assert_eq!(
                came(action, content.clone()),
                Answer::Nobody,
                "{action} {content}"
            );
        }
        assert_eq!(
            came("decline", json!({"decision": "approve"})),
            Answer::Decline
        );
    }

    #[test]
    fn forms_are_for_clients_that_show_them() {
        let can = |capabilities| shows_forms(Some(&serde_json::from_value(capabilities).unwrap()));
        assert!(can(json!({"elicitation": {}})));
        assert!(can(json!({"elicitation": {"form": {}}})));
        assert!(can(json!({"elicitation": {"form": {}, "url": {}}})));
        assert!(!can(json!({"elicitation": {"url": {}}})));
        assert!(!can(json!({})));
        assert!(!shows_forms(None));
    }
}
