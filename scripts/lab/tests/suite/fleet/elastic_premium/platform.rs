//! The emulated identity endpoint and ARM, from a handler's view.

use serde_json::{Value, json};

use crate::support::Host;
use crate::support::http::{Answer, Connection};

/// The first handler's settings of the platform.
pub struct Platform {
    port: u16,
    pub site: String,
    pub secret: String,
}

impl Platform {
    /// From the journal of the probe handler.
    pub fn of(host: &Host) -> Self {
        let start = host.entry("a handler starts", |entry| entry["start"].is_u64());
        Self::from_variables(|name| start["environment"][name].as_str().unwrap().to_owned())
    }

    /// From the environment of a process.
    pub fn of_process(process: u32) -> Self {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
        let text = String::from_utf8_lossy(&environment).into_owned();
        Self::from_variables(|name| {
            let mut variables = text.split('\0').filter_map(|line| line.split_once('='));
            variables
                .find(|(one, _)| *one == name)
                .unwrap()
                .1
                .to_owned()
        })
    }

    fn from_variables(variable: impl Fn(&str) -> String) -> Self {
        assert_eq!(variable("SCALER"), "elastic-premium");
        let endpoint = variable("SCALER_ENDPOINT");
        let port = endpoint.strip_prefix("http://127.0.0.1:").unwrap();
        assert_eq!(
            variable("IDENTITY_ENDPOINT"),
            format!("{endpoint}/msi/token")
        );
        Self {
            port: port.parse().unwrap(),
            site: variable("SCALER_SITE_ID"),
            secret: variable("IDENTITY_HEADER"),
        }
    }

    pub fn open(&self) -> Connection {
        Connection::open(self.port)
    }

    pub fn ask(&self, secret: &str, query: &str) -> Answer {
        let target = format!("/msi/token?{query}");
        self.open()
            .exchange("GET", &target, &[("X-IDENTITY-HEADER", secret)], "")
    }

    pub fn token(&self) -> String {
        let query = "resource=https%3A%2F%2Fmanagement.azure.com%2F&api-version=2019-08-01";
        let answer = self.ask(&self.secret, query).json();
        assert_eq!(answer["token_type"], "Bearer");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub fn target(&self) -> String {
        format!("{}/config/web?api-version=2025-05-01", self.site)
    }

    pub fn send(&self, method: &str, target: &str, token: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        self.open()
            .exchange(method, target, &[("Authorization", &authorization)], body)
    }

    /// Sets both numbers, as the app does.
    pub fn pin(&self, count: u32) -> Answer {
        self.send(
            "PATCH",
            &self.target(),
            &self.token(),
            &both(count).to_string(),
        )
    }
}

pub fn both(count: u32) -> Value {
    json!({ "properties": { "minimumElasticInstanceCount": count, "functionAppScaleLimit": count } })
}

/// The configuration that the stack deploys: one always-ready instance, at most three.
pub fn deployed() -> Value {
    json!({ "properties": { "minimumElasticInstanceCount": 1, "functionAppScaleLimit": 3 } })
}
