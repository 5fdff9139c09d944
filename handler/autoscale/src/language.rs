//! Files in languages that must be compiled to JSON first.

const BICEP: &str = "it is Bicep, which has to be compiled to JSON first: run `az bicep build --file FILE --stdout > \
                     template.json` and pass template.json";
const BICEP_PARAMETERS: &str = "it is a Bicep parameter file, which has to be compiled to JSON first: run `az bicep \
                                build-params --file FILE --outfile parameters.json` and pass parameters.json";
const TERRAFORM: &str = "it is a Terraform configuration, which has to be evaluated first: run `terraform show -json \
                         > state.json` where it is applied, and pass state.json";
const YAML: &str = "it is YAML, and JSON is read here: for a setting in Azure, run `az monitor autoscale show` with \
                    `--output json`";

/// For a file that is not JSON: its language, and the command that creates JSON from it. The file's extension decides
/// first, then the text. `None` for JSON and for unknown languages.
pub(crate) fn language_of(file_name: Option<&str>, text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        return None;
    }
    let name = file_name.unwrap_or_default().to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "bicep" => Some(BICEP),
        "bicepparam" => Some(BICEP_PARAMETERS),
        "tf" | "tfvars" | "hcl" => Some(TERRAFORM),
        "yaml" | "yml" => Some(YAML),
        // A document for people may contain examples in any language.
        "md" | "markdown" | "txt" | "html" => None,
        _ => {
            let mut lines = text.lines();
            lines.clone().find_map(language_of_line).or_else(|| {
                let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'));
                first.filter(|line| is_yaml(line)).map(|_| YAML)
            })
        }
    }
}

/// Whether this may be the first line of a YAML document: a document marker, a key, or an item of a list.
fn is_yaml(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let is_key = |word: &str| {
        word.strip_suffix(':').is_some_and(|key| {
            key.starts_with(|sign: char| sign.is_ascii_alphabetic())
                && key
                    .chars()
                    .all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
        })
    };
    first == "---"
        || first == "-" && second.ends_with(':')
        || line.starts_with(first) && is_key(first)
}

/// The language for which this line is typical. The first such line decides, because comments come before it.
fn language_of_line(line: &str) -> Option<&'static str> {
    let line = line.trim_end();
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    let block = line.ends_with('{');
    match first {
        "using" if second.starts_with('\'') || second == "none" => Some(BICEP_PARAMETERS),
        "targetScope" => Some(BICEP),
        "resource" | "module" | "variable" | "provider" | "data" | "output" | "terraform"
        | "locals"
            if block && (second.starts_with('"') || second == "{") =>
        {
            Some(TERRAFORM)
        }
        "param" | "var" | "resource" | "module" | "@description" if !second.is_empty() => {
            Some(BICEP)
        }
        _ if first.starts_with("@description(") || first.starts_with("@allowed(") => Some(BICEP),
        _ => None,
    }
}
