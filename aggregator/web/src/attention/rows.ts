// Single rows of the list. Every number has its unit and its age.

import { html, nothing, type TemplateResult } from "lit";
import { isClearing, isDrained, isInDoubt, isShownInDoubt, shownAs } from "../belief.ts";
import type { Selection } from "../choices.ts";
import type { Reopening } from "../live/closed-roads.ts";
import {
  type Agent,
  aboveAlertM,
  type Gauge,
  isCurrent,
  isRain,
  type Point,
  type Truck,
} from "../model.ts";
import type { Page } from "../page.ts";
import { quantity } from "../quantity.ts";
import {
  agentSymbol,
  levelSymbol,
  pointSymbol,
  rainSymbol,
  refusedSymbol,
  truckSymbol,
} from "../symbols.ts";
import * as format from "../text/format.ts";
import * as outlook from "../text/outlook.ts";
import * as pointWords from "../text/point-words.ts";
import * as sentences from "../text/sentences.ts";

interface Row {
  selection: Selection;
  symbol: TemplateResult;
  name: string;
  value: format.Quantity | null;
  /** The value is what was, not what is. */
  past?: boolean;
  age: string;
  ageTitle?: string;
  lines: (TemplateResult | string)[];
  classes?: string;
}

function row(page: Page, r: Row): TemplateResult {
  const chosen = page.choices.selection;
  const isChosen = chosen?.kind === r.selection.kind && chosen.id === r.selection.id;
  return html`<li>
    <button class="row ${r.classes ?? ""}" data-id=${r.selection.id}
      aria-current=${isChosen ? "true" : nothing} @click=${() => page.choices.select(r.selection)}>
      ${r.symbol}
      <span class="what"><span class="name">${r.name}</span>
        ${r.lines.map((line) => html`<span class="line">${line}</span>`)}
      </span>
      <span class="figure">
        ${r.value ? html`<span class=${r.past ? "past" : ""}>${r.past ? html`<small>${page.words.doubt.wasFigure}</small> ` : nothing}${quantity(r.value)}</span>` : nothing}
        <span class="age" title=${r.ageTitle ?? nothing}>${r.age}</span>
      </span>
    </button>
  </li>`;
}

function arrow(metresPerHour: number | null): string {
  const way = format.trend(metresPerHour);
  return way === "rising" ? "↑ " : way === "falling" ? "↓ " : "";
}

function observedTitle(page: Page, at: string | null): string | undefined {
  return at === null ? undefined : page.words.age.observed(page.at(at));
}

/** A waterlogging point as it is now, or, where that is unknown, as it was. */
export function pointRow(page: Page, p: Point, gone = false): TemplateResult {
  const w = page.words;
  const lines: (TemplateResult | string)[] = gone ? [w.attention.gone] : [];
  if (p.status === "unknown") {
    lines.push(html`<b>${pointWords.status(p, w)}</b>`, pointWords.was(p, page.speaker));
  } else {
    const change = `${arrow(p.rate_m_per_h)}${sentences.trend(p.rate_m_per_h, w)}`;
    lines.push(html`<b>${pointWords.status(p, w)}</b> · ${change}`);
    if (isClearing(p)) lines.push(pointWords.clearing(p, page.speaker));
    const doubt = pointWords.doubt(p, w);
    if (doubt !== null) lines.push(doubt);
  }
  if (p.suspect_depth_m !== null) {
    lines.push(w.attention.suspectDepth(format.text(format.depth(p.suspect_depth_m))));
  }
  const ahead = p.status === "unknown" ? null : outlookLine(page, p);
  if (ahead) lines.push(ahead);
  return row(page, { ...pointFigure(page, p), lines, classes: pointClasses(p, gone) });
}

