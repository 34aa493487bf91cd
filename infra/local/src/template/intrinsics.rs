//! `CloudFormation`'s functions: `!Ref`, `!GetAtt`, `!Sub`, `!If` and their kin, evaluated to plain JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use serde_yaml_ng::Value as Yaml;

pub use local_aws::{ACCOUNT, REGION};

/// The deployment's name: prefix of tables, queues and functions. No stack in AWS can have it, since its names have no
/// underscore: whoever takes a name from here to AWS by mistake finds nothing there.
pub const STACK_NAME: &str = "buzon_local";

/// What a created resource answers to `!Ref` and `!GetAtt`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The value of `!Ref`.
    pub reference: String,
    /// The values of `!GetAtt`, by attribute.
    pub attributes: BTreeMap<String, String>,
}

impl Identity {
    /// An identity with an ARN among its attributes.
    #[must_use]
    pub fn with_arn(reference: &str, arn: &str) -> Self {
        Self { reference: reference.to_owned(), attributes: BTreeMap::from([("Arn".to_owned(), arn.to_owned())]) }
    }
}

/// Created resources by their logical id.
pub type Identities = BTreeMap<String, Identity>;

/// Why a value of the template has no meaning here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntrinsicError {
    /// A function that the local stack does not know.
    #[error("`{0}` is not supported by the local stack")]
    UnknownFunction(String),
    /// Neither a parameter, a pseudo parameter nor a resource that exists locally.
    #[error("`{0}` is neither a parameter nor a resource that the local stack creates")]
    UnknownReference(String),
    /// The resource exists, its attribute does not.
    #[error("`{0}` has no attribute `{1}` in the local stack")]
    UnknownAttribute(String, String),
    /// A condition that is not declared.
    #[error("there is no condition `{0}`")]
    UnknownCondition(String),
    /// The function is known, its arguments make no sense.
    #[error("`{0}` has unusable arguments")]
    Arguments(String),
    /// A mapping key that is no text, or a number that JSON cannot hold.
    #[error("a value has no JSON form")]
    NoJson,
}

/// Everything that a template's expressions may name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) parameters: &'a BTreeMap<String, Json>,
    pub(crate) conditions: &'a BTreeMap<String, Yaml>,
    pub(crate) identities: &'a Identities,
}

