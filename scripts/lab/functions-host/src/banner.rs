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
        let app = if self.is_own {
            "Elastic Visits"
        } else {
            "Function app"
        };
        console.plain(format!(
            "{app} behind an emulator of the Azure Functions host"
        ));
        console.plain("");
        console.plain(format!("  App       {}/", self.url));
        console.plain(format!("  Folder    {}", self.script_root));
        if self.is_own {
            let data = if self.has_postgres {
                "PostgreSQL (DATABASE_URL)"
            } else {
                "SQLite"
            };
            console.plain(format!("  Data      {data}"));
        }
        console.plain(format!("  Fleet     {}/admin/lab", self.url));
        for (word, text) in &self.fleet {
            console.plain(format!("  {word:9} {text}"));
        }
        let openness = match access {
            Access::Open(_) => {
                "open: no keys, but web pages of other origins are refused (--enable-auth requires keys)"
            }
            Access::Keyed(_) => "keys, in the header x-functions-key or the query parameter code",
        };
        console.plain(format!("  Access    {openness}"));
        if self.exposed {
            console.plain("            other machines can reach this address");
        }
        let log = if console.verbose {
            "everything the handler and the host say"
        } else if console.shows_handler {
            "the handler's output, and the host's warnings and errors (--verbose shows everything)"
        } else {
            "warnings and errors (--verbose shows everything)"
        };
        console.plain(format!("  Log       {log}"));
        console.plain("  Stop      Ctrl-C");
        console.plain("");
        self.functions(table, console);
        if let Access::Keyed(keys) = access {
            console.plain("");
            console.plain("Keys of this run:");
            let mut lines = vec![
                ("master", &keys.master),
                ("default (all functions)", &keys.host),
            ];
            lines.extend(
                keys.functions
                    .iter()
                    .map(|(name, key)| (name.as_str(), key)),
            );
            let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            for (name, key) in lines {
                console.plain(format!("  {name:width$}  {key}"));
            }
        }
        console.plain("");
    }

    fn functions(&self, table: &Table, console: &Console) {
        let rows = rows(self.url, table);
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (name, methods, url) = (width(0), width(1), width(2));
        for row in &rows {
            console.plain(format!(
                "  {:name$}  {:methods$}  {:url$}  {}",
                row[0], row[1], row[2], row[3]
            ));
        }
    }
}

/// The functions, below their headings.
fn rows(base_url: &str, table: &Table) -> Vec<[String; 4]> {
    let mut rows = vec![["Function", "Methods", "URL", "Key"].map(str::to_owned)];
    for function in &table.functions {
        let mut row = match (&function.trigger, table.route_of(function)) {
            (Trigger::Http(http), Some(route)) => [
                function.name.clone(),
                http.methods.as_ref().map_or("all".to_owned(), |methods| {
                    methods.join(",").to_ascii_uppercase()
                }),
                format!("{}/{}", base_url, route.text),
                match http.level {
                    Level::Anonymous => "none",
                    Level::Function => "function",
                    Level::Admin => "master",
                }
                .to_owned(),
            ],
            (Trigger::Warmup, _) => [
                function.name.clone(),
                "all".to_owned(),
                format!("{}/admin/warmup (once)", base_url),
                "none".to_owned(),
            ],
            (Trigger::Timer(timer), _) => [
                function.name.clone(),
                "timer".to_owned(),
                format!(
                    "{}, and POST {}/admin/functions/{}",
                    timer.schedule, base_url, function.name
                ),
                "master".to_owned(),
            ],
            _ => [
                function.name.clone(),
                "POST".to_owned(),
                format!("{}/admin/functions/{}", base_url, function.name),
                "master".to_owned(),
            ],
        };
        if function.disabled {
            row[1] = "disabled".to_owned();
            row[3] = "master".to_owned();
        }
        rows.push(row);
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
