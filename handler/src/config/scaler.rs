//! Whether the app sets the number of instances itself, and of which site.

use super::arguments::Arguments;
use super::database::identity;
use super::scaling_arguments::ScalerKind;
use crate::azure::arm::{ArmEndpoint, SiteId};
use crate::azure::identity::{Endpoint, Resource};
use crate::fleet::Rules;
use autoscale::Setting;

/// The settings of the app's own scaler.
#[derive(Debug, Clone)]
pub struct ScalerConfig {
    /// The site, which is the app itself.
    pub site: SiteId,
    /// Azure Resource Manager.
    pub endpoint: ArmEndpoint,
    /// The token endpoint; `None` if the platform sets none.
    pub identity: Option<Endpoint>,
    /// The rules to apply.
    pub rules: Rules,
}

/// The scaler's settings; `None` if the app does not set the number of instances itself.
///
/// # Errors
/// One sentence that names the setting.
pub(super) fn scaler(
    arguments: &Arguments,
    autoscale: Option<&Setting>,
) -> Result<Option<ScalerConfig>, String> {
    let scaling = &arguments.scaling;
    let Some(ScalerKind::ElasticPremium) = scaling.scaler else {
        return Ok(None);
    };
    let site = scaling.scaler_site_id.as_deref().unwrap_or_default();
    if site.is_empty() {
        return Err(
            "SCALER=elastic-premium requires SCALER_SITE_ID, the resource id of the app".to_owned(),
        );
    }
    let setting = autoscale
        .ok_or("SCALER=elastic-premium requires rules: AUTOSCALE_PROFILE must not be none")?;
    let rules = Rules::new(setting.clone())
        .map_err(|problem| format!("with SCALER=elastic-premium {problem}"))?;
    Ok(Some(ScalerConfig {
        site: site
            .parse()
            .map_err(|problem| format!("SCALER_SITE_ID {problem}"))?,
        endpoint: scaling
            .scaler_endpoint
            .parse()
            .map_err(|problem| format!("SCALER_ENDPOINT {problem}"))?,
        identity: identity(arguments, Resource::ResourceManager)?,
        rules,
    }))
}
