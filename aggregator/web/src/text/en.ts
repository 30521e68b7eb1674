// Every text of the page in English.

import { people } from "./people-en.ts";
import { refused } from "./refused-en.ts";
import type { Words } from "./zh.ts";

export const en: Words = {
  app: "Flood dispatch desk",
  skipToList: "Skip to the attention list",
  loading: "Reading the city's state…",
  fullStop: ".",
  comma: ", ",
  sentenceGap: " ",
  sentence: (line) => `${line.charAt(0).toUpperCase()}${line.slice(1)}.`,

  mode: {
    exercise: (speed) => `EXERCISE ${speed}`,
    exerciseHint: "Simulated data, no real flood. Orders go to simulated trucks only.",
    replay: (speed) => `REPLAY ${speed}`,
    replayHint: "A storm played again, not what happens now. Orders count in the replay only.",
    watermarkExercise: "EXERCISE",
    watermarkReplay: "REPLAY",
  },

  line: {
    live: "Live",
    starting: "Connecting",
    lost: "Disconnected",
    quiet: "No answer",
    quietBanner: (at, ago) =>
      `The server does not answer. The page stopped at ${at} (${ago}); what the water did since is not shown, and no order can be given until it answers.`,
    lostBanner: (at, ago) =>
      `Connection to the server lost. The page stopped at ${at} (${ago}); nothing is updated and no order can be given until it is back. Reconnecting…`,
    deaf: {
      lost: (at) =>
        `The server has had no line to its message broker since ${at}: nothing comes from the gauges and no order reaches a truck; both catch up by themselves. This page shows the water of before.`,
      refused: (at) =>
        `The message broker has refused the server's subscriptions since ${at}: data of the gauges comes in part or not at all. Tell a technician to look at its rights.`,
      "thrown-out": (at) =>
        `Another program has been connected to the message broker under the server's name since ${at}: data of the gauges comes in part only. Tell a technician.`,
    },
  },

  header: {
    language: "中文",
    languageTitle: "切换到中文",
    dark: "Dark",
    light: "Light",
    themeTitle: "Switch between dark and light",
    help: "Keys",
  },

  tabs: { list: "Attention", plan: "Dispatch", map: "Map" },

  search: {
    label: "Find a waterlogging point, gauge or truck",
    placeholder: "Find a point, gauge or truck ( / )",
    results: (n) => (n === 0 ? "Nothing found" : `${n} found`),
  },

  status: {
    severe: "Severe",
    closure: "Close road",
    waterlogged: "Waterlogged",
    notice: "Some water",
    dry: "Dry",
    unknown: "Unknown",
  },

  setting: { underpass: "Underpass", street: "Street", tunnel: "Tunnel", estate: "Estate" },

  trend: { rising: "rising", falling: "falling", steady: "steady" },
  trendFast: { rising: "rising very fast", falling: "falling very fast" },
  rateOf: (word, rate) => `${word} ${rate}`,

  cause: {
    "no-data": "gauge has never reported",
    stale: "gauge silent",
    suspect: "gauge in doubt",
  },

  doubt: {
    status: (status) => `${status}, in doubt`,
    because: (cause, tests) => `${cause}: ${tests}`,
    was: (depth, moves, ago, why) =>
      moves === null ? `was ${depth} ${ago}; ${why}` : `was ${depth}, ${moves}, ${ago}; ${why}`,
    wasFigure: "was",
    aboveSpan: "above its span",
    count: (n) => `${n} in doubt`,
  },

  clearing: {
    draining: "Draining",
    drained: "No water left",
    still: (status) => `${status}, draining`,
    was: {
      severe: (depth) => `was severe (${depth} or more)`,
      closure: (depth) => `was at closure depth (${depth} or more)`,
      waterlogged: (depth) => `was waterlogged (${depth} or more)`,
      notice: (depth) => `had some water (${depth} or more)`,
    },
    and: (past, next) => `${past}; ${next}`,
    inspect: { road: "road to be inspected", place: "place to be inspected" },
    mayReopen: { road: "may reopen after inspection", place: "may reopen after inspection" },
    drySince: (at) => `Dry since ${at}`,
    lowSince: (at) => `Some water only, since ${at}`,
  },

  age: {
    seconds: (n) => `${n} s ago`,
    minutes: (n) => `${n} min ago`,
    never: "never reported",
    observed: (at) => `Observed at ${at}`,
    since: (at) => `since ${at}`,
    at: (at) => `at ${at}`,
  },

  inMinutes: (n) => (n === 0 ? "now" : `in ${n} min`),

  attention: {
    title: "Needs attention",
    flooded: "Flooded now",
    draining: "Draining",
    reopening: "Was closed, may reopen after inspection",
    coming: "Will flood within 60 min",
    doubtful: "Unknown: please verify",
    levels: "River level above alert",
    problems: "Data problems",
    none: "No waterlogging at present.",
    onlyDraining: (n) =>
      `No point is flooded now; ${n === 1 ? "1 point is" : `${n} points are`} draining.`,
    unknownToo: (n) => `${n === 1 ? "1 point is" : `${n} points are`} unknown.`,
    noneAll: (all) => `All ${all} waterlogging points have trustworthy data.`,
    noneKnown: (known, unknown) =>
      `No waterlogging at the ${known} points that have trustworthy data; ${unknown} ${unknown === 1 ? "point is" : "points are"} unknown.`,
    notKnown: (unknown, all) =>
      `It is not known whether the city is waterlogged: ${unknown} of ${all} points are unknown. This does not mean dry.`,
    notHeard: (at) => `Not known since ${at}: nothing has been heard from the server.`,
    deaf: (at) =>
      `Not known since ${at}: what the gauges say has not come, or not all of it. This does not mean dry.`,
    waiting: (n) => `${n} new: shown when the pointer leaves`,
    gone: "Cleared",
    reaches: (at, minutes) => `Waterlogged at ${at} (${minutes}), forecast`,
    reachesNow: "Waterlogged at any moment, forecast",
    peak: (depth, at) => `Forecast peak ${depth} at ${at}`,
    closureAt: (at) => `Closure depth at ${at}, forecast`,
    probability: (percent) => `probability ${percent}%`,
    suspectDepth: (depth) => `Suspect reading ${depth}, not followed`,
    above: (by) => `${by} above alert`,
  },

  gaugeStatus: {
    ok: "OK",
    silent: "Never reported",
    stale: "Stopped reporting",
    fail: "Invalid reading",
    missing: "Missing reading",
    suspect: "Suspect reading",
  },
  gaugeGroup: (n) => (n === 1 ? "1 gauge" : `${n} gauges`),
  gaugeMore: (n) => `${n} more, use the search`,

  agent: {
    title: "Gateway agents",
    offline: "Offline",
    dropped: (n) => `${n} ${n === "1" ? "reading" : "readings"} dropped`,
    spooled: (n) => `${n} ${n === "1" ? "batch" : "batches"} waiting`,
    failed: (n) => `${n} failed ${n === "1" ? "reading" : "readings"} since its start`,
    moreFaults: (n) => `${n} more ${n === 1 ? "fault" : "faults"}`,
    fault: {
      "spool-damaged": "Spool damaged, some data may be lost",
      "spool-in-memory": "Spool cannot be written: a power cut loses data",
      draft: "Draft cannot be written: a power cut loses data",
      "spool-full": "Spool full",
      clock: "Gateway's clock in doubt",
      uplink: "Uplink lost",
      "thrown-out": "Thrown out again and again: two gateways with one name?",
      uncommitted: "Data sent, but the server does not confirm it",
      forged: "Messages in the server's name that are not the server's: ignored",
      certificate: "The new certificate cannot be used; the old one stays",
      line: "Line to the gauges cannot be opened",
      unit: "Device does not answer",
      registers: "Device answers without a reading",
      "local-broker": "Local broker cannot be reached",
      payload: "What the gauge publishes cannot be read",
      "gauge-clock": "Gauge's clock in doubt",
      remark: "The server questions its readings",
    },
    silentSources: (n) => (n === 1 ? "1 source silent" : `${n} sources silent`),
    holes: (n) => (n === "1" ? "1 gap in its data" : `${n} gaps in its data`),
    backfill: (at) => `backfilling, at ${at}`,
    more: (n) => `${n} more agents in trouble`,
  },

  refusedTitle: "Bad input, in all",
  refusedLast: "The latest of it, in detail",
  unknownGauges: (ids) => `Gauges not on file: ${ids}`,
  refused,

  parameter: {
    depth: "Depth",
    stage: "Stage",
    "water-level": "Water level",
    "rainfall-depth": "Rainfall depth",
    "rainfall-intensity": "Rainfall intensity",
  },

  quality: { 1: "pass", 2: "not evaluated", 3: "suspect", 4: "fail", 9: "missing" },
  noQuality: "no observation",
  tests: {
    "gross-range": "outside the plausible range",
    spike: "lone spike",
    "rate-of-change": "changed too fast",
    "flat-line": "unchanged for too long",
    sentinel: "instrument error value",
    clock: "clock not trustworthy",
    corrected: "corrected by its source",
  },

  truckState: {
    idle: "Ready",
    driving: "Driving",
    "setting-up": "Setting up",
    pumping: "Pumping",
    "packing-up": "Packing up",
    "out-of-service": "Out of service",
    unknown: "State unknown",
  },

  orderState: {
    sent: "Ordered, truck has not answered yet",
    received: "Truck has the order",
    done: "Done",
    recalled: "Recalled",
  },

  plan: {
    title: "Dispatch",
    made: (version, at) => `Plan ${version}, made ${at}`,
    none: "No truck needs to be sent.",
    noneRecommended: "No truck is recommended at present.",
    noneKnown: (unknown) =>
      `No truck needs to be sent to the points that have trustworthy data; ${unknown} ${unknown === 1 ? "point is" : "points are"} unknown.`,
    notKnown: (unknown, all) =>
      `It is not known whether trucks are needed: ${unknown} of ${all} points are unknown.`,
    deaf: (at) =>
      `It is not known whether trucks are needed: what the gauges say has not come since ${at}, or not all of it.`,
    noPlan: "There is no plan yet.",
    ordered: "Ordered",
    proposed: "Recommended, to be confirmed",
    unserved: "Points without a truck",
    unservedReason: {
      "no-truck-left": (trucks, capacity) =>
        trucks === null
          ? "No truck left to send"
          : `No truck left to send: ${trucks} more of ${capacity} would reach this point`,
      "gain-below-switch": (gain, sending) =>
        `Gain too small to move a truck: ${gain}, where sending one counts ${sending} (weighted m³·h)`,
      "too-late": (minutes) =>
        `No truck in time: the first that is free would pump in ${minutes} min`,
      "no-room": () => "No truck may stand there",
    },
    waiting: (n) => `${n} new: shown when the pointer leaves`,
    gone: "The plan has changed; this is no longer recommended",
    standing: "as in the last plan",
    to: "to",
    now: "Depth now",
    peak: "Forecast peak",
    arrives: "Arrives",
    deadline: "Deadline",
    closureDepth: (depth) => `closure depth ${depth}`,
    pumpsFrom: (at) => `pumps from ${at}`,
    early: (n) => `pumps ${n} min before`,
    late: (n) => `pumps ${n} min too late`,
    alreadyClosure: "already at closure depth",
    wasClosure: "at closure depth when last believed",
    drains: "water is draining, so none",
    noDeadline: "closure depth not forecast to be reached",
    noForecast: "no forecast, so no deadline",
    onSite: "Water on arrival",
    capacity: "Pumps",
    drained: "Drained",
    without: "without the truck",
    notForecast: "no forecast",
    notWithin: (hours) => `not within ${hours} h`,
    saved: (n) => `Like keeping ${n}\u00a0m³ from standing for an hour (weighted by importance)`,
    why: "Why",
    whyAt: (at) => `Why, as of ${at}`,
    against: "Against",
    nothingAgainst: "Nothing known against it",
    alternatives: "Instead",
    noAlternative: "No other truck can be sent",
    alternative: (eta, capacity, worth) =>
      `${eta}, ${capacity}${worth === null ? "" : `, ${worth}% of the benefit`}`,
    sendInstead: "Send",
    sendInsteadTitle: (truck) => `Send ${truck} instead`,
    confirm: {
      actual: "Confirm dispatch",
      exercise: "Confirm (exercise)",
      replay: "Confirm (replay)",
    },
    confirming: "Sending order…",
    recall: "Recall",
    recalling: "Recalling…",
    lostLocked: "Disconnected: orders cannot be given",
    quietLocked: "No answer: orders cannot be given",
    refusedTitle: "No order was given: ",
    recallRefused: "Not recalled: ",
    noAnswer: "The server did not answer. See “Ordered” below for whether it arrived.",
    refusal: {
      "truck is busy": "The truck is carrying out another order.",
      "truck is out of service": "The truck is out of service.",
      "the plan has changed":
        "The plan has changed and no longer recommends this. See the new one.",
      "the order has ended": "The order has already ended.",
      "the order was not kept": "The order could not be stored and was not sent. Try again.",
      "not found": "The server does not know this truck or point.",
      "not logged in": "You are not logged in; nothing was sent.",
      "not allowed": "You may not give this order; nothing was sent.",
    },
    issued: (at) => `ordered ${at}`,
    eta: (at, minutes) => `expected ${at} (${minutes})`,
    pumped: (volume) => `${volume} pumped`,
    straightLine: "straight-line estimate",
    timeline: {
      drive: "Drive",
      setUp: "Set-up",
      pump: "Pump",
      deadline: "Amber line: closure depth",
    },
    steps: ["Sent", "Received", "Driving", "Set-up", "Pumping"],
    reason: {
      "depth-now": (depth) => `${depth} of water now`,
      rising: (rate) => (rate === null ? "Water rising very fast" : `Water rising at ${rate}`),
      "forecast-peak": (depth, at) => `Forecast to peak at ${depth}, ${at}`,
      "reaches-closure": (at) => `Forecast to reach closure depth at ${at}`,
      "important-place": (weight) => `Important place (${weight} of 5)`,
      "nearest-free": (eta) => `Nearest free truck, ${eta} min away`,
      "capacity-fits": (capacity, net) =>
        net === null
          ? `Pumps ${capacity}; forecast: no more comes in than drains away`
          : `Pumps ${capacity} against a net inflow (rain less drainage) of ${net}`,
      "heavy-rain": (rain) => `Heavy rain over it, ${rain}`,
    },
    objection: {
      "arrives-after-closure": (n) => `Arrives ${n} min after closure depth is reached`,
      "cannot-win": (net, capacity) =>
        `Net inflow (rain less drainage) of ${net} exceeds its ${capacity}: it cannot win alone`,
      "district-left-without-reserve": (district) => `${district} is left without a reserve truck`,
      "straight-line-estimate": () => "Distance is a straight-line estimate; it may take longer",
      "forecast-unverified": () => "The forecast here has not been verified yet",
      "depth-in-doubt": (minutes) =>
        `Depth in doubt: the last trusted reading was ${minutes} min ago`,
      "truck-not-heard": (since) =>
        since === null
          ? "The truck has never said where it is; its home is assumed"
          : `The truck has not been heard since ${since}; it may be elsewhere`,
    },
  },

  detail: {
    close: "Close",
    closeTitle: "Close (Esc)",
    depth: "Depth",
    lastDepth: "Last trusted depth",
    trend: "Change",
    rain: "Rain",
    volume: "Water volume",
    peak: "Forecast peak",
    probability: "Waterlogged within 60 min",
    interval: (n) => `every ${n}`,
    chartLabel: (name) => `${name}: the last 3 hours and the forecast`,
    loading: "Reading the hydrograph…",
    failed: "The hydrograph could not be read; trying again.",
    showTable: "Table",
    showChart: "Chart",
    forecast: "Forecast",
    now: "now",
    time: "Time",
    observed: "Observed",
    quality: "Quality",
    low: "Low (10%)",
    mid: "Median",
    high: "High (90%)",
    summary: (depth, at, trend) => `${depth} deep at ${at}, ${trend}.`,
    summaryUnknown: (was) => `Depth now unknown: ${was}. This does not mean dry.`,
    summarySuspect: (depth) => `There is also a suspect reading of ${depth}, not followed.`,
    summaryPeak: (depth, at) => `Forecast to peak at ${depth}, ${at}.`,
    summaryHour: (low, high) => `Forecast for 60 min from now: ${low}–${high}.`,
    summaryUncertain: (low, high) =>
      `In 60 min uncertain: between ${low ?? "dry"} and over ${high}.`,
    summaryNoForecast: "No forecast.",
    issued: (at, method) => `Forecast from ${at} (${method}). `,
    method: {
      reservoir: "rain, sag and drain",
      reckoned: "no gauge sees it: reckoned from the rain",
      "rate-of-rise": "rate of rise",
    },
    failingDrain: (takes, of) => `Not draining: ${takes} of ${of} m³/h. `,
    lacking: (what) => ` Not on file: ${what}.`,
    lacks: {
      catchment: "the catchment (rain is not reckoned with)",
      runoff: "the runoff (80 % is assumed)",
      drain: "the drain (rain is not reckoned with)",
      storage: "the storage curve (a typical street is assumed)",
    },
    skill: (n, horizon, error, persistence) =>
      `${horizon} min forecast verified ${n} times: mean error ${error}; assuming no change, ${persistence}`,
    skillWorse: ", so it is no better so far",
    skillEvents: (hits, misses, falseAlarms) =>
      `; hits ${hits}, misses ${misses}, false alarms ${falseAlarms}`,
    unverified: "The forecast here has not been verified yet.",
    gaugeSummary: (name, value, at) => `${name} ${value} at ${at}.`,
    gaugeNever: "Has never reported. This does not mean normal.",
    gaugeStale: (age) => `Stopped reporting; the last reading was ${age}.`,
    failedTests: "Tests not passed",
    alertLevel: "Alert level",
    truckAt: "Position reported",
    noReport: "never reported, shown at its home",
    positionInDoubt:
      "Its newest position cannot be right (no fix, or a jump): shown where it was before",
    truckPoint: "Bound for",
    pumped: "Pumped on this order",
    thresholdLabel: (status, depth) => `${status} ${depth}`,
  },

  legend: {
    title: "Legend",
    layers: "Layers",
    points: "Waterlogging points",
    fromDepth: (depth) => `≥ ${depth}`,
    belowDepth: (depth) => `< ${depth}`,
    varies: "thresholds differ by point",
    unknownHint: "no data",
    clearingHint: "to inspect",
    inDoubt: "In doubt",
    inDoubtHint: "hatched",
    trucks: "Pump trucks",
    working: (n) => `${n} out`,
    rain: "Rain gauges",
    level: "Level gauges",
    noData: (n) => `${n} no data`,
    routes: "Dispatch routes",
    routeProposed: "recommended (dashed)",
    routeOrdered: "ordered (solid)",
    stations: "Pump stations",
    shelters: "Shelters",
    communities: "Communities (zoom in)",
    districts: "Districts",
    canals: "Canals",
    sewers: "Sewers",
    roads: "Roads",
  },

  map: {
    label: "Flood map",
    canvas: "Flood map. Everything on it is also in the lists.",
    noWebgl:
      "This computer has no WebGL 2, so there is no map. Lists, recommendations and hydrographs work as usual.",
    failed: "The map could not be loaded. Lists, recommendations and hydrographs work as usual.",
    home: "Whole city",
    zoomIn: "Zoom in",
    zoomOut: "Zoom out",
  },

  help: {
    title: "Keys",
    rows: [
      ["/", "Search"],
      ["J / K", "Next / previous row"],
      ["Enter", "Open the row"],
      ["Esc", "Close the detail or clear the search"],
      ["?", "Show or hide this table"],
    ],
    close: "Close",
  },

  locale: "en-GB",
  people,
};
