//! Reads fields of all kinds, with their findings and problems.

use std::time::Duration;

use super::super::duration;
use super::super::finding::{Finding, Kind, Problem};
use super::super::place::{Place, is_expression, printable};
use super::{EXPORT, Reader};

impl Reader<'_> {
    pub(super) fn find(
        &mut self,
        kind: Kind,
        code: &'static str,
        place: String,
        message: impl Into<String>,
        remedy: &str,
    ) {
        self.findings.push(Finding {
            kind,
            code,
            place,
            message: message.into(),
            remedy: remedy.to_owned(),
        });
    }

    pub(super) fn refuse(&mut self, place: String, message: impl Into<String>) {
        self.problems.push(Problem {
            place,
            message: message.into(),
        });
    }

    /// Reports a value that is not accepted, or a template expression that has no value.
    pub(super) fn refuse_value(&mut self, place: &Place<'_>, accepted: &str) {
        let message = match place.value.as_str() {
            Some(expression) if is_expression(expression) => {
                let unresolved = self.unresolved.iter().find(|one| one.path == place.path);
                let reason = unresolved.map_or("cannot be evaluated", |one| &one.reason);
                let or = if reason.contains("--parameters") {
                    ", or"
                } else {
                    ";"
                };
                format!(
                    "is the template expression {}, which {reason}{or} {EXPORT}",
                    printable(expression)
                )
            }
            _ => format!("is {}; accepted: {accepted}", place.shown()),
        };
        self.refuse(place.path.clone(), message);
    }

    pub(super) fn missing(&mut self, place: &Place<'_>, name: &str, accepted: &str) {
        let message = match place.field(&["copy"]) {
            Some(copy) if is_copied(&copy, name) => {
                format!("is created by a copy loop, which is not expanded here; {EXPORT}")
            }
            _ => format!("is missing; accepted: {accepted}"),
        };
        self.refuse(place.missing(name), message);
    }

    /// Whether there is an object at this place. If not, that is a problem.
    pub(super) fn is_object(&mut self, place: &Place<'_>, accepted: &str) -> bool {
        let is_object = place.object().is_some();
        if !is_object {
            self.refuse_value(place, accepted);
        }
        is_object
    }

    /// Reads one of these names, without regard to case.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        place: &Place<'_>,
        names: &[(&'static str, T)],
    ) -> Option<T> {
        let text = place.text().unwrap_or_default();
        let found = names
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        if found.is_none() {
            let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
            self.refuse_value(place, &names.join(", "));
        }
        found.map(|(_, value)| *value)
    }

    /// Reads a duration. If it is outside the bounds, the nearest bound is used.
    pub(super) fn duration(
        &mut self,
        place: &Place<'_>,
        least: &str,
        most: &str,
    ) -> Option<Duration> {
        let bound = |text| duration::parse(text).expect("a bound is a duration");
        let Some(read) = place.text().and_then(duration::parse) else {
            let accepted = format!("an ISO 8601 duration from {least} to {most}, such as PT5M");
            self.refuse_value(place, &accepted);
            return None;
        };
        let nearest = read.clamp(bound(least), bound(most));
        if nearest != read {
            let message = format!(
                "is {}, and Azure accepts {least} to {most}. {} is used.",
                place.shown(),
                duration::format(nearest)
            );
            self.find(
                Kind::Assumed,
                "out_of_bounds",
                place.path.clone(),
                message,
                "",
            );
        }
        Some(nearest)
    }

    /// Reports fields that the schema does not have. They would otherwise be skipped silently.
    pub(super) fn other_fields(&mut self, place: &Place<'_>, known: &[&str]) {
        for field in place.other_fields(known) {
            self.find(
                Kind::Ignored,
                "unknown_field",
                field.path,
                "is not a field of the schema.",
                "Check its spelling.",
            );
        }
    }
}

/// Whether a property's copy loop creates this field
/// (<https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-properties>).
fn is_copied(copy: &Place<'_>, name: &str) -> bool {
    let loops = copy.items().unwrap_or_default();
    let mut names = loops.iter().filter_map(|one| one.field(&["name"]));
    names.any(|made| {
        made.text()
            .is_some_and(|made| made.eq_ignore_ascii_case(name))
    })
}
