//! The output of `lab up` before the first request.

use super::console::Console;
use super::function::{Level, Trigger};
use super::keys::Access;
use super::route::Table;

/// The content of the banner, except for the functions.
pub(crate) struct Banner<'a> {
    pub(crate) url: &'a str,
    /// Whether the app is Elastic Visits.
    pub(crate) is_own: bool,
    pub(crate) script_root: &'a str,
    /// Whether the app has the settings of a PostgreSQL database.
    pub(crate) has_postgres: bool,
    /// Whether it is reachable from other machines.
    pub(crate) exposed: bool,
    /// Lines about the fleet: a label and a text.
    pub(crate) fleet: Vec<(&'static str, String)>,
}

impl Banner<'_> {
    pub(crate) fn print(&self, table: &Table, access: &Access, console: &Console) {
        let app = match self.is_own {
            true => "Elastic Visits",
            false => "Function app",
        };
        console.plain(format!(
            "{app} behind an emulator of the Azure Functions host"
        ));
        console.plain("");
        let mut lines = vec![
            ("App", format!("{}/", self.url)),
            ("Folder", self.script_root.to_owned()),
        ];
        if self.is_own {
            let data = match self.has_postgres {
                true => "PostgreSQL (DATABASE_URL)",
                false => "SQLite",
            };
            lines.push(("Data", data.to_owned()));
        }
        lines.push(("Fleet", format!("{}/admin/lab", self.url)));
        lines.extend(self.fleet.iter().cloned());
        let openness = match access {
            Access::Open(_) => {
                "open: no keys, but web pages of other origins are refused (--enable-auth requires keys)"
            }
            Access::Keyed(_) => "keys, in the header x-functions-key or the query parameter code",
        };
        lines.push(("Access", openness.to_owned()));
        if self.exposed {
            lines.push(("", "other machines can reach this address".to_owned()));
        }
        let log = if console.verbose {
            "all output of the handler and the host"
        } else if console.shows_handler {
            "the handler's output, and the host's warnings and errors (--verbose shows everything)"
        } else {
            "warnings and errors (--verbose shows everything)"
        };
        lines.push(("Log", log.to_owned()));
        lines.push(("Stop", "Ctrl+C".to_owned()));
        for (label, text) in lines {
            console.plain(format!("  {label:9} {text}"));
        }
        console.plain("");
        columns(&rows(self.url, table), console);
        if let Access::Keyed(keys) = access {
            console.plain("");
            console.plain("Keys of this run:");
            let default = "default (all functions)";
            let mut rows = vec![["master", &keys.master], [default, &keys.host]];
            rows.extend(
                keys.functions
                    .iter()
                    .map(|(name, key)| [name, key.as_str()]),
            );
            columns(&rows, console);
        }
        console.plain("");
    }
}

/// Prints rows, with each column as wide as its longest cell.
fn columns<const COUNT: usize>(rows: &[[impl AsRef<str>; COUNT]], console: &Console) {
    let width = |column: usize| rows.iter().map(|row| row[column].as_ref().len()).max();
    for row in rows {
        let cells = row.iter().map(AsRef::as_ref).enumerate();
        let padded: String = cells
            .map(|(column, cell)| format!("  {cell:0$}", width(column).unwrap_or(0)))
            .collect();
        console.plain(padded.trim_end());
    }
}

/// The functions, below their headings.
fn rows(base_url: &str, table: &Table) -> Vec<[String; 4]> {
    let mut rows = vec![["Function", "Methods", "URL", "Key"].map(str::to_owned)];
    for function in &table.functions {
        let name = &function.name;
        let (mut methods, url, mut key) = match (&function.trigger, table.route_of(function)) {
            (Trigger::Http(http), Some(route)) => {
                let methods = http.methods.as_ref();
                let methods = methods.map(|methods| methods.join(",").to_ascii_uppercase());
                let key = match http.level {
                    Level::Anonymous => "none",
                    Level::Function => "function",
                    Level::Admin => "master",
                };
                let url = format!("{base_url}/{}", route.text);
                (methods.unwrap_or_else(|| "all".to_owned()), url, key)
            }
            (Trigger::Warmup, _) => {
                let url = format!("{base_url}/admin/warmup (once)");
                ("all".to_owned(), url, "none")
            }
            (Trigger::Timer(timer), _) => {
                let schedule = &timer.schedule;
                let url = format!("{schedule}, and POST {base_url}/admin/functions/{name}");
                ("timer".to_owned(), url, "master")
            }
            _ => {
                let url = format!("{base_url}/admin/functions/{name}");
                ("POST".to_owned(), url, "master")
            }
        };
        if function.disabled {
            (methods, key) = ("disabled".to_owned(), "master");
        }
        rows.push([name.clone(), methods, url, key.to_owned()]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::environment::Environment;
    use crate::function::parse;

    #[test]
    fn a_disabled_function_is_marked() {
        let environment = Environment::of(&[("AzureWebJobs.Off.Disabled", "true")]);
        let function = |name: &str, more: serde_json::Value| {
            let mut config = json!({ "bindings": [{ "type": "httpTrigger", "name": "req", "authLevel": "anonymous" }] });
            config["disabled"] = more;
            parse(name, config, "/nowhere".as_ref(), &environment).expect("valid")
        };
        let functions = vec![
            function("Off", json!(null)),
            function("On", json!(false)),
            function("Out", json!(true)),
        ];
        let (table, _) = Table::build(functions, "api").expect("valid");
        let rows = rows("http://h", &table);
        assert_eq!(rows[1], ["Off", "disabled", "http://h/api/Off", "master"]);
        assert_eq!(rows[2], ["On", "all", "http://h/api/On", "none"]);
        assert_eq!(rows[3], ["Out", "disabled", "http://h/api/Out", "master"]);
    }
}
