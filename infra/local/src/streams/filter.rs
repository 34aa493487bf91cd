//! Filters of an event source, in `EventBridge`'s pattern language.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>

use serde_json::{Map, Value};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no JSON.
    #[error("a filter's pattern is no JSON object")]
    NoObject,
    /// A field is compared with something that is no list.
    #[error("the filter of `{0}` is neither a list nor an object")]
    NoList(String),
    /// A rule that is not known, or has another form.
    #[error("a filter has a rule of an unknown form: `{0}`")]
    Rule(String),
}

/// What a record has to be like; one of several filters is enough.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter(Vec<Fields>);

type Fields = Vec<(String, Node)>;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// All of these hold of the object below.
    Object(Fields),
    /// One of these holds of the value.
    Leaf(Vec<Rule>),
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Equals(Value),
    AnythingBut(Vec<Value>),
    Prefix(String),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Filter {
    /// From the texts of the patterns.
    pub(crate) fn parse<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, PatternError> {
        let parse = |text: &str| match serde_json::from_str(text) {
            Ok(Value::Object(object)) => fields(&object),
            _ => Err(PatternError::NoObject),
        };
        Ok(Self(patterns.into_iter().map(parse).collect::<Result<_, _>>()?))
    }

    /// Whether a record passes.
    pub(crate) fn passes(&self, record: &Value) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| all_hold(pattern, Some(record)))
    }
}

fn fields(object: &Map<String, Value>) -> Result<Fields, PatternError> {
    object
        .iter()
        .map(|(name, value)| {
            let node = match value {
                Value::Object(object) => Node::Object(fields(object)?),
                Value::Array(rules) => Node::Leaf(rules.iter().map(rule).collect::<Result<_, _>>()?),
                _ => return Err(PatternError::NoList(name.clone())),
            };
            Ok((name.clone(), node))
        })
        .collect()
}

fn rule(value: &Value) -> Result<Rule, PatternError> {
    let Value::Object(object) = value else { return Ok(Rule::Equals(value.clone())) };
    let unknown = || PatternError::Rule(value.to_string());
    let (name, operand) = object.iter().next().filter(|_| object.len() == 1).ok_or_else(unknown)?;
    match (name.as_str(), operand) {
        ("anything-but", Value::Array(values)) => Ok(Rule::AnythingBut(values.clone())),
        ("anything-but", Value::String(_) | Value::Number(_)) => Ok(Rule::AnythingBut(vec![operand.clone()])),
        ("prefix", Value::String(prefix)) => Ok(Rule::Prefix(prefix.clone())),
        ("exists", Value::Bool(exists)) => Ok(Rule::Exists(*exists)),
        ("numeric", Value::Array(parts)) => comparisons(parts).map(Rule::Numeric).ok_or_else(unknown),
        _ => Err(unknown()),
    }
}

fn comparisons(parts: &[Value]) -> Option<Vec<(Comparison, f64)>> {
    if parts.is_empty() || !parts.len().is_multiple_of(2) {
        return None;
    }
    let comparison = |pair: &[Value]| {
        let comparison = match pair[0].as_str()? {
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            "=" => Comparison::Equal,
            ">=" => Comparison::AtLeast,
            ">" => Comparison::More,
            _ => return None,
        };
        Some((comparison, pair[1].as_f64()?))
    };
    parts.chunks(2).map(comparison).collect()
}

fn all_hold(fields: &Fields, value: Option<&Value>) -> bool {
    fields.iter().all(|(name, node)| {
        let below = value.and_then(|value| value.get(name));
        match node {
            Node::Object(fields) => all_hold(fields, below),
            Node::Leaf(rules) => rules.iter().any(|rule| holds(rule, below)),
        }
    })
}

/// Lists match by any of their elements.
fn holds(rule: &Rule, value: Option<&Value>) -> bool {
    match (rule, value) {
        (Rule::Exists(wanted), value) => *wanted == value.is_some_and(|value| !value.is_object()),
        (_, None) => false,
        (rule, Some(Value::Array(values))) => values.iter().any(|value| holds(rule, Some(value))),
        (Rule::Equals(wanted), Some(value)) => value == wanted,
        (Rule::AnythingBut(others), Some(value)) => !value.is_object() && !others.contains(value),
        (Rule::Prefix(prefix), Some(value)) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
        (Rule::Numeric(comparisons), Some(value)) => value.as_f64().is_some_and(|number| {
            comparisons.iter().all(|(comparison, bound)| match comparison {
                Comparison::Less => number < *bound,
                Comparison::AtMost => number <= *bound,
                Comparison::Equal => (number - bound).abs() < f64::EPSILON,
                Comparison::AtLeast => number >= *bound,
                Comparison::More => number > *bound,
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_passes_as_its_pattern_says() {
        let record = json!({
            "eventName": "MODIFY",
            "size": 7,
            "dynamodb": {"NewImage": {"state": {"S": "sent"}, "n": {"N": "7"}, "empty": {"S": ""}, "no": {"NULL": true}}},
        });
        for (pattern, passes) in [
            (r#"{"eventName":["INSERT","MODIFY"]}"#, true),
            (r#"{"eventName":["REMOVE"]}"#, false),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":["sent"]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":["failed"]}}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":["kept"]}]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":["sent","kept"]}]}}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"anything-but":"kept"}]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"absent":{"S":[{"anything-but":["kept"]}]}}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"prefix":"se"}]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"prefix":"x"}]}}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"state":{"S":[{"exists":true}]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"absent":{"S":[{"exists":false}]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"state":[{"exists":true}]}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"empty":{"S":[""]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"n":{"N":["7"]}}}}"#, true),
            (r#"{"dynamodb":{"NewImage":{"n":{"N":["7.0"]}}}}"#, false),
            (r#"{"dynamodb":{"NewImage":{"n":{"N":[{"numeric":[">",1]}]}}}}"#, false),
            (r#"{"size":[{"numeric":[">",1,"<=",7]}]}"#, true),
            (r#"{"size":[{"numeric":[">",7]}]}"#, false),
            (r#"{"eventName":["MODIFY"],"size":[8]}"#, false),
            (r#"{"eventName":[null]}"#, false),
        ] {
            let filter = Filter::parse([pattern]).expect(pattern);
            assert_eq!(filter.passes(&record), passes, "{pattern}");
        }
    }

    #[test]
    fn one_of_several_filters_is_enough_and_without_any_everything_passes() {
        let record = json!({"eventName": "INSERT"});
        let filter = Filter::parse([r#"{"eventName":["REMOVE"]}"#, r#"{"eventName":["INSERT"]}"#]);
        assert!(filter.expect("two patterns").passes(&record));
        assert!(Filter::parse([]).expect("no pattern").passes(&record));
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused() {
        for pattern in [
            "[]",
            "x",
            r#"{"a":"b"}"#,
            r#"{"a":[{"suffix":"b"}]}"#,
            r#"{"a":[{"numeric":[">"]}]}"#,
            r#"{"a":[{"exists":1}]}"#,
            r#"{"a":[{"prefix":"b","exists":true}]}"#,
        ] {
            assert!(Filter::parse([pattern]).is_err(), "{pattern}");
        }
    }
}
