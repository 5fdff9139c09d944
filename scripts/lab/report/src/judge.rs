//! Did autoscaling work? The answer, with the reasons in sentences.

use run_record::format::{count, decimal, list, part, percent, span, things, total};
use run_record::{Action, Run, Verdict};

use crate::analysis::{Analysis, ScaleOut};
use crate::contradictions::contradictions;
use crate::findings::{FEW, Finding, push_few, sentences};
use crate::share::{Share, share};
use crate::triggers::{ALLOWED_DELAY, Trigger};

/// The fleet did what the load called for.
pub const WORKED: &str = "worked";
/// The fleet did not do what the load called for, or requests were lost.
pub const DID_NOT_WORK: &str = "did not work";
/// The load called for nothing.
pub const NOT_ASKED: &str = "not asked";
/// Too little is known.
pub const CANNOT_TELL: &str = "cannot tell";

/// Requests that may fail, in percent of all, before the run counts as failed.
const FAILED_AT_MOST: f64 = 0.1;
/// How far an instance may be from its fair share while all are up.
const UNFAIR: f64 = 0.25;

/// Judges a run by its own record. Bad findings come first, then what is missing, then the rest in the order of
/// events. The conditions of `--expect` are kept as they are.
pub fn judge(run: &Run) -> Verdict {
    let analysis = Analysis::of(run);
    let mut findings = Vec::new();
    scaled_out(&analysis, &mut findings);
    came_back(&analysis, &mut findings);
    contradictions(run, &analysis, &mut findings);
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
    let autoscaling = if bad && (triggered(&analysis) || !analysis.actions.is_empty()) {
        DID_NOT_WORK
    } else if !analysis.actions.is_empty() {
        WORKED
    } else if short || !known || analysis.rules.is_none() {
        CANNOT_TELL
    } else {
        NOT_ASKED
    };
    Verdict {
        autoscaling: autoscaling.to_owned(),
        reasons: sentences(findings),
        expectations: run.verdict.expectations.clone(),
    }
}

/// Whether the load triggered a rule.
fn triggered(analysis: &Analysis) -> bool {
    !analysis.scale_out_triggers.is_empty() || !analysis.scale_in_triggers.is_empty()
}

fn scaled_out(analysis: &Analysis, findings: &mut Vec<Finding>) {
    let clock = analysis.clock;
    if analysis.counts.is_none() {
        findings.push(Finding::TooShort(
            "The fleet was not sampled, so its size and CPU are unknown.".to_owned(),
        ));
        return;
    }
    let scale_outs = analysis
        .scale_outs
        .iter()
        .map(|scale_out| one_scale_out(analysis, scale_out));
    push_few(findings, scale_outs.collect(), |more| {
        let longest = analysis
            .time_to_capacity()
            .map_or(String::new(), |longest| {
                format!(
                    "; the longest time to capacity was {}",
                    clock.length(longest)
                )
            });
        format!(
            "The fleet scaled out {} more{longest}.",
            things(more, "time")
        )
    });
    let triggers = analysis
        .scale_out_triggers
        .iter()
        .filter_map(|trigger| without_action(analysis, trigger));
    push_few(findings, triggers.collect(), |more| {
        format!(
            "The load required more instances {} more.",
            things(more, "time")
        )
    });
    if analysis.scale_outs.is_empty() && analysis.scale_out_triggers.is_empty() {
        findings.push(Finding::Note(quiet(analysis)));
    }
}

/// A finding if no scale-out followed a trigger.
fn without_action(analysis: &Analysis, trigger: &Trigger) -> Option<Finding> {
    let clock = analysis.clock;
    let mut rules = analysis.rules.iter().flatten();
    let rule = rules.find(|rule| rule.out && rule.is_cpu())?;
    if trigger.acted {
        return None;
    }
    let load = format!(
        "From {}, the load required more than {} ({}): the average over {} reached {}",
        clock.time(trigger.from),
        things(trigger.wanted.into(), "instance"),
        rule.condition(),
        span(rule.window),
        percent(trigger.extreme),
    );
    let lasted = clock.length(trigger.until - trigger.from);
    Some(if trigger.due > ALLOWED_DELAY {
        Finding::Bad(format!(
            "{load}, and no scale-out followed within {lasted}."
        ))
    } else if trigger.to_the_end {
        Finding::TooShort(format!(
            "{load}, but the run ended {lasted} later, before an action was due. Run it longer."
        ))
    } else {
        Finding::Note(format!(
            "{load}, but only for {lasted}, which is too short for an action."
        ))
    })
}

