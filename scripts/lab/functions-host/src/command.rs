//! How the handler is started: executable, arguments, and working directory (`HttpWorkerDescription.cs`,
//! `HttpWorkerOptionsSetup.cs`, `DefaultWorkerProcessFactory.cs`).

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde_json::Value;

use super::environment::Environment;
use super::json::{lookup, scalar_text, string};

/// `customHandler.description`. `%NAME%` is already replaced in the executable, but not in arguments.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    /// The file itself, or a bare name for the search path if the worker directory contains no such file.
    pub(crate) executable: PathBuf,
    pub(crate) working_directory: PathBuf,
    arguments: Vec<String>,
    worker_path: Option<String>,
    worker_arguments: Vec<String>,
}

/// The command, except for the variables that are new for each process.
#[derive(Clone, Debug)]
pub(crate) struct HandlerCommand {
    executable: PathBuf,
    /// One line, as .NET starts a process.
    arguments: String,
    pub(crate) working_directory: PathBuf,
}

impl Description {
    pub(crate) fn read(
        section: &Value,
        script_root: &Path,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let executable = text(section, "defaultExecutablePath")?.ok_or_else(|| {
            anyhow!("customHandler.description.defaultExecutablePath is missing; name the handler's file there")
        })?;
        let executable = PathBuf::from(environment.expand(executable));
        let below_root = |name| -> anyhow::Result<PathBuf> {
            // Joining an absolute path gives that path.
            Ok(match text(section, name)? {
                Some(folder) => script_root.join(folder),
                None => script_root.to_owned(),
            })
        };
        let joined = below_root("workerDirectory")?.join(&executable);
        Ok(Self {
            executable: if joined.is_file() { joined } else { executable },
            working_directory: below_root("workingDirectory")?,
            arguments: texts(section, "arguments")?,
            worker_path: text(section, "defaultWorkerPath")?.map(str::to_owned),
            worker_arguments: texts(section, "workerArguments")?,
        })
    }

    /// Replaces `%NAME%` in the arguments. Unset names stay, because [`HandlerCommand::line`] may replace them.
    pub(crate) fn command(&self, environment: &Environment) -> HandlerCommand {
        let expanded = |argument: &String| environment.expand(argument);
        let mut pieces: Vec<String> = self.arguments.iter().map(expanded).collect();
        pieces.extend(
            self.worker_path
                .as_ref()
                .map(|path| format!("\"{}\"", environment.expand(path))),
        );
        pieces.extend(self.worker_arguments.iter().map(expanded));
        HandlerCommand {
            executable: self.executable.clone(),
            // The host quotes no argument, and .NET splits the line again.
            arguments: pieces.join(" "),
            working_directory: self.working_directory.clone(),
        }
    }
}

impl HandlerCommand {
    /// Executable and arguments of one process. Replaces the process's own variables in both, and then deletes every
    /// remaining `%NAME%` in the arguments.
    pub(crate) fn line(&self, variables: &[(&str, String)]) -> (PathBuf, Vec<String>) {
        let replaced = |text: &str| {
            variables
                .iter()
                .fold(text.to_owned(), |text, (name, value)| {
                    text.replace(&format!("%{name}%"), value)
                })
        };
        let executable = match self.executable.to_str() {
            Some(text) => PathBuf::from(replaced(text)),
            None => self.executable.clone(),
        };
        (
            executable,
            split(&without_unset(&replaced(&self.arguments))),
        )
    }
}

/// Deletes all matches of the host's regular expression `%(.+?)%`.
fn without_unset(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('%') {
        let name = &rest[start + 1..];
        // A name has at least one character, whichever it is.
        let first = name.chars().next().map_or(0, char::len_utf8);
        let end = name[first..]
            .find('%')
            .map(|length| first + length)
            .filter(|&length| length > 0 && !name[..length].contains('\n'));
        kept.push_str(&rest[..start]);
        match end {
            Some(length) => rest = &name[length + 1..],
            None => {
                kept.push('%');
                rest = name;
            }
        }
    }
    kept.push_str(rest);
    kept
}

