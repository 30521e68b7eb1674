// What was refused or is odd, by its code, in English.

export const refused = {
  "unknown-gauge": "From gauges not on file: kept, not shown",
  future: "Observed in the future: kept, in doubt",
  "too-old": "Observed too long ago: kept aside",
  "bad-payload": "Unreadable payload, refused",
  "bad-topic": "Wrong topic, refused",
  "out-of-range": "Out of the gauge's range, flagged",
  "wrong-mode": "Exercise mixed with actual, refused",
  "wrong-parameter": "Not what the layer says: kept, not shown",
  "given-up": "Batches that never came and that gateways no longer hold",
  "commit-failures": "Failed to store",
  conflicting: "Another value for a known time: the first stays",
  "number-reused": "Batch number used twice: a gateway went back, or two share a name",
  "wrong-interval": "More often or more seldom than the layer says: shown",
  "quarantine-full": "No room to keep more aside; gateways hold their own",
  forged: "Messages that are not of whom they say: refused",
  "unknown-truck": "Reports of trucks that are not on file: refused",
  "not-granted": "From a source that may not speak for the gauge: refused",
  "no-room": "Too many strangers, unknown gauges or days at once: not taken",
  forbidden: "Connections and subscriptions refused: not for whoever asked",
};
