//! A request that the user describes, to load any app: `--path`, `--method`, `--header`, `--body`.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context as _, anyhow, bail, ensure};
use bytes::Bytes;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request};

use super::mix::Key;
use super::request::get;
use super::target::Target;

/// The Functions host accepts no larger body either (`ScriptConstants.cs`, `DefaultMaxRequestBodySize`).
const LARGEST_BODY: u64 = 104_857_600;
/// The methods of HTTP triggers. CONNECT and TRACE are not useful here.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The options that describe it.
#[derive(Args)]
#[command(next_help_heading = "Load any app")]
pub(super) struct CustomArgs {
    /// Load this path instead of the endpoints of Elastic Visits, such as '/api/hello?name=Ada'
    #[arg(long, value_name = "PATH", conflicts_with_all = ["mix", "preset"])]
    path: Option<String>,
    /// Method of the request [default: GET, or POST with --body]
    #[arg(long, value_name = "METHOD", requires = "path", ignore_case = true,
        value_parser = PossibleValuesParser::new(METHODS).try_map(|text| text.to_ascii_uppercase().parse::<Method>()))]
    method: Option<Method>,
    /// Body of the request, or @FILE to read it from a file; sent as application/json if it is JSON
    #[arg(long, value_name = "TEXT", requires = "path")]
    body: Option<String>,
    /// Header of the request, such as 'Accept: text/html'; may be given several times. For a function key, use
    /// `FUNCTIONS_KEY`
    #[arg(long, value_name = "NAME: VALUE", requires = "path")]
    header: Vec<String>,
}

impl CustomArgs {
    /// Whether a request is described.
    pub(super) fn is_given(&self) -> bool {
        self.path.is_some()
    }

    /// The request, if one is described. It contains the key, unless a header with another one is given.
    ///
    /// # Errors
    /// One sentence for the user, without the values of headers.
    pub(super) fn request(
        &self,
        target: &Target,
        key: Option<&Key>,
    ) -> anyhow::Result<Option<Request<Bytes>>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        check_path(path)?;
        let body = self.body.as_deref().map(body).transpose()?;
        let mut request = get(target, path);
        *request.method_mut() = self.method.clone().unwrap_or(match &body {
            Some(_) => Method::POST,
            None => Method::GET,
        });
        let body = body.unwrap_or_default();
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        headers.extend(key.map(Key::header));
        let given = self.headers()?;
        for name in given.keys() {
            headers.remove(name);
        }
        headers.extend(given);
        *request.body_mut() = body;
        Ok(Some(request))
    }

    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for text in &self.header {
            // A value may be a secret, so no value is shown.
            let (name, value) = text.split_once(':').ok_or_else(|| {
                anyhow!("--header needs a name, a colon, and a value, such as 'Accept: text/html'")
            })?;
            let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| {
                anyhow!("the part of --header before the colon is not the name of a header, such as Accept")
            })?;
            let managed = [
                header::CONTENT_LENGTH,
                header::TRANSFER_ENCODING,
                header::CONNECTION,
                header::EXPECT,
                header::UPGRADE,
            ];
            ensure!(
                !managed.contains(&name),
                "--header cannot set {name}, because it follows from the body and the connection; leave it out"
            );
            let mut value = HeaderValue::from_str(value.trim()).map_err(|_| {
                anyhow!("--header: the value of {name} has characters that no header can have")
            })?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(headers)
    }
}

/// The name of the request in output and records, without its query, which may contain a key.
pub(super) fn name(request: &Request<Bytes>) -> String {
    format!("{} {}", request.method(), request.uri().path())
}

/// The request in words, for the plan of a run.
pub(super) fn describe(request: &Request<Bytes>) -> String {
    let name = name(request);
    match request.body().len() {
        0 => format!("Request: {name}"),
        length => format!("Request: {name}, with a body of {length} bytes"),
    }
}

fn check_path(path: &str) -> anyhow::Result<()> {
    // The query is not shown, because it may contain a key.
    let shown = path.split(['?', '#']).next().unwrap_or_default();
    ensure!(
        path.starts_with('/'),
        "--path '{shown}' does not begin with a slash; give the path below the URL, such as /api/hello"
    );
    let plain = path.is_ascii() && !path.contains('#');
    if !plain || PathAndQuery::try_from(path).is_err() {
        bail!(
            "--path '{shown}' has characters that no path has; write a space as %20, and # as %23"
        );
    }
    Ok(())
}

fn body(text: &str) -> anyhow::Result<Bytes> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    };
    let unreadable = || format!("cannot read {path}, the file of --body");
    let mut body = Vec::new();
    let file = File::open(path).with_context(unreadable)?;
    file.take(LARGEST_BODY + 1)
        .read_to_end(&mut body)
        .with_context(unreadable)?;
    ensure!(
        body.len() as u64 <= LARGEST_BODY,
        "{path}, the file of --body, is larger than 100 MiB, which is the most that the Functions host accepts"
    );
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(path: &str) -> CustomArgs {
        CustomArgs {
            path: Some(path.to_owned()),
            method: None,
            body: None,
            header: Vec::new(),
        }
    }

    fn request(args: &CustomArgs, key: Option<&str>) -> Request<Bytes> {
        let target = Target::parse("http://127.0.0.1:7071").expect("a target");
        let key = key.map(|key| Key::new(key).expect("a key"));
        let request = args.request(&target, key.as_ref());
        request.expect("it can be made").expect("it is described")
    }

    #[test]
    fn the_defaults_suit_most_requests() {
        let plain = request(&args("/api/hello?name=Ada"), None);
        assert_eq!(plain.uri(), "/api/hello?name=Ada");
        assert_eq!((plain.method(), plain.body().len()), (&Method::GET, 0));
        assert_eq!(plain.headers()[header::ACCEPT], "*/*");
        assert!(!plain.headers().contains_key(header::CONTENT_TYPE));
        assert_eq!(describe(&plain), "Request: GET /api/hello");

        let json = CustomArgs {
            body: Some(r#"{"a":1}"#.to_owned()),
            ..args("/api/hello")
        };
        let json = request(&json, Some("secret"));
        assert_eq!(json.method(), Method::POST);
        assert_eq!(json.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(json.headers()["x-functions-key"], "secret");
        assert_eq!(
            describe(&json),
            "Request: POST /api/hello, with a body of 7 bytes"
        );
        assert!(!format!("{json:?}").contains("secret"), "{json:?}");
    }

    #[test]
    fn headers_that_are_given_replace_the_defaults() {
        let given = CustomArgs {
            body: Some("{}".to_owned()),
            header: [
                "accept: text/html",
                "Content-Type: text/plain",
                "X-Functions-Key:other",
                "x-list: 1",
                "x-list: 2",
                "Host: app.example",
            ]
            .map(str::to_owned)
            .into(),
            ..args("/")
        };
        let headers = request(&given, Some("key")).headers().clone();
        let all = |name: &str| {
            let values = headers.get_all(name).iter();
            let values = values.map(|value| value.to_str().expect("ASCII").to_owned());
            values.collect::<Vec<_>>()
        };
        assert_eq!(all("accept"), ["text/html"]);
        assert_eq!(all("content-type"), ["text/plain"]);
        assert_eq!(all("x-functions-key"), ["other"]);
        assert_eq!(all("x-list"), ["1", "2"]);
        assert_eq!(all("host"), ["app.example"]);
    }
}
