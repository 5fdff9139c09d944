//! What was noticed of the rule files and of the load of a simulation: lists of their own on the page.

use maud::{Markup, html};
use run_record::simulation::FindingRecord;

use crate::page::Page;

/// The findings of each rule file.
pub(crate) fn findings(page: &Page<'_>) -> Markup {
    let Some(pair) = &page.pair else {
        let simulation = page.run.simulation.as_ref();
        return findings_list(simulation.map_or(&[], |simulation| &simulation.findings));
    };
    html! {
        @for (run, name) in pair.runs.iter().zip(&pair.names) {
            @let findings = run.simulation.as_ref().map_or(&[][..], |simulation| &simulation.findings);
            @if !findings.is_empty() { h3 { (name) } (findings_list(findings)) }
        }
    }
}

fn findings_list(findings: &[FindingRecord]) -> Markup {
    html! {
        @if !findings.is_empty() {
            ul.findings {
                @for finding in findings {
                    li {
                        b.kind { (finding.kind) } " "
                        @if !finding.place.is_empty() { code { (finding.place) } " " }
                        (finding.message)
                        @if !finding.remedy.is_empty() { " " span.remedy { (finding.remedy) } }
                    }
                }
            }
        }
    }
}

/// What was assumed of the load, and what makes the outcome less certain.
pub(crate) fn load_notes(page: &Page<'_>) -> Markup {
    let simulation = page.run.simulation.as_ref();
    let notes = simulation.map_or(&[][..], |simulation| &simulation.load_notes);
    html! {
        @if !notes.is_empty() { ul.notes { @for note in notes { li { (note) } } } }
    }
}
