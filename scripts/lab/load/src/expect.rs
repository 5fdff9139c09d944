//! Conditions that decide the exit code: `p99<250ms`, `errors<0.1%`, `instances>=2`.

use super::duration;
use run_record::format::{list, part};
use run_record::{Expectation, Requests, Run};

/// A value of a run that a condition limits; `None` if it was not measured.
type Measure = fn(&Run) -> Option<f64>;

/// The values, by their names in conditions.
const MEASURES: [(&str, Unit, Measure); 7] = [
    ("p50", Unit::Latency, |run| run.requests.latency_ms.p50),
    ("p95", Unit::Latency, |run| run.requests.latency_ms.p95),
    ("p99", Unit::Latency, |run| run.requests.latency_ms.p99),
    ("errors", Unit::Share, errors),
    ("instances", Unit::Count, instances),
    ("rate", Unit::Rate, Run::ok_per_second),
    ("requests", Unit::Count, |run| {
        Some(run.requests.sent as f64)
    }),
];

/// Failed requests, in percent of all that were sent.
fn errors(run: &Run) -> Option<f64> {
    let Requests { sent, failed, .. } = run.requests;
    (sent > 0).then(|| part(failed, sent))
}

/// The most ready instances at a time.
fn instances(run: &Run) -> Option<f64> {
    // If the target does not list its instances, the instances that responded are counted.
    let answered = (!run.per_instance.is_empty()).then_some(run.per_instance.len());
    let seen = run.most_ready().map(f64::from);
    seen.or(answered.map(|count| count as f64))
}

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Milliseconds.
    Latency,
    /// Percent.
    Share,
    /// A whole number.
    Count,
    /// Requests per second.
    Rate,
}

type Comparison = fn(&f64, &f64) -> bool;

/// A condition with its text.
#[derive(Clone, Debug)]
pub(super) struct Expect {
    written: String,
    unit: Unit,
    measure: Measure,
    comparison: Comparison,
    bound: f64,
}

impl Expect {
    /// Reads a condition.
    ///
    /// # Errors
    /// One sentence for the user.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "'{text}': {what}; write conditions such as p99<250ms, errors<0.1%, rate>=100 or instances>=2"
            )
        };
        let written: String = text.split_whitespace().collect();
        let at = written
            .find(['<', '>', '='])
            .ok_or_else(|| wrong("there is no < or >"))?;
        let (name, rest) = written.split_at(at);
        let known = MEASURES.into_iter().find(|(known, ..)| *known == name);
        let (_, unit, measure) = known.ok_or_else(|| {
            let names = MEASURES.map(|(name, ..)| name.to_owned());
            wrong(&format!(
                "it has no known value; the values are {}",
                list(&names)
            ))
        })?;
        // The longer ones must come first.
        let comparisons: [(&str, Comparison); 6] = [
            ("<=", f64::le),
            (">=", f64::ge),
            ("==", f64::eq),
            ("<", f64::lt),
            (">", f64::gt),
            ("=", f64::eq),
        ];
        let (comparison, bound) = comparisons
            .iter()
            .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?)))
            .expect("it begins with one of them");
        let bound = unit.parse(bound).ok_or_else(|| wrong(unit.rule()))?;
        Ok(Self {
            written,
            unit,
            measure,
            comparison,
            bound,
        })
    }

    /// Checks the condition for a run. A value that was not measured fails.
    pub(super) fn judge(&self, run: &Run) -> Expectation {
        let value = (self.measure)(run);
        Expectation {
            condition: self.written.clone(),
            measured: value.map_or("not measured".to_owned(), |value| self.unit.describe(value)),
            held: value.is_some_and(|value| (self.comparison)(&value, &self.bound)),
        }
    }
}

