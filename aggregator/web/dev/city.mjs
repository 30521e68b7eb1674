// A city that does not exist, drawn by rule from one seed: as many things of each kind as a large
// city has, so that the page is seen under its real load.

/** Random numbers from a seed: the same city every time. */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const BOUNDS = [122.3, 30.75, 122.62, 31.0];
const [W, S, E, N] = BOUNDS;

/** From the plan of the streets (u, v in 0…1) to the ground: bends the grid into a town. */
export function ground(u, v) {
  const x = u + 0.018 * Math.sin(7 * v + 1) + 0.01 * Math.sin(13 * v * u);
  const y = v + 0.02 * Math.sin(6 * u + 2) + 0.008 * Math.sin(15 * u * v);
  return [round(W + (E - W) * (0.04 + 0.92 * x)), round(S + (N - S) * (0.05 + 0.9 * y))];
}

function round(degrees) {
  return Math.round(degrees * 1e6) / 1e6;
}

const STREETS_U = 33;
const STREETS_V = 25;

const NAMES = [
  ["望潮", "Wangchao"],
  ["东堤", "Dongdi"],
  ["海棠", "Haitang"],
  ["新港", "Xingang"],
  ["长桥", "Changqiao"],
  ["石浦", "Shipu"],
  ["西藏北", "Xizang North"],
  ["玉兰", "Yulan"],
  ["平凉", "Pingliang"],
  ["大名", "Daming"],
  ["龙阳", "Longyang"],
  ["北横", "Beiheng"],
  ["清溪", "Qingxi"],
  ["文昌", "Wenchang"],
  ["百川", "Baichuan"],
  ["湖滨", "Hubin"],
];
const KINDS = [
  ["underpass", "路下立交", " Road underpass"],
  ["street", "路段", " Road"],
  ["tunnel", "路隧道", " Road tunnel"],
  ["estate", "新村", " estate"],
];
const DISTRICTS = [
  ["望海区", "Wanghai"],
  ["东城区", "Dongcheng"],
  ["港南区", "Gangnan"],
  ["北堰区", "Beiyan"],
  ["中河区", "Zhonghe"],
  ["柳湾区", "Liuwan"],
  ["石桥区", "Shiqiao"],
  ["清浦区", "Qingpu"],
  ["新安区", "Xin'an"],
  ["长滩区", "Changtan"],
  ["南汇港区", "Nanhuigang"],
  ["临江区", "Linjiang"],
];

function feature(id, type, coordinates, properties) {
  return { type: "Feature", id, geometry: { type, coordinates }, properties };
}

function collection(features) {
  return { type: "FeatureCollection", features };
}

const numbered = (prefix, n, width) => `${prefix}-${String(n).padStart(width, "0")}`;

function line(from, to, steps = 40) {
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    return ground(from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t);
  });
}

function roads() {
  const features = [];
  const add = (className, from, to) => {
    const n = features.length + 1;
    const [zh, en] = NAMES[n % NAMES.length];
    features.push(
      feature(numbered("rd", n, 4), "LineString", line(from, to), {
        class: className,
        name: `${zh}${className === "motorway" ? "高架" : "路"}`,
        name_en: `${en} ${className === "motorway" ? "Elevated" : "Road"}`,
      }),
    );
  };
  const kind = (i) => (i % 8 === 4 ? "motorway" : i % 4 === 0 ? "arterial" : "street");
  for (let i = 0; i < STREETS_U; i += 1)
    add(kind(i), [i / (STREETS_U - 1), 0], [i / (STREETS_U - 1), 1]);
  for (let i = 0; i < STREETS_V; i += 1)
    add(kind(i), [0, i / (STREETS_V - 1)], [1, i / (STREETS_V - 1)]);
  return collection(features);
}

function districts() {
  const features = [];
  for (let i = 0; i < 4; i += 1) {
    for (let j = 0; j < 3; j += 1) {
      const [a, b, c, d] = [i / 4, (i + 1) / 4, j / 3, (j + 1) / 3];
      const ring = [
        ...line([a, c], [b, c], 12),
        ...line([b, c], [b, d], 12),
        ...line([b, d], [a, d], 12),
        ...line([a, d], [a, c], 12),
      ];
      const n = features.length;
      const [name, en] = DISTRICTS[n];
      features.push(
        feature(numbered("d", n + 1, 2), "Polygon", [ring], { name, name_en: `${en} District` }),
      );
    }
  }
  return collection(features);
}

