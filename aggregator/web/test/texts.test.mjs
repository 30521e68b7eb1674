// Every code that the API's document names has a text, and every text its code. The types say so
// too; this says it of the document itself, and in words that name the code.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { config } from "../package.json";
import { FAULTS, WORK_COUNTERS } from "../src/model.ts";
import { dictionaries } from "../src/text/languages.ts";

const { schemas } = JSON.parse(readFileSync(config.openapi, "utf8")).components;

/** The texts of each schema of codes, and the codes of it that are not said. */
const SAID = {
  Against: (w) => w.plan.objection,
  Cause: (w) => w.cause,
  Counter: (w) => w.refused,
  DeedKind: (w) => w.people.deed,
  GaugeStatus: (w) => w.gaugeStatus,
  Lack: (w) => w.detail.lacks,
  Method: (w) => w.detail.method,
  Mode: (w) => w.plan.confirm,
  OrderState: (w) => w.orderState,
  PersonRole: (w) => w.people.role,
  Parameter: (w) => w.parameter,
  PointKind: (w) => w.setting,
  PointStatus: (w) => w.status,
  ProblemTitle: (w) => w.plan.refusal,
  Quality: (w) => w.quality,
  QualityTest: (w) => w.tests,
  Reason: (w) => w.plan.reason,
  TruckState: (w) => w.truckState,
  UnservedCode: (w) => w.plan.unservedReason,
};
const UNSAID = { Counter: WORK_COUNTERS, ProblemTitle: FAULTS };
/** Codes that nobody reads: names of layers, the mark "straight-line" beside a distance, names of a stream's
 * events, and what the page is told of whoever sits before it. */
const SILENT = ["LayerName", "LoginKind", "RoutedBy", "StreamEventKind", "WhoKind"];

/** The codes that a schema allows; none if it is not one of codes. */
function codesOf({ enum: codes, oneOf = [] }) {
  return codes ?? oneOf.flatMap(({ properties }) => properties?.code?.enum ?? []);
}

/** Codes of the document without a text, and texts without a code. */
function faults(documented, words) {
  return Object.entries(documented).flatMap(([name, schema]) => {
    const codes = codesOf(schema).map(String);
    if (codes.length === 0 || SILENT.includes(name)) return [];
    if (!(name in SAID)) return [`nothing is said of ${name}`];
    const said = Object.keys(SAID[name](words));
    const unsaid = UNSAID[name] ?? [];
    return [
      ...codes
        .filter((c) => !said.includes(c) && !unsaid.includes(c))
        .map((c) => `${name} ${c} has no text`),
      ...said.filter((c) => !codes.includes(c)).map((c) => `${name} has a text for ${c}`),
    ];
  });
}

test.each(Object.entries(dictionaries))(
  "in %s every code has a text and every text a code",
  (_lang, words) => {
    expect(faults(schemas, words)).toEqual([]);
    for (const name of Object.keys(SAID))
      expect(codesOf(schemas[name]).length, name).toBeGreaterThan(0);
  },
);

test("a code too many, a code too few and a list of codes that is new are found", () => {
  const planted = {
    ...schemas,
    Cause: { enum: ["no-data", "stale", "suspect", "vandalised"] },
    Method: { enum: ["reservoir"] },
    Weather: { enum: ["hail"] },
  };
  expect(faults(planted, dictionaries.en)).toEqual([
    "Cause vandalised has no text",
    "Method has a text for reckoned",
    "Method has a text for rate-of-rise",
    "nothing is said of Weather",
  ]);
});
