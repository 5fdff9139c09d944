//! Profiles in the JSON of Azure Resource Manager, resource type `Microsoft.Insights/autoscaleSettings`
//! (API 2022-10-01), read and written.
//!
//! Accepted are a bare profile, a setting with `profiles`, a resource with `properties.profiles`, and an exported
//! template with one such resource. What these rules could not do as Azure does it is refused, and named: passing it
//! over would show scaling that Azure will not do. So only one profile without a calendar is accepted: an exported
//! setting with fixed-date or recurring profiles changes its limits and rules by the clock on the wall, which a
//! rehearsal in virtual or scaled time does not have.
//!
//! Bounds: those of the schema, except for the window's lower bound. The schema's text says five minutes, but the
//! service takes one minute for everything except classic cloud services (said by the service's developers in issue
//! 11556 of Azure/azure-powershell; Azure's page on flapping logs such a rule of an App Service plan).

use serde_json::{Value, json};

use super::duration;
use super::parse_error::ParseError;
use super::place::{Place, shown};
use super::profile::{
    Aggregation, Capacity, Change, Direction, MOST_INSTANCES, Operator, Profile, Rule, Statistic,
};

/// No setting is so long; longer texts are not read.
const LONGEST_TEXT: usize = 1 << 20;
const MOST_RULES: usize = 10;
const METRIC: &str = "CpuPercentage";
const NAMESPACE: &str = "microsoft.web/serverfarms";
const RESOURCE_TYPE: &str = "Microsoft.Insights/autoscaleSettings";

impl Profile {
    /// Reads a rule file.
    ///
    /// # Errors
    /// One sentence: where in the file, what is wrong there, and what would be accepted.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let whole = |problem: String| ParseError {
            path: String::new(),
            problem,
        };
        if text.len() > LONGEST_TEXT {
            return Err(whole(
                "it is longer than 1 MiB, which no autoscale setting is".to_owned(),
            ));
        }
        let text = text.trim_start_matches('\u{feff}');
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let mut cause = error.to_string();
            if let Some(end) = cause.rfind(" at line ") {
                cause.truncate(end);
            }
            let (line, column) = (error.line(), error.column());
            whole(format!(
                "line {line}, column {column}: this is not JSON: {cause}"
            ))
        })?;
        document(&Place::root(&value))
    }

    /// The rules that come with the app.
    pub fn built_in() -> Self {
        Self::parse(super::BUILT_IN).expect("a test reads it")
    }

    /// The profile in the schema, to be passed on; [`Profile::parse`] reads it back as it was.
    pub fn to_arm(&self) -> Value {
        json!({
            "name": self.name,
            "capacity": {
                "minimum": self.capacity.minimum.to_string(),
                "maximum": self.capacity.maximum.to_string(),
                "default": self.capacity.default.to_string(),
            },
            "rules": self.rules.iter().map(Rule::to_arm).collect::<Vec<_>>(),
        })
    }
}

impl Rule {
    fn to_arm(&self) -> Value {
        json!({
            "metricTrigger": {
                "metricName": self.metric,
                "metricNamespace": NAMESPACE,
                "timeGrain": duration::format(self.time_grain),
                "statistic": self.statistic.name(),
                "timeWindow": duration::format(self.time_window),
                "timeAggregation": self.time_aggregation.name(),
                "operator": self.operator.name(),
                "threshold": self.threshold,
                "dividePerInstance": false,
            },
            "scaleAction": {
                "direction": self.direction.name(),
                "type": self.change.name(),
                "value": self.change.value().to_string(),
                "cooldown": duration::format(self.cooldown),
            },
        })
    }
}

fn document(root: &Place<'_>) -> Result<Profile, ParseError> {
    if let Some(resources) = root.field("resources")? {
        return resource(&setting_among(&resources)?);
    }
    if root.field("properties")?.is_some() {
        return resource(root);
    }
    if root.field("profiles")?.is_some() {
        return setting(root);
    }
    if root.field("capacity")?.is_none() && root.field("rules")?.is_none() {
        return Err(root.refuse(
            "is no autoscale setting; accepted: a profile (name, capacity, rules), a setting with `profiles`, \
             or a resource with `properties.profiles`",
        ));
    }
    profile(root, None)
}

