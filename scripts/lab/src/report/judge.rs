//! Did autoscaling work? The answer, with the reasons in sentences.

use super::contradictions::contradictions;
use super::run::{Action, Run, Verdict};
use super::share::{Share, share};
use super::story::{Call, PATIENCE, Step, Story};
use super::words::{count, decimal, list, part, percent, span, things};

/// It did what the load called for.
pub const WORKED: &str = "worked";
/// It did not do what the load called for, or requests were lost on the way.
pub const DID_NOT_WORK: &str = "did not work";
/// The load called for nothing.
pub const NOT_ASKED: &str = "not asked";
/// Too little is known.
pub const CANNOT_TELL: &str = "cannot tell";

/// Requests that may fail, in percent of all, before the run counts as failed.
const FAILED_AT_MOST: f64 = 0.1;
/// Findings of one kind that are told one by one.
const FEW: usize = 6;
/// How far an instance may be from its fair share while all are up.
const UNFAIR: f64 = 0.25;

/// What was found, and what it means for the answer.
pub(crate) enum Finding {
    Good(String),
    /// Worth knowing; changes nothing.
    Note(String),
    /// The load called for a change that did not come, or a change did harm.
    Bad(String),
    /// It ended before it could be seen.
    TooShort(String),
}

/// Judges a run by its own record. Bad findings come first, then what is missing, then the rest in the order of
/// events. The conditions of `--expect` are kept as they are.
pub fn judge(run: &Run) -> Verdict {
    let story = Story::of(run);
    let mut findings = Vec::new();
    scaled_out(&story, &mut findings);
    came_back(&story, &mut findings);
    contradictions(run, &story, &mut findings);
    failures(run, &mut findings);
    if let Some(share) = share(run) {
        spread(&share, &mut findings);
    }

    let bad = findings
        .iter()
        .any(|finding| matches!(finding, Finding::Bad(_)));
    let short = findings
        .iter()
        .any(|finding| matches!(finding, Finding::TooShort(_)));
    let known = run
        .samples
        .iter()
        .any(|sample| sample.cpu_percent.is_some());
    let autoscaling = if bad && (asked(&story) || !story.actions.is_empty()) {
        DID_NOT_WORK
    } else if !story.actions.is_empty() {
        WORKED
    } else if short || !known || story.rules.is_none() {
        CANNOT_TELL
    } else {
        NOT_ASKED
    };
    Verdict {
        autoscaling: autoscaling.to_owned(),
        reasons: ordered(findings),
        expectations: run.verdict.expectations.clone(),
    }
}

/// Whether the load called for a change.
fn asked(story: &Story) -> bool {
    !story.calls_out.is_empty() || !story.calls_in.is_empty()
}

/// Puts in a few findings of a kind, what is bad first, and one sentence for the rest.
pub(crate) fn push_few(
    findings: &mut Vec<Finding>,
    mut kind: Vec<Finding>,
    rest: impl Fn(u64) -> String,
) {
    if kind.len() > FEW {
        kind.sort_by_key(rank);
        let more = kind.len() - FEW;
        kind.truncate(FEW);
        kind.push(Finding::Note(rest(more as u64)));
    }
    findings.extend(kind);
}

fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding::Bad(_) => 0,
        Finding::TooShort(_) => 1,
        Finding::Good(_) | Finding::Note(_) => 2,
    }
}

fn ordered(findings: Vec<Finding>) -> Vec<String> {
    let mut findings = findings;
    findings.sort_by_key(rank);
    let text = |finding| match finding {
        Finding::Good(text)
        | Finding::Note(text)
        | Finding::Bad(text)
        | Finding::TooShort(text) => text,
    };
    findings.into_iter().map(text).collect()
}

