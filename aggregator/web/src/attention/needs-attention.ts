// What needs a dispatcher's attention, worst first. Pure: state and time in, lists out.

import { believed, isDoubtful, isDraining, isFloodedNow } from "../belief.ts";
import {
  type Agent,
  aboveAlertM,
  type Gauge,
  type GaugeStatus,
  isAboveAlert,
  type Point,
  rank,
  WORK_COUNTERS,
} from "../model.ts";

export interface GaugeGroup {
  status: Exclude<GaugeStatus, "ok">;
  gauges: Gauge[];
}

export interface Attention {
  /** Flooded, or so when they were last believed. */
  flooded: Point[];
  /** Flooded until lately: the water goes. */
  draining: Point[];
  /** Dry or nearly so, but forecast to be waterlogged within the hour. */
  coming: Point[];
  /** Neither: unknown, or with a high reading that is not believed. */
  doubtful: Point[];
  /** River and canal gauges above their alert level. */
  levels: Gauge[];
  gauges: GaugeGroup[];
  agents: Agent[];
  refused: { code: string; count: number }[];
}

export interface Seen {
  points: Iterable<Point>;
  gauges: Iterable<Gauge>;
  agents: Iterable<Agent>;
  counters: Record<string, number>;
  now: number;
}

const SOON_MS = 60 * 60_000;

const WORK = new Set<string>(WORK_COUNTERS);

const GROUPS: GaugeGroup["status"][] = ["silent", "stale", "fail", "missing", "suspect"];

export function needsAttention(seen: Seen): Attention {
  const points = [...seen.points];
  const gauges = [...seen.gauges];
  const comes = (p: Point): boolean => comesWithin(p, seen.now, SOON_MS);
  return {
    flooded: points.filter(isFloodedNow).sort(worstFirst),
    draining: points.filter(isDraining).sort(worstFirst),
    coming: points.filter(comes).sort((a, b) => floodsAt(a) - floodsAt(b) || byId(a, b)),
    doubtful: points
      .filter((p) => isDoubtful(p) && !(p.status === "unknown" && comes(p)))
      .sort(doubtFirst),
    levels: gauges
      .filter(isAboveAlert)
      .sort((a, b) => aboveAlertM(b) - aboveAlertM(a) || byId(a, b)),
    gauges: GROUPS.map((status) => ({
      status,
      gauges: gauges.filter((g) => g.status === status).sort(byId),
    })).filter((group) => group.gauges.length > 0),
    agents: [...seen.agents].filter(isTroubled).sort(agentOrder),
    refused: Object.entries(seen.counters)
      .filter(([code, count]) => count > 0 && !WORK.has(code))
      .map(([code, count]) => ({ code, count }))
      .sort((a, b) => b.count - a.count || a.code.localeCompare(b.code)),
  };
}

export function isTroubled(agent: Agent): boolean {
  return (
    !agent.online ||
    agent.dropped > 0 ||
    agent.holes > 0 ||
    agent.faults.length > 0 ||
    agent.silent_sources.length > 0
  );
}

/** Highest first: class, believed or in doubt, then depth, then importance; the id makes it total. */
function worstFirst(a: Point, b: Point): number {
  return (
    rank(believed(b)) - rank(believed(a)) ||
    (b.depth_m ?? 0) - (a.depth_m ?? 0) ||
    b.weight - a.weight ||
    byId(a, b)
  );
}

function comesWithin(point: Point, now: number, span: number): boolean {
  if (isFloodedNow(point) || isDraining(point)) return false;
  return floodsAt(point) <= now + span;
}

function floodsAt(point: Point): number {
  const at = point.forecast?.reaches_waterlogged_at;
  return at ? Date.parse(at) : Number.POSITIVE_INFINITY;
}

/** A high reading that is not believed is more urgent than silence; so is what was wet. */
function doubtFirst(a: Point, b: Point): number {
  return (
    (b.suspect_depth_m ?? -1) - (a.suspect_depth_m ?? -1) ||
    rank(believed(b)) - rank(believed(a)) ||
    b.weight - a.weight ||
    byId(a, b)
  );
}

function agentOrder(a: Agent, b: Agent): number {
  return Number(a.online) - Number(b.online) || b.dropped - a.dropped || byId(a, b);
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
