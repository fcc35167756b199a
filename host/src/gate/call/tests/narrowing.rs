//! The operator takes something away while a call runs.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_held_to_what_the_operator_gives_now() {
    let keep = Keep::new("narrowing");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let pass = call.judge(access(Verb::Create), Span::Held).await.unwrap();
    assert!(pass.recheck().is_ok());
    let less = CONFIG.replace(", \"create\"", "");
    let less = Config::parse("toolkeep.toml", &less).unwrap();
    drop(call.gate.with_rules(&Arc::new(less)));
    // What is under way, and what comes anew; and what was left stays.
    assert!(pass.recheck().is_err());
    assert!(
        call.judge(access(Verb::Create), Span::Moment)
            .await
            .is_err()
    );
    let read = call.judge(access(Verb::Read), Span::Moment).await.unwrap();
    read.settle_done();
    // The reasons are those of the rules that hold now, too.
    let refusals = call.refusals();
    let codes = refusals[0].reasons.iter().map(|reason| reason.code);
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [ReasonCode::Granted, ReasonCode::NotGranted]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_that_came_since_hide_names() {
    let keep = Keep::new("narrowing-patterns");
    let call = keep.call(Nobody, MANIFEST).await.unwrap();
    let need = Name::new("notebook").unwrap();
    assert!(call.shows(Handle::Fs, &need, "private", true) && call.gives_whole(&need, "private"));
    let less = CONFIG.replace("ask = [", "except = [\"private\"]\nask = [");
    let less = Config::parse("toolkeep.toml", &less).unwrap();
    drop(call.gate.with_rules(&Arc::new(less)));
    assert!(!call.shows(Handle::Fs, &need, "private", true) && !call.gives_whole(&need, "private"));
    assert!(call.shows(Handle::Fs, &need, "a.md", false));
}
