//! The program that runs a function app: `lab up`, or the real Functions host.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// The app's folder in the host's image, as in `infra/container/Dockerfile`.
const APP_IN_IMAGE: &str = "/home/site/wwwroot";

/// The folder of the keys in the host's image.
const KEYS_IN_IMAGE: &str = "/azure-functions-host/Secrets";

/// The storage account, which timers need on the real host.
pub const STORAGE: &str = "AzureWebJobsStorage";

/// A program that runs a function app.
#[derive(Clone, Debug, Default)]
pub enum Program {
    /// The host emulator.
    #[default]
    LabUp,
    /// `func start` of the Azure Functions Core Tools, by the path of `func`.
    Func(PathBuf),
    /// The real host as a container.
    Image {
        /// The image's name.
        name: String,
        /// A probe handler that runs in the image: a static program.
        probe: PathBuf,
    },
}

/// The data that a program needs to run an app.
pub struct Run<'a> {
    /// The folder with `host.json`.
    pub app: &'a Path,
    /// A folder for everything else.
    pub files: &'a Path,
    /// The app's settings.
    pub settings: &'a [(String, String)],
    /// Whether function keys are required.
    pub keys: bool,
    /// The port on which the host listens.
    pub port: u16,
}

impl Program {
    /// The name for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LabUp => "lab up",
            Self::Func(_) => "func start",
            Self::Image { .. } => "the host's image",
        }
    }

    pub fn is_lab_up(&self) -> bool {
        matches!(self, Self::LabUp)
    }

    /// The binary of the app's `handler`.
    pub fn probe(&self) -> PathBuf {
        match self {
            Self::Image { probe, .. } => probe.clone(),
            Self::LabUp | Self::Func(_) => built().join("examples/probe_handler"),
        }
    }

    /// The app's folder from the handler's view.
    pub fn app(&self, app: &Path) -> PathBuf {
        match self {
            Self::Image { .. } => APP_IN_IMAGE.into(),
            Self::LabUp | Self::Func(_) => app.canonicalize().unwrap(),
        }
    }

    /// The command that runs an app on the real host. `lab up` has another one (see `Root`).
    pub fn command(&self, run: &Run<'_>) -> Command {
        write_keys(run.files);
        let storage = std::env::var(STORAGE).ok();
        let settings = [
            ("FUNCTIONS_WORKER_RUNTIME", "custom"),
            // Keys in files: see DefaultSecretManagerProvider.cs.
            ("AzureWebJobsSecretStorageType", "files"),
        ]
        .into_iter()
        .chain(storage.as_deref().map(|value| (STORAGE, value)))
        .chain(
            run.settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        match self {
            Self::LabUp => unreachable!("Root has the command of lab up"),
            Self::Func(func) => {
                let mut command = Command::new(func);
                isolate(&mut command);
                command
                    .args(["start", "--port", &run.port.to_string()])
                    .args(run.keys.then_some("--enableAuth"))
                    .current_dir(run.app)
                    // The keys are in a folder below it.
                    .env("TMPDIR", temporary(run.files))
                    .env("FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT", "1")
                    .envs(settings);
                // Core Tools are a script that starts a program. Both end together.
                command.process_group(0);
                command
            }
            Self::Image { name, probe } => {
                let mut command = Command::new("docker");
                command
                    .args(["run", "--rm", "--name", &container(run.files)])
                    .args(["--publish", &format!("127.0.0.1:{}:8080", run.port)]);
                let keys = keys(run.files);
                for (from, to) in [
                    (run.app, Path::new(APP_IN_IMAGE)),
                    (run.files, run.files),
                    (probe.as_path(), probe.as_path()),
                    (keys.as_path(), Path::new(KEYS_IN_IMAGE)),
                ] {
                    command
                        .arg("--volume")
                        .arg(format!("{}:{}", from.display(), to.display()));
                }
                for (setting, value) in settings {
                    command.args(["--env", &format!("{setting}={value}")]);
                }
                command.arg(name);
                command
            }
        }
    }

    /// Kills a handler by its process ID in its own environment.
    pub fn kill(&self, process: u32, files: &Path) {
        let mut command = match self {
            Self::LabUp | Self::Func(_) => Command::new("sh"),
            Self::Image { .. } => {
                let mut command = Command::new("docker");
                command.args(["exec", &container(files), "sh"]);
                command
            }
        };
        let status = command
            .args(["-c", &format!("kill -KILL {process}")])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Ends everything that the command has started.
    pub fn stop(&self, process: u32, files: &Path) {
        let (program, arguments) = match self {
            Self::LabUp => return,
            Self::Func(_) => (
                "kill",
                vec!["-KILL".into(), "--".into(), format!("-{process}")],
            ),
            Self::Image { .. } => (
                "docker",
                vec!["rm".into(), "--force".into(), container(files)],
            ),
        };
        // It may have ended by itself.
        let _ = Command::new(program).args(arguments).output();
    }
}

/// Removes variables of a developer's shell, which must not matter.
pub fn isolate(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name == "DATABASE_URL" || name.starts_with("Azure") || name.starts_with("FUNCTIONS_") {
            command.env_remove(name);
        }
    }
}

/// The folder of the programs that cargo has built. This program is in a folder below it.
pub fn built() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.ancestors().nth(2).unwrap().to_owned()
}

/// A container's name, from the folder of its files.
fn container(files: &Path) -> String {
    files.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The folder for Core Tools' temporary files.
fn temporary(files: &Path) -> PathBuf {
    files.join("tmp")
}

/// The folder of the real host's keys, according to `SelfHostWebHostSettingsFactory.cs` of Core Tools.
fn keys(files: &Path) -> PathBuf {
    temporary(files).join("secrets/functions/secrets")
}

/// The key of the real host with this name: `master`, `default`, or a function's.
pub fn key(files: &Path, name: &str) -> Option<String> {
    let (file, pointer) = match name {
        "master" => ("host.json".to_owned(), "/masterKey/value"),
        "default" => ("host.json".to_owned(), "/functionKeys/0/value"),
        function => (format!("{}.json", function.to_lowercase()), "/keys/0/value"),
    };
    let text = std::fs::read_to_string(keys(files).join(file)).ok()?;
    let keys: Value = serde_json::from_str(&text).ok()?;
    keys.pointer(pointer)?.as_str().map(str::to_owned)
}

/// Writes the files that contain the real host's keys (`FileSystemSecretsRepository.cs`, `HostSecrets.cs`).
fn write_keys(files: &Path) {
    let folder = keys(files);
    std::fs::create_dir_all(&folder).unwrap();
    let entry = |name: &str, of: &str| json!({ "name": name, "value": format!("{of}-key-for-tests"), "encrypted": false });
    let host = json!({
        "masterKey": entry("master", "master"),
        "functionKeys": [entry("default", "default")],
        "systemKeys": [],
    });
    std::fs::write(folder.join("host.json"), host.to_string()).unwrap();
    for function in ["closed", "other"] {
        let keys = json!({ "keys": [entry("default", function)] });
        std::fs::write(folder.join(format!("{function}.json")), keys.to_string()).unwrap();
    }
    // The image has another user.
    for path in [folder, temporary(files)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
}
