// Writes the types of what the server tells, from its OpenAPI document.
//
//   node dev/model.mjs DOCUMENT           writes src/api.ts
//   node dev/model.mjs DOCUMENT --check   fails where src/api.ts is not what DOCUMENT says
//
// Schemas of OpenAPI 3.1 are JSON Schema, but for two words of its newest draft that the compiler
// does not read: a tuple's `prefixItems`, and what stands beside a `$ref`.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "json-schema-to-typescript";

const OUTPUT = join(import.meta.dirname, "..", "src", "api.ts");
const BANNER =
  "// Generated from the server's OpenAPI document by `npm run model`; not to be edited.";

/** A schema in the words that the compiler reads. */
function inOlderWords(schema) {
  if (Array.isArray(schema)) return schema.map(inOlderWords);
  if (typeof schema !== "object" || schema === null) return schema;
  const { prefixItems, items, $ref, description, ...rest } = schema;
  if ($ref) return { ...(description ? { description } : {}), allOf: [{ $ref }] };
  const older = Object.fromEntries(
    Object.entries(rest).map(([word, value]) => [word, inOlderWords(value)]),
  );
  if (description) older.description = description;
  if (prefixItems) {
    const length = prefixItems.length;
    return {
      ...older,
      items: prefixItems.map(inOlderWords),
      additionalItems: false,
      minItems: length,
      maxItems: length,
    };
  }
  return items ? { ...older, items: inOlderWords(items) } : older;
}

async function typesOf(document) {
  const named = Object.entries(document.components.schemas).map(([name, schema]) => [
    name,
    { ...inOlderWords(schema), title: name },
  ]);
  const everything = {
    title: "Schemas",
    description: "All schemas by name.",
    type: "object",
    properties: Object.fromEntries(
      named.map(([name]) => [name, { $ref: `#/components/schemas/${name}` }]),
    ),
    required: named.map(([name]) => name),
    components: { schemas: Object.fromEntries(named) },
  };
  return compile(everything, "Schemas", {
    additionalProperties: false,
    bannerComment: BANNER,
    style: { printWidth: 100 },
  });
}

const [path, check] = process.argv.slice(2);
const types = await typesOf(JSON.parse(readFileSync(path, "utf8")));
if (!check) writeFileSync(OUTPUT, types);
else if (readFileSync(OUTPUT, "utf8") !== types) {
  console.error(`src/api.ts is not what ${path} says: npm run model, and commit it`);
  process.exitCode = 1;
}
