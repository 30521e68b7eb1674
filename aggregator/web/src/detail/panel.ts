// What was selected: a point's or gauge's numbers, hydrograph and sentence, or a truck's duty.

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { isClearing, isFloodedNow } from "../belief.ts";
import {
  type Gauge,
  type Hydrograph,
  isCurrent,
  isRain,
  type Lack,
  type Observations,
  type Point,
  type Truck,
} from "../model.ts";
import { Part } from "../page.ts";
import { quantity } from "../quantity.ts";
import { levelSymbol, pointSymbol, rainSymbol, truckSymbol } from "../symbols.ts";
import * as format from "../text/format.ts";
import * as outlook from "../text/outlook.ts";
import * as pointWords from "../text/point-words.ts";
import * as sentences from "../text/sentences.ts";
import { summary } from "../text/summary.ts";
import type { Chart, ThresholdLine } from "./chart.ts";
import { type Fetched, SeriesFetcher } from "./series-fetcher.ts";
import { hydrographTable, observationsTable } from "./series-tables.ts";

const HOURS = 3;

class DetailPanel extends Part {
  readonly #hydrographs = new SeriesFetcher<Hydrograph>(() => this.requestUpdate());
  readonly #observations = new SeriesFetcher<Observations>(() => this.requestUpdate());
  #chart: Chart | null = null;
  #chartHost: HTMLElement | null = null;
  #drawnFrom: unknown = null;
  #showsTable = false;
  #draw: ((chart: Chart) => void) | null = null;
  #drawKey: unknown = null;

  protected override render(): TemplateResult | typeof nothing {
    const { live, choices } = this.page;
    this.#draw = null;
    const selection = choices.selection;
    if (!selection) return nothing;
    if (selection.kind === "point") {
      const point = live.points.get(selection.id);
      return point ? this.#point(point) : nothing;
    }
    if (selection.kind === "gauge") {
      const gauge = live.gauges.get(selection.id);
      return gauge ? this.#gauge(gauge) : nothing;
    }
    const truck = live.trucks.get(selection.id);
    return truck ? this.#truck(truck) : nothing;
  }

