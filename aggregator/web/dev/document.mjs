// Judges values by the schemas of an OpenAPI document (version 3.1: its schemas are JSON Schema).
//
// A field that no schema names is as wrong as one that is missing. So every schema is closed; of
// each there is an open one too, for those that are made of it (`allOf`) and closed as a whole.

import { Ajv2020 } from "ajv/dist/2020.js";

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const mapped = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));

/** A schema whose own fields may have company; what its fields hold is closed. */
function open(schema) {
  if (!isObject(schema)) return schema;
  const { $ref, allOf, anyOf, oneOf, properties, items, prefixItems, ...rest } = schema;
  const { additionalProperties: others } = rest;
  return {
    ...rest,
    ...($ref && { $ref: `${$ref}.open` }),
    ...(allOf && { allOf: allOf.map(open) }),
    ...(anyOf && { anyOf: anyOf.map(open) }),
    ...(oneOf && { oneOf: oneOf.map(open) }),
    ...(properties && { properties: mapped(properties, closed) }),
    ...(items !== undefined && { items: closed(items) }),
    ...(prefixItems && { prefixItems: prefixItems.map(closed) }),
    ...(isObject(others) && { additionalProperties: closed(others) }),
  };
}

/** A schema that refuses what it does not name. */
function closed(schema) {
  if (!isObject(schema)) return schema;
  if (schema.$ref) return schema;
  return { ...open(schema), unevaluatedProperties: false };
}

/** Tells what is wrong with a value, by the name of the schema that it should have. */
export function judge(document) {
  const { schemas } = document.components;
  const both = Object.entries(schemas).flatMap(([name, schema]) => [
    [name, closed(schema)],
    [`${name}.open`, open(schema)],
  ]);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "api", components: { schemas: Object.fromEntries(both) } });
  return (name, value) => {
    if (!(name in schemas)) return [`the document has no schema ${name}`];
    const isValid = ajv.getSchema(`api#/components/schemas/${name}`);
    if (isValid(value)) return [];
    return isValid.errors.map(
      (e) => `${name}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
    );
  };
}
