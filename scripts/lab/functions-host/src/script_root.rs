//! Finds the function app if the user specifies no folder.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde_json::Value;

use super::json::{self, lookup};

const HOST: &str = "host.json";

/// The folder of the function app: `current` if it contains an app, or else `assembled` if that folder contains a
/// `host.json`. If `current` contains only a `host.json`, the result is `current`, and its reader then reports the
/// missing parts.
///
/// # Errors
/// One sentence with the folders that were tried, and what to do.
pub fn find_app(current: &Path, assembled: &Path) -> anyhow::Result<PathBuf> {
    let has_host = current.join(HOST).is_file();
    if has_host && (has_function_folder(current) || has_routes(current)) {
        return Ok(current.to_owned());
    }
    if assembled.join(HOST).is_file() {
        return Ok(assembled.to_owned());
    }
    if has_host {
        return Ok(current.to_owned());
    }
    let shown = current
        .canonicalize()
        .unwrap_or_else(|_| current.to_owned());
    Err(anyhow!(
        "{} is not a function app: it has no {HOST} (and there is no {}/{HOST}); change to the folder of your app, or name it: lab up --script-root FOLDER",
        shown.display(),
        assembled.display()
    ))
}

fn has_function_folder(folder: &Path) -> bool {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path().join("function.json"))
        .any(|file| file.is_file())
}

/// Whether `host.json` has routes or a profile with routes. A file that cannot be read may have them.
fn has_routes(folder: &Path) -> bool {
    let Ok(Some(host)) = json::read(&folder.join(HOST)) else {
        return true;
    };
    let handler = lookup(&host, "customHandler");
    let http = handler.and_then(|handler| lookup(handler, "http"));
    let found = [lookup(&host, "configurationProfile"), http];
    found
        .into_iter()
        .flatten()
        .any(|found| *found != Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_folder_comes_first_if_it_is_an_app() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, assembled) = (folder.path().join("here"), folder.path().join("app"));
        let write = |path: PathBuf, text: &str| {
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        let found = || find_app(&here, &assembled).map_err(|error| error.to_string());
        std::fs::create_dir(&here).expect("a folder");
        let error = found().expect_err("there is none");
        assert!(
            error.contains("here is not a function app: it has no host.json")
                && error.contains("lab up --script-root FOLDER"),
            "{error}"
        );
        // As in a project whose function folders are in another place.
        write(here.join("host.json"), r#"{"version":"2.0"}"#);
        assert_eq!(found(), Ok(here.clone()));
        write(assembled.join("host.json"), "{}");
        assert_eq!(found(), Ok(assembled.clone()));
        for host in [
            r#"{"version":"2.0","configurationProfile":"web-app-custom-handler"}"#,
            r#"{"customHandler":{"http":{"routes":[{"route":"a"}]}}, /* a comment */ }"#,
            "{",
        ] {
            write(here.join("host.json"), host);
            assert_eq!(found(), Ok(here.clone()), "{host}");
        }
        write(here.join("host.json"), r#"{"version":"2.0"}"#);
        write(here.join("Visit/function.json"), "{}");
        assert_eq!(found(), Ok(here.clone()));
    }
}