impl Scope<'_> {
    /// The plain value; `None` is `AWS::NoValue`, which removes the property.
    pub(crate) fn evaluate(self, value: &Yaml) -> Result<Option<Json>, IntrinsicError> {
        Ok(Some(match value {
            Yaml::Tagged(tagged) => return self.call(&long_name(&tagged.tag.to_string()), &tagged.value),
            Yaml::Mapping(mapping) => {
                if let [(Yaml::String(name), argument)] = mapping.iter().collect::<Vec<_>>()[..]
                    && is_function(name)
                {
                    return self.call(name, argument);
                }
                Json::Object(self.object(mapping)?)
            }
            Yaml::Sequence(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.evaluate(item)).collect();
                Json::Array(items?.into_iter().flatten().collect())
            }
            scalar => serde_json::to_value(scalar).map_err(|_| IntrinsicError::NoJson)?,
        }))
    }

    fn object(self, mapping: &serde_yaml_ng::Mapping) -> Result<Map<String, Json>, IntrinsicError> {
        let mut object = Map::new();
        for (key, value) in mapping {
            let key = key.as_str().ok_or(IntrinsicError::NoJson)?;
            if let Some(value) = self.evaluate(value)? {
                object.insert(key.to_owned(), value);
            }
        }
        Ok(object)
    }

    fn call(self, name: &str, argument: &Yaml) -> Result<Option<Json>, IntrinsicError> {
        let unusable = || IntrinsicError::Arguments(name.to_owned());
        match name {
            "Ref" => self.reference(argument.as_str().ok_or_else(unusable)?),
            "Fn::GetAtt" => self.attribute_of(argument).map(|text| Some(Json::String(text))),
            "Fn::Sub" => self.substitute(argument).map(|text| Some(Json::String(text))),
            "Fn::Join" => self.join(argument).map(|text| Some(Json::String(text))),
            "Fn::If" => match argument.as_sequence().map(Vec::as_slice) {
                Some([condition, yes, no]) => {
                    let holds = self.condition(condition.as_str().ok_or_else(unusable)?)?;
                    self.evaluate(if holds { yes } else { no })
                }
                _ => Err(unusable()),
            },
            "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or" | "Condition" => {
                self.truth(name, argument).map(|truth| Some(Json::Bool(truth)))
            }
            other => Err(IntrinsicError::UnknownFunction(other.to_owned())),
        }
    }

    /// Whether a declared condition holds.
    pub(crate) fn condition(self, name: &str) -> Result<bool, IntrinsicError> {
        let declared = self.conditions.get(name).ok_or_else(|| IntrinsicError::UnknownCondition(name.to_owned()))?;
        self.holds(declared)
    }

    fn holds(self, expression: &Yaml) -> Result<bool, IntrinsicError> {
        match self.evaluate(expression)? {
            Some(Json::Bool(truth)) => Ok(truth),
            _ => Err(IntrinsicError::Arguments("Conditions".to_owned())),
        }
    }

    fn truth(self, name: &str, argument: &Yaml) -> Result<bool, IntrinsicError> {
        let unusable = || IntrinsicError::Arguments(name.to_owned());
        if name == "Condition" {
            return self.condition(argument.as_str().ok_or_else(unusable)?);
        }
        let operands = argument.as_sequence().ok_or_else(unusable)?;
        if name == "Fn::Equals" {
            let [left, right] = operands.as_slice() else { return Err(unusable()) };
            return Ok(self.text(left)? == self.text(right)?);
        }
        let truths: Vec<bool> = operands.iter().map(|operand| self.holds(operand)).collect::<Result<_, _>>()?;
        Ok(match name {
            "Fn::Not" => !*truths.first().ok_or_else(unusable)?,
            "Fn::And" => truths.iter().all(|truth| *truth),
            _ => truths.iter().any(|truth| *truth),
        })
    }

    fn reference(self, name: &str) -> Result<Option<Json>, IntrinsicError> {
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::StackName" => STACK_NAME,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            _ => {
                if let Some(parameter) = self.parameters.get(name) {
                    return Ok(Some(parameter.clone()));
                }
                let identity = self.identities.get(name);
                &identity.ok_or_else(|| IntrinsicError::UnknownReference(name.to_owned()))?.reference
            }
        };
        Ok(Some(Json::String(text.to_owned())))
    }

    /// `!GetAtt Resource.Attribute`, or its form as a list.
    fn attribute_of(self, argument: &Yaml) -> Result<String, IntrinsicError> {
        let unusable = || IntrinsicError::Arguments("Fn::GetAtt".to_owned());
        match argument {
            Yaml::String(path) => {
                let (resource, attribute) = path.split_once('.').ok_or_else(unusable)?;
                self.attribute(resource, attribute)
            }
            Yaml::Sequence(parts) => match parts.as_slice() {
                [Yaml::String(resource), Yaml::String(attribute)] => self.attribute(resource, attribute),
                _ => Err(unusable()),
            },
            _ => Err(unusable()),
        }
    }

    fn attribute(self, resource: &str, attribute: &str) -> Result<String, IntrinsicError> {
        let identity = self.identities.get(resource);
        let identity = identity.ok_or_else(|| IntrinsicError::UnknownReference(resource.to_owned()))?;
        let value = identity.attributes.get(attribute);
        value.cloned().ok_or_else(|| IntrinsicError::UnknownAttribute(resource.to_owned(), attribute.to_owned()))
    }

    /// `!Sub text`, or `!Sub [text, {name: value}]`.
    fn substitute(self, argument: &Yaml) -> Result<String, IntrinsicError> {
        let unusable = || IntrinsicError::Arguments("Fn::Sub".to_owned());
        let (text, own) = match argument {
            Yaml::String(text) => (text, Map::new()),
            Yaml::Sequence(parts) => match parts.as_slice() {
                [Yaml::String(text), Yaml::Mapping(own)] => (text, self.object(own)?),
                _ => return Err(unusable()),
            },
            _ => return Err(unusable()),
        };
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(unusable)?;
            result.push_str(before);
            result.push_str(&self.substituted(name, &own)?);
            rest = after;
        }
        Ok(result + rest)
    }

    fn substituted(self, name: &str, own: &Map<String, Json>) -> Result<String, IntrinsicError> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        if let Some(value) = own.get(name) {
            return Ok(scalar_text(value));
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute),
            None => Ok(self.reference(name)?.as_ref().map(scalar_text).unwrap_or_default()),
        }
    }

    fn join(self, argument: &Yaml) -> Result<String, IntrinsicError> {
        match argument.as_sequence().map(Vec::as_slice) {
            Some([Yaml::String(separator), Yaml::Sequence(parts)]) => {
                let parts: Result<Vec<String>, _> = parts.iter().map(|part| self.text(part)).collect();
                Ok(parts?.join(separator))
            }
            Some([Yaml::String(separator), list]) => match self.evaluate(list)? {
                Some(Json::Array(parts)) => Ok(parts.iter().map(scalar_text).collect::<Vec<_>>().join(separator)),
                _ => Err(IntrinsicError::Arguments("Fn::Join".to_owned())),
            },
            _ => Err(IntrinsicError::Arguments("Fn::Join".to_owned())),
        }
    }

    fn text(self, value: &Yaml) -> Result<String, IntrinsicError> {
        Ok(self.evaluate(value)?.as_ref().map(scalar_text).unwrap_or_default())
    }
}

