//! What the functions' roles may do, as the template says it.

use serde_json::{Value as Json, json};
use serde_yaml_ng::Value as Yaml;

use super::{Identities, Role, STACK_NAME, Template, TemplateError};

impl Template {
    /// Each function's role.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the function.
    pub fn roles(&self, identities: &Identities) -> Result<Vec<Role>, TemplateError> {
        let functions = self.resources("AWS::Serverless::Function", identities)?;
        functions.map(|(id, resource)| self.role(id, &resource.properties, &resource.metadata, identities)).collect()
    }

    fn role(
        &self,
        id: &str,
        properties: &Yaml,
        metadata: &Yaml,
        identities: &Identities,
    ) -> Result<Role, TemplateError> {
        let name = match properties.get("FunctionName") {
            Some(name) => self.typed(id, name, identities)?,
            None => format!("{STACK_NAME}-{id}"),
        };
        let binary = metadata.get("BuildProperties").and_then(|build| build.get("Binary")).and_then(Yaml::as_str);
        let policies = properties.get("Policies").and_then(Yaml::as_sequence).into_iter().flatten();
        let policies = policies.map(|policy| self.value(id, policy, identities));
        // One that a condition leaves out is nothing.
        let policies = policies.filter(|policy| !matches!(policy, Ok(Json::Null))).collect::<Result<_, _>>()?;
        let globals = self.document.globals.get("Function");
        let boundary = properties.get("PermissionsBoundary").or_else(|| globals?.get("PermissionsBoundary"));
        let boundary = boundary.and_then(referenced).map(|boundary| self.boundary(boundary, identities));
        Ok(Role { callers: [name, binary.unwrap_or(id).to_owned()], policies, boundary })
    }

    /// The document of a managed policy, without the statements about what does not exist here, such as log groups.
    fn boundary(&self, id: &str, identities: &Identities) -> Json {
        let document = self.document.resources.get(id).and_then(|policy| policy.properties.get("PolicyDocument"));
        let statements = document.and_then(|document| document.get("Statement")).and_then(Yaml::as_sequence);
        let known = statements.into_iter().flatten().filter_map(|one| self.value(id, one, identities).ok());
        json!({ "Statement": known.collect::<Vec<_>>() })
    }
}

/// The logical id of a `!Ref`.
pub(super) fn referenced(value: &Yaml) -> Option<&str> {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str(),
        _ => value.get("Ref")?.as_str(),
    }
}