fn scaled_out(story: &Story, findings: &mut Vec<Finding>) {
    let clock = story.clock;
    if story.counts.is_none() {
        findings.push(Finding::TooShort(
            "No sample of the fleet was read, so its size and its CPU are not known.".to_owned(),
        ));
        return;
    }
    let steps = story.steps.iter().map(|step| step_out(story, step));
    push_few(findings, steps.collect(), |more| {
        let longest = story.time_to_capacity().map_or(String::new(), |longest| {
            format!(
                "; the longest time to capacity was {}",
                clock.length(longest)
            )
        });
        format!("It scaled out {} more{longest}.", things(more, "time"))
    });
    let calls = story
        .calls_out
        .iter()
        .filter_map(|call| unanswered(story, call));
    push_few(findings, calls.collect(), |more| {
        format!("The load called for more {} besides.", things(more, "time"))
    });
    if story.steps.is_empty() && story.calls_out.is_empty() {
        findings.push(Finding::Note(quiet(story)));
    }
}

/// What became of a call for more that no scale-out followed.
fn unanswered(story: &Story, call: &Call) -> Option<Finding> {
    let clock = story.clock;
    let mut rules = story.rules.iter().flatten();
    let rule = rules.find(|rule| rule.out && rule.is_cpu())?;
    if call.answered {
        return None;
    }
    let load = format!(
        "From {} on the load called for more than {} ({}): the mean over {} reached {}",
        clock.moment(call.from),
        things(call.wanted.into(), "instance"),
        rule.condition(),
        span(rule.window),
        percent(call.extreme),
    );
    let lasted = clock.length(call.until - call.from);
    Some(if call.due > PATIENCE {
        Finding::Bad(format!("{load}, and no scale-out came within {lasted}."))
    } else if call.to_the_end {
        Finding::TooShort(format!(
            "{load}, but the run ended {lasted} later, before an action could be expected: run it longer."
        ))
    } else {
        Finding::Note(format!(
            "{load}, but for {lasted} only: too short to expect an action."
        ))
    })
}

/// Why nothing scaled out.
fn quiet(story: &Story) -> String {
    match (&story.rules, &story.highest_mean) {
        (None, _) => "The target names no rules, so what it should have done is not known; no instance was added.".to_owned(),
        (Some(_), Some((mean, rule))) => match story.limits {
            Some((_, maximum)) if rule.fires(*mean) => format!(
                "The load called for more, but {} is the most that the rules allow.",
                things(maximum.into(), "instance")
            ),
            _ => format!(
                "The load called for no scale-out ({}): the highest mean over a whole window was {}.",
                rule.condition(),
                percent(*mean)
            ),
        },
        (Some(rules), None) => match rules.iter().find(|rule| rule.out) {
            Some(rule) if rule.is_cpu() => format!(
                "The run was too short for the rule ({}): no whole window of CPU was seen.",
                rule.condition()
            ),
            Some(rule) => format!("The rule to scale out looks at {}, which was not measured here.", rule.metric),
            None => "There is no rule to scale out.".to_owned(),
        },
    }
}

fn step_out(story: &Story, step: &Step) -> Finding {
    let clock = story.clock;
    let mut text = format!(
        "It scaled out from {} to {} at {}",
        step.from,
        step.to,
        clock.moment(step.at)
    );
    if let Some(crossed) = step.crossed {
        text += &format!(
            ", {} after CPU went over the threshold",
            clock.length(step.at - crossed)
        );
    }
    match step.ready {
        Some(ready) => Finding::Good(format!(
            "{text}; {} served {} later.",
            step.to,
            span(ready - step.at)
        )),
        None => {
            let end = story
                .calls_out
                .iter()
                .chain(&story.calls_in)
                .map(|call| call.until)
                .fold(step.at, f64::max);
            let waited = (end - step.at) * clock.scale();
            let text = format!("{text}, but {} never served at once.", step.to);
            if waited > PATIENCE {
                Finding::Bad(text)
            } else {
                Finding::Note(text)
            }
        }
    }
}

