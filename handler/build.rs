//! Chooses the page that is compiled in: the dashboard where `dashboard/` was built, else the plain one.
//!
//! It runs no npm: a clean clone builds with cargo alone. What it writes is included by `src/http/page.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Everything that npm builds; part of the project, so that cargo sees the page appear in it.
const BUILT: &str = "dashboard/dist";
const DASHBOARD: &str = "dashboard/dist/page";
const PLAIN: &str = "src/http/page";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The folders, not the files in them: for a file that is not there cargo would compile the handler every time.
    println!("cargo::rerun-if-changed={BUILT}");
    println!("cargo::rerun-if-changed={PLAIN}");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let is_dashboard = here.join(DASHBOARD).join("index.html").is_file();
    let folder = here.join(if is_dashboard { DASHBOARD } else { PLAIN });
    let table = table(&folder);
    let to = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("page.rs");
    fs::write(&to, table).expect("OUT_DIR can be written");
}

/// The Rust source of the page and of the files it asks for.
fn table(folder: &Path) -> String {
    let mut found = BTreeSet::new();
    list(folder, &mut found);
    let mut table = String::new();
    let mut files = String::new();
    for path in &found {
        let Some(content_type) = content_type(path) else {
            continue;
        };
        let relative = path.strip_prefix(folder).expect("it was found in there");
        let url = relative.to_str().expect("npm wrote an ASCII name");
        let url = url.replace(std::path::MAIN_SEPARATOR, "/");
        let compressed = |extension: &str| {
            let mut name = path.clone().into_os_string();
            name.push(extension);
            let name = PathBuf::from(name);
            if found.contains(&name) {
                format!("Some(include_bytes!({name:?}))")
            } else {
                "None".to_owned()
            }
        };
        let file = format!(
            "File {{ path: \"/{url}\", content_type: {content_type:?}, plain: include_bytes!({path:?}), \
             gzip: {}, brotli: {} }}",
            compressed(".gz"),
            compressed(".br"),
        );
        if url == "index.html" {
            let tag = fingerprint(&fs::read(path).expect("the page can be read"));
            let _ = writeln!(table, "const PAGE: File = {file};");
            // Weak: the same for every way it may be compressed.
            let _ = writeln!(table, "const PAGE_TAG: &str = \"W/\\\"{tag:016x}\\\"\";");
        } else {
            let _ = writeln!(files, "    {file},");
        }
    }
    let _ = write!(table, "static FILES: &[File] = &[\n{files}];\n");
    table
}

fn list(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the page's folder can be read") {
        let path = entry.expect("the page's folder can be read").path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// None for what is no file of its own: compressed copies and source maps.
fn content_type(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

/// Only ever compared with one of the same build or another: it need not stay the same between compilers.
fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
