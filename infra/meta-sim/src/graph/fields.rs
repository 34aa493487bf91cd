//! Field selection: `id,username,messages.limit(5){id,created_time}`.

use serde_json::{Map, Value};

use crate::errors::GraphError;

/// One asked field, with what is asked of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) limit: Option<usize>,
    pub(crate) inner: Vec<Field>,
}

/// Reads a `fields` parameter. A missing brace ends where the text ends, as lenient as Meta is.
pub(crate) fn parse(text: &str) -> Vec<Field> {
    let mut rest = text;
    parse_list(&mut rest)
}

fn parse_list(rest: &mut &str) -> Vec<Field> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let end = rest.find([',', '{', '}', '.', '(']).unwrap_or(rest.len());
        let mut field = Field { name: rest[..end].trim().to_owned(), ..Field::default() };
        *rest = &rest[end..];
        while let Some(modifier) = rest.strip_prefix('.') {
            let end = modifier.find(')').map_or(modifier.len(), |index| index + 1);
            if let Some((name, value)) = modifier[..end].split_once('(')
                && name == "limit"
            {
                field.limit = value.trim_end_matches(')').parse().ok();
            }
            *rest = &modifier[end..];
        }
        if let Some(inside) = rest.strip_prefix('{') {
            *rest = inside;
            field.inner = parse_list(rest);
        }
        if !field.name.is_empty() {
            fields.push(field);
        }
        match rest.chars().next() {
            Some('}') => {
                *rest = &rest[1..];
                return fields;
            }
            Some(separator) => *rest = &rest[separator.len_utf8()..],
            None => {}
        }
    }
    fields
}

/// A node of the graph: what it is called in errors, and which fields it has.
pub(crate) struct Node {
    pub(crate) kind: &'static str,
    pub(crate) fields: &'static [&'static str],
}

impl Node {
    /// Refuses fields that this kind of node does not have.
    pub(crate) fn check(&self, asked: &[Field]) -> Result<(), GraphError> {
        match asked.iter().find(|field| !self.fields.contains(&field.name.as_str())) {
            None => Ok(()),
            Some(unknown) => Err(GraphError::parameter(format!(
                "Tried accessing nonexisting field ({}) on node type ({})",
                unknown.name, self.kind
            ))),
        }
    }
}

/// Keeps the asked fields of an object, and its `id`, which is always told.
pub(crate) fn select(value: &Value, asked: &[Field]) -> Value {
    let Value::Object(all) = value else { return value.clone() };
    if asked.is_empty() {
        return value.clone();
    }
    if let Some(Value::Array(elements)) = all.get("data") {
        let mut edge = all.clone();
        edge.insert("data".into(), elements.iter().map(|element| select(element, asked)).collect());
        return Value::Object(edge);
    }
    if let Some(node @ Value::Object(_)) = all.get("data") {
        return Value::Object([("data".to_owned(), select(node, asked))].into_iter().collect());
    }
    let mut kept = Map::new();
    for field in asked {
        if let Some(value) = all.get(&field.name) {
            kept.insert(field.name.clone(), select(value, &field.inner));
        }
    }
    if let Some(id) = all.get("id") {
        kept.insert("id".into(), id.clone());
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_and_limits_are_read() {
        let fields = parse("id,messages.limit(5){id,from},name");
        assert_eq!(fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["id", "messages", "name"]);
        assert_eq!(fields[1].limit, Some(5));
        assert_eq!(fields[1].inner.len(), 2);
    }

    #[test]
    fn an_id_is_always_told() {
        let page = json!({"id": "1", "name": "n", "instagram_business_account": {"id": "2", "username": "u"}});
        let kept = select(&page, &parse("instagram_business_account{username}"));
        assert_eq!(kept, json!({"id": "1", "instagram_business_account": {"id": "2", "username": "u"}}));
    }

    #[test]
    fn broken_braces_do_no_harm() {
        for text in ["a{b", "a}}", "{", ".limit(", "a.limit(9", "ä,{ö}", ",,"] {
            parse(text);
        }
    }
}
