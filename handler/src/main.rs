//! Entry point of the function app.
fn main() {}
