//! A role that AWS gives for a web identity, as a cluster of EKS or any other provider of tokens
//! that AWS trusts has them: `AssumeRoleWithWebIdentity` of the Security Token Service (API of
//! 2011-06-15), which is asked without keys. The token's file is read each time: it changes.

use super::{
    super::ask::{Web, element, send},
    keys::{self, Keys, is_of_container, variable},
};
use anyhow::{Context, bail};
use std::path::Path;

/// What sessions of the role are called where nothing else is said.
const SESSION: &str = "weir";

/// The keys of the role that the environment names together with a token's file.
pub(super) async fn assumed(web: &Web, region: &str) -> anyhow::Result<Option<Keys>> {
    let Some(file) = variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
    let role = variable("AWS_ROLE_ARN");
    let role = role.context("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not")?;
    let name = variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| SESSION.to_owned());
    let url = variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| service(region));
    if !is_of_container(&url) {
        bail!("AWS_ENDPOINT_URL_STS is neither https nor close by");
    }
    let token = keys::read(Path::new(&file))?;
    let token = token.with_context(|| format!("there is no file {file}"))?;
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", &role),
        ("RoleSessionName", &name),
        ("WebIdentityToken", token.trim()),
    ];
    let whom = "AWS's token service";
    let answer = send(web.post(&url, &form)?, whom).await?;
    of_answer(answer.text()?).with_context(|| format!("{whom} gives no keys")).map(Some)
}

/// The service of a region; China's are apart.
pub(super) fn service(region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://sts.{region}.amazonaws.com{end}/")
}

/// The keys in its answer, which is XML.
pub(super) fn of_answer(text: &str) -> anyhow::Result<Keys> {
    let said = element(text, "Credentials").context("the answer has no Credentials")?;
    let text = |name: &'static str| {
        let text = element(said, name).filter(|text| !text.is_empty());
        text.with_context(|| format!("the answer has no {name}"))
    };
    let until = keys::moment(text("Expiration")?).context("the end of the keys is no time")?;
    Ok(Keys {
        id: text("AccessKeyId")?.to_owned(),
        secret: text("SecretAccessKey")?.to_owned().into(),
        token: Some(text("SessionToken")?.to_owned().into()),
        until: Some(until),
    })
}
