//! A level that changes linearly over time: requests per second, or users.

use std::time::Duration;

use super::duration;

/// The highest level in requests per second.
pub(super) const HIGHEST_RATE: f64 = 1_000_000.0;
/// The highest level in users.
pub(super) const MOST_USERS: f64 = 100_000.0;

/// What the level counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `20/s`
    RequestsPerSecond,
    /// `100users`
    Users,
}

/// A straight line from the previous level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Its duration; zero is a step.
    pub over: Duration,
    /// The level at its end.
    pub to: f64,
}

/// Successive stages, which begin at a level of zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages(Vec<Stage>);

impl Stages {
    /// The stages must not be empty, and each level must be finite and not negative.
    pub fn new(stages: Vec<Stage>) -> Self {
        Self(stages)
    }

    /// A constant level for a time.
    pub fn constant(level: f64, over: Duration) -> Self {
        let step = Stage {
            over: Duration::ZERO,
            to: level,
        };
        Self(vec![step, Stage { over, to: level }])
    }

    /// Reads `10s:20/s, 1m:20/s` or `10s:100users, 1m:100users`.
    ///
    /// # Errors
    /// One sentence for the user.
    pub fn parse(text: &str) -> Result<(Unit, Self), String> {
        let mut stages = Vec::new();
        let mut unit = None;
        for part in text.split(',').map(str::trim) {
            let (of, stage) = parse_stage(part)?;
            if unit.is_some_and(|unit| unit != of) {
                return Err("every stage must count the same: requests (20/s) or users".to_owned());
            }
            unit = Some(of);
            stages.push(stage);
        }
        let stages = Self(stages);
        let unit = unit.ok_or("there is no stage")?;
        if stages.duration() > duration::LONGEST {
            return Err("the stages are longer than 24 hours together".to_owned());
        }
        if stages.area() <= 0.0 {
            return Err(
                "these stages would send nothing: no level is above zero for a time".to_owned(),
            );
        }
        Ok((unit, stages))
    }

    /// The total duration.
    pub fn duration(&self) -> Duration {
        self.0.iter().map(|stage| stage.over).sum()
    }

    /// The highest level.
    pub fn highest(&self) -> f64 {
        self.0.iter().map(|stage| stage.to).fold(0.0, f64::max)
    }

    /// The integral of the level over time. For requests per second, it is the number of requests.
    pub fn area(&self) -> f64 {
        self.lines().map(|line| line.area()).sum()
    }

    /// The level at a time; after the end, the last one.
    pub fn level(&self, at: Duration) -> f64 {
        let mut level = 0.0;
        for line in self.lines() {
            if at < line.begin + line.over {
                let part = (at - line.begin).as_secs_f64() / line.over.as_secs_f64();
                return line.from + (line.to - line.from) * part;
            }
            level = line.to;
        }
        level
    }

    /// When the integral of the level reaches `count`. For requests per second, this is when request number `count`
    /// (from 0) starts. `None` if that is after the end.
    pub fn reaches(&self, count: f64) -> Option<Duration> {
        let mut left = count;
        for line in self.lines() {
            let area = line.area();
            if left < area {
                return Some(line.begin + line.reaches(left));
            }
            left -= area;
        }
        None
    }

    /// The first time from `from` on at which the level is above `bound`.
    pub fn rises_above(&self, bound: f64, from: Duration) -> Option<Duration> {
        for line in self.lines() {
            let end = line.begin + line.over;
            if end <= from {
                continue;
            }
            let begin = line.begin.max(from);
            if self.level(begin) > bound {
                return Some(begin);
            }
            if line.to > bound {
                let part = (bound - line.from) / (line.to - line.from);
                // Slightly later, so that the level is above the bound and not equal to it.
                let crossing = line.begin + line.over.mul_f64(part) + Duration::from_micros(1);
                return Some(crossing.clamp(begin, end));
            }
        }
        None
    }

    fn lines(&self) -> impl Iterator<Item = Line> {
        let mut begin = Duration::ZERO;
        let mut from = 0.0;
        self.0.iter().map(move |stage| {
            let line = Line {
                begin,
                over: stage.over,
                from,
                to: stage.to,
            };
            begin += stage.over;
            from = stage.to;
            line
        })
    }

    /// The stages in words, such as `to 20/s over 10 s, then 20/s for 1 min`.
    pub fn describe(&self, unit: Unit) -> String {
        let level = |level: f64| match unit {
            Unit::RequestsPerSecond => format!("{level}/s"),
            Unit::Users if level == 1.0 => "1 user".to_owned(),
            Unit::Users => format!("{level} users"),
        };
        let lines = self.lines().filter(|line| !line.over.is_zero());
        let told = lines.map(|line| {
            let over = duration::describe(line.over);
            if line.from == line.to {
                format!("{} for {over}", level(line.to))
            } else {
                format!(
                    "from {} to {} over {over}",
                    level(line.from),
                    level(line.to)
                )
            }
        });
        told.collect::<Vec<_>>().join(", then ")
    }
}

fn parse_stage(text: &str) -> Result<(Unit, Stage), String> {
    let wrong = || {
        format!("'{text}' is not a stage; write DURATION:LEVEL, such as 30s:20/s or 30s:100users")
    };
    let (over, level) = text.split_once(':').ok_or_else(wrong)?;
    let over = duration::parse(over)?;
    let level = level.trim();
    let (unit, number) = if let Some(number) = level.strip_suffix("/s") {
        (Unit::RequestsPerSecond, number)
    } else {
        let number = level.strip_suffix("users").or(level.strip_suffix("user"));
        (Unit::Users, number.ok_or_else(wrong)?)
    };
    let to: f64 = number.trim().parse().map_err(|_| wrong())?;
    let most = match unit {
        Unit::RequestsPerSecond => HIGHEST_RATE,
        Unit::Users => MOST_USERS,
    };
    if !(0.0..=most).contains(&to) {
        return Err(format!("'{text}': the level must be from 0 to {most}"));
    }
    Ok((unit, Stage { over, to }))
}

/// A stage with its beginning.
#[derive(Clone, Copy, Debug)]
struct Line {
    begin: Duration,
    over: Duration,
    from: f64,
    to: f64,
}

impl Line {
    fn area(&self) -> f64 {
        self.over.as_secs_f64() * f64::midpoint(self.from, self.to)
    }

    /// How long after its beginning the area under the line is `area`, which is less than the total.
    ///
    /// The area after t is from*t + slope*t^2/2. This form of the solution subtracts no large numbers and does not
    /// divide by a slope that may be zero.
    fn reaches(&self, area: f64) -> Duration {
        let slope = (self.to - self.from) / self.over.as_secs_f64();
        let root = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        if area <= 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(2.0 * area / (self.from + root)).min(self.over)
    }
}
