//! The command line with its help. The help of a subcommand lists only the settings that the subcommand uses.

use clap::{Arg, Command, CommandFactory as _};

use super::arguments::Cli;

pub(super) fn command_line() -> Command {
    let whole = Cli::command();
    let settings: Vec<Arg> = whole.get_arguments().cloned().collect();
    whole.mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        let used = settings.iter().filter(|setting| is_used(&name, setting));
        // The settings are global, so the parser accepts all of them after the subcommand, too.
        let shown = command
            .clone()
            .bin_name(format!("handler {name}"))
            .args(used.map(|setting| setting.clone().global(false)))
            .render_long_help();
        command.override_help(shown)
    })
}

/// Whether a subcommand uses a setting.
fn is_used(command: &str, setting: &Arg) -> bool {
    let of_the_app = ["database_pool_max", "migrate"].contains(&setting.get_id().as_str());
    match (command, setting.get_help_heading()) {
        ("migrate", Some("Database")) => !of_the_app,
        // With a port, it serves its progress and writes a log.
        ("provision", Some("Database")) => !of_the_app && setting.get_id() != "sqlite_path",
        ("provision", Some("Logs")) => true,
        ("provision", _) => setting.get_id() == "functions_customhandler_port",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let error = command_line().try_get_matches_from(["handler", name, "--help"]);
        error.expect_err("the help").to_string()
    }

    #[test]
    fn the_help_of_a_subcommand_lists_what_it_uses() {
        for (name, listed, left_out) in [
            ("migrate", "--database-migrate-url", "--cors-origins"),
            ("migrate", "--sqlite-path", "--functions-customhandler-port"),
            ("provision", "--app-object-id", "--retention-days"),
            (
                "provision",
                "--functions-customhandler-port",
                "--sqlite-path",
            ),
        ] {
            let help = help(name);
            assert!(help.contains(&format!("Usage: handler {name}")), "{help}");
            assert!(help.contains(listed), "{listed}: {help}");
            assert!(!help.contains(left_out), "{left_out}: {help}");
        }
    }

    #[test]
    fn a_subcommand_takes_every_setting() {
        let parsed =
            command_line().try_get_matches_from(["handler", "migrate", "--visit-work", "1"]);
        assert!(parsed.is_ok());
    }
}
