//! A reference model of the decision, so small that it can be seen to be right, against which the
//! decision is compared on every small config.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tests::{KEEP, PLUGIN, fs, name, tool};
use super::*;
use crate::base::id::ToolName;
use crate::rules::config::Config;
use crate::rules::manifest::Manifest;
use crate::rules::scope::Rights;
use crate::rules::tool::Hints;

/// The verbs that the model is tried with: one that is implied, one that implies, two effects.
const TRIED: [Verb; 4] = [Verb::Stat, Verb::Read, Verb::Create, Verb::Delete];

type Says = BTreeMap<Verb, Verdict>;

/// Every way to put the verbs into `allow`, `ask` or neither.
fn every_list() -> Vec<Says> {
    TRIED.iter().fold(vec![Says::new()], |all, verb| {
        all.iter()
            .flat_map(|says| {
                let with = |verdict| {
                    let mut says = says.clone();
                    says.insert(*verb, verdict);
                    says
                };
                [says.clone(), with(Verdict::Allow), with(Verdict::Ask)]
            })
            .collect()
    })
}

/// The reference model: what one list says of a verb.
fn says(list: &Says, verb: Verb) -> Verdict {
    let said = |verb| list.get(&verb).copied();
    let implied = if verb == Verb::Stat {
        said(Verb::Read)
    } else {
        None
    };
    said(verb).or(implied).unwrap_or(Verdict::Deny)
}

/// The reference model: the strictest of all that have a say.
fn model(
    verb: Verb,
    declared: &[Verb],
    grant: &Says,
    narrowing: Option<&Says>,
    hints: Hints,
) -> Verdict {
    let is_declared =
        declared.contains(&verb) || (verb == Verb::Stat && declared.contains(&Verb::Read));
    let hinted = (hints.read_only && verb != Verb::Stat && verb != Verb::Read)
        || (hints.non_destructive && verb == Verb::Delete);
    [
        if is_declared {
            Verdict::Allow
        } else {
            Verdict::Deny
        },
        says(grant, verb),
        narrowing.map_or(Verdict::Allow, |list| says(list, verb)),
        if hinted {
            Verdict::Deny
        } else {
            Verdict::Allow
        },
    ]
    .into_iter()
    .max()
    .unwrap()
}

fn lists(says: &Says, like: &VerbLists) -> VerbLists {
    let of = |verdict| {
        says.iter()
            .filter(|(_, v)| **v == verdict)
            .map(|(verb, _)| *verb)
            .collect()
    };
    VerbLists {
        allow: of(Verdict::Allow),
        ask: of(Verdict::Ask),
        ..like.clone()
    }
}

#[test]
fn agrees_with_the_model_on_every_small_config() {
    let mut config = Config::parse("toolkeep.toml", KEEP).unwrap();
    let plugin = config.plugins[&name("notes")].clone();
    let grant = plugin.grants.fs[&name("notebook")].clone();
    let all = every_list();
    let narrowings: Vec<Option<&Says>> =
        std::iter::once(None).chain(all.iter().map(Some)).collect();
    let hints =
        [(false, false), (true, false), (false, true)].map(|(read_only, non_destructive)| Hints {
            read_only,
            non_destructive,
            idempotent: false,
        });
    for declared in [&TRIED[..], &TRIED[1..2]] {
        let mut manifest = Manifest::parse_toml("plugin.toml", PLUGIN).unwrap();
        manifest.needs.fs.get_mut("notebook").unwrap().verbs = declared.iter().copied().collect();
        let manifest = Arc::new(manifest);
        for granted in &all {
            for narrowing in &narrowings {
                let mut plugin = (*plugin).clone();
                let mut grant = (*grant).clone();
                grant.grant.lists = lists(granted, &grant.grant.lists);
                let grant_lists = grant.grant.lists.clone();
                plugin.grants.fs.insert(name("notebook"), Arc::new(grant));
                let narrowed = narrowing.map(|says| lists(says, &grant_lists));
                if let Some(lists) = &narrowed {
                    plugin
                        .tools
                        .insert(ToolName::new("x").unwrap(), Arc::new(lists.clone()));
                }
                config.plugins.insert(name("notes"), Arc::new(plugin));
                for hints in hints {
                    let scope = Scope::new(&config, &manifest, &tool("x", hints), &name("notes"));
                    let rights = Rights::new(
                        Handle::Fs,
                        declared.iter().copied().collect(),
                        Some(&grant_lists),
                        narrowed.as_ref(),
                        hints,
                    );
                    assert!(rights.allow.intersection(rights.ask).is_empty());
                    let mut strictest = Verdict::Allow;
                    for verb in TRIED {
                        let expected = model(verb, declared, granted, *narrowing, hints);
                        strictest = strictest.max(expected);
                        let verdict = scope
                            .decide(&fs("notebook", &[verb], "a.md"), &Label::clean())
                            .verdict();
                        let shown =
                            || format!("{verb} {declared:?} {granted:?} {narrowing:?} {hints:?}");
                        assert_eq!(verdict, expected, "decide {}", shown());
                        let left = rights.verdict(verb);
                        assert_eq!(left, expected, "rights {}", shown());
                        // A narrowing never widens, and a hint never allows.
                        assert!(
                            verdict >= model(verb, declared, granted, None, hints),
                            "{}",
                            shown()
                        );
                        let unhinted = model(verb, declared, granted, *narrowing, Hints::default());
                        assert!(verdict >= unhinted, "{}", shown());
                        // Nothing granted is nothing allowed.
                        assert!(
                            verdict == Verdict::Deny || !granted.is_empty(),
                            "{}",
                            shown()
                        );
                    }
                    let together = scope
                        .decide(&fs("notebook", &TRIED, "a.md"), &Label::clean())
                        .verdict();
                    assert_eq!(together, strictest);
                }
            }
        }
    }
}
