// The same data as the chart, to read rather than to see.

import { html, type TemplateResult } from "lit";
import type { Gauge, Hydrograph, Observations } from "../model.ts";
import type { Page } from "../page.ts";
import * as format from "../text/format.ts";
import { tableRows } from "./chart-columns.ts";

const STEP_S = 300;
const ROWS = 40;

export function hydrographTable(page: Page, h: Hydrograph): TemplateResult {
  const { words: w } = page;
  const curve = (h.forecast?.curve ?? []).filter(
    (_, i, all) => i % Math.ceil(all.length / 12) === 0,
  );
  return html`<table>
    <caption>${w.detail.observed}</caption>
    <thead><tr><th>${w.detail.time}</th><th>${w.detail.depth} (cm)</th><th>${w.detail.quality}</th></tr></thead>
    <tbody>${tableRows(h.depth, STEP_S, ROWS).map(
      ([ms, value, quality]) =>
        html`<tr><td>${page.at(ms)}</td><td>${format.depth(value).number}</td><td>${w.quality[quality]}</td></tr>`,
    )}</tbody>
  </table>
  <table>
    <caption>${w.detail.forecast}</caption>
    <thead><tr><th>${w.detail.time}</th><th>${w.detail.low} (cm)</th><th>${w.detail.mid} (cm)</th><th>${w.detail.high} (cm)</th></tr></thead>
    <tbody>${curve.map(
      ([ms, ...quantiles]) =>
        html`<tr><td>${page.at(ms)}</td>${quantiles.map((q) => html`<td>${format.depth(q).number}</td>`)}</tr>`,
    )}</tbody>
  </table>`;
}

export function observationsTable(page: Page, g: Gauge, o: Observations): TemplateResult {
  const { words: w } = page;
  const { unit } = format.observed(g.parameter, 0, g.interval_s);
  return html`<table>
    <caption>${w.detail.observed}</caption>
    <thead><tr><th>${w.detail.time}</th><th>${w.parameter[g.parameter]} (${unit})</th><th>${w.detail.quality}</th></tr></thead>
    <tbody>${tableRows(o.observations, STEP_S, ROWS).map(
      ([ms, value, quality]) =>
        html`<tr><td>${page.at(ms)}</td><td>${format.observed(g.parameter, value, g.interval_s).number}</td><td>${w.quality[quality]}</td></tr>`,
    )}</tbody>
  </table>`;
}