/// The one autoscale setting of an exported template.
fn setting_among<'a>(resources: &Place<'a>) -> Result<Place<'a>, ParseError> {
    let mut found = None;
    for resource in resources.items()? {
        let Some(kind) = resource.field("type")? else {
            continue;
        };
        if kind.text()?.eq_ignore_ascii_case(RESOURCE_TYPE) && found.replace(resource).is_some() {
            return Err(resources.refuse(format!("holds several {RESOURCE_TYPE}; accepted: one")));
        }
    }
    found.ok_or_else(|| resources.refuse(format!("holds no {RESOURCE_TYPE}; accepted: one")))
}

fn resource(resource: &Place<'_>) -> Result<Profile, ParseError> {
    if let Some(kind) = resource.field("type")?
        && !kind.text()?.eq_ignore_ascii_case(RESOURCE_TYPE)
    {
        return Err(kind.refuse(format!(
            "is {}; accepted: {RESOURCE_TYPE}",
            shown(kind.value)
        )));
    }
    setting(&resource.required("properties", "an object with `profiles`")?)
}

/// Tags, notifications and what else a setting carries beside its rules does not matter here.
fn setting(setting: &Place<'_>) -> Result<Profile, ParseError> {
    if let Some(enabled) = setting.field("enabled")?
        && !enabled.boolean()?
    {
        return Err(
            enabled.refuse("is false, so Azure would not scale by these rules; accepted: true")
        );
    }
    if let Some(policy) = setting.field("predictiveAutoscalePolicy")? {
        let mode = policy.required("scaleMode", "Disabled or ForecastOnly")?;
        if mode.text()?.eq_ignore_ascii_case("Enabled") {
            return Err(mode.refuse(
                "is \"Enabled\", but predictions are made from days of history, which is not here; \
                 accepted: Disabled or ForecastOnly",
            ));
        }
    }
    let target = setting
        .field("targetResourceUri")?
        .map(|uri| uri.text())
        .transpose()?;
    let profiles = setting.required("profiles", "a list with one profile")?;
    let items = profiles.items()?;
    for item in &items {
        refuse_calendar(item)?;
    }
    match items.as_slice() {
        [one] => profile(one, target),
        [] => Err(profiles.refuse("is empty; accepted: one profile")),
        [_, second, ..] => Err(second.refuse("is a second default profile; accepted: one profile")),
    }
}

fn refuse_calendar(profile: &Place<'_>) -> Result<(), ParseError> {
    for name in ["fixedDate", "recurrence"] {
        if let Some(calendar) = profile.field(name)? {
            return Err(calendar.refuse(
                "makes the profile depend on the calendar, which is not followed here; \
                 accepted: one profile without fixedDate and recurrence, so give each of them its own file",
            ));
        }
    }
    Ok(())
}

fn profile(profile: &Place<'_>, target: Option<&str>) -> Result<Profile, ParseError> {
    profile.only(&["name", "capacity", "rules", "fixedDate", "recurrence"])?;
    refuse_calendar(profile)?;
    let name = profile
        .field("name")?
        .map_or(Ok("default"), |name| name.text())?;
    let capacity =
        capacity(&profile.required("capacity", "an object with minimum, maximum and default")?)?;
    let rules = profile.required("rules", "a list of rules")?;
    let items = rules.items()?;
    if items.len() > MOST_RULES {
        return Err(rules.refuse(format!(
            "holds {} rules; accepted: up to {MOST_RULES}",
            items.len()
        )));
    }
    let rules = items
        .iter()
        .map(|item| rule(item, target))
        .collect::<Result<_, _>>()?;
    Ok(Profile {
        name: name.to_owned(),
        capacity,
        rules,
    })
}

fn capacity(capacity: &Place<'_>) -> Result<Capacity, ParseError> {
    const NAMES: [&str; 3] = ["minimum", "maximum", "default"];
    capacity.only(&NAMES)?;
    let bound = |name| {
        let place = capacity.required(name, "a number of instances")?;
        // A plan cannot be without an instance, so no minimum is none.
        Ok((place.count(1, MOST_INSTANCES)?, place))
    };
    let [minimum, maximum, default] = NAMES.map(bound);
    let ((minimum, _), (maximum, at_maximum), (default, at_default)) =
        (minimum?, maximum?, default?);
    if maximum < minimum {
        return Err(at_maximum.refuse(format!("is {maximum}, below the minimum of {minimum}")));
    }
    if !(minimum..=maximum).contains(&default) {
        return Err(at_default.refuse(format!(
            "is {default}; accepted: from the minimum {minimum} to the maximum {maximum}"
        )));
    }
    Ok(Capacity {
        minimum,
        maximum,
        default,
    })
}

