//! A call that is taken back.

use super::*;

#[tokio::test]
async fn a_cancelled_call_is_refused_everything() {
    let keep = Keep::new("cancel");
    let call = keep.call(Says(Some(Answer::Approve)), MANIFEST).await;
    let call = call.unwrap();
    let open = call.judge(access(Verb::Create), Span::Held).await.unwrap();
    assert_eq!(open.recheck(), Ok(()));
    call.cancel();
    assert!(call.is_cancelled());
    // What is under way: told once.
    assert_eq!(
        (open.recheck(), open.recheck()),
        (Err(Refused), Err(Refused))
    );
    // What a grant gives, and what a person would have approved.
    for verb in [Verb::Read, Verb::Create, Verb::Delete] {
        assert!(call.judge(access(verb), Span::Moment).await.is_err());
    }
    assert_eq!(call.judge_silently(&access(Verb::Read)), Err(Refused));
    let codes = call.refusals().into_iter().map(|refusal| {
        let codes: Vec<_> = refusal.because().map(|reason| reason.code).collect();
        (refusal.verdict, codes)
    });
    let codes: Vec<_> = codes.collect();
    assert_eq!(codes, vec![(Verdict::Deny, vec![ReasonCode::Cancelled]); 5]);
    assert_eq!(
        keep.record().await.split_off(2),
        [
            "2 Refusal deny create",
            "3 Refusal deny read",
            "4 Refusal deny create",
            "5 Refusal deny delete",
            "6 Refusal deny read",
        ]
    );
}

#[tokio::test]
async fn cancelling_ends_a_wait_for_a_person() {
    // Nobody answers, and the gate would wait for a day.
    let mut keep = Keep::new("cancel-ask");
    keep.patience = Duration::from_secs(86_400);
    let call = keep.call(Says(None), MANIFEST).await.unwrap();
    let asking = {
        let call = Arc::clone(&call);
        tokio::spawn(async move { call.judge(access(Verb::Delete), Span::Moment).await.is_ok() })
    };
    while call.waited().is_zero() {
        tokio::task::yield_now().await;
    }
    call.cancel();
    assert!(!asking.await.unwrap());
    assert_eq!(keep.record().await.get(1).unwrap(), "1 Refusal deny delete");
}

#[tokio::test]
async fn a_question_outlives_its_asker_on_record() {
    let mut keep = Keep::new("cancel-drop");
    keep.patience = Duration::from_secs(86_400);
    let call = keep.call(Says(None), MANIFEST).await.unwrap();
    tokio::select! {
        biased;
        _ = call.judge(access(Verb::Delete), Span::Moment) => {}
        // The call's clock ran out, say.
        () = tokio::task::yield_now() => {}
    }
    assert_eq!(keep.record().await.get(1).unwrap(), "1 Refusal ask delete");
}
