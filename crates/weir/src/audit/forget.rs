//! `weir audit forget`: an end to texts that were kept.

use super::note;
use crate::{exit::Failure, out::Out};
use config::Config;
use ledger::Vault;

pub(crate) async fn forget(
    config: &Config,
    identity: Option<&str>,
    before: Option<&str>,
) -> Result<(), Failure> {
    if let Some(why) = &config.ledger.hold {
        let why = format!("nothing may be destroyed: [ledger] hold = \"{why}\"");
        return Err(Failure::Refused(why));
    }
    let is_month = |text: &str| {
        let (year, month) = text.split_once('-').unwrap_or_default();
        year.len() == 4 && month.len() == 2 && format!("{year}{month}").parse::<u32>().is_ok()
    };
    if let Some(before) = before.filter(|before| !is_month(before)) {
        return Err(Failure::Refused(format!("\"{before}\" is not a month (2026-06)")));
    }
    let whose = identity.unwrap_or("everybody");
    let until = before.map_or_else(String::new, |month| format!(" from before {month}"));
    // First the record, then the deed: no key ends unseen.
    note(config, &format!("kept texts of {whose}{until} are forgotten")).await?;
    let destroyed = Vault::new(&crate::layout::ledger(config)).destroy(identity, before)?;
    let mut out = Out::new();
    for key in &destroyed {
        out.line(key)?;
    }
    out.line(format!("{} keys destroyed", destroyed.len()))?;
    Ok(out.flush()?)
}
