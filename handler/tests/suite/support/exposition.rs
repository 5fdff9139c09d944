//! A strict parser for Prometheus' text format 0.0.4, according to its documentation.

use std::collections::{BTreeMap, BTreeSet};

/// One metric family.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    /// By name and labels.
    pub series: BTreeMap<Series, f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    pub name: String,
    pub labels: BTreeMap<String, String>,
}

/// Parses an exposition. Panics at the first error.
#[track_caller]
pub fn parse(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'), "the last line must end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect(line);
            assert!(is_name(name) && !help.trim().is_empty(), "{line}");
            let family = Family {
                ..Family::default()
            };
            let other = families.insert(name.to_owned(), family);
            assert!(
                other.is_none(),
                "{name} occurs twice, or its lines are not together"
            );
            name.clone_into(&mut current);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect(line);
            assert_eq!(name, current, "the type must follow the help");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            let family = families.get_mut(name).unwrap();
            assert!(family.kind.is_empty() && family.series.is_empty(), "{line}");
            kind.clone_into(&mut family.kind);
        } else {
            assert!(!line.starts_with('#'), "an unknown comment: {line}");
            let (series, value) = series(line);
            let family = families.get_mut(&current).expect(line);
            let suffixes: &[&str] = match family.kind.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            let belongs = |suffix: &&str| series.name == format!("{current}{suffix}");
            assert!(suffixes.iter().any(belongs), "{line} is not of {current}");
            assert!(
                family.series.insert(series, value).is_none(),
                "twice: {line}"
            );
        }
    }
    for (name, family) in &families {
        check(name, family);
    }
    families
}

fn series(line: &str) -> (Series, f64) {
    let mut labels = BTreeMap::new();
    let Some((name, mut rest)) = line.split_once('{') else {
        // A series of the whole fleet, without a label.
        let (name, value) = line.split_once(' ').expect(line);
        return (named(line, name, labels), number(line, value));
    };
    loop {
        let (label, quoted) = rest.split_once("=\"").expect(line);
        let is_label = label
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '_')
            && label.starts_with(|char: char| char.is_ascii_alphabetic());
        assert!(is_label && !label.starts_with("__"), "{line}");
        let (mut value, mut end) = (String::new(), None);
        let mut chars = quoted.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    end = Some(at);
                    break;
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, char @ ('\\' | '"'))) => value.push(char),
                    other => panic!("{other:?} is not escaped in {line}"),
                },
                char => value.push(char),
            }
        }
        let other = labels.insert(label.to_owned(), value);
        assert!(other.is_none(), "a label twice: {line}");
        rest = &quoted[end.expect(line) + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let value = rest.strip_prefix("} ").expect(line);
    (named(line, name, labels), number(line, value))
}

fn named(line: &str, name: &str, labels: BTreeMap<String, String>) -> Series {
    assert!(is_name(name), "{line}");
    let name = name.to_owned();
    Series { name, labels }
}

fn number(line: &str, value: &str) -> f64 {
    assert!(!value.contains(' '), "no timestamps: {line}");
    let value: f64 = value.parse().expect(line);
    assert!(value.is_finite(), "{line}");
    value
}

fn is_name(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_lowercase())
        && name
            .chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
}

fn check(name: &str, family: &Family) {
    assert!(!family.kind.is_empty(), "{name} has no type");
    assert_eq!(
        family.kind == "counter",
        name.ends_with("_total"),
        "{name} is a {}",
        family.kind
    );
    for (series, value) in &family.series {
        assert!(
            // The scaler's series belong to the whole fleet.
            series.labels.contains_key("instance_id") != name.starts_with("elastic_visits_scaler_"),
            "{series:?} names no instance"
        );
        assert!(
            family.kind == "gauge" || *value >= 0.0,
            "{series:?} {value}"
        );
    }
    if family.kind == "histogram" {
        let instances: BTreeSet<_> = family
            .series
            .keys()
            .map(|series| series.labels["instance_id"].clone())
            .collect();
        for instance in instances {
            check_histogram(name, family, &instance);
        }
    }
}

fn check_histogram(name: &str, family: &Family, instance: &str) {
    let value = |suffix: &str| {
        let labels = BTreeMap::from([("instance_id".to_owned(), instance.to_owned())]);
        let name = format!("{name}{suffix}");
        family.series[&Series { name, labels }]
    };
    let bound = |series: &Series| match series.labels["le"].as_str() {
        "+Inf" => f64::INFINITY,
        bound => bound.parse().expect(bound),
    };
    let mut buckets: Vec<(f64, f64)> = family
        .series
        .iter()
        .filter(|(series, _)| series.name.ends_with("_bucket"))
        .filter(|(series, _)| series.labels["instance_id"] == instance)
        .map(|(series, count)| (bound(series), *count))
        .collect();
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    assert!(buckets.is_sorted_by(|one, other| one.0 < other.0 && one.1 <= other.1));
    let (last, all) = *buckets.last().unwrap();
    assert_eq!(
        (last, all),
        (f64::INFINITY, value("_count")),
        "{name} {instance}"
    );
    assert!(value("_sum") >= 0.0);
}
