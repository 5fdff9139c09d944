//! The site configuration that limits the count of instances. Pure.

use serde::{Deserialize, Serialize};

/// The most instances of an Elastic Premium plan on Linux in most regions, and the most that ARM accepts.
pub(crate) const PLAN_MAXIMUM: u32 = 20;

/// `minimumElasticInstanceCount` and `functionAppScaleLimit` of a site, and the limit of its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Configuration {
    /// Always-ready instances.
    #[serde(rename = "minimum_elastic_instance_count")]
    pub(crate) minimum: u32,
    /// The most instances of this app; 0 if it has no limit.
    #[serde(rename = "function_app_scale_limit")]
    pub(crate) limit: u32,
    /// `maximumElasticWorkerCount` of the plan.
    #[serde(rename = "maximum_elastic_worker_count")]
    pub(crate) plan_maximum: u32,
}

/// The changes of a `PATCH`. Missing properties stay unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    minimum_elastic_instance_count: Option<u32>,
    function_app_scale_limit: Option<u32>,
}

/// Why a change is refused: one sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Change {
    /// Whether it changes nothing. In that case the configuration is only read.
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Reads the body of a `PATCH`: `{"properties": {...}}`.
    ///
    /// # Errors
    /// When the body is not such JSON, or has a property that is not emulated.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Body {
            properties: Change,
        }
        let body: Result<Body, _> = serde_json::from_slice(body);
        body.map(|body| body.properties).map_err(|error| {
            Refused(format!(
                "The request content was invalid and could not be deserialized: '{error}'. The emulator accepts the \
                 properties minimumElasticInstanceCount and functionAppScaleLimit."
            ))
        })
    }
}

impl Configuration {
    /// The configuration after a change.
    ///
    /// # Errors
    /// When a number is out of its range.
    pub(crate) fn after(self, change: Change) -> Result<Self, Refused> {
        let most = self.plan_maximum.min(PLAN_MAXIMUM);
        let check = |name: &str, least: u32, value: Option<u32>, before: u32| match value {
            Some(value) if !(least..=most).contains(&value) => Err(Refused(format!(
                "{name} is {value}; it must be from {least} to {most}."
            ))),
            value => Ok(value.unwrap_or(before)),
        };
        Ok(Self {
            minimum: check(
                "minimumElasticInstanceCount",
                1,
                change.minimum_elastic_instance_count,
                self.minimum,
            )?,
            limit: check(
                "functionAppScaleLimit",
                0,
                change.function_app_scale_limit,
                self.limit,
            )?,
            ..self
        })
    }

    /// The most instances.
    pub(crate) fn maximum(self) -> u32 {
        match self.limit {
            0 => self.plan_maximum,
            limit => limit.min(self.plan_maximum),
        }
    }

    /// The count if events alone would lead to `wanted` instances. A limit below the minimum takes precedence;
    /// Azure's behaviour is not documented.
    pub(crate) fn count(self, wanted: u32) -> u32 {
        wanted.max(self.minimum).min(self.maximum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: Configuration = Configuration {
        minimum: 1,
        limit: 3,
        plan_maximum: 5,
    };

    fn patch(properties: &str) -> Result<Configuration, String> {
        let body = format!(r#"{{"properties":{properties}}}"#);
        let change = Change::parse(body.as_bytes());
        change
            .and_then(|change| SITE.after(change))
            .map_err(|Refused(reason)| reason)
    }

    #[test]
    fn a_patch_changes_only_the_given_properties() {
        let both = patch(r#"{"minimumElasticInstanceCount":2,"functionAppScaleLimit":2}"#);
        let pinned = both.expect("valid");
        assert_eq!((pinned.minimum, pinned.limit), (2, 2));
        let one = patch(r#"{"functionAppScaleLimit":0}"#).expect("valid");
        assert_eq!((one.minimum, one.limit, one.maximum()), (1, 0, 5));
        assert_eq!(patch("{}"), Ok(SITE));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (properties, part) in [
            (r#"{"minimumElasticInstanceCount":0}"#, "from 1 to 5"),
            (r#"{"minimumElasticInstanceCount":6}"#, "from 1 to 5"),
            (r#"{"functionAppScaleLimit":6}"#, "from 0 to 5"),
            (r#"{"functionAppScaleLimit":-1}"#, "invalid value"),
            (r#"{"functionAppScaleLimit":"2"}"#, "invalid type"),
            (r#"{"alwaysOn":true}"#, "unknown field `alwaysOn`"),
            ("1", "invalid type"),
        ] {
            let reason = patch(properties).expect_err(properties);
            assert!(reason.contains(part), "{properties}: {reason}");
        }
        let no_body = Change::parse(b"").expect_err("no JSON");
        assert!(no_body.0.contains("could not be deserialized"));
    }

    #[test]
    fn the_count_stays_within_the_configuration() {
        let count = |minimum, limit, wanted| {
            Configuration {
                minimum,
                limit,
                ..SITE
            }
            .count(wanted)
        };
        assert_eq!([count(1, 3, 0), count(1, 3, 2), count(1, 3, 9)], [1, 2, 3]);
        assert_eq!([count(2, 2, 0), count(2, 2, 9)], [2, 2]);
        assert_eq!([count(1, 0, 4), count(1, 0, 99)], [4, 5]);
    }
}