fn rule(rule: &Place<'_>, target: Option<&str>) -> Result<Rule, ParseError> {
    rule.only(&["metricTrigger", "scaleAction"])?;
    let trigger = rule.required(
        "metricTrigger",
        "an object with metricName, operator, threshold and more",
    )?;
    let action = rule.required(
        "scaleAction",
        "an object with direction, type, value and cooldown",
    )?;
    refuse_other_metrics(&trigger, target)?;
    action.only(&["direction", "type", "value", "cooldown"])?;
    let time_grain = trigger.required("timeGrain", "PT1M")?;
    // CpuPercentage comes once a minute, and the samples of the fleet are minutes.
    let time_grain = time_grain.duration("PT1M", "PT1M")?;
    Ok(Rule {
        metric: METRIC.to_owned(),
        statistic: trigger
            .required("statistic", "such as Average")?
            .one_of(&Statistic::NAMES)?,
        time_grain,
        time_window: trigger
            .required("timeWindow", "such as PT5M")?
            .duration("PT1M", "PT12H")?,
        time_aggregation: trigger
            .required("timeAggregation", "such as Average")?
            .one_of(&Aggregation::NAMES)?,
        operator: trigger
            .required("operator", "such as GreaterThan")?
            .one_of(&Operator::NAMES)?,
        threshold: trigger
            .required("threshold", "a number, in percent")?
            .number()?,
        direction: action
            .required("direction", "Increase or Decrease")?
            .one_of(&Direction::NAMES)?,
        change: change(&action)?,
        cooldown: action
            .required("cooldown", "such as PT5M")?
            .duration("PT1M", "P7D")?,
    })
}

fn refuse_other_metrics(trigger: &Place<'_>, target: Option<&str>) -> Result<(), ParseError> {
    trigger.only(&[
        "metricName",
        "metricNamespace",
        "metricResourceUri",
        "metricResourceLocation",
        "timeGrain",
        "statistic",
        "timeWindow",
        "timeAggregation",
        "operator",
        "threshold",
        "dimensions",
        "dividePerInstance",
    ])?;
    let name = trigger.required("metricName", METRIC)?;
    if !name.text()?.eq_ignore_ascii_case(METRIC) {
        return Err(name.refuse(format!(
            "is {}; accepted: {METRIC}, the only metric measured here",
            shown(name.value)
        )));
    }
    if let Some(namespace) = trigger.field("metricNamespace")? {
        let text = namespace.text()?;
        if !text.is_empty() && !text.eq_ignore_ascii_case(NAMESPACE) {
            return Err(namespace.refuse(format!(
                "is {}; accepted: {NAMESPACE}",
                shown(namespace.value)
            )));
        }
    }
    if let (Some(uri), Some(target)) = (trigger.field("metricResourceUri")?, target) {
        let text = uri.text()?;
        let known = |text: &str| !text.is_empty() && !text.starts_with('[');
        if known(text) && known(target) && !text.eq_ignore_ascii_case(target) {
            return Err(uri.refuse(
                "is not the setting's targetResourceUri, so the rule watches something else than what is scaled; \
                 accepted: the same",
            ));
        }
    }
    if let Some(divide) = trigger.field("dividePerInstance")?
        && divide.boolean()?
    {
        return Err(divide.refuse(format!(
            "is true, but {METRIC} already is a mean per instance; accepted: false"
        )));
    }
    if let Some(dimensions) = trigger.field("dimensions")?
        && !dimensions.items()?.is_empty()
    {
        return Err(dimensions.refuse(
            "picks some of the instances; accepted: none, for the metric of all instances",
        ));
    }
    Ok(())
}

fn change(action: &Place<'_>) -> Result<Change, ParseError> {
    let kind = action.required("type", "ChangeCount, PercentChangeCount or ExactCount")?;
    // The schema's default.
    let value = action
        .field("value")?
        .map_or(Ok(1), |value| value.count(1, MOST_INSTANCES))?;
    if kind.text()?.eq_ignore_ascii_case("ServiceAllowedNextValue") {
        return Err(kind.refuse(
            "is \"ServiceAllowedNextValue\", which is for services with fixed steps and not for a plan; \
             accepted: ChangeCount, PercentChangeCount, ExactCount",
        ));
    }
    kind.one_of(&[
        ("ChangeCount", Change::Count(value)),
        ("PercentChangeCount", Change::PercentCount(value)),
        ("ExactCount", Change::ExactCount(value)),
    ])
}
