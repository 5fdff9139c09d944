//! Route templates as ASP.NET Core's classic router matches them (`RoutePatternMatcher.cs`). Pure.

use anyhow::{Context, bail};

#[derive(Debug)]
enum Segment {
    Literal(String),
    Parameter(Parameter),
    /// Always the last segment.
    CatchAll(Parameter),
}

#[derive(Debug)]
struct Parameter {
    name: String,
    optional: bool,
    default: Option<String>,
    constraints: Vec<Constraint>,
}

#[derive(Debug)]
enum Constraint {
    Integer,
    Number,
    Bool,
    Guid,
    Alpha,
    Required,
    Length(usize, usize),
    Range(i64, i64),
}

/// A parsed route template.
#[derive(Debug)]
pub(crate) struct Template {
    segments: Vec<Segment>,
}

impl Template {
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut segments = Vec::new();
        let text = text.strip_prefix('/').unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        let parts: Vec<&str> = if text.is_empty() {
            Vec::new()
        } else {
            text.split('/').collect()
        };
        for (index, part) in parts.iter().enumerate() {
            if part.is_empty() {
                bail!("the route {text:?} has an empty segment");
            }
            let inner = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            let segment = match inner {
                None if part.matches('{').count() != part.matches('}').count() => {
                    bail!(
                        "the route segment {part:?} has a brace without its counterpart; write a parameter as {{name}}, within one segment"
                    )
                }
                None if part.contains(['{', '}']) => {
                    bail!(
                        "the route segment {part:?} mixes text and a parameter, which lab up does not support"
                    )
                }
                None => Segment::Literal((*part).to_owned()),
                Some(inner) => {
                    let name = inner.trim_start_matches('*');
                    let parameter = Parameter::parse(name)
                        .with_context(|| format!("the route segment {part:?} is not valid"))?;
                    if name.len() < inner.len() {
                        if index + 1 < parts.len() {
                            bail!(
                                "the route {text:?} has a catch-all that is not its last segment"
                            );
                        }
                        Segment::CatchAll(parameter)
                    } else {
                        Segment::Parameter(parameter)
                    }
                }
            };
            segments.push(segment);
        }
        Ok(Self { segments })
    }

    /// Whether a decoded path matches. A slash at its end is ignored. An empty segment matches nothing, except after
    /// the start of a catch-all.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.walk(path, &mut |_, _| {})
    }

    /// The values of the parameters for a matching path; `None` for an absent optional one (`ScriptRouteHandler.cs`).
    pub(crate) fn values<'a>(&'a self, path: &'a str) -> Vec<(&'a str, Option<&'a str>)> {
        let mut values = Vec::new();
        self.walk(path, &mut |name, value| values.push((name, Some(value))));
        for segment in &self.segments {
            let (Segment::Parameter(parameter) | Segment::CatchAll(parameter)) = segment else {
                continue;
            };
            if parameter.optional && !values.iter().any(|(name, _)| *name == parameter.name) {
                values.push((&parameter.name, None));
            }
        }
        values
    }

    fn walk<'a>(&'a self, path: &'a str, capture: &mut dyn FnMut(&'a str, &'a str)) -> bool {
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        let mut segments = self.segments.iter();
        while !rest.is_empty() {
            let (segment, after) = rest.split_once('/').unwrap_or((rest, ""));
            if segment.is_empty() {
                return false;
            }
            match segments.next() {
                None => return false,
                Some(Segment::Literal(literal)) => {
                    if !literal.eq_ignore_ascii_case(segment) {
                        return false;
                    }
                }
                Some(Segment::Parameter(parameter)) => {
                    if !parameter.accepts(segment) {
                        return false;
                    }
                    capture(&parameter.name, segment);
                }
                Some(Segment::CatchAll(parameter)) => {
                    if !parameter.accepts(rest) {
                        return false;
                    }
                    capture(&parameter.name, rest);
                    return true;
                }
            }
            rest = after;
        }
        segments.all(|segment| match segment {
            Segment::Literal(_) => false,
            Segment::Parameter(parameter) | Segment::CatchAll(parameter) => {
                if let Some(default) = &parameter.default {
                    capture(&parameter.name, default);
                    return true;
                }
                // Constraints of an absent optional value are not checked, but those of an empty rest are.
                parameter.optional
                    || (matches!(segment, Segment::CatchAll(_)) && parameter.accepts(""))
            }
        })
    }
}

