import { expect, test } from "vitest";
import { judge } from "../dev/document.mjs";

const ref = (name) => ({ $ref: `#/components/schemas/${name}` });
const object = (properties) => ({
  type: "object",
  required: Object.keys(properties),
  properties,
});
const number = { type: "number" };
const nullable = { type: ["number", "null"] };
const code = (name) => ({ type: "string", enum: [name] });

const wrong = judge({
  components: {
    schemas: {
      Depth: object({ depth_m: nullable }),
      Coded: { oneOf: [object({ code: code("a") }), object({ code: code("b"), n: number })] },
      Whole: { allOf: [ref("Depth"), ref("Coded"), object({ inner: ref("Depth") })] },
      Maybe: object({ depth: { oneOf: [{ type: "null" }, ref("Depth")] } }),
      Series: { type: "array", prefixItems: [number, nullable], items: false, minItems: 2 },
      Counts: { type: "object", additionalProperties: number },
    },
  },
});

test.each([
  ["Depth", { depth_m: null }],
  ["Whole", { depth_m: 1, code: "b", n: 2, inner: { depth_m: 0.1 } }],
  ["Maybe", { depth: null }],
  ["Maybe", { depth: { depth_m: 1 } }],
  ["Series", [1, null]],
  ["Counts", { anything: 1 }],
])("%s may be %j", (name, value) => {
  expect(wrong(name, value)).toEqual([]);
});

test.each([
  ["Depth", {}],
  ["Depth", { depth_m: 1, more: 2 }],
  ["Whole", { depth_m: 1, code: "a", inner: { depth_m: 1 }, more: 2 }],
  ["Whole", { depth_m: 1, code: "a", inner: { depth_m: 1, more: 2 } }],
  ["Whole", { depth_m: 1, code: "c", inner: { depth_m: 1 } }],
  ["Maybe", { depth: { depth_m: 1, more: 2 } }],
  ["Series", [1, 2, 3]],
  ["Counts", { anything: "many" }],
  ["Nothing", {}],
])("%s may not be %j", (name, value) => {
  expect(wrong(name, value)).not.toEqual([]);
});
