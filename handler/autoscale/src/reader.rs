//! Reads rule files: settings of any form, and all problems and findings at once.
//!
//! The text is parsed as JSON ([`json`](super::json)). The settings in it are found and their template expressions
//! evaluated ([`document`](super::document)). Then the chosen setting is read here. Azure refuses values outside the
//! schema's bounds. This reader uses the nearest value within the bounds and reports a finding, so that unfinished
//! settings can be simulated too.

use serde_json::Map;

use super::document::{self, Candidate};
use super::finding::{Finding, Kind, Problem, Refusal};
use super::place::{Place, printable};
use super::profile::{Metric, Profile, Setting};
use super::schedule::Schedule;
use super::template::Unresolved;
use super::{json, language, parameters, resource_type};

mod fields;
mod metric;
mod profile;
mod rule;

/// The most profiles that Azure accepts in a setting.
const MOST_PROFILES: usize = 20;
const EXPORT: &str = "export the deployed setting: az monitor autoscale show --output json";

/// What a reader needs in addition to the text.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// The file's name. Its extension shows languages that must be compiled first.
    pub file_name: Option<&'a str>,
    /// The text of a parameter file for a template.
    pub parameters: Option<&'a str>,
    /// The name of the chosen setting, if the file contains several.
    pub setting: Option<&'a str>,
}

/// A setting, and the reader's findings.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// The content of the file.
    pub setting: Setting,
    /// In the file's order.
    pub findings: Vec<Finding>,
    /// The places of the setting's profiles in the file, and of their rules.
    pub places: Vec<ProfilePlace>,
}

/// The place of a profile in a file, in the form of [`Finding::place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePlace {
    /// For example `profiles[0]`; empty for a bare profile.
    pub profile: String,
    /// For example `profiles[0].rules[1]`, in the profile's order.
    pub rules: Vec<String>,
}

impl RuleFile {
    /// Reads a rule file.
    ///
    /// # Errors
    /// Every problem in the file: its place, what is wrong, and what is accepted.
    pub fn read(text: &str, options: ReadOptions<'_>) -> Result<Self, Refusal> {
        let root = json::parse(text).map_err(|error| {
            let compiled_first = language::language_of(options.file_name, text);
            Refusal::whole(compiled_first.map_or(error, str::to_owned))
        })?;
        let given = options
            .parameters
            .map_or(Ok(Map::new()), parameters::read)
            .map_err(|error| Refusal::whole(format!("the parameter file: {error}")))?;
        let found = document::candidates(&root, &given);
        let candidate = chosen(&found, options.setting)?;
        let mut reader = Reader {
            unresolved: &candidate.unresolved,
            is_setting: candidate.is_setting,
            target: None,
            metrics: Vec::new(),
            places: Vec::new(),
            findings: Vec::new(),
            problems: Vec::new(),
        };
        for (place, message) in &found.notes {
            reader.find(Kind::Ignored, "template", place.clone(), message, "");
        }
        let place = Place::new(&candidate.value, &candidate.path);
        let setting = reader.setting(&place, candidate.name.as_deref());
        match (setting, reader.problems) {
            (Some(setting), problems) if problems.is_empty() => Ok(Self {
                setting,
                findings: reader.findings,
                places: reader.places,
            }),
            (_, problems) => Err(Refusal { problems }),
        }
    }
}

impl Setting {
    /// Reads a rule file that needs no options, and ignores its findings.
    ///
    /// # Errors
    /// The same as for [`RuleFile::read`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        RuleFile::read(text, ReadOptions::default()).map(|file| file.setting)
    }

    /// The app's built-in rules.
    pub fn built_in() -> Self {
        Self::parse(super::BUILT_IN).expect("a test reads it")
    }
}

/// The setting to use, of those in the file.
fn chosen<'a>(found: &'a document::Found, wanted: Option<&str>) -> Result<&'a Candidate, Refusal> {
    let candidates = &found.candidates;
    let names = || {
        let names = candidates
            .iter()
            .enumerate()
            .map(|(index, candidate)| name_of(candidate, index));
        names.collect::<Vec<_>>().join(", ")
    };
    if candidates.is_empty() {
        let notes = found.notes.iter();
        let problem = |(place, message): &(String, String)| Problem {
            place: place.clone(),
            message: message.clone(),
        };
        return Err(Refusal {
            problems: notes.map(problem).collect(),
        });
    }
    match (wanted, candidates.as_slice()) {
        (None, [one]) => Ok(one),
        (None, several) => Err(Refusal::whole(format!(
            "it contains {} autoscale settings: {}. Choose one with --setting NAME.",
            several.len(),
            names()
        ))),
        (Some(wanted), _) => {
            let numbered = candidates.iter().enumerate();
            let named: Vec<&Candidate> = numbered
                .filter(|(index, candidate)| {
                    name_of(candidate, *index).eq_ignore_ascii_case(wanted)
                        || candidate.path.eq_ignore_ascii_case(wanted)
                })
                .map(|(_, candidate)| candidate)
                .collect();
            match named.as_slice() {
                [one] => Ok(one),
                [] => Err(Refusal::whole(format!(
                    "it contains no autoscale setting named {}; there are: {}",
                    printable(wanted),
                    names()
                ))),
                several => {
                    let paths: Vec<&str> = several.iter().map(|one| one.path.as_str()).collect();
                    Err(Refusal::whole(format!(
                        "it contains {} autoscale settings named {}. Choose one by its place with --setting: {}",
                        several.len(),
                        printable(wanted),
                        paths.join(", ")
                    )))
                }
            }
        }
    }
}

