//! What a case of the suite is, and what can come of it.

use std::fmt;

use crate::served::Served;

/// What Toolkeep promises, as the table in `docs/threat-model.md` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    NothingAmbient,
    DenyUnlessGiven,
    OneDoor,
    RealObject,
    DeleteIsNotWrite,
    DurableBeforeDone,
    NothingLeavesUnrecorded,
    ProvableRecord,
    AskNotDeny,
    YesIsAPersons,
    LabelsLast,
    DataStays,
    HintsAreTrue,
    LookingRunsNothing,
    CallsDoNotMix,
    CallEnds,
    RefusalsTellNothing,
    ShownAsItIs,
}

impl Promise {
    pub const ALL: [Self; 18] = [
        Self::NothingAmbient,
        Self::DenyUnlessGiven,
        Self::OneDoor,
        Self::RealObject,
        Self::DeleteIsNotWrite,
        Self::DurableBeforeDone,
        Self::NothingLeavesUnrecorded,
        Self::ProvableRecord,
        Self::AskNotDeny,
        Self::YesIsAPersons,
        Self::LabelsLast,
        Self::DataStays,
        Self::HintsAreTrue,
        Self::LookingRunsNothing,
        Self::CallsDoNotMix,
        Self::CallEnds,
        Self::RefusalsTellNothing,
        Self::ShownAsItIs,
    ];

    /// Its words in the table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingAmbient => "Nothing ambient",
            Self::DenyUnlessGiven => "Deny unless given",
            Self::OneDoor => "One door",
            Self::RealObject => "The real object",
            Self::DeleteIsNotWrite => "Delete is not write",
            Self::DurableBeforeDone => "Durable before done",
            Self::NothingLeavesUnrecorded => "Nothing leaves unrecorded",
            Self::ProvableRecord => "Provable record",
            Self::AskNotDeny => "A person can lift an *ask*, nobody a *deny*",
            Self::YesIsAPersons => "A yes is a person's",
            Self::LabelsLast => "Labels last",
            Self::DataStays => "Data stays where its label belongs",
            Self::HintsAreTrue => "Hints are true",
            Self::LookingRunsNothing => "Looking runs nothing",
            Self::CallsDoNotMix => "Calls do not mix",
            Self::CallEnds => "A call ends",
            Self::RefusalsTellNothing => "Refusals tell the guest nothing",
            Self::ShownAsItIs => "What is shown is what is there",
        }
    }
}

/// What comes of a case. The first four are looked up in the record, under these very words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A refusal is on record, for the reason with this code.
    Refused(&'static str),
    /// The call was stopped, with this word on record.
    Stopped(&'static str),
    /// An access was tried and did not work, with this word on record.
    Failed(&'static str),
    /// The call came to its end, and did no harm because of this.
    Harmless(&'static str),
    /// The host was killed while the call ran, which is on record without an end, and no harm came of it
    /// because of this.
    Killed(&'static str),
    /// There was no call: the host said this of it.
    NoCall(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused: `{code}`"),
            Self::Stopped(word) => write!(f, "stopped: `{word}`"),
            Self::Failed(word) => write!(f, "failed: `{word}`"),
            Self::Harmless(how) => write!(f, "ended: {how}"),
            Self::Killed(how) => write!(f, "host killed: {how}"),
            Self::NoCall(what) => write!(f, "no call: {what}"),
        }
    }
}

/// One hostile guest, or one way in which a guest is hostile.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it does; also what it is picked out by.
    pub name: &'static str,
    pub promise: Promise,
    pub outcome: Outcome,
    /// The host's memory stays below so many MiB.
    pub memory: u64,
    /// Does it to a host, and gives that host back.
    pub run: fn() -> Served,
}

/// What a host may take where nothing else is said, in MiB. This is a build without optimisation.
const MEMORY: u64 = 128;

impl Case {
    pub const fn new(
        name: &'static str,
        promise: Promise,
        outcome: Outcome,
        run: fn() -> Served,
    ) -> Self {
        Self {
            name,
            promise,
            outcome,
            memory: MEMORY,
            run,
        }
    }

    pub const fn within(mut self, mib: u64) -> Self {
        self.memory = mib;
        self
    }
}