impl Parameter {
    /// `name`, `name?`, `name=default`, `name:constraint(argument):...`.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (text, default) = match text.split_once('=') {
            Some((text, default)) => (text, Some(default.to_owned())),
            None => (text, None),
        };
        let (text, optional) = match text.strip_suffix('?') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        if name.is_empty() || name.contains(['*', '?', '{', '}', '/']) {
            bail!("{name:?} is not a parameter name");
        }
        Ok(Self {
            name: name.to_owned(),
            optional,
            default,
            constraints: parts
                .map(Constraint::parse)
                .collect::<anyhow::Result<_>>()?,
        })
    }

    fn accepts(&self, value: &str) -> bool {
        (value.is_empty() && self.optional)
            || self
                .constraints
                .iter()
                .all(|constraint| constraint.accepts(value))
    }
}

impl Constraint {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (
                name,
                rest.strip_suffix(')').context("a bracket is not closed")?,
            ),
            None => (text, ""),
        };
        let numbers: Vec<i64> = if arguments.is_empty() {
            Vec::new()
        } else {
            arguments
                .split(',')
                .map(|number| number.trim().parse())
                .collect::<Result<_, _>>()
                .with_context(|| format!("the constraint {text:?} needs whole numbers"))?
        };
        let size = |number: i64| usize::try_from(number).unwrap_or(0);
        Ok(
            match (name.to_ascii_lowercase().as_str(), numbers.as_slice()) {
                ("int" | "long", []) => Self::Integer,
                ("double" | "float" | "decimal", []) => Self::Number,
                ("bool", []) => Self::Bool,
                ("guid", []) => Self::Guid,
                ("alpha", []) => Self::Alpha,
                ("required", []) => Self::Required,
                ("minlength", [least]) => Self::Length(size(*least), usize::MAX),
                ("maxlength", [most]) => Self::Length(0, size(*most)),
                ("length", [exact]) => Self::Length(size(*exact), size(*exact)),
                ("length", [least, most]) => Self::Length(size(*least), size(*most)),
                ("min", [least]) => Self::Range(*least, i64::MAX),
                ("max", [most]) => Self::Range(i64::MIN, *most),
                ("range", [least, most]) => Self::Range(*least, *most),
                _ => bail!("lab up does not support the constraint {text:?}"),
            },
        )
    }

    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Number => value.parse::<f64>().is_ok(),
            Self::Bool => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
            Self::Guid => uuid::Uuid::try_parse(value).is_ok(),
            Self::Alpha => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
            Self::Required => !value.is_empty(),
            Self::Length(least, most) => (*least..=*most).contains(&value.chars().count()),
            Self::Range(least, most) => value
                .parse()
                .is_ok_and(|value: i64| (*least..=*most).contains(&value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn templates_match_as_the_classic_router_does() {
        for (template, path, expected) in [
            ("api/stress", "/api/stress", true),
            ("api/stress", "/API/Stress/", true),
            ("api/stress", "/api/stress//", false),
            ("api/stress", "//api/stress", false),
            ("api/stress", "/api//stress", false),
            ("api/stress", "/api%2Fstress", false),
            ("api/stress", "/api/stress/x", false),
            ("api/stress", "/api", false),
            ("{*path}", "/", true),
            ("{*path}", "/a/b//c", true),
            ("{*path}", "//a", false),
            ("{x:maxlength(0)?}", "/", true),
            ("{x:maxlength(0)?}", "/a", false),
            ("item/{id}", "/item/7", true),
            ("item/{id}", "/item", false),
            ("item/{id?}", "/item", true),
            ("item/{id:int}", "/item/x", false),
            ("item/{id:int}", "/item/-12", true),
            ("item/{id:range(1,5)}/part", "/item/6/part", false),
            ("item/{kind=all}", "/item", true),
            ("a/{*rest}", "/a", true),
            ("a/{*rest:required}", "/a", false),
        ] {
            let parsed = Template::parse(template).expect(template);
            assert_eq!(parsed.matches(path), expected, "{template} {path}");
        }
    }

    #[test]
    fn parameters_are_captured() {
        let template = Template::parse("a/{id:int}/{*rest}").expect("valid");
        assert_eq!(
            template.values("/a/1/b/c/"),
            [("id", Some("1")), ("rest", Some("b/c/"))]
        );
        assert_eq!(template.values("/a/1"), [("id", Some("1"))]);
        let template = Template::parse("a/{id?}/{*rest?}").expect("valid");
        assert_eq!(template.values("/a/1"), [("id", Some("1")), ("rest", None)]);
        assert_eq!(template.values("/a"), [("id", None), ("rest", None)]);
    }

    #[test]
    fn a_brace_without_its_counterpart_is_named() {
        for template in ["{", "a/{id", "id}", "{a/b}"] {
            let error = Template::parse(template).expect_err("refused").to_string();
            assert!(error.contains("a brace without its counterpart"), "{error}");
        }
    }

    #[test]
    fn wrong_templates_are_refused() {
        for template in [
            "a//b",
            "{*x}/b",
            "a{b}",
            "{}",
            "{a:unknown}",
            "{a:length(x)}",
        ] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