/// A setting without a name is identified by its number.
fn name_of(candidate: &Candidate, index: usize) -> String {
    let name = candidate.name.as_deref().map(printable);
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| (index + 1).to_string())
}

/// Reads a setting. It continues after a problem, in order to find all of them.
struct Reader<'a> {
    unresolved: &'a [Unresolved],
    /// Whether this is a whole setting and not a bare profile.
    is_setting: bool,
    target: Option<String>,
    metrics: Vec<Metric>,
    places: Vec<ProfilePlace>,
    findings: Vec<Finding>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn setting(&mut self, place: &Place<'_>, name: Option<&str>) -> Option<Setting> {
        let name = name.map(printable).unwrap_or_default();
        if !self.is_object(place, "a setting or a profile") {
            return None;
        }
        if !self.is_setting {
            let profile = self.profile(place)?;
            return Some(self.finished(name, true, vec![profile]));
        }
        let enabled = self.enabled(place);
        self.prediction(place);
        self.target(place);
        let Some(profiles) = place.field(&["profiles", "profile"]) else {
            self.missing(place, "profiles", "a list of profiles");
            return None;
        };
        let Some(items) = profiles.items() else {
            self.refuse_value(&profiles, "a list of profiles");
            return None;
        };
        if items.len() > MOST_PROFILES {
            let message = format!(
                "has {} profiles, and Azure accepts up to {MOST_PROFILES}. All of them are used.",
                items.len()
            );
            self.find(
                Kind::Assumed,
                "too_many",
                profiles.path.clone(),
                message,
                "",
            );
        }
        let mut read = Vec::new();
        for item in &items {
            let profile = self.profile(item);
            let defaults = |profile: &Profile| profile.schedule == Schedule::Default;
            if profile.as_ref().is_some_and(defaults) && read.iter().flatten().any(defaults) {
                self.find(
                    Kind::Ignored,
                    "second_default",
                    item.path.clone(),
                    "is a second profile without a calendar. Only the first one applies.",
                    "Give it a fixedDate or a recurrence, or remove it.",
                );
            }
            read.push(profile);
        }
        let profiles = read.into_iter().collect::<Option<Vec<_>>>()?;
        Some(self.finished(name, enabled, profiles))
    }

    fn finished(&mut self, name: String, enabled: bool, profiles: Vec<Profile>) -> Setting {
        Setting {
            name,
            enabled,
            target: self.target.clone(),
            profiles,
            metrics: std::mem::take(&mut self.metrics),
        }
    }

    fn enabled(&mut self, place: &Place<'_>) -> bool {
        let Some(field) = place.field(&["enabled"]) else {
            self.find(
                Kind::Assumed,
                "enabled_missing",
                place.missing("enabled"),
                "is missing. Microsoft's references disagree on the default; true is assumed.",
                "Write \"enabled\": true.",
            );
            return true;
        };
        match field.boolean() {
            Some(true) => true,
            Some(false) => {
                self.find(
                    Kind::Ignored,
                    "disabled",
                    field.path.clone(),
                    "is false: Azure does not act on this setting. It is treated as true here.",
                    "Set it to true before you rely on these rules.",
                );
                false
            }
            None => {
                let message = format!("is {}. True is assumed.", field.shown());
                self.find(Kind::Assumed, "enabled_missing", field.path, message, "");
                true
            }
        }
    }

    fn prediction(&mut self, place: &Place<'_>) {
        let Some(policy) = place.field(&["predictiveAutoscalePolicy", "predictive"]) else {
            return;
        };
        let mode = policy.field(&["scaleMode"]).unwrap_or(policy);
        if mode
            .text()
            .is_some_and(|mode| !mode.eq_ignore_ascii_case("Disabled"))
        {
            let message = format!(
                "is {}. Predictions need days of history that only Azure has; only the rules act here.",
                mode.shown()
            );
            self.find(Kind::Ignored, "predictive", mode.path, message, "");
        }
    }

    fn target(&mut self, place: &Place<'_>) {
        let Some(field) = place.field(&["targetResourceUri", "targetResourceId"]) else {
            return;
        };
        let Some(uri) = field.text().filter(|uri| !uri.is_empty()) else {
            // An expression without a value can still be compared: it has the same text everywhere.
            self.target = field.value.as_str().map(str::to_owned);
            return;
        };
        self.target = Some(uri.to_owned());
        if resource_type::of(uri).as_deref() == Some("microsoft.web/sites") {
            self.find(
                Kind::Assumed,
                "wrong_target",
                field.path.clone(),
                "is a site, and Azure scales the plan that a site runs on. The rules are simulated as if the plan were named.",
                "Name the plan, a Microsoft.Web/serverfarms resource: az webapp show --query appServicePlanId",
            );
        }
    }
}
