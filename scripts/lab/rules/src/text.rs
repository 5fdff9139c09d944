//! Files as text, and the output of a command.

use std::path::Path;

use anyhow::{Context as _, ensure};
use autoscale::Setting;
use autoscale::schedule::Schedule;
use run_record::write_whole;
use serde::Serialize;

/// Decodes UTF-8, or UTF-16 as PowerShell writes it with `>`.
///
/// # Errors
/// One sentence.
pub fn decoded(bytes: Vec<u8>) -> anyhow::Result<String> {
    let unit: Option<fn([u8; 2]) -> u16> = match *bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = unit {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        ensure!(
            rest.is_empty(),
            "its text in UTF-16 ends in the middle of a character"
        );
        return String::from_utf16(&units).context("it is not text in UTF-16");
    }
    String::from_utf8(bytes).context("it is not text in UTF-8")
}

/// Prints the result of a command as text. `json` is the value of `--json`: a file that gets the record of the result,
/// or `-` to print the record instead of the text.
///
/// # Errors
/// One sentence if the file cannot be written.
pub fn print_result<R: Serialize>(
    json: Option<&Path>,
    record: impl FnOnce() -> R,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    if let Some(path) = json {
        let json = serde_json::to_string_pretty(&record())? + "\n";
        if path == Path::new("-") {
            terminal::print_json(&json);
            return Ok(());
        }
        write_whole(path, json.as_bytes())?;
    }
    terminal::print(&text());
    Ok(())
}

/// The setting as a file: a bare profile if that is enough, or else the setting's properties. The stack in `infra`
/// accepts both.
///
/// # Errors
/// Never: names are text, and numbers are finite.
pub fn written(setting: &Setting) -> serde_json::Result<String> {
    let bare = setting.name.is_empty() && setting.target.is_none() && setting.enabled;
    let value = match setting.profiles.as_slice() {
        [profile] if bare && profile.schedule == Schedule::Default => {
            profile.to_arm(&setting.metrics)
        }
        _ => setting.to_arm(),
    };
    serde_json::to_string_pretty(&value).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn text_of_powershell_is_read() {
        let wide = |unit: fn(u16) -> [u8; 2]| {
            let text = "\u{feff}0,80\n60,80 é\n".encode_utf16();
            decoded(text.flat_map(unit).collect()).ok()
        };
        for text in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
            assert_eq!(text.as_deref(), Some("\u{feff}0,80\n60,80 é\n"));
        }
        for (bytes, complaint) in [
            (&b"\xff\xfe0\0,"[..], "in the middle of a character"),
            (b"\xff\xfe\0\xd8", "not text in UTF-16"),
            (b"0,80\n\xff", "not text in UTF-8"),
        ] {
            let refusal = decoded(bytes.to_vec()).map_err(|error| error.to_string());
            assert!(refusal.is_err_and(|text| text.contains(complaint)));
        }
    }
}
