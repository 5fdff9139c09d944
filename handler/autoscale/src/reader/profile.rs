//! One profile: its limits, its calendar, and its rules.

use super::super::finding::Kind;
use super::super::place::Place;
use super::super::profile::{Capacity, MOST_INSTANCES, Profile, Rule};
use super::super::schedule::{FixedDate, Recurrence, Schedule};
use super::super::time_zone::TimeZone;
use super::{ProfilePlace, Reader};

/// The most rules that Azure accepts in a profile.
const MOST_RULES: usize = 10;
/// The longest fixed date that Azure accepts.
const MOST_DAYS: i64 = 365;
const DAY: i64 = 24 * 60 * 60;

impl Reader<'_> {
    pub(super) fn profile(&mut self, place: &Place<'_>) -> Option<Profile> {
        if !self.is_object(place, "a profile") {
            return None;
        }
        let known = [
            "name",
            "capacity",
            "rules",
            "rule",
            "fixedDate",
            "recurrence",
            "copy",
        ];
        self.other_fields(place, &known);
        let name = place.field(&["name"]);
        let name = name.as_ref().and_then(|name| name.value.as_str());
        let schedule = self.schedule(place);
        let capacity = match place.field(&["capacity"]) {
            Some(capacity) => self.capacity(&capacity),
            None => {
                let accepted = "an object with minimum, maximum and default";
                self.missing(place, "capacity", accepted);
                None
            }
        };
        self.places.push(ProfilePlace {
            profile: place.path.clone(),
            rules: Vec::new(),
        });
        let rules = self.rules(place);
        Some(Profile {
            name: name.unwrap_or("default").to_owned(),
            schedule: schedule?,
            capacity: capacity?,
            rules: rules?,
        })
    }

    fn rules(&mut self, place: &Place<'_>) -> Option<Vec<Rule>> {
        let Some(list) = place.field(&["rules", "rule"]) else {
            // A profile without rules only enforces its limits. With a copy loop, rules are missing.
            if place.field(&["copy"]).is_some() {
                self.missing(place, "rules", "a list of rules");
                return None;
            }
            return Some(Vec::new());
        };
        let Some(items) = list.items() else {
            self.refuse_value(&list, "a list of rules");
            return None;
        };
        if items.len() > MOST_RULES {
            let message = format!(
                "has {} rules, and Azure accepts up to {MOST_RULES}. All of them are used.",
                items.len()
            );
            self.find(Kind::Assumed, "too_many", list.path.clone(), message, "");
        }
        if let Some(profile) = self.places.last_mut() {
            profile.rules = items.iter().map(|item| item.path.clone()).collect();
        }
        let rules: Vec<_> = items.iter().map(|item| self.rule(item)).collect();
        rules.into_iter().collect()
    }

    fn capacity(&mut self, place: &Place<'_>) -> Option<Capacity> {
        const NAMES: [&str; 3] = ["minimum", "maximum", "default"];
        if !self.is_object(place, "an object with minimum, maximum and default") {
            return None;
        }
        self.other_fields(place, &NAMES);
        let [minimum, maximum, default] = NAMES.map(|name| self.count(place, name));
        let (minimum, maximum, default) = (minimum?, maximum?, default?);
        if maximum < minimum {
            let message = format!("is {maximum}, below the minimum of {minimum}");
            self.refuse(place.missing("maximum"), message);
            return None;
        }
        if minimum == 0 {
            self.find(
                Kind::Assumed,
                "minimum_zero",
                place.missing("minimum"),
                "is 0: without a ready instance there is no CPU sample, and any load counts as overload.",
                "",
            );
        }
        let within = default.clamp(minimum, maximum);
        if within != default {
            let message = format!(
                "is {default}, outside the limits {minimum} to {maximum}. {within} is used; Azure refuses such a setting."
            );
            let remedy = "Choose a default within the limits.";
            self.find(
                Kind::Assumed,
                "out_of_bounds",
                place.missing("default"),
                message,
                remedy,
            );
        }
        Some(Capacity {
            minimum,
            maximum,
            default: within,
        })
    }

    fn count(&mut self, capacity: &Place<'_>, name: &str) -> Option<u32> {
        let Some(place) = capacity.field(&[name]) else {
            self.missing(capacity, name, "a number of instances");
            return None;
        };
        let Some(count) = place.whole() else {
            self.refuse_value(&place, "a whole number of instances");
            return None;
        };
        if count > MOST_INSTANCES {
            let message = format!(
                "is {count}. Azure has at most {MOST_INSTANCES} instances; these are used."
            );
            self.find(Kind::Assumed, "out_of_bounds", place.path, message, "");
        }
        Some(count.min(MOST_INSTANCES))
    }

    fn schedule(&mut self, place: &Place<'_>) -> Option<Schedule> {
        if let Some(dates) = place.field(&["fixedDate"]) {
            if !self.is_object(&dates, "an object with start and end") {
                return None;
            }
            let zone = self.zone(&dates)?;
            let start = self.text(&dates, "start", "such as 2026-12-24T18:00:00")?;
            let end = self.text(&dates, "end", "such as 2026-12-27T06:00:00")?;
            return match FixedDate::new(zone, &start, &end) {
                Ok(read) => {
                    if read.offset_ignored() {
                        self.find(
                            Kind::Assumed,
                            "offset",
                            dates.path,
                            "has an offset beside a timeZone. The local time in the timeZone counts.",
                            "Write the times without Z and without an offset.",
                        );
                    }
                    // A change of the clocks within the span does not count as a day.
                    let days = (read.span().end - read.span().start) / DAY;
                    if days > MOST_DAYS {
                        let message = format!(
                            "lasts {days} days, and Azure accepts at most {MOST_DAYS}. All of them are used."
                        );
                        let remedy = "Choose an earlier end, or a recurrence.";
                        self.find(
                            Kind::Assumed,
                            "out_of_bounds",
                            place.missing("fixedDate"),
                            message,
                            remedy,
                        );
                    }
                    Some(Schedule::FixedDate(read))
                }
                Err(problem) => {
                    self.refuse(dates.path, problem);
                    None
                }
            };
        }
        let Some(recurrence) = place.field(&["recurrence"]) else {
            return Some(Schedule::Default);
        };
        if !self.is_object(&recurrence, "an object with frequency and schedule") {
            return None;
        }
        // Terraform writes no frequency.
        let frequency = recurrence.field(&["frequency"]);
        let written = frequency
            .as_ref()
            .map(|frequency| frequency.text().ok_or(frequency));
        let frequency = written.unwrap_or(Ok("Week")).unwrap_or_else(|unknown| {
            let message = format!("is {}. Week is assumed.", unknown.shown());
            let remedy = "Week is the only frequency that Azure follows.";
            self.find(
                Kind::Assumed,
                "frequency",
                unknown.path.clone(),
                message,
                remedy,
            );
            "Week"
        });
        // Terraform writes the schedule's fields into the recurrence itself.
        let schedule = recurrence
            .field(&["schedule"])
            .unwrap_or(recurrence.clone());
        if !self.is_object(&schedule, "an object with days, hours and minutes") {
            return None;
        }
        let zone = self.zone(&schedule)?;
        if zone.is_none() {
            let place = schedule.missing("timeZone");
            self.find(
                Kind::Assumed,
                "missing",
                place,
                "is missing. UTC is assumed.",
                "",
            );
        }
        let zone = zone.unwrap_or(TimeZone::UTC);
        let mut days = Vec::new();
        for day in self.list(&schedule, "days")? {
            let Some(name) = day.text() else {
                self.refuse_value(&day, "a day such as \"Monday\"");
                return None;
            };
            days.push(name);
        }
        let hours = self.numbers(&schedule, "hours")?;
        let minutes = self.numbers(&schedule, "minutes")?;
        match Recurrence::new(frequency, zone, &days, &hours, &minutes) {
            Ok(read) => Some(Schedule::Recurring(read)),
            Err(problem) => {
                self.refuse(recurrence.path, problem);
                None
            }
        }
    }

    /// The time zone of a calendar; `Some(None)` if it names none.
    fn zone(&mut self, calendar: &Place<'_>) -> Option<Option<TimeZone>> {
        let Some(field) = calendar.field(&["timeZone"]) else {
            return Some(None);
        };
        let zone = field.text().and_then(TimeZone::named);
        if zone.is_none() {
            let accepted = "a Windows name such as \"W. Europe Standard Time\", or an IANA name such as \"Europe/Berlin\"";
            self.refuse_value(&field, accepted);
        }
        zone.map(Some)
    }

    fn text(&mut self, place: &Place<'_>, name: &str, accepted: &str) -> Option<String> {
        let Some(field) = place.field(&[name]) else {
            self.missing(place, name, accepted);
            return None;
        };
        let text = field.text();
        if text.is_none() {
            self.refuse_value(&field, accepted);
        }
        text.map(str::to_owned)
    }

    /// The items of a list. A single value counts as a list of one.
    fn list<'a>(&mut self, place: &Place<'a>, name: &str) -> Option<Vec<Place<'a>>> {
        let Some(field) = place.field(&[name]) else {
            return Some(Vec::new());
        };
        if let Some(items) = field.items() {
            return Some(items);
        }
        if field.text().is_some() || field.whole().is_some() {
            return Some(vec![field]);
        }
        self.refuse_value(&field, "a list");
        None
    }

    /// Reads a list of whole numbers, or of strings that contain them.
    fn numbers(&mut self, place: &Place<'_>, name: &str) -> Option<Vec<i64>> {
        let mut numbers = Vec::new();
        for item in self.list(place, name)? {
            let Some(number) = item.whole() else {
                self.refuse_value(&item, "a whole number");
                return None;
            };
            numbers.push(i64::from(number));
        }
        Some(numbers)
    }
}
