//! Reads the type and name of a resource from its ID.

use super::place::is_expression;

/// The resource's type in lower case, such as `microsoft.web/serverfarms`. For a child resource, the type includes
/// the child's. `None` if the text is not a resource ID, such as a template expression without a value.
pub(super) fn of(resource_id: &str) -> Option<String> {
    if is_expression(resource_id) {
        return None;
    }
    let lower = resource_id.trim_end_matches('/').to_ascii_lowercase();
    let (_, after) = lower.rsplit_once("/providers/")?;
    let mut parts = after.split('/');
    let mut found = parts.next()?.to_owned();
    // Each type is followed by a name.
    for kind in parts.step_by(2) {
        found.push('/');
        found.push_str(kind);
    }
    found.contains('/').then_some(found)
}

/// The resource's name: the last part of its ID.
pub(super) fn name(resource_id: &str) -> &str {
    resource_id
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_the_provider() {
        let of = |text: &str| of(text).unwrap_or_default();
        assert_eq!(
            of("/subscriptions/x/resourceGroups/r/providers/Microsoft.Web/sites/mysite"),
            "microsoft.web/sites"
        );
        assert_eq!(
            of("/subscriptions/x/providers/Microsoft.ServiceBus/namespaces/n/queues/q"),
            "microsoft.servicebus/namespaces/queues"
        );
        assert_eq!(of("/subscriptions/x"), "");
        assert_eq!(
            of("[concat(resourceGroup().id, '/providers/Microsoft.Web/serverfarms/p')]"),
            ""
        );
        assert_eq!(
            of("/subscriptions/x/providers/Microsoft.Web/serverfarms/p/"),
            "microsoft.web/serverfarms"
        );
    }
}