function pointFigure(page: Page, p: Point): Omit<Row, "lines"> {
  const isUnknown = p.status === "unknown";
  // A zero of then would be read as a zero of now; what was wet is worth seeing.
  const isPast = isUnknown && isShownInDoubt(p) && p.depth_m !== null;
  return {
    selection: { kind: "point", id: p.id },
    symbol: pointSymbol(p),
    name: page.name(p.name, p.id),
    value:
      isUnknown && !isPast ? { number: format.NO_NUMBER, unit: "cm" } : format.depth(p.depth_m),
    past: isPast,
    // Of an unknown point the age stands in the line that says why.
    age: isUnknown && p.observed_at !== null ? "" : page.age(p.observed_at),
    ageTitle: observedTitle(page, p.observed_at),
  };
}

function pointClasses(p: Point, gone: boolean): string {
  const shown = shownAs(p);
  const doubt = isInDoubt(p) ? " in-doubt" : "";
  return `${shown === "clearing" ? p.status : shown}${doubt}${gone ? " gone" : ""}`;
}

function outlookLine(page: Page, p: Point): string | null {
  const w = page.words;
  const closes = outlook.ahead(p.forecast?.reaches_closure_at, page.now);
  if (closes !== null && (p.status === "waterlogged" || p.status === "notice")) {
    return w.attention.closureAt(page.at(closes));
  }
  const peak = outlook.peakAhead(p, page.now);
  return peak && w.attention.peak(format.text(format.depth(peak.depth_m)), page.at(peak.at));
}

/** A point that is forecast to flood. */
export function comingRow(page: Page, p: Point, gone = false): TemplateResult {
  const w = page.words;
  const lines: string[] = [];
  const at = p.forecast?.reaches_waterlogged_at ?? null;
  if (gone) lines.push(w.attention.gone);
  else if (outlook.ahead(at, page.now) === null) lines.push(w.attention.reachesNow);
  else if (at) lines.push(w.attention.reaches(page.at(at), page.inMinutes(at)));
  const probability = p.forecast?.waterlogged_probability_60 ?? null;
  const chance =
    probability === null ? null : w.attention.probability(Math.round(probability * 100));
  const more = [outlookLine(page, p), chance].filter(Boolean).join(" · ");
  if (!gone && more) lines.push(more);
  if (!gone && isInDoubt(p)) lines.push(pointWords.brief(p, page.speaker));
  return row(page, { ...pointFigure(page, p), lines, classes: gone ? "gone" : "" });
}

/** A road that was closed and has little or no water left. */
export function reopeningRow(page: Page, { point: p, was }: Reopening): TemplateResult {
  const w = page.words;
  const since = page.at(p.status_since);
  const low = isDrained(p) ? w.clearing.drained : w.clearing.lowSince(since);
  const now = p.status === "dry" ? w.clearing.drySince(since) : low;
  const lines = [html`<b>${now}</b>`, pointWords.afterFlood(p, was, w)];
  return row(page, { ...pointFigure(page, p), lines });
}

/** Any gauge: its newest value, or why there is none. */
export function gaugeRow(page: Page, g: Gauge): TemplateResult {
  const w = page.words;
  const current = isCurrent(g);
  const lines = [`${g.id} · ${w.parameter[g.parameter]}`];
  const failed = sentences.tests(g.tests, w).join(", ");
  if (g.status !== "ok")
    lines.push(failed ? `${w.gaugeStatus[g.status]}: ${failed}` : w.gaugeStatus[g.status]);
  return row(page, {
    selection: { kind: "gauge", id: g.id },
    symbol: isRain(g.parameter) ? rainSymbol(current) : levelSymbol(current),
    name: page.name(g.name, g.id),
    value: current ? format.observed(g.parameter, g.value, g.interval_s) : null,
    age: page.age(g.observed_at),
    ageTitle: observedTitle(page, g.observed_at),
    lines,
    classes: current ? "" : "old",
  });
}

