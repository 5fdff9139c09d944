//! The target values. They are printed but never asserted: a busy machine must not fail a build.

use serde::Serialize;

use super::databases::Databases;
use super::names;
use super::results::{Metric, Results};

/// One target and its result.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) target: &'static str,
    /// `None` if it was not measured.
    pub(crate) figure: Option<f64>,
    pub(crate) bound: Bound,
}

/// The allowed side of a value.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Verdict {
    pub(crate) fn word(&self) -> &'static str {
        match (self.figure, self.bound) {
            (None, _) => "not measured",
            (Some(figure), Bound::AtLeast(least)) if figure >= least => "met",
            (Some(figure), Bound::AtMost(most)) if figure <= most => "met",
            (Some(_), _) => "missed",
        }
    }
}

/// All targets.
pub(crate) fn judge(results: &Results, databases: &Databases) -> Vec<Verdict> {
    use Metric::{Count, MemoryMb, P50Ms, P99Ms, PostgresUs, ProcessUs, Rate, TimeMs};

    let small = names::SMALL;
    let visits = |connections: u32| names::visits(connections, small);
    let listing = |connections, rows| names::listing(connections, rows);
    let of = |name: &str, metric| results.median(name, metric);
    let ratio = |name: &str, to: &str, metric| results.ratio(name, to, metric);
    let of_limited = |instances| {
        let one = names::limited_instances(1);
        ratio(&names::limited_instances(instances), &one, Rate)
    };
    let through_lab_up = |endpoint| {
        let direct = names::on_way(endpoint, names::DIRECT);
        ratio(&names::on_way(endpoint, names::LAB_UP), &direct, Rate)
    };
    let databases = &databases.0;
    let counted = databases.iter().any(|database| database.rows.is_some());
    let wrong = databases.iter().filter(|database| !database.is_exact());
    let wrong = wrong.count();
    let wrong = counted.then_some(f64::from(u32::try_from(wrong).unwrap_or(u32::MAX)));

    macro_rules! targets {
        ($($target:literal: $figure:expr, $side:ident $bound:literal;)*) => {
            vec![$(Verdict { target: $target, figure: $figure, bound: Bound::$side($bound) }),*]
        };
    }
    targets! {
        "visits, 64 connections: times pgbench's single inserts":
            ratio(&visits(64), names::SINGLE_INSERTS, Rate), AtLeast 1.8;
        "visits, 64 connections: p99, ms": of(&visits(64), P99Ms), AtMost 15.0;
        "visits, 512 connections: times the rate at 64": ratio(&visits(512), &visits(64), Rate), AtLeast 1.0;
        "visits, 1 connection: p50, times a single insert's through sqlx":
            ratio(&visits(1), names::SQLX_INSERT, P50Ms), AtMost 1.3;
        "listing, 64 connections: times the empty route":
            ratio(&listing(64, small), &names::empty_route(64), Rate), AtLeast 0.5;
        "listing, 64 connections, 1M rows: times the rate at 1k":
            ratio(&listing(64, names::LARGE), &listing(64, small), Rate), AtLeast 0.9;
        "CPU of a visit in the handler, 64 connections, us": of(&visits(64), ProcessUs), AtMost 40.0;
        "memory idle, MB": of(names::MEMORY_IDLE, MemoryMb), AtMost 25.0;
        "memory at 512 connections, MB": of(&visits(512), MemoryMb), AtMost 60.0;
        "/health/live idle, 8 connections: p99, ms": of(names::PROBES_IDLE, P99Ms), AtMost 10.0;
        "start to first answer on SQLite, ms": of(names::START_SQLITE, TimeMs), AtMost 100.0;
        "start to first answer on PostgreSQL, ms": of(names::START_POSTGRES, TimeMs), AtMost 200.0;
        "visits through lab up: times direct": through_lab_up(names::VISITS), AtLeast 0.5;
        "listing through lab up: times direct": through_lab_up(names::LISTING), AtLeast 0.5;
        "visits, 2 CPU limited instances: times one's": of_limited(2), AtLeast 1.0;
        "visits, 3 CPU limited instances: times one's": of_limited(3), AtLeast 1.0;
        "visits, 3 CPU limited instances: PostgreSQL's CPU of a visit, us":
            of(&names::limited_instances(3), PostgresUs), AtMost 8.0;
        "overload: p99 of accepted visits, ms": of(names::ACCEPTED, P99Ms), AtMost 100.0;
        "overload: p99 of 503 answers, ms": of(names::SHED, P99Ms), AtMost 50.0;
        "overload: requests neither accepted nor answered 503": of(names::NEITHER, Count), AtMost 0.0;
        "overload: probes not answered with 200": of(names::PROBES_OVERLOAD, Metric::Failures), AtMost 0.0;
        "overload: time to normal service, ms": of(names::RECOVERY, TimeMs), AtMost 1_000.0;
        "rule sets that lab tune tries on a day, a second": of(names::RULE_SETS, Rate), AtLeast 200.0;
        "databases whose rows or total differ from the acknowledged visits": wrong, AtMost 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Group;

    #[test]
    fn a_target_is_met_on_its_bound() {
        let verdict = |figure, bound| {
            let target = "x";
            Verdict {
                target,
                figure,
                bound,
            }
            .word()
        };
        assert_eq!(verdict(Some(1.8), Bound::AtLeast(1.8)), "met");
        assert_eq!(verdict(Some(1.79), Bound::AtLeast(1.8)), "missed");
        assert_eq!(verdict(Some(40.0), Bound::AtMost(40.0)), "met");
        assert_eq!(verdict(Some(40.1), Bound::AtMost(40.0)), "missed");
        assert_eq!(verdict(None, Bound::AtMost(1.0)), "not measured");
    }

    #[test]
    fn targets_find_their_rows() {
        let mut results = Results::default();
        let mut note = |name: &str, metric, value| {
            results.record(Group::Visits, name, None, &[(metric, value)]);
        };
        note(names::SINGLE_INSERTS, Metric::Rate, 10_000.0);
        note(&names::visits(64, names::SMALL), Metric::Rate, 20_000.0);
        let verdicts = judge(&results, &Databases::default());
        assert_eq!((verdicts[0].figure, verdicts[0].word()), (Some(2.0), "met"));
        assert!(
            verdicts[1..]
                .iter()
                .all(|verdict| verdict.word() == "not measured")
        );
    }
}
