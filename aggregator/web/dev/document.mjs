// Judges values by the schemas of an OpenAPI document (version 3.1: its schemas are JSON Schema).

import { Ajv2020 } from "ajv/dist/2020.js";

/**
 * A schema that refuses what it does not name, so that a field too many is seen like one too few:
 * where it is used, for there all its parts are known.
 */
function closed(schema, used) {
  if (Array.isArray(schema)) return schema.map((part) => closed(part, used));
  if (typeof schema !== "object" || schema === null) return schema;
  const words = Object.entries(schema).map(([word, value]) => {
    if (word === "properties") return [word, each(value, true)];
    return [word, closed(value, ["items", "additionalProperties", "prefixItems"].includes(word))];
  });
  const shaped = ["$ref", "properties", "allOf", "oneOf"].some((word) => word in schema);
  if (used && shaped) words.push(["unevaluatedProperties", false]);
  return Object.fromEntries(words);
}

function each(schemas, used) {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, closed(schema, used)]),
  );
}

/** Tells what is wrong with a value, by the name of the schema that it should have. */
export function judge(document) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const { schemas } = document.components;
  ajv.addSchema({ $id: "api", components: { schemas: each(schemas, false) } });
  const known = new Map();
  return (name, value) => {
    if (!(name in schemas)) return [`the document has no schema ${name}`];
    const $ref = `api#/components/schemas/${name}`;
    const isValid = known.get(name) ?? ajv.compile({ $ref, unevaluatedProperties: false });
    known.set(name, isValid);
    return isValid(value)
      ? []
      : isValid.errors.map(
          (e) => `${name}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
        );
  };
}