function canals() {
  const river = Array.from({ length: 80 }, (_, i) =>
    ground(i / 79, 0.47 + 0.13 * Math.sin(i / 11) + 0.05 * Math.sin(i / 4)),
  );
  const features = [
    feature("cn-01", "LineString", river, { class: "river", name: "望江", name_en: "Wang River" }),
  ];
  for (let i = 0; i < 9; i += 1) {
    const u = 0.06 + i * 0.11;
    features.push(
      feature(numbered("cn", i + 2, 2), "LineString", line([u, 0], [u + 0.04, 1], 30), {
        class: "canal",
        name: `${NAMES[i][0]}河`,
        name_en: `${NAMES[i][1]} Canal`,
      }),
    );
  }
  return collection(features);
}

function sewers() {
  const features = [];
  for (let i = 2; i < STREETS_U; i += 4)
    features.push(
      feature(
        numbered("sw", i, 2),
        "LineString",
        line([i / 32 + 0.004, 0.02], [i / 32 + 0.004, 0.98]),
        { class: "trunk" },
      ),
    );
  return collection(features);
}

/** A layer as the server tells it: every feature with its kind and both names. */
function told(kind, { features }) {
  const named = ({ id, properties: { name = id, name_en = name, ...rest } }) => ({
    ...rest,
    name,
    name_en,
    kind,
  });
  return collection(features.map((f) => ({ ...f, properties: named(f) })));
}

/** Points strewn over the town, denser towards its middle. */
function strewn(prefix, n, width, rnd, properties) {
  const features = [];
  for (let i = 1; i <= n; i += 1) {
    const [u, v] = [middle(rnd), middle(rnd)];
    features.push(feature(numbered(prefix, i, width), "Point", ground(u, v), properties(i)));
  }
  return collection(features);
}

function middle(rnd) {
  return 0.02 + 0.96 * ((rnd() + rnd()) / 2);
}

function gauge(id, key, name, parameter, unit, position, interval_s, more = {}) {
  return { id, key, name, parameter, unit, position, interval_s, ...more };
}

/** The places of the city: what never changes. Drawn in this order from one seed. */
export function makeCity(seed = 7) {
  const rnd = random(seed);
  const points = Array.from({ length: 64 }, (_, i) => waterloggingPoint(i, rnd));
  const gauges = points.map((p, i) => levelGauge(p, i));
  for (let i = 65; i <= 157; i += 1) gauges.push(canalGauge(i, gauges.length, rnd));
  for (let i = 1; i <= 550; i += 1) {
    const uv = i <= 64 ? points[i - 1].uv : [middle(rnd), middle(rnd)];
    gauges.push(rainGauge(i, gauges.length, uv));
  }
  const city = {
    name: { zh: "望海市（虚构）", en: "Wanghai (fictional)" },
    time_zone: "Asia/Shanghai",
    datum: "wanghai datum",
    centre: [(W + E) / 2, (S + N) / 2],
    bounds: BOUNDS,
  };
  const trucks = Array.from({ length: 116 }, (_, i) => truck(i));
  return { city, points, gauges, trucks, layers: layers(rnd) };
}

function waterloggingPoint(i, rnd) {
  const [iu, iv] = [2 + Math.floor(rnd() * 29), 2 + Math.floor(rnd() * 21)];
  const [u, v] = [iu / (STREETS_U - 1), iv / (STREETS_V - 1)];
  const [zh, en] = NAMES[i % NAMES.length];
  const [type, zhKind, enKind] = KINDS[Math.floor(i / NAMES.length)];
  const district = Math.min(3, Math.floor(u * 4)) * 3 + Math.min(2, Math.floor(v * 3)) + 1;
  return {
    id: numbered("wp", i + 1, 3),
    key: i,
    name: { zh: `${zh}${zhKind}`, en: `${en}${enKind}` },
    type,
    position: ground(u, v),
    district: numbered("d", district, 2),
    level_gauge: numbered("lg", i + 1, 4),
    rain_gauges: [numbered("rg", i + 1, 4)],
    weight: 1 + (i % 5),
    uv: [u, v],
    area: 900 + rnd() * 2600,
    peak: peakOf(i, rnd),
    centre: 60 + rnd() * 90,
    width: 22 + rnd() * 34,
    thresholds: {
      notice_m: 0.05,
      waterlogged_m: 0.15,
      closure_m: 0.25,
      severe_m: 0.4,
      hysteresis_m: 0.03,
      hold_s: 600,
    },
  };
}

