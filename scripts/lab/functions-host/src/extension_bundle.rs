//! `extensionBundle` of `host.json`: the host loads the extensions for triggers and bindings from it, except the
//! built-in ones. The emulator loads no extensions, but reports if the host would not start or not load a function
//! (`ScriptStartupTypeLocator.cs`, `extensionrequirements.json`). Pure.

use std::path::Path;

use serde_json::Value;

use super::function::Function;
use super::json::lookup;

/// The bundle for which the host requires a version.
const ID: &str = "Microsoft.Azure.Functions.ExtensionBundle";
/// The earliest version with which the host starts.
const EARLIEST: [u32; 3] = [2, 6, 1];
/// The setting for `host.json`.
const ADVICE: &str = "set extensionBundle to {\"id\": \"Microsoft.Azure.Functions.ExtensionBundle\", \"version\": \"[4.*, 5.0.0)\"}";
/// Triggers and bindings that need no extension (`ScriptHostBuilderExtensions.cs`, `AddBuiltInExtensions`).
const BUILT_IN: [&str; 5] = [
    "httpTrigger",
    "http",
    "timerTrigger",
    "warmupTrigger",
    "manualTrigger",
];
/// Files that mean that an app contains its own extensions.
const OWN_EXTENSIONS: [&str; 2] = ["extensions.csproj", "bin/extensions.json"];

/// The bundle in `host.json`.
#[derive(Clone, Debug)]
pub(crate) struct ExtensionBundle {
    id: String,
    /// A range of versions such as `[4.*, 5.0.0)`.
    version: String,
}

impl ExtensionBundle {
    /// Reads the section; `None` if there is no complete one.
    pub(super) fn read(host: &Value) -> Option<Self> {
        let section = lookup(host, "extensionBundle")?;
        let text = |name| lookup(section, name)?.as_str().map(str::to_owned);
        Some(Self {
            id: text("id")?,
            version: text("version")?,
        })
    }

    fn is_too_old(&self) -> bool {
        self.id.eq_ignore_ascii_case(ID)
            && latest(&self.version).is_some_and(|(version, is_inclusive)| {
                version < EARLIEST || (version == EARLIEST && !is_inclusive)
            })
    }
}

/// A sentence for each reason why the host would not start, or not load a function.
pub(super) fn sentences(
    bundle: Option<&ExtensionBundle>,
    functions: &[Function],
    script_root: &Path,
) -> Vec<String> {
    match bundle {
        Some(bundle) if bundle.is_too_old() => vec![format!(
            "host.json: the host refuses to start with the extension bundle {}, because it requires version 2.6.1 or later; {ADVICE}",
            bundle.version
        )],
        Some(_) => Vec::new(),
        None if OWN_EXTENSIONS.iter().any(|file| script_root.join(file).is_file()) => Vec::new(),
        None => functions
            .iter()
            .filter(|function| !function.disabled)
            .filter_map(|function| {
                let kind = needs_extension(function)?;
                Some(format!(
                    "host.json has no extensionBundle: without it, the host does not load {}, because of its {kind}; {ADVICE}",
                    function.name
                ))
            })
            .collect(),
    }
}

/// The type of a trigger or binding that is not built in.
fn needs_extension(function: &Function) -> Option<&str> {
    let mut kinds = function
        .bindings
        .iter()
        .map(|binding| binding.kind.as_str());
    kinds.find(|kind| {
        !BUILT_IN
            .iter()
            .any(|known| known.eq_ignore_ascii_case(kind))
    })
}

/// The end of a range such as `[1.*, 2.0.0)`, and whether it is included. `None` if the range has no end or is not
/// valid.
fn latest(range: &str) -> Option<([u32; 3], bool)> {
    let inner = range.trim().strip_prefix(['[', '('])?;
    let is_inclusive = inner.ends_with(']');
    let end = inner.strip_suffix([']', ')'])?.rsplit(',').next()?.trim();
    let mut version = [0; 3];
    for (part, number) in end.split('.').zip(&mut version) {
        *number = if part == "*" {
            u32::MAX
        } else {
            part.parse().ok()?
        };
    }
    Some((version, is_inclusive))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::environment::Environment;
    use crate::function::parse;

    fn bundle(version: &str) -> ExtensionBundle {
        let host = json!({ "extensionBundle": { "id": ID, "version": version } });
        ExtensionBundle::read(&host).expect("complete")
    }

    /// `ScriptStartupTypeDiscovererTests.cs`, `GetExtensionsStartupTypes_RejectsBundleBelowMinimumVersion`.
    #[test]
    fn a_bundle_below_the_required_version_is_too_old() {
        for (version, expected) in [
            ("[1.*, 2.0.0)", true),
            ("[1.8.1]", true),
            ("[2.0.0, 2.6.1)", true),
            ("[2.0.0, 2.6.1]", false),
            ("[2.*, 3.0.0)", false),
            ("[4.*, 5.0.0)", false),
            ("[2.*]", false),
            ("[1.0.0, )", false),
            ("1.0.0", false),
            ("", false),
        ] {
            assert_eq!(bundle(version).is_too_old(), expected, "{version}");
        }
        let mut preview = bundle("[1.*, 2.0.0)");
        preview.id.push_str(".Preview");
        assert!(!preview.is_too_old());
    }

    #[test]
    fn a_function_that_needs_an_extension_needs_a_bundle() {
        let function = |kind: &str| {
            let config = json!({ "bindings": [{ "type": kind, "name": "a", "direction": "in" }] });
            parse("F", config, Path::new("/nowhere"), &Environment::default()).expect("valid")
        };
        let said = |bundle: Option<&ExtensionBundle>, kind: &str| {
            sentences(bundle, &[function(kind)], Path::new("/nowhere"))
        };
        let sentence = said(None, "queueTrigger");
        assert!(sentence[0].contains("does not load F, because of its queueTrigger"));
        for kind in ["HttpTrigger", "warmupTrigger"] {
            assert!(said(None, kind).is_empty(), "{kind}");
        }
        assert!(said(Some(&bundle("[4.*, 5.0.0)")), "queueTrigger").is_empty());
        let sentence = said(Some(&bundle("[1.*, 2.0.0)")), "httpTrigger");
        assert!(sentence[0].contains("refuses to start with the extension bundle [1.*, 2.0.0)"));
    }
}
