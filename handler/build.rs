//! Lists the files of the built dashboard, so that `src/http/page.rs` compiles them in. The built dashboard is part
//! of the project.
//!
//! This does not run npm: `scripts/dashboard` builds the dashboard.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

const DASHBOARD: &str = "dashboard/dist/page";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DASHBOARD}");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let table = table(&here.join(DASHBOARD));
    let to = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("page.rs");
    fs::write(&to, table).expect("OUT_DIR can be written");
}

/// Generates the Rust source for the page and the files that it loads.
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
        let mut compressed = path.clone().into_os_string();
        compressed.push(".br");
        let compressed = PathBuf::from(compressed);
        let brotli = if found.contains(&compressed) {
            format!("Some(include_bytes!({compressed:?}))")
        } else {
            "None".to_owned()
        };
        let file = format!(
            "File {{ path: \"/{url}\", content_type: {content_type:?}, plain: include_bytes!({path:?}), \
             brotli: {brotli} }}",
        );
        if url == "index.html" {
            let tag = fingerprint(&fs::read(path).expect("the page can be read"));
            let _ = writeln!(table, "const PAGE: File = {file};");
            // Weak, because it is the same for all compressed forms.
            let _ = writeln!(table, "const PAGE_TAG: &str = \"W/\\\"{tag:016x}\\\"\";");
        } else {
            let _ = writeln!(files, "    {file},");
        }
    }
    let _ = write!(table, "static FILES: &[File] = &[\n{files}];\n");
    table
}

fn list(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    let unreadable = "handler/dashboard/dist is part of the project: git checkout brings it back";
    for entry in fs::read_dir(folder).expect(unreadable) {
        let path = entry.expect(unreadable).path();
        if path.is_dir() {
            list(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// `None` for files that are not served themselves: compressed copies and source maps.
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

/// It is only compared with fingerprints of this and other builds, so compilers may compute different ones.
fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