fn came_back(story: &Story, findings: &mut Vec<Finding>) {
    let clock = story.clock;
    let Some(counts) = story.counts else { return };
    let ins: Vec<&Action> = story
        .actions
        .iter()
        .filter(|action| action.to < action.from)
        .collect();
    let kept = story.calls_in.iter().filter(|call| !call.answered && call.due > PATIENCE).map(|call| {
        Finding::Bad(format!(
            "From {} on the load needed fewer than {} (the mean went down to {}), and no scale-in came within {}.",
            clock.moment(call.from),
            things(call.wanted.into(), "instance"),
            percent(call.extreme),
            clock.length(call.until - call.from)
        ))
    });
    push_few(findings, kept.collect(), |more| {
        format!("No scale-in came {} more.", things(more, "time"))
    });
    if let Some(last) = ins.last() {
        // The last ones: they are what it came to.
        let earlier = ins.len().saturating_sub(FEW);
        let mut stages: Vec<String> = ins[earlier..]
            .iter()
            .map(|action| format!("to {} at {}", action.to, clock.moment(action.at)))
            .collect();
        if earlier > 0 {
            let times = things(earlier as u64, "time");
            stages.insert(0, format!("{times} before"));
        }
        let ended = if last.to <= counts.first {
            "It came back: "
        } else {
            "It scaled in: "
        };
        findings.push(Finding::Good(format!("{ended}{}.", list(&stages))));
    }
    if counts.last > counts.first && ins.last().is_none_or(|last| last.to > counts.first) {
        let waiting: Option<&Call> = story.calls_in.last().filter(|call| call.to_the_end);
        findings.push(Finding::Note(match waiting {
            Some(call) => format!(
                "{} still served at the end: the load fell only {} before it.",
                things(counts.last.into(), "instance"),
                clock.length(call.until - call.from)
            ),
            None => format!(
                "{} still served at the end, because the load lasted until then.",
                things(counts.last.into(), "instance")
            ),
        }));
    }
}

fn failures(run: &Run, findings: &mut Vec<Finding>) {
    let requests = &run.requests;
    if requests.sent == 0 {
        return;
    }
    if requests.failed == 0 {
        findings.push(Finding::Good(format!(
            "No request failed, of {}.",
            count(requests.sent)
        )));
        return;
    }
    let mut kinds: Vec<(&String, &u64)> = requests.errors.iter().collect();
    kinds.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, number)| format!("{kind}: {}", count(**number)))
        .collect();
    let kinds = if kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", kinds.join(", "))
    };
    let share = part(requests.failed, requests.sent);
    let failed = format!(
        "{} of {} failed{kinds}, {}",
        count(requests.failed),
        things(requests.sent, "request"),
        percent(share)
    );
    let leaving: u64 = run
        .load
        .iter()
        .filter(|second| leaves(run, second.at))
        .map(|second| second.failed)
        .sum();
    if share > FAILED_AT_MOST {
        findings.push(Finding::Bad(format!(
            "{failed}, more than {FAILED_AT_MOST} %."
        )));
    } else if leaving > 0 {
        findings.push(Finding::Bad(format!(
            "{failed}; {} of them while an instance left.",
            count(leaving)
        )));
    } else {
        findings.push(Finding::Note(format!(
            "{failed}, within {FAILED_AT_MOST} %."
        )));
    }
}

/// Whether an instance ended in this second, the one before or the one after.
fn leaves(run: &Run, second: f64) -> bool {
    run.instances
        .iter()
        .filter_map(|instance| instance.ended)
        .any(|ended| (second - 1.0..second + 2.0).contains(&ended))
}

fn spread(share: &Share, findings: &mut Vec<Finding>) {
    let (id, off) = &share.worst;
    let far = format!(
        "{id} was farthest from its fair share, {} {} it",
        percent((off * 100.0).abs()),
        if *off < 0.0 { "below" } else { "above" }
    );
    let how = if share.counted {
        format!(
            "While {} were up, they answered {}; {far}",
            decimal(share.instances.into()),
            things(share.requests, "request")
        )
    } else {
        format!("Reckoned from the time that each instance served, {far}")
    };
    findings.push(if off.abs() > UNFAIR {
        Finding::Bad(format!("{how}, more than {} %.", UNFAIR * 100.0))
    } else {
        Finding::Good(format!("{how}."))
    });
}
