//! Two rule files under the same load, side by side.

use maud::{Markup, html};
use run_record::format::{decimal, things};
use run_record::simulation::SimulationOutcome;
use run_record::{Run, Verdict};

/// The verdicts of a simulation, the best first.
const VERDICTS: [&str; 5] = ["good", "at maximum", "overloaded", "overshoot", "flapping"];
/// Numbers that differ by less are the same on the page.
const SAME: f64 = 0.05;

/// The two runs, by the names of their rule files.
pub(crate) struct Pair<'a> {
    pub(crate) runs: [&'a Run; 2],
    pub(crate) names: [String; 2],
}

/// A number of both: the smaller one is the better one.
struct Figure {
    name: String,
    shown: [String; 2],
    /// Unknown where a file holds a word that is not known.
    values: Option<[f64; 2]>,
    /// What the better one is.
    better: &'static str,
}

impl<'a> Pair<'a> {
    /// `None` where nothing is compared.
    pub(crate) fn of(run: &'a Run) -> Option<Self> {
        let other = run.compared.as_deref()?;
        let mut names = [run.target.clone(), other.target.clone()];
        if names[0] == names[1] {
            names[1] += " (compared)";
        }
        Some(Self {
            runs: [run, other],
            names,
        })
    }

    fn outcomes(&self) -> Option<[&'a SimulationOutcome; 2]> {
        let [first, other] = self.runs;
        Some([
            &first.simulation.as_ref()?.outcome,
            &other.simulation.as_ref()?.outcome,
        ])
    }

    /// One line: which of them is better, or what each is better at.
    pub(crate) fn headline(&self) -> String {
        let Some([first, other]) = self.outcomes() else {
            return "Two rule files compared".to_owned();
        };
        let cost = |outcome: &SimulationOutcome| outcome.costs.first().map(|cost| cost.per_month);
        let cheaper = cost(first)
            .zip(cost(other))
            .and_then(|(one, two)| better([one.round(), two.round()]));
        let calmer = better([first.overloaded_minutes, other.overloaded_minutes]);
        let name = |index: usize| &self.names[index];
        match (calmer, cheaper) {
            (Some(calmer), Some(cheaper)) if calmer != cheaper => {
                format!(
                    "Less overload with {}, less cost with {}",
                    name(calmer),
                    name(cheaper)
                )
            }
            (Some(calmer), Some(_)) => format!("Less overload and less cost with {}", name(calmer)),
            (Some(calmer), None) => format!("Less overload at the same cost with {}", name(calmer)),
            (None, Some(cheaper)) => format!("The same overload for less with {}", name(cheaper)),
            (None, None) => "Both rule files have the same overload and cost".to_owned(),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let Some(outcomes) = self.outcomes() else {
            return Vec::new();
        };
        let verdicts = outcomes.map(|outcome| outcome.verdict.as_str());
        let rank = |verdict: &str| {
            let place = VERDICTS.iter().position(|known| *known == verdict);
            place.map(|place| place as f64)
        };
        let overloaded = outcomes.map(|outcome| outcome.overloaded_minutes);
        let actions = self.runs.map(|run| run.actions.len());
        let mut figures = vec![
            Figure {
                name: "Verdict".to_owned(),
                shown: verdicts.map(str::to_owned),
                values: rank(verdicts[0])
                    .zip(rank(verdicts[1]))
                    .map(|(one, two)| [one, two]),
                better: "better",
            },
            Figure {
                name: "Overloaded".to_owned(),
                shown: overloaded.map(|minutes| format!("{} min", decimal(minutes))),
                values: Some(overloaded),
                better: "less",
            },
        ];
        for cost in &outcomes[0].costs {
            let mut others = outcomes[1].costs.iter();
            let Some(other) = others.find(|other| other.plan == cost.plan) else {
                continue;
            };
            let costs = [cost.per_month, other.per_month];
            figures.push(Figure {
                name: format!("{} per month", cost.plan),
                shown: costs.map(|cost| format!("{cost:.0} {}", outcomes[0].currency)),
                // As shown: nobody calls one better by a cent that is not on the page.
                values: Some(costs.map(f64::round)),
                better: "cheaper",
            });
        }
        figures.push(Figure {
            name: "Scaling".to_owned(),
            shown: actions.map(|number| things(number as u64, "action")),
            values: Some(actions.map(|number| number as f64)),
            better: "fewer",
        });
        figures
    }
}

/// Which of two is lower; `None` where they are the same.
fn better([one, two]: [f64; 2]) -> Option<usize> {
    if (one - two).abs() < SAME {
        return None;
    }
    (one < two)
        .then_some(0)
        .or_else(|| (two < one).then_some(1))
}

/// A tile for each number, with that of both and which is the better one.
pub(crate) fn tiles(pair: &Pair<'_>) -> Markup {
    html! {
        dl.figures.pairs {
            @for figure in pair.figures() { div {
                @let best = figure.values.map(better);
                dt { (figure.name) @if best == Some(None) { ": the same" } }
                @for (index, name) in pair.names.iter().enumerate() {
                    dd {
                        (figure.shown[index])
                        @if best == Some(Some(index)) { " " em { (figure.better) } }
                    }
                    dd.note { (name) }
                }
            } }
        }
    }
}

/// What is said of each of them, in two columns.
pub(crate) fn reasons(first: &Verdict, pair: &Pair<'_>) -> Markup {
    let other = &pair.runs[1].verdict;
    let reasons = [&first.reasons, &other.reasons];
    let headlines = [&first.autoscaling, &other.autoscaling];
    html! {
        div.both {
            @for (index, name) in pair.names.iter().enumerate() {
                section {
                    h2 { (name) }
                    p { (headlines[index]) "." }
                    ul.reasons { @for reason in reasons[index] { li { (reason) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::better;

    #[test]
    fn the_lower_one_is_better_and_what_looks_the_same_is_the_same() {
        assert_eq!(better([1.0, 2.0]), Some(0));
        assert_eq!(better([2.0, 1.0]), Some(1));
        assert_eq!(better([1.0, 1.01]), None);
        assert_eq!(better([f64::NAN, 1.0]), None);
    }
}
