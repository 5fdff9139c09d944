use crate::support::Root;

#[test]
fn a_nested_function_folder_is_not_a_function() {
    let root = Root::new();
    root.http("outer/Inner", "inner", Some(&["post"]), "anonymous");
    let host = root.up(&[]);
    assert!(!host.printed().contains("Inner"));
}

#[test]
fn a_disabled_function_is_404_without_the_master_key() {
    let mut root = Root::bare();
    root.http("Off", "off", None, "anonymous");
    root.http("On", "on", None, "anonymous");
    root.variable("AzureWebJobs.Off.Disabled", "1");
    let host = root.up(&["--enable-auth"]);
    let master = host.line("  master ");
    let master = master.split_whitespace().last().unwrap();
    assert_eq!(host.get("/off").status, 404);
    assert_eq!(host.get(&format!("/off?code={master}")).status, 200);
    assert_eq!(host.get("/on").status, 200);
}

#[test]
fn requests_that_kestrel_refuses_are_refused() {
    let host = Root::new().up(&[]);
    assert_eq!(host.get("/a%00b").status, 400);
    assert_eq!(host.get(&format!("/{}", "x".repeat(9000))).status, 414);
    assert!(host.requests().is_empty());
}
