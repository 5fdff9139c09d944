//! The rule file that a command is given with `--autoscale`, or the one that comes with the app.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use autoscale::Profile;

/// Longer files are not read to their end; the parser refuses what is longer than a setting can be.
const LONGEST_FILE: u64 = 2 << 20;

/// Reads the profile in `path`; without one, `infra/autoscale.json` as it was when this program was built.
///
/// # Errors
/// One sentence with the file's name and the place in it.
pub fn read(path: Option<&Path>) -> anyhow::Result<Profile> {
    let Some(path) = path else {
        return Ok(Profile::built_in());
    };
    let name = path.display();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the rule file {name}"))?;
    let text = String::from_utf8(bytes)
        .with_context(|| format!("the rule file {name} is not text in UTF-8"))?;
    Profile::parse(&text).with_context(|| format!("the rule file {name} cannot be used"))
}