function levelGauge({ level_gauge, name, position }, key) {
  const gaugeName = { zh: `${name.zh}水位计`, en: `${name.en} level gauge` };
  return gauge(level_gauge, key, gaugeName, "depth", "m", position, 60);
}

function canalGauge(i, key, rnd) {
  const [zh, en] = NAMES[i % 16];
  const uv = [middle(rnd), middle(rnd)];
  const name = { zh: `${zh}河${i}号水位站`, en: `${en} Canal stage ${i}` };
  const more = { alert_m: 3.2, uv };
  return gauge(numbered("lg", i, 4), key, name, "water-level", "m", ground(...uv), 300, more);
}

function rainGauge(i, key, uv) {
  const [zh, en] = NAMES[i % 16];
  if (i <= 524) {
    const name = { zh: `${zh}雨量计 ${i}`, en: `${en} rain gauge ${i}` };
    const position = ground(...uv);
    return gauge(numbered("rg", i, 4), key, name, "rainfall-depth", "mm", position, 300, { uv });
  }
  const id = numbered("ws", i - 524, 2);
  const name = { zh: `${zh}气象站`, en: `${en} weather station` };
  return gauge(id, key, name, "rainfall-intensity", "mm/h", ground(...uv), 60, { uv });
}

function truck(i) {
  const depot = i % 14;
  const [u, v] = [(2 + (depot % 5) * 7) / 32, (3 + Math.floor(depot / 5) * 8) / 24];
  const home = ground(u, v).map((c, k) =>
    round(c + (k === 0 ? 0.0011 : 0.0009) * (Math.floor(i / 14) % 3) - 0.0009),
  );
  return {
    id: numbered("pt", i + 1, 3),
    key: i,
    name: { zh: `泵车 ${i + 1}`, en: `Truck ${i + 1}` },
    capacity_m3h: [500, 1000, 1500, 3000][i % 4],
    home,
    uv: [u, v],
  };
}

function layers(rnd) {
  const station = (i) => ({ name: `泵站 ${i}`, capacity_m3h: 6000 });
  const shelter = (i) => ({ name: `避难所 ${i}`, capacity: 400 });
  const community = (i) => ({ name: `${NAMES[i % 16][0]}居民区 ${i}`, households: 700 });
  return {
    districts: told("district", districts()),
    roads: told("road", roads()),
    canals: told("canal", canals()),
    sewers: told("sewer", sewers()),
    "pump-stations": told("pump-station", strewn("ps", 1418, 4, rnd, station)),
    shelters: told("shelter", strewn("sh", 736, 3, rnd, shelter)),
    communities: told("community", strewn("cm", 14020, 5, rnd, community)),
  };
}

/** Every third point floods, a few of them badly. */
function peakOf(i, rnd) {
  if (i % 9 === 2) return 0.42 + 0.3 * rnd();
  if (i % 3 === 1) return 0.17 + 0.16 * rnd();
  if (i % 3 === 0) return 0.04 + 0.09 * rnd();
  return 0.02 * rnd();
}

/** A way along the streets, east–west first. */
export function route([u0, v0], [u1, v1]) {
  const first = line([u0, v0], [u1, v0], 16);
  return [...first, ...line([u1, v0], [u1, v1], 16).slice(1)];
}

/** Metres between two places. */
export function metres(a, b) {
  return Math.hypot((a[0] - b[0]) * 95_600, (a[1] - b[1]) * 111_200);
}

export function length(way) {
  return way.slice(1).reduce((sum, at, i) => sum + metres(way[i], at), 0);
}