impl Unit {
    fn rule(self) -> &'static str {
        match self {
            Self::Latency => "a latency has a unit, such as 250ms or 1.5s",
            Self::Share => "errors are a share from 0% to 100%",
            Self::Count => "this is a whole number",
            Self::Rate => "a rate is a number of requests per second, such as 100 or 100/s",
        }
    }

    fn parse(self, text: &str) -> Option<f64> {
        let number = |text: &str| {
            let plain = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            text.parse::<f64>().ok().filter(|_| plain)
        };
        match self {
            Self::Latency => {
                let bound = duration::parse(text).ok()?;
                Some(bound.as_secs_f64() * 1_000.0)
            }
            Self::Share => number(text.strip_suffix('%')?).filter(|share| *share <= 100.0),
            Self::Count => text.parse::<u64>().ok().map(|count| count as f64),
            Self::Rate => number(text.strip_suffix("/s").unwrap_or(text)),
        }
    }

    fn describe(self, value: f64) -> String {
        match self {
            Self::Latency => format!("{value:.1} ms"),
            Self::Share => format!("{}%", (value * 1_000.0).round() / 1_000.0),
            Self::Count => format!("{value}"),
            Self::Rate => format!("{value:.1}/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use run_record::{FleetSample, Percentiles};

    fn run() -> Run {
        Run {
            seconds: 10.0,
            requests: Requests {
                sent: 1_000,
                ok: 990,
                failed: 1,
                busy: 9,
                latency_ms: Percentiles {
                    p50: Some(10.0),
                    p95: Some(100.0),
                    p99: Some(250.0),
                    max: Some(1_000.0),
                },
                ..Requests::default()
            },
            per_instance: BTreeMap::from([("a".to_owned(), 1_000)]),
            ..Run::default()
        }
    }

    #[test]
    fn conditions_are_judged() {
        let mut run = run();
        run.samples = vec![
            FleetSample {
                ready: 2,
                ..FleetSample::default()
            },
            FleetSample {
                ready: 1,
                ..FleetSample::default()
            },
        ];
        for (text, held, measured) in [
            ("p99<250ms", false, "250.0 ms"),
            ("p99<=250ms", true, "250.0 ms"),
            ("p95 < 0.2s", true, "100.0 ms"),
            ("p50>11ms", false, "10.0 ms"),
            ("errors<0.1%", false, "0.1%"),
            ("errors<=0.1%", true, "0.1%"),
            ("errors=0%", false, "0.1%"),
            ("instances>=2", true, "2"),
            ("instances==3", false, "2"),
            ("rate>=99", true, "99.0/s"),
            ("rate>99/s", false, "99.0/s"),
            ("requests>=1000", true, "1000"),
        ] {
            let judged = Expect::parse(text).expect(text).judge(&run);
            assert_eq!(
                (judged.held, judged.measured.as_str()),
                (held, measured),
                "{text}"
            );
            assert_eq!(judged.condition, text.replace(' ', ""));
        }
    }

    #[test]
    fn unmeasured_values_fail() {
        let nothing = Run::default();
        for text in ["p99<1h", "errors<=100%", "instances>=0", "rate>=0"] {
            let judged = Expect::parse(text).expect(text).judge(&nothing);
            assert!(
                !judged.held && judged.measured == "not measured",
                "{judged:?}"
            );
        }
        // An app that does not list its instances names them in its responses.
        assert!(
            Expect::parse("instances=1")
                .expect("one")
                .judge(&run())
                .held
        );
    }

    #[test]
    fn wrong_conditions_are_refused() {
        for (text, part) in [
            ("", "no < or >"),
            ("p99", "no < or >"),
            ("p98<1s", "the values are"),
            ("P99<1s", "the values are"),
            ("<1s", "the values are"),
            ("p99<250", "a latency has a unit"),
            ("p99<ms", "a latency has a unit"),
            ("p99=<1s", "a latency has a unit"),
            ("p99<-1s", "a latency has a unit"),
            ("errors<0.1", "a share"),
            ("errors<101%", "a share"),
            ("errors<NaN%", "a share"),
            ("errors<1e1%", "a share"),
            ("instances>=1.5", "a whole number"),
            ("instances>=-1", "a whole number"),
            ("rate>=x", "a rate is"),
            ("rate>=1..2", "a rate is"),
        ] {
            let said = Expect::parse(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
