//! Text tables: CSV with named columns, the portal's export, and the output of `az` with `--output table`.
//!
//! `az` prints an aligned row for each metric and time, with a line of hyphens under the header:
//!
//! ```text
//! Timestamp            Name            Average
//! -------------------  --------------  ---------
//! 2026-01-05 08:00:00  CPU Percentage  62.5
//! ```
//!
//! Source: `metrics_table` in the Azure CLI's `monitor/transformers.py`. It writes UTC times without an offset. The
//! portal's export has some lines about the chart before the header.

use anyhow::{Context as _, bail};
use csv::{ReaderBuilder, StringRecord, Trim};

use super::columns::Columns;
use super::options::EXPECTED;
use super::quoted;
use super::recording::Recording;
use super::time_column::is_time;

/// The header must be among this many lines.
const MOST_LINES_BEFORE: usize = 100;

/// Reads a table.
///
/// # Errors
/// One sentence with the line's number.
pub(super) fn parse(text: &str) -> anyhow::Result<Recording> {
    let mut lines = text
        .split_inclusive('\n')
        .take(MOST_LINES_BEFORE)
        .enumerate()
        .peekable();
    let mut offset = 0;
    let mut first = None;
    while let Some((index, line)) = lines.next() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            offset += line.len();
            continue;
        }
        if content.split_whitespace().next().is_some_and(is_time)
            && let Some((_, rule)) = lines.peek()
            && is_rule(rule)
        {
            return aligned(text, index, line, rule);
        }
        if let Some(delimiter) = header_delimiter(content) {
            return separated(text, offset, delimiter, None);
        }
        if first.is_none() && is_row(content) {
            let columns = Columns::new(["seconds", "load"].map(str::to_owned).to_vec(), false)?;
            return separated(text, offset, b',', Some(columns));
        }
        first = first.or(Some((index + 1, content)));
        offset += line.len();
    }
    let (line, content) = first.with_context(|| format!("it has no rows: {EXPECTED}"))?;
    bail!(
        "line {line}: {} is not a header of a load: {EXPECTED}",
        quoted(content)
    )
}

/// The separator with which a line is a header.
fn header_delimiter(line: &str) -> Option<u8> {
    [',', ';', '\t']
        .into_iter()
        .map(|delimiter| (line.split(delimiter).count(), delimiter))
        .filter(|(cells, delimiter)| *cells > 1 && line.split(*delimiter).any(is_time))
        .max_by_key(|(cells, _)| *cells)
        .and_then(|(_, delimiter)| u8::try_from(delimiter).ok())
}

/// Whether a line begins with a number, which means a row without a header before it.
fn is_row(line: &str) -> bool {
    let first = line.split([',', ';', '\t']).next().unwrap_or_default();
    first.trim_matches(['"', ' ']).parse::<f64>().is_ok()
}

/// Whether a line only underlines the columns of the header above it.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("--") && line.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

/// Reads rows of separated values from an offset on. The first one is the header unless the columns are known.
fn separated(
    text: &str,
    offset: usize,
    delimiter: u8,
    mut columns: Option<Columns>,
) -> anyhow::Result<Recording> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .from_reader(&text.as_bytes()[offset..]);
    let mut record = StringRecord::new();
    let mut header = None;
    while reader.read_record(&mut record).context("it is not CSV")? {
        let place = || format!("line {}", line_of(text, offset, &record));
        let is_empty = record.iter().all(str::is_empty);
        if is_empty || record.get(0).is_some_and(|cell| cell.starts_with('#')) {
            continue;
        }
        match &mut columns {
            Some(columns) => {
                let cells: Vec<&str> = record.iter().collect();
                columns.row(&cells, &place).with_context(place)?;
            }
            None => {
                let headings = record.iter().map(str::to_owned).collect();
                columns = Some(Columns::new(headings, delimiter == b';').with_context(place)?);
                header = Some(line_of(text, offset, &record));
            }
        }
    }
    let columns = columns.with_context(|| format!("it has no rows: {EXPECTED}"))?;
    columns.finish(header.unwrap_or(1))
}

/// The number of the line on which a record begins. The CSV reader's number is the end of the previous record.
fn line_of(text: &str, offset: usize, record: &StringRecord) -> usize {
    let byte = record.position().map_or(0, csv::Position::byte);
    let begin = offset.saturating_add(usize::try_from(byte).unwrap_or(usize::MAX));
    let (before, from) = text.as_bytes().split_at(begin.min(text.len()));
    let skipped = from
        .split(|byte| *byte == b'\n')
        .take_while(|line| line.trim_ascii().is_empty() || line.trim_ascii().starts_with(b"#"));
    let newlines = before.iter().filter(|byte| **byte == b'\n');
    newlines.count() + skipped.count() + 1
}

/// Reads rows with the columns that the hyphens under the header mark.
fn aligned(text: &str, index: usize, header: &str, rule: &str) -> anyhow::Result<Recording> {
    let rule: Vec<char> = rule.chars().collect();
    let starts: Vec<usize> = (0..rule.len())
        .filter(|&at| rule[at] == '-' && (at == 0 || rule[at - 1] != '-'))
        .collect();
    let headings = cells(header, &starts)
        .into_iter()
        // `az` writes UTC times without an offset.
        .map(|cell| match is_time(cell) {
            true => format!("{cell} UTC"),
            false => cell.to_owned(),
        })
        .collect();
    let mut columns =
        Columns::new(headings, false).with_context(|| format!("line {}", index + 1))?;
    for (index, line) in text.lines().enumerate().skip(index + 2) {
        if !line.trim().is_empty() {
            let place = || format!("line {}", index + 1);
            columns
                .row(&cells(line, &starts), &place)
                .with_context(place)?;
        }
    }
    columns.finish(index + 1)
}

/// The cells of a line whose columns begin at these characters.
fn cells<'a>(line: &'a str, starts: &[usize]) -> Vec<&'a str> {
    let mut places = line.char_indices().map(|(place, _)| place);
    let mut passed = 0;
    let places: Vec<usize> = starts
        .iter()
        .map(|&start| {
            let place = places.nth(start - passed).unwrap_or(line.len());
            passed = start + 1;
            place
        })
        .collect();
    let ends = places.iter().skip(1).copied().chain([line.len()]);
    places
        .iter()
        .zip(ends)
        .map(|(&start, end)| line[start..end.max(start)].trim())
        .collect()
}