/// Why nothing scaled out.
fn quiet(analysis: &Analysis) -> String {
    match (&analysis.rules, &analysis.highest_mean) {
        (None, _) => "The target does not report any rules, so the expected scaling is unknown. No instance was added.".to_owned(),
        (Some(_), Some((mean, rule))) => match analysis.limits {
            Some((_, maximum)) if rule.fires(*mean) => format!(
                "The load required more, but the rules allow at most {}.",
                things(maximum.into(), "instance")
            ),
            _ => format!(
                "The load required no scale-out ({}): the highest average over a full window was {}.",
                rule.condition(),
                percent(*mean)
            ),
        },
        (Some(rules), None) => match rules.iter().find(|rule| rule.out) {
            Some(rule) if rule.is_cpu() => format!(
                "The run was too short for the rule ({}): it has no full window of CPU samples.",
                rule.condition()
            ),
            Some(rule) => format!("The scale-out rule uses {}, which this run did not measure.", rule.metric),
            None => "There is no scale-out rule.".to_owned(),
        },
    }
}

fn one_scale_out(analysis: &Analysis, scale_out: &ScaleOut) -> Finding {
    let clock = analysis.clock;
    let mut text = format!(
        "The fleet scaled out from {} to {} at {}",
        scale_out.from,
        scale_out.to,
        clock.time(scale_out.at)
    );
    if let Some(crossed) = scale_out.crossed {
        text += &format!(
            ", {} after CPU exceeded the threshold",
            clock.length(scale_out.at - crossed)
        );
    }
    match scale_out.ready {
        Some(ready) => Finding::Good(format!(
            "{text}; it had {} ready {} later.",
            things(scale_out.to.into(), "instance"),
            span(ready - scale_out.at)
        )),
        None => {
            let end = analysis
                .scale_out_triggers
                .iter()
                .chain(&analysis.scale_in_triggers)
                .map(|trigger| trigger.until)
                .fold(scale_out.at, f64::max);
            let waited = (end - scale_out.at) * clock.scale();
            let text = format!(
                "{text}, but it never had {} ready.",
                things(scale_out.to.into(), "instance")
            );
            if waited > ALLOWED_DELAY {
                Finding::Bad(text)
            } else {
                Finding::Note(text)
            }
        }
    }
}

fn came_back(analysis: &Analysis, findings: &mut Vec<Finding>) {
    let clock = analysis.clock;
    let Some(counts) = analysis.counts else {
        return;
    };
    let ins: Vec<&Action> = analysis
        .actions
        .iter()
        .filter(|action| action.to < action.from)
        .collect();
    let kept = analysis.scale_in_triggers.iter().filter(|trigger| !trigger.acted && trigger.due > ALLOWED_DELAY).map(|trigger| {
        Finding::Bad(format!(
            "From {}, the load required fewer than {} (the average fell to {}), and no scale-in followed within {}.",
            clock.time(trigger.from),
            things(trigger.wanted.into(), "instance"),
            percent(trigger.extreme),
            clock.length(trigger.until - trigger.from)
        ))
    });
    push_few(findings, kept.collect(), |more| {
        format!("A scale-in was missing {} more.", things(more, "time"))
    });
    if let Some(last) = ins.last() {
        // The last ones: they are what it came to.
        let earlier = ins.len().saturating_sub(FEW);
        let mut stages: Vec<String> = ins[earlier..]
            .iter()
            .map(|action| format!("to {} at {}", action.to, clock.time(action.at)))
            .collect();
        if earlier > 0 {
            let times = things(earlier as u64, "time");
            stages.insert(0, format!("{times} before"));
        }
        let ended = if last.to <= counts.first {
            "The fleet scaled back in: "
        } else {
            "The fleet scaled in: "
        };
        findings.push(Finding::Good(format!("{ended}{}.", list(&stages))));
    }
    if counts.last > counts.first && ins.last().is_none_or(|last| last.to > counts.first) {
        let waiting: Option<&Trigger> = analysis
            .scale_in_triggers
            .last()
            .filter(|trigger| trigger.to_the_end);
        findings.push(Finding::Note(match waiting {
            Some(trigger) => format!(
                "At the end, {} still ran: the load fell only {} before.",
                things(counts.last.into(), "instance"),
                clock.length(trigger.until - trigger.from)
            ),
            None => format!(
                "At the end, {} still ran, because the load lasted until then.",
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
            "None of {} failed.",
            things(requests.sent, "request")
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
    let leaving = run.load.iter().filter(|second| leaves(run, second.at));
    let leaving = total(leaving.map(|second| second.failed));
    if share > FAILED_AT_MOST {
        findings.push(Finding::Bad(format!(
            "{failed}; the limit is {FAILED_AT_MOST}%."
        )));
    } else if leaving > 0 {
        findings.push(Finding::Bad(format!(
            "{failed}; {} of them while an instance stopped.",
            count(leaving)
        )));
    } else {
        findings.push(Finding::Note(format!(
            "{failed}, within the limit of {FAILED_AT_MOST}%."
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
            "While {} instances were ready, they handled {}; {far}",
            decimal(share.instances.into()),
            things(share.requests, "request")
        )
    } else {
        format!("Estimated from how long each instance ran, {far}")
    };
    findings.push(if off.abs() > UNFAIR {
        Finding::Bad(format!("{how}; the limit is {}%.", UNFAIR * 100.0))
    } else {
        Finding::Good(format!("{how}."))
    });
}
