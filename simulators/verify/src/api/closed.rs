//! The description taken at its word: what it does not name is not told. JSON Schema lets an object have any
//! members beside those that are named; in an answer of ours such a one would be a secret of the code.

use serde_json::{Map, Value};

/// Closes every object that an answer can hold. Bodies that are asked with are closed by themselves.
pub fn closed(mut document: Value) -> Value {
    let schemas = document.pointer_mut("/components/schemas");
    for (_, schema) in members(schemas) {
        close_within(schema);
    }
    for (_, item) in members(document.get_mut("paths")) {
        for (_, operation) in members(Some(item)) {
            for (_, response) in members(operation.get_mut("responses")) {
                for (_, media) in members(response.get_mut("content")) {
                    if let Some(schema) = media.get_mut("schema") {
                        close(schema);
                    }
                }
            }
        }
    }
    document
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

/// Closes what stands in a place of its own: an answer, a member, an element, a variant.
fn close(schema: &mut Value) {
    close_within(schema);
    let Some(keywords) = schema.as_object_mut() else {
        return;
    };
    let names_members = |name: &&str| keywords.contains_key(*name);
    let is_named = ["$ref", "properties", "allOf"].iter().any(names_members);
    if is_named && !keywords.contains_key("additionalProperties") {
        keywords.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

/// Closes what is inside. A part of an `allOf` stays open: the other parts name the rest.
fn close_within(schema: &mut Value) {
    let Some(keywords) = schema.as_object_mut() else {
        return;
    };
    let is_of_request = keywords.get("additionalProperties") == Some(&Value::Bool(false));
    if is_of_request {
        return;
    }
    for (_, member) in members(keywords.get_mut("properties")) {
        close(member);
    }
    for one in ["items", "additionalProperties"] {
        keywords.get_mut(one).map(close);
    }
    for list in ["prefixItems", "oneOf", "anyOf"] {
        each(keywords, list, close);
    }
    each(keywords, "allOf", close_within);
}

fn each(keywords: &mut Map<String, Value>, list: &str, close: fn(&mut Value)) {
    let schemas = keywords.get_mut(list).and_then(Value::as_array_mut);
    schemas.into_iter().flatten().for_each(close);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_answer_holds_is_closed_and_parts_of_a_whole_are_not() {
        let answer = |schema: Value| {
            let media = json!({"application/json": {"schema": schema}});
            json!({"/a": {"get": {"responses": {"200": {"content": media}}}}})
        };
        let document = json!({
            "components": {"schemas": {
                "Part": {"properties": {"at": {"$ref": "#/components/schemas/Id"}}},
                "Whole": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"properties": {}}]},
                "Ask": {"properties": {"id": {"$ref": "#/components/schemas/Id"}}, "additionalProperties": false},
            }},
            "paths": answer(json!({"type": "array", "items": {"$ref": "#/components/schemas/Whole"}})),
        });
        let id = json!({"$ref": "#/components/schemas/Id", "unevaluatedProperties": false});
        let whole = json!({"$ref": "#/components/schemas/Whole", "unevaluatedProperties": false});
        let expected = json!({
            "components": {"schemas": {
                "Part": {"properties": {"at": id}},
                "Whole": {"allOf": [{"$ref": "#/components/schemas/Part"}, {"properties": {}}]},
                "Ask": {"properties": {"id": {"$ref": "#/components/schemas/Id"}}, "additionalProperties": false},
            }},
            "paths": answer(json!({"type": "array", "items": whole})),
        });
        assert_eq!(closed(document), expected);
    }
}
