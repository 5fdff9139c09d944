//! An emulator of the Azure Functions host with a custom handler.
//!
//! In the order in which a start, and then a request, meets them:
//!
//! | module | does |
//! | --- | --- |
//! | [`script_root`], [`function_app`], [`banner`], [`changes`] | a function app: found, read from its folder, announced, served; its changed files |
//! | [`local_settings`], [`environment`], [`json`] | `local.settings.json`, variables |
//! | [`settings`], [`configuration`], [`profile`], [`handler_options`], [`worker_runtime`], [`command`], [`watched`] | `host.json` |
//! | [`function`], [`handler_route`], [`retry`], [`template`], [`route`], [`keys`] | functions of folders and of `host.json`, the table of routes, who may call |
//! | [`unsupported`], [`extension_bundle`] | triggers and bindings that the emulator does not serve, or the host would not load |
//! | [`timer`], [`schedule`], [`cron`] | timers: when they are due, what handlers get |
//! | [`cors`], [`cross_site`] | requests of web pages: their response headers, and which are refused while no keys are required |
//! | [`plan`], [`instance`], [`process`], [`executable`], [`listening`], [`readiness`], [`console`] | keeps a handler running, or reports why it cannot; relays its output |
//! | [`listener`], [`peer`], [`server`], [`app`], [`path`], [`query`] | connections, and the path of one request |
//! | [`throttle`] | limits of the requests of an instance |
//! | [`response`] | responses of the host itself |
//! | [`unavailable`], [`offline`] | answers while the app cannot be served, or its user took it offline |
//! | [`admin`], [`health`], [`proxy`], [`forwarding`], [`trace_context`], [`invoke`], [`payload`], [`header_names`], [`output`] | who answers: the host; the handler by a stream, by a copy, by the JSON protocol |
//! | [`backends`], [`dispatch`], [`detached`], [`worker`], [`pool`], [`handler_stream`] | the handler process of a request, and the connections to it |
//! | [`timers`], [`calendar`] | runs functions when their timers are due, by the calendar of the host's user |
//! | [`exchange`], [`request_body`], [`body`], [`traffic`], [`lock`] | timeouts, streams in both directions, latency, locks |
//!
//! The host does not decide how many instances there are, nor which of them gets a request: its user does, who starts
//! each [`Instance`], publishes the [`BackendSet`] and gives a function to [`Choose`] with.
//!
//! The emulator does what the host's source does; comments name the host's files. Known differences: files are watched
//! only where the user of this crate asks for it, `app_offline.htm` does not stop the handler, there are no upgraded connections, and
//! there is no wait for a result that the real host would never see (see `Failure::Null`).
//! Timers need no storage account and no lease (see [`timers`]). In the JSON protocol, redirects of a handler are not followed, texts
//! that look like dates stay as they are, and only the first of several pipelined requests keeps the spelling of its header names.

mod admin;
mod app;
mod backends;
mod banner;
mod body;
mod calendar;
mod changes;
mod command;
mod configuration;
mod console;
mod cors;
mod cron;
mod cross_site;
mod detached;
mod dispatch;
mod environment;
mod exchange;
mod executable;
mod extension_bundle;
mod forwarding;
mod function;
mod function_app;
mod handler_options;
mod handler_route;
mod handler_stream;
mod header_names;
mod health;
mod instance;
mod invoke;
mod json;
mod keys;
mod listener;
mod listening;
mod local_settings;
mod lock;
mod offline;
mod output;
mod path;
mod payload;
mod peer;
mod plan;
mod pool;
mod process;
mod profile;
mod proxy;
mod query;
mod readiness;
mod request_body;
mod response;
mod retry;
mod route;
mod schedule;
mod script_root;
mod server;
mod settings;
mod template;
mod throttle;
mod timer;
mod timers;
mod trace_context;
mod traffic;
mod unavailable;
mod unsupported;
mod watched;
mod worker;
mod worker_runtime;

pub use admin::LabRequest;
pub use app::App;
pub use backends::{Backend, BackendSet, Choose, InstanceLoad};
pub use body::Body;
pub use calendar::Calendar;
pub use changes::Changes;
pub use console::{Console, timestamp};
pub use function_app::{FunctionApp, MARKER, ServeOptions, Served};
pub use instance::{CRASH_LIMIT, Ending, Instance, Lifecycle};
pub use invoke::warm_up_process;
pub use keys::KeyRing;
pub use listener::{listen, serve};
pub use local_settings::LocalHost;
pub use peer::Peer;
pub use plan::Plan;
pub use process::Grace;
pub use query::parameter;
pub use response::{content, empty, json_response, refusal};
pub use script_root::find_app;
pub use server::respond;
pub use timer::Statuses as TimerStatuses;
pub use timers::run_timers;
pub use traffic::{Pace, Percentiles, Recent, Totals, Traffic};
pub use unavailable::Unavailable;
pub use worker::Worker;