/** A river or canal gauge above its alert level. */
export function levelRow(page: Page, g: Gauge, gone = false): TemplateResult {
  const w = page.words;
  return row(page, {
    selection: { kind: "gauge", id: g.id },
    symbol: levelSymbol(),
    name: page.name(g.name, g.id),
    value: format.observed(g.parameter, g.value, g.interval_s),
    age: page.age(g.observed_at),
    ageTitle: observedTitle(page, g.observed_at),
    lines: [gone ? w.attention.gone : w.attention.above(format.text(format.level(aboveAlertM(g))))],
    classes: gone ? "gone" : "",
  });
}

export function truckRow(page: Page, t: Truck): TemplateResult {
  const w = page.words;
  const bound = t.point ? ` → ${page.pointName(t.point)}` : "";
  return row(page, {
    selection: { kind: "truck", id: t.id },
    symbol: truckSymbol(t.state),
    name: page.name(t.name, t.id),
    value: format.flow(t.capacity_m3h),
    age: page.age(t.reported_at),
    lines: [
      `${w.truckState[t.state]}${bound}`,
      ...(t.position_in_doubt ? [w.detail.positionInDoubt] : []),
    ],
  });
}

type Fault = Agent["faults"][number];

/** Faults of one agent that are told in full; the rest is counted, and stands in the title. */
const FAULTS_TOLD = 3;

/** With what it is wrong and why, as the agent says it. */
function faultDetail(fault: Fault): string {
  return fault.subject ? `${fault.subject}: ${fault.cause}` : fault.cause;
}

/** What is wrong, in the dispatcher's language, and what the agent says of it. */
function faultLine(page: Page, fault: Fault): TemplateResult {
  const kind = sentences.textOf(fault.kind, page.words.agent.fault);
  const since = page.words.age.since(page.at(fault.since));
  return html`<span class="line"><b>${kind}</b> · ${since}<br />${faultDetail(fault)}</span>`;
}

/** Of a backlog that went on so lately, more is to come. */
const BACKFILL_MS = 2 * 60_000;

function isBackfilling(a: Agent, now: number): a is Agent & { backfill_until: string } {
  return a.backfill_until !== null && now - Date.parse(a.backfill_until) < BACKFILL_MS;
}

export function agentRow(page: Page, a: Agent): TemplateResult {
  const w = page.words.agent;
  const facts = [
    a.dropped > 0 ? w.dropped(format.count(a.dropped)) : null,
    a.holes > 0 ? w.holes(format.count(a.holes)) : null,
    a.silent_sources.length > 0 ? w.silentSources(a.silent_sources.length) : null,
    a.failed_readings > 0 ? w.failed(format.count(a.failed_readings)) : null,
    a.spooled_batches > 0 ? w.spooled(format.count(a.spooled_batches)) : null,
    isBackfilling(a, page.now) ? w.backfill(page.at(a.backfill_until)) : null,
  ].filter((fact) => fact !== null);
  const told = [...a.faults.map(faultDetail), ...a.silent_sources].join("\n");
  const more = a.faults.length - FAULTS_TOLD;
  return html`<li class="row still" title=${told}>
    ${agentSymbol()}
    <span class="what"><span class="name">${a.id}</span>
      <span class="line">
        ${a.online ? nothing : html`<b>${w.offline}</b>${facts.length > 0 ? " · " : ""}`}${facts.join(" · ")}
      </span>
      ${a.faults.slice(0, FAULTS_TOLD).map((fault) => faultLine(page, fault))}
      ${more > 0 ? html`<span class="line">${w.moreFaults(more)}</span>` : nothing}
    </span>
    <span class="figure"><span class="age">${page.age(a.last_seen)}</span></span>
  </li>`;
}

export function refusedRow(page: Page, r: { code: string; count: number }): TemplateResult {
  return html`<li class="row still">
    ${refusedSymbol()}
    <span class="what"><span class="line">${sentences.textOf(r.code, page.words.refused)}</span></span>
    <span class="figure"><b>${format.count(r.count)}</b></span>
  </li>`;
}
