// Judges values by the schemas of an OpenAPI document (version 3.1: its schemas are JSON Schema).

import { Ajv2020 } from "ajv/dist/2020.js";

/** A schema that refuses what it does not name, so that a field too many is seen like one too few. */
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const all = Object.fromEntries(
    Object.entries(schema).map(([word, value]) => [word, closed(value)]),
  );
  return schema.properties ? { additionalProperties: false, ...all } : all;
}

/** Tells what is wrong with a value, by the name of the schema that it should have. */
export function judge(document) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "api", components: closed(document.components) });
  return (name, value) => {
    const isValid = ajv.getSchema(`api#/components/schemas/${name}`);
    if (!isValid) return [`the document has no schema ${name}`];
    return isValid(value)
      ? []
      : isValid.errors.map(
          (e) => `${name}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`,
        );
  };
}
