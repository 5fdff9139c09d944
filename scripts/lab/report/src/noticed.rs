//! What was noticed of the rule files and of the load of a simulation: lists of their own on the page.

use maud::{Markup, html};
use run_record::simulation::FindingRecord;

use crate::page::Page;

/// The findings of each rule file.
pub(crate) fn findings(page: &Page<'_>) -> Markup {
    html! {
        @for (run, name) in page.runs() {
            @let findings = run.simulation.as_ref().map_or(&[][..], |simulation| &simulation.findings);
            @if !findings.is_empty() {
                @if let Some(name) = name { h3 { (name) } }
                ul.findings { @for finding in findings { (item(finding)) } }
            }
        }
    }
}

fn item(finding: &FindingRecord) -> Markup {
    html! {
        li {
            b.kind { (finding.kind) } " "
            @if !finding.place.is_empty() { code { (finding.place) } " " }
            (finding.message)
            @if !finding.remedy.is_empty() { " " span.remedy { (finding.remedy) } }
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