/// A scalar as `CloudFormation` passes it on: without the quotes of a JSON string.
pub(crate) fn scalar_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The full name of a short tag: `!Sub` is `Fn::Sub`.
fn long_name(tag: &str) -> String {
    match tag.trim_start_matches('!') {
        name @ ("Ref" | "Condition") => name.to_owned(),
        name => format!("Fn::{name}"),
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evaluate(yaml: &str) -> Result<Option<Json>, IntrinsicError> {
        let parameters = BTreeMap::from([("Stage".to_owned(), json!("dev")), ("Days".to_owned(), json!(30))]);
        let production = serde_yaml_ng::from_str("!Equals [!Ref Stage, prod]").expect("yaml");
        let conditions = BTreeMap::from([("Production".to_owned(), production)]);
        let identities = Identities::from([("Queue".to_owned(), Identity::with_arn("http://queue", "arn:queue"))]);
        let scope = Scope { parameters: &parameters, conditions: &conditions, identities: &identities };
        scope.evaluate(&serde_yaml_ng::from_str(yaml).expect("yaml"))
    }

    #[test]
    fn references_attributes_and_substitutions_are_resolved() {
        let value = evaluate("{a: !Ref Queue, b: !GetAtt Queue.Arn, c: !Sub '${AWS::StackName}-${Stage}-${Days}'}");
        assert_eq!(value, Ok(Some(json!({"a": "http://queue", "b": "arn:queue", "c": "buzon_local-dev-30"}))));
    }

    #[test]
    fn the_long_form_means_the_same() {
        let value = evaluate("{a: {'Fn::GetAtt': [Queue, Arn]}, b: {Ref: Days}}");
        assert_eq!(value, Ok(Some(json!({"a": "arn:queue", "b": 30}))));
    }

    #[test]
    fn a_condition_chooses_and_no_value_removes_the_property() {
        let value = evaluate("{a: !If [Production, yes, no], b: !If [Production, 1, !Ref AWS::NoValue]}");
        assert_eq!(value, Ok(Some(json!({"a": "no"}))));
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert_eq!(evaluate("!Ref Bucket"), Err(IntrinsicError::UnknownReference("Bucket".to_owned())));
        assert_eq!(evaluate("!Cidr [a]"), Err(IntrinsicError::UnknownFunction("Fn::Cidr".to_owned())));
    }
}