fn text<'a>(section: &'a Value, name: &str) -> anyhow::Result<Option<&'a str>> {
    let text = string(section, "customHandler.description", name)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A list of strings, or such a list as JSON text, which is the form of an override. Blank text is not a list.
/// Numbers and booleans count as their text, as in .NET configuration.
fn texts(section: &Value, name: &str) -> anyhow::Result<Vec<String>> {
    let wrong = || anyhow!("customHandler.description.{name} must be a list of strings");
    let parsed;
    let list = match lookup(section, name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(Vec::new()),
        Some(Value::String(text)) => {
            parsed = serde_json::from_str(text).map_err(|_| wrong())?;
            &parsed
        }
        Some(other) => other,
    };
    list.as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|item| scalar_text(item).ok_or_else(wrong))
        .collect()
}

/// Splits at white space outside double quotes, as `Process` does with its argument string on Unix.
fn split(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                current.get_or_insert_default();
            }
            letter if letter.is_ascii_whitespace() && !quoted => arguments.extend(current.take()),
            letter => current.get_or_insert_default().push(letter),
        }
    }
    arguments.extend(current);
    arguments
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VARIABLES: [(&str, &str); 2] = [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", "4711"),
        ("FUNCTIONS_APP_ROOT_PATH", "/app"),
    ];

    fn line(description: &Value, variables: &[(&str, &str)]) -> (PathBuf, Vec<String>) {
        let environment = Environment::of(variables);
        let own = VARIABLES.map(|(name, value)| (name, value.to_owned()));
        Description::read(description, Path::new("/nowhere"), &environment)
            .expect("valid")
            .command(&environment)
            .line(&own)
    }

    /// `DefaultWorkerProcessFactory.cs`, `CreateWorkerProcess`; the arguments of Microsoft's own example.
    #[test]
    fn the_hosts_variables_are_replaced_in_executable_and_arguments() {
        let description = json!({
            "defaultExecutablePath": "%FUNCTIONS_APP_ROOT_PATH%/%KIND%",
            "arguments": ["-m", "http.server", "%FUNCTIONS_CUSTOMHANDLER_PORT%", 8, true],
            "defaultWorkerPath": "%FUNCTIONS_APP_ROOT_PATH%/a b",
            "workerArguments": ["--port=%FUNCTIONS_CUSTOMHANDLER_PORT%", "%NONE%", "%KIND%"],
        });
        let (executable, arguments) = line(&description, &[("KIND", "run")]);
        assert_eq!(executable, Path::new("/app/run"));
        assert_eq!(
            arguments,
            [
                "-m",
                "http.server",
                "4711",
                "8",
                "True",
                "/app/a b",
                "--port=4711",
                "run"
            ]
        );
    }

    /// `DefaultWorkerProcessFactory.cs`, `SanitizeExpandedArgument`; `WorkerDescription.cs` does not change the
    /// executable.
    #[test]
    fn unset_names_are_deleted_in_arguments_only() {
        let description =
            json!({ "defaultExecutablePath": "%NONE%/run", "arguments": ["-%NONE%-"] });
        let (executable, arguments) = line(&description, &[]);
        assert_eq!(executable, Path::new("%NONE%/run"));
        assert_eq!(arguments, ["--"]);

        for (before, after) in [
            ("50%", "50%"),
            ("100% of 50% x", "100 x"),
            ("%%", "%%"),
            ("%%a%b", "b"),
            ("%a\nb%c%", "%a\nb"),
            ("%ä%", ""),
        ] {
            assert_eq!(without_unset(before), after, "{before}");
        }
    }

    #[test]
    fn quoted_arguments_stay_whole() {
        assert_eq!(split("a  \"b c\" \"\" d\"e f\""), ["a", "b c", "", "de f"]);
    }
}