  #frame(
    symbol: TemplateResult,
    title: string,
    sub: TemplateResult | string,
    body: TemplateResult,
  ): TemplateResult {
    const { words: w, choices } = this.page;
    return html`<section class="detail" aria-label=${title}>
      <header>
        ${symbol}
        <div class="title"><h2>${title}</h2><p>${sub}</p></div>
        <button class="close" title=${w.detail.closeTitle} aria-label=${w.detail.close}
          @click=${() => choices.select(null)}>✕</button>
      </header>
      ${body}
    </section>`;
  }

  #point(p: Point): TemplateResult {
    const { page } = this;
    const { words: w, speaker } = page;
    const series = this.#hydrographs.get(
      `/api/v1/points/${p.id}/hydrograph?hours=${HOURS}`,
      `${p.observed_at} ${p.forecast?.basis_at}`,
    );
    const gauge = page.live.gauges.get(p.level_gauge);
    const intervalS = gauge?.interval_s ?? 60;
    if (series.state === "ready")
      this.#plans(series.data, (chart) => this.#drawPoint(chart, p, series.data, intervalS));
    const isKnown = p.status !== "unknown";
    const f = p.forecast;
    const sub = html`${p.id} · ${sentences.textOf(p.type, w.setting)}${
      p.district ? ` · ${page.name(page.districts.get(p.district), p.district)}` : ""
    } · ${this.#since(p)}`;
    const peak = outlook.peakAhead(p, page.now);
    const said = summary(p, speaker);
    const figures = html`<dl class="figures">
      ${figure(isKnown ? w.detail.depth : w.detail.lastDepth, format.depth(p.depth_m), page.age(p.observed_at))}
      ${isKnown ? figure(w.detail.trend, { number: sentences.trend(p.rate_m_per_h, w), unit: "" }) : nothing}
      ${figure(w.detail.rain, format.intensity(p.rain_mm_per_h))}
      ${figure(w.detail.volume, isKnown ? format.volume(p.volume_m3) : format.volume(null))}
      ${peak ? figure(w.detail.peak, format.depth(peak.depth_m), page.at(peak.at)) : nothing}
      ${f && !isFloodedNow(p) ? figure(w.detail.probability, { number: format.count(f.waterlogged_probability_60 * 100), unit: "%" }) : nothing}
    </dl>`;
    const table = series.state === "ready" ? hydrographTable(page, series.data) : nothing;
    const issued = f
      ? w.detail.issued(page.at(f.basis_at), sentences.textOf(f.method, w.detail.method))
      : "";
    return this.#frame(
      pointSymbol(p),
      page.name(p.name, p.id),
      sub,
      html`${figures}
        <p class="summary">${said}</p>
        ${this.#series(series, w.detail.chartLabel(page.name(p.name, p.id)), table, said)}
        ${f?.drain?.is_failing ? html`<p class="summary"><b>${w.detail.failingDrain(format.count(f.drain.takes_m3h), format.count(f.drain.of_m3h))}</b></p>` : nothing}
        ${f ? html`<p class="fine">${issued}${sentences.skill(f.skill, w)}${this.#lacking(f.lacks)}</p>` : nothing}`,
    );
  }

  /** What the forecast makes do without. */
  #lacking(lacks: Lack[]): string {
    const { words: w } = this.page;
    if (lacks.length === 0) return "";
    const named = lacks.map((lack) => sentences.textOf(lack, w.detail.lacks));
    return w.detail.lacking(named.join(w.comma));
  }

  /** What it is, and since when. */
  #since(p: Point): TemplateResult {
    const { page } = this;
    const { words: w } = page;
    if (p.status !== "unknown" && isClearing(p)) return html`<b>${pointWords.status(p, w)}</b>`;
    const said = p.status === "unknown" ? pointWords.status(p, w) : w.status[p.status];
    return html`<b>${said}</b> ${w.age.since(page.at(p.status_since))}`;
  }

  #drawPoint(chart: Chart, p: Point, data: Hydrograph, intervalS: number): void {
    const { words: w, choices, live, now } = this.page;
    const t = data.thresholds;
    const line = (status: ThresholdLine["status"], metres: number): ThresholdLine => ({
      status,
      value: metres * 100,
      label: w.detail.thresholdLabel(w.status[status], format.text(format.depth(metres))),
    });
    const thresholds = [
      line("notice", t.notice_m),
      line("waterlogged", t.waterlogged_m),
      line("closure", t.closure_m),
      line("severe", t.severe_m),
    ];
    const scene = {
      zone: live.city?.time_zone ?? "UTC",
      now: now / 1000,
      lang: `${choices.lang} ${p.id}`,
    };
    const wording = {
      now: w.detail.now,
      depth: w.detail.depth,
      rain: w.detail.rain,
      forecast: w.detail.forecast,
    };
    chart.hydrograph(data, intervalS, thresholds, scene, wording);
  }

  #gauge(g: Gauge): TemplateResult {
    const { page } = this;
    const { words: w } = page;
    const series = this.#observations.get(
      `/api/v1/gauges/${g.id}/observations`,
      String(g.observed_at),
    );
    if (series.state === "ready")
      this.#plans(series.data, (chart) => this.#drawGauge(chart, g, series.data));
    const current = isCurrent(g);
    const value = format.observed(g.parameter, g.value, g.interval_s);
    const every = g.interval_s % 60 === 0 ? `${g.interval_s / 60} min` : `${g.interval_s} s`;
    const failed = sentences.tests(g.tests, w);
    const corrected = g.tests.includes("corrected") ? ` ${w.sentence(w.tests.corrected)}` : "";
    const sentence =
      g.observed_at === null
        ? w.detail.gaugeNever
        : g.status === "stale"
          ? w.detail.gaugeStale(page.age(g.observed_at))
          : w.detail.gaugeSummary(
              w.parameter[g.parameter],
              format.text(value),
              page.at(g.observed_at),
            );
    const table = series.state === "ready" ? observationsTable(page, g, series.data) : nothing;
    return this.#frame(
      isRain(g.parameter) ? rainSymbol(current) : levelSymbol(current),
      page.name(g.name, g.id),
      html`${g.id} · ${w.parameter[g.parameter]} · ${w.detail.interval(every)} · <b>${w.gaugeStatus[g.status]}</b>`,
      html`<dl class="figures">
          ${figure(w.parameter[g.parameter], current ? value : { ...value, number: format.NO_NUMBER }, page.age(g.observed_at))}
          ${figure(w.detail.quality, { number: g.quality === null ? w.noQuality : w.quality[g.quality], unit: "" })}
          ${g.alert_m !== null ? figure(w.detail.alertLevel, format.level(g.alert_m)) : nothing}
          ${g.parameter === "water-level" && page.live.city ? figure("", { number: "", unit: page.live.city.datum }) : nothing}
        </dl>
        <p class="summary">${sentence}${failed.length > 0 ? ` ${w.detail.failedTests}: ${failed.join(w.comma)}${w.fullStop}` : ""}${corrected}</p>
        ${this.#series(series, w.detail.chartLabel(page.name(g.name, g.id)), table, sentence)}`,
    );
  }

  #drawGauge(chart: Chart, g: Gauge, data: Observations): void {
    const { words: w, choices, live, now } = this.page;
    const scale = g.parameter === "depth" ? 100 : 1;
    const { unit } = format.observed(g.parameter, 0, g.interval_s);
    const alert: ThresholdLine[] =
      g.alert_m === null
        ? []
        : [
            {
              status: "closure",
              value: g.alert_m,
              label: `${w.detail.alertLevel} ${format.text(format.level(g.alert_m))}`,
            },
          ];
    const scene = {
      zone: live.city?.time_zone ?? "UTC",
      now: now / 1000,
      lang: `${choices.lang} ${g.id}`,
    };
    chart.observations(
      data,
      g.interval_s,
      scale,
      `${w.parameter[g.parameter]} ${unit}`,
      alert,
      scene,
    );
  }

  #truck(t: Truck): TemplateResult {
    const { page } = this;
    const { words: w } = page;
    const bound = t.point;
    return this.#frame(
      truckSymbol(t.state),
      page.name(t.name, t.id),
      html`${t.id} · <b>${w.truckState[t.state]}</b>`,
      html`<dl class="figures">
        ${figure(w.plan.capacity, format.flow(t.capacity_m3h))}
        ${figure(w.detail.truckAt, { number: t.reported_at ? page.age(t.reported_at) : w.detail.noReport, unit: "" })}
        ${t.order ? figure(w.detail.pumped, format.volume(t.pumped_m3)) : nothing}
        ${
          bound
            ? html`<div><dt>${w.detail.truckPoint}</dt><dd>
              <button class="link" @click=${() => page.choices.select({ kind: "point", id: bound })}>${page.pointName(bound)}</button></dd></div>`
            : nothing
        }
      </dl>
      ${t.position_in_doubt ? html`<p class="quiet">${w.detail.positionInDoubt}</p>` : nothing}`,
    );
  }

  #series<T>(series: Fetched<T>, label: string, table: unknown, summary: string): TemplateResult {
    const { words: w } = this.page;
    // As high as the chart will be, so that nothing jumps and the map knows what is covered.
    if (series.state === "loading")
      return html`<p class="quiet chart" role="status">${w.detail.loading}</p>`;
    if (series.state === "failed")
      return html`<p class="quiet chart" role="status">${w.detail.failed}</p>`;
    return html`<div class="series">
      <button class="small table-switch" aria-pressed=${this.#showsTable} @click=${() => this.#switchTable()}>
        ${this.#showsTable ? w.detail.showChart : w.detail.showTable}
      </button>
      ${
        this.#showsTable
          ? html`<div class="table-scroll" tabindex="0">${table}</div>`
          : html`<div class="chart" role="img" aria-label=${`${label}. ${summary}`}></div>`
      }
    </div>`;
  }

  #switchTable(): void {
    this.#showsTable = !this.#showsTable;
    this.requestUpdate();
  }

  /** Draws after rendering, only when the data or the look changed. */
  #plans(data: unknown, draw: (chart: Chart) => void): void {
    this.#draw = draw;
    this.#drawKey = data;
  }

  protected override updated(_changed: PropertyValues): void {
    const host = this.querySelector<HTMLElement>("div.chart");
    if (!host || !this.#draw) {
      this.#chart?.destroy();
      this.#chart = null;
      this.#chartHost = null;
      this.#drawnFrom = null;
      return;
    }
    void this.#paint(host);
  }

  async #paint(host: HTMLElement): Promise<void> {
    const { Chart: Make } = await import("./chart.ts");
    if (!host.isConnected || !this.#draw) return;
    if (this.#chartHost !== host) {
      this.#chart?.destroy();
      this.#chart = new Make(host);
      this.#chartHost = host;
      this.#drawnFrom = null;
    }
    const { choices } = this.page;
    const from = [this.#drawKey, choices.lang, choices.theme, choices.selection?.id];
    const before = this.#drawnFrom as unknown[] | null;
    if (before && from.every((part, i) => part === before[i])) return;
    this.#drawnFrom = from;
    if (this.#chart) this.#draw(this.#chart);
  }
}

function figure(label: string, value: format.Quantity, note = ""): TemplateResult {
  return html`<div><dt>${label}</dt>
    <dd>${quantity(value)}${note ? html`<small class="age">${note}</small>` : nothing}</dd></div>`;
}

customElements.define("flood-detail", DetailPanel);
