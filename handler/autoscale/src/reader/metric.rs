//! The metric of a rule.

use super::super::finding::Kind;
use super::super::place::{Place, printable};
use super::super::profile::{Dimension, Metric};
use super::super::resource_type;
use super::Reader;

/// CPU metrics of instances, and the types of the resources that have them.
const CPU_METRICS: [(&str, &str); 2] = [
    ("CpuPercentage", "microsoft.web/serverfarms"),
    (
        "Percentage CPU",
        "microsoft.compute/virtualmachinescalesets",
    ),
];

impl Reader<'_> {
    /// Reads the rule's metric. Returns its index.
    pub(super) fn metric(&mut self, trigger: &Place<'_>) -> Option<usize> {
        let Some(field) = trigger.field(&["metricName", "name"]) else {
            self.missing(
                trigger,
                "metricName",
                "the name of a metric, such as CpuPercentage",
            );
            return None;
        };
        let Some(name) = field.text().filter(|name| !name.trim().is_empty()) else {
            self.refuse_value(&field, "the name of a metric, such as CpuPercentage");
            return None;
        };
        let name = printable(name.trim());
        let text = |names: &[&str]| {
            let field = trigger.field(names)?;
            let text = field.value.as_str().map(str::trim)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let namespace = text(&["metricNamespace", "namespace"]).map(|text| printable(&text));
        let resource = text(&["metricResourceUri", "metricResourceId", "resource"]);
        let cpu = CPU_METRICS
            .iter()
            .find(|(cpu, _)| cpu.eq_ignore_ascii_case(&name));
        let elsewhere = resource
            .as_deref()
            .is_some_and(|resource| self.is_elsewhere(resource, cpu));
        let metric = Metric {
            name,
            namespace,
            resource: resource.filter(|_| elsewhere),
            dimensions: self.dimensions(trigger),
            fleet_cpu: cpu.is_some() && !elsewhere,
        };
        if let Some(index) = self.metrics.iter().position(|known| *known == metric) {
            return Some(index);
        }
        self.check_metric(trigger, &field, &metric, cpu.map(|(_, owner)| *owner));
        self.metrics.push(metric);
        Some(self.metrics.len() - 1)
    }

    /// Whether a metric belongs to another resource than the one that is scaled. A site's CPU is its plan's CPU.
    fn is_elsewhere(&self, resource: &str, cpu: Option<&(&str, &str)>) -> bool {
        let Some(target) = self.target.as_deref() else {
            // Without a target, only the metric can tell: nobody scales a plan by another plan's CPU.
            return cpu.is_none()
                && resource_type::of(resource)
                    .is_some_and(|kind| !CPU_METRICS.iter().any(|(_, owner)| *owner == kind));
        };
        let same = |id: &str| id.trim_end_matches('/').to_ascii_lowercase();
        if same(resource) == same(target) {
            return false;
        }
        match (resource_type::of(resource), resource_type::of(target)) {
            (Some(kind), Some(scaled)) if kind == scaled => true,
            // The CPU of a site, or of a plan of another type, counts as the target's CPU, because one of the two is
            // a mistake.
            (Some(kind), Some(_)) => {
                let owners = CPU_METRICS.iter().map(|(_, owner)| *owner);
                let mut runs_apps = owners.chain(["microsoft.web/sites"]);
                cpu.is_none() || !runs_apps.any(|owner| owner == kind)
            }
            // An expression without a value may stand for any resource.
            _ => false,
        }
    }

    fn check_metric(
        &mut self,
        trigger: &Place<'_>,
        name: &Place<'_>,
        metric: &Metric,
        owner: Option<&str>,
    ) {
        let scaled = self.target.as_deref().and_then(resource_type::of);
        let same_sort = scaled.as_deref() != Some("microsoft.web/sites");
        if let (Some(owner), Some(scaled)) = (owner, scaled.as_deref())
            && metric.fleet_cpu
            && same_sort
            && scaled != owner
        {
            let known = CPU_METRICS.iter().find(|(_, owner)| *owner == scaled);
            let remedy = known.map_or(String::new(), |(name, _)| format!("Write {name:?}."));
            let message = format!("is a metric of {owner}, and the target is a {scaled}.");
            self.find(
                Kind::Assumed,
                "wrong_target",
                name.path.clone(),
                message,
                &remedy,
            );
        }
        let unnamed = metric.namespace.is_none()
            && trigger
                .field(&["metricResourceUri", "metricResourceId", "resource"])
                .is_none();
        // The stack and the portal add the resource to a bare profile.
        if self.is_setting && unnamed {
            let namespace = scaled.as_deref().filter(|_| same_sort).or(owner);
            let remedy = namespace.map_or(String::new(), |namespace| {
                format!("Write \"metricNamespace\": \"{namespace}\".")
            });
            self.find(
                Kind::Assumed,
                "namespace_missing",
                trigger.missing("metricNamespace"),
                "is missing, and no resource is named. The namespace of the scaled resource is assumed.",
                &remedy,
            );
        }
        if let Some(resource) = &metric.resource {
            let message = format!(
                "is another resource than the one that is scaled ({}). Its metric is taken not to change with the number of \
                 instances.",
                printable(resource_type::name(resource))
            );
            self.find(
                Kind::Assumed,
                "other_resource",
                trigger.missing("metricResourceUri"),
                message,
                "",
            );
        }
        if !metric.dimensions.is_empty() {
            self.find(
                Kind::Assumed,
                "dimensions",
                trigger.missing("dimensions"),
                "select some of the metric's samples. All samples are assumed to match.",
                "",
            );
        }
    }

    fn dimensions(&mut self, trigger: &Place<'_>) -> Vec<Dimension> {
        let Some(items) = trigger.field(&["dimensions"]).and_then(|list| list.items()) else {
            return Vec::new();
        };
        let text = |item: &Place<'_>, names: &[&str]| {
            let field = item.field(names);
            printable(
                field
                    .as_ref()
                    .and_then(|field| field.value.as_str())
                    .unwrap_or_default(),
            )
        };
        let dimension = |item: &Place<'_>| Dimension {
            name: text(item, &["dimensionName", "name"]),
            operator: text(item, &["operator"]),
            values: item
                .field(&["values"])
                .and_then(|values| values.items())
                .unwrap_or_default()
                .iter()
                .map(|value| printable(value.value.as_str().unwrap_or_default()))
                .collect(),
        };
        items.iter().map(dimension).collect()
    }
}
