//! What the analysis found, and in which order it is told.

/// Findings of one kind that are told one by one.
pub(crate) const FEW: usize = 6;

/// What was found, and what it means for the verdict.
pub(crate) enum Finding {
    Good(String),
    /// Worth knowing; changes nothing.
    Note(String),
    /// The load called for a change that did not come, or a change did harm.
    Bad(String),
    /// The run ended before the outcome could be seen.
    TooShort(String),
}

impl Finding {
    fn rank(&self) -> u8 {
        match self {
            Self::Bad(_) => 0,
            Self::TooShort(_) => 1,
            Self::Good(_) | Self::Note(_) => 2,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Good(text) | Self::Note(text) | Self::Bad(text) | Self::TooShort(text) => text,
        }
    }
}

/// Adds a few findings of a kind, bad ones first, and one sentence for the rest.
pub(crate) fn push_few(
    findings: &mut Vec<Finding>,
    mut kind: Vec<Finding>,
    rest: impl Fn(u64) -> String,
) {
    if kind.len() > FEW {
        kind.sort_by_key(Finding::rank);
        let more = kind.split_off(FEW).len();
        kind.push(Finding::Note(rest(more as u64)));
    }
    findings.extend(kind);
}

/// The sentences: bad findings first, then what is missing, then the rest in the order of events.
pub(crate) fn sentences(mut findings: Vec<Finding>) -> Vec<String> {
    findings.sort_by_key(Finding::rank);
    findings.into_iter().map(Finding::text).collect()
}
