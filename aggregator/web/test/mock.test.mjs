import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LOGGED_IN, OPEN, ofPeople } from "../dev/desk.mjs";
import { judge } from "../dev/document.mjs";
import { Mock } from "../dev/mock.mjs";
import { config } from "../package.json";

const wrong = judge(JSON.parse(readFileSync(config.openapi, "utf8")));

test("the mock tells what the API's document says, nothing less and nothing else", () => {
  const mock = new Mock({ start: 100, speed: 240 });
  const { storm } = mock;
  const deltas = [];
  mock.viewers.add({ write: (frame) => deltas.push(JSON.parse(/^data: (.*)$/m.exec(frame)[1])) });
  storm.fallSilent(storm.points[2].id);
  storm.fallIntoDoubt(storm.points[11].id, ["gross-range"], 9.9);
  const [{ truck, point }] = storm.plan.recommendations;
  const { order } = storm.dispatch({ truck, point, plan: storm.plan.version });
  for (let i = 0; i < 8; i += 1) mock.tick();
  const refused = storm.dispatch({ truck, point, plan: null });
  const faults = [
    ...deltas.flatMap((delta) => wrong("State", delta)),
    ...wrong("State", mock.state()),
    ...wrong("OrderView", order),
    ...wrong("ProblemTitle", refused.title),
    ...storm.points.slice(0, 32).flatMap((p) => wrong("Hydrograph", storm.hydrograph(p, 3))),
    ...Object.keys(storm.layers).flatMap((name) =>
      mock
        .layer(name)
        .features.slice(0, 20)
        .flatMap((f) => wrong("LayerProperties", f.properties)),
    ),
    ...mock.layer("routes").features.flatMap((f) => wrong("RouteProperties", f.properties)),
    ...wrong("Observations", storm.observations(storm.gauges[0])),
  ];
  expect([...new Set(faults)]).toEqual([]);
  expect(deltas.length).toBe(8);
});

test("what it tells of people is what the document says too", () => {
  const query = new URLSearchParams({ limit: "20" });
  const lists = [
    ["OpenSession", ofPeople("/api/v1/sessions", query)],
    ["Token", ofPeople("/api/v1/tokens", query)],
    ["Person", ofPeople("/api/v1/people", query).people],
    ["Invitation", ofPeople("/api/v1/people", query).invitations],
  ];
  const faults = [
    ...[OPEN, LOGGED_IN].flatMap((session) => wrong("Session", session)),
    ...lists.flatMap(([name, list]) => list.flatMap((one) => wrong(name, one))),
    ...wrong("AuditPage", ofPeople("/api/v1/audit", query)),
  ];
  expect([...new Set(faults)]).toEqual([]);
  expect(lists.every(([, list]) => list.length > 0)).toBe(true);
});
