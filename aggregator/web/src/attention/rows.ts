// Single rows of the list. Every number has its unit and its age.

import { html, nothing, type TemplateResult } from "lit";
import type { Selection } from "../choices.ts";
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
import * as sentences from "../text/sentences.ts";

interface Row {
  selection: Selection;
  symbol: TemplateResult;
  name: string;
  value: format.Quantity | null;
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
        ${r.value ? quantity(r.value) : nothing}
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

/** A waterlogging point as it is now. */
export function pointRow(page: Page, p: Point, gone = false): TemplateResult {
  const w = page.words;
  const isUnknown = p.status === "unknown";
  const lines: (TemplateResult | string)[] = [];
  if (gone) lines.push(w.attention.gone);
  if (isUnknown) {
    lines.push(html`<b>${w.status.unknown}</b> · ${w.cause[p.cause ?? "no-data"]}`);
    if (p.depth_m !== null) {
      lines.push(w.age.lastDepth(format.text(format.depth(p.depth_m)), page.age(p.observed_at)));
    }
  } else {
    const change = `${arrow(p.rate_m_per_h)}${sentences.trend(p.rate_m_per_h, w)}`;
    lines.push(html`<b>${w.status[p.status]}</b> · ${change}`);
  }
  if (p.suspect_depth_m !== null) {
    lines.push(w.attention.suspectDepth(format.text(format.depth(p.suspect_depth_m))));
  }
  const outlook = isUnknown ? null : outlookLine(page, p);
  if (outlook) lines.push(outlook);
  return row(page, {
    selection: { kind: "point", id: p.id },
    symbol: pointSymbol(p.status),
    name: page.name(p.name, p.id),
    value: isUnknown ? { number: format.NO_NUMBER, unit: "cm" } : format.depth(p.depth_m),
    age: page.age(p.observed_at),
    ageTitle: observedTitle(page, p.observed_at),
    lines,
    classes: `${p.status}${gone ? " gone" : ""}`,
  });
}

function outlookLine(page: Page, p: Point): string | null {
  const w = page.words;
  const f = p.forecast;
  if (!f) return null;
  if (f.reaches_closure_at && (p.status === "waterlogged" || p.status === "notice")) {
    return w.attention.closureAt(page.at(f.reaches_closure_at));
  }
  if (p.depth_m !== null && f.peak_m > p.depth_m + 0.01) {
    return w.attention.peak(format.text(format.depth(f.peak_m)), page.at(f.peak_at));
  }
  return null;
}

/** A point that is forecast to flood. */
export function comingRow(page: Page, p: Point, gone = false): TemplateResult {
  const w = page.words;
  const at = p.forecast?.reaches_waterlogged_at ?? null;
  const probability = p.forecast?.waterlogged_probability_60 ?? null;
  const lines: string[] = [];
  if (gone) lines.push(w.attention.gone);
  else if (at) lines.push(w.attention.reaches(page.at(at), page.inMinutes(at)));
  const peak = outlookLine(page, p);
  const chance =
    probability === null ? null : w.attention.probability(Math.round(probability * 100));
  if (!gone && (peak || chance)) lines.push([peak, chance].filter(Boolean).join(" · "));
  return row(page, {
    selection: { kind: "point", id: p.id },
    symbol: pointSymbol(p.status),
    name: page.name(p.name, p.id),
    value: format.depth(p.depth_m),
    age: page.age(p.observed_at),
    ageTitle: observedTitle(page, p.observed_at),
    lines,
    classes: gone ? "gone" : "",
  });
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
    lines: [`${w.truckState[t.state]}${bound}`],
  });
}

export function agentRow(page: Page, a: Agent): TemplateResult {
  const w = page.words.agent;
  const facts = [
    a.dropped > 0 ? w.dropped(format.count(a.dropped)) : null,
    a.holes > 0 ? w.holes(format.count(a.holes)) : null,
    a.silent_sources.length > 0 ? w.silentSources(a.silent_sources.length) : null,
    a.failed_readings > 0 ? w.failed(format.count(a.failed_readings)) : null,
    a.spooled_batches > 0 ? w.spooled(format.count(a.spooled_batches)) : null,
    a.backfill_until ? w.backfill(page.at(a.backfill_until)) : null,
  ].filter((fact) => fact !== null);
  return html`<li class="row still" title=${a.silent_sources.join(", ")}>
    ${agentSymbol()}
    <span class="what"><span class="name">${a.id}</span>
      <span class="line">
        ${a.online ? nothing : html`<b>${w.offline}</b>${facts.length > 0 ? " · " : ""}`}${facts.join(" · ")}
      </span>
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
