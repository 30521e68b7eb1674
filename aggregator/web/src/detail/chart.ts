// Hydrographs on a canvas: observed solid, forecast dashed in its band, rain from above.

import uPlot from "uplot";
import type { Hydrograph, Observations, PointStatus } from "../model.ts";
import { forecast, highest, observed, rainfall, type Table } from "./chart-columns.ts";

export interface ThresholdLine {
  status: PointStatus;
  value: number;
  label: string;
}

export interface Wording {
  now: string;
  depth: string;
  rain: string;
  forecast: string;
}

interface Scene {
  zone: string;
  /** Storm time, in seconds. */
  now: number;
  lang: string;
}

interface Drawn {
  data: uPlot.AlignedData;
  top: number;
  thresholds: ThresholdLine[];
  now: number;
}

/** Least distance of two labels, in CSS pixels. */
const LABEL_HEIGHT = 13;
const FONT = "12px 'Noto Sans SC Variable', system-ui, sans-serif";

/** One chart; new data replaces the old without a flicker. */
export class Chart {
  #plot: uPlot | null = null;
  #drawn: Drawn | null = null;
  #look = "";

  constructor(private readonly host: HTMLElement) {
    new ResizeObserver(() => this.#fit()).observe(host);
  }

  hydrograph(
    h: Hydrograph,
    intervalS: number,
    thresholds: ThresholdLine[],
    s: Scene,
    w: Wording,
  ): void {
    const depths = observed(h.depth, 100, intervalS);
    const curve = forecast(h.forecast?.curve ?? [], 100);
    // Rain first, so that the water is drawn over it.
    const data = uPlot.join([rainfall(h.rainfall), depths, curve] as uPlot.AlignedData[]);
    const seen = Math.max(highest(depths[1], depths[2]), highest(curve[3]));
    const lowest = thresholds[1]?.value ?? 15;
    this.#draw(
      `hydrograph ${s.lang} ${s.zone}`,
      { data, top: Math.max(seen * 1.15, lowest * 1.35), thresholds, now: s.now },
      s.zone,
      (css) => ({
        series: [
          {},
          rainBars(css),
          { scale: "y", stroke: css("--ink"), width: 2.25, points: { show: false } },
          suspectDots(css),
          { scale: "y", stroke: "transparent", points: { show: false } },
          { scale: "y", stroke: css("--ink-2"), width: 2, dash: [6, 4], points: { show: false } },
          { scale: "y", stroke: "transparent", points: { show: false } },
        ],
        bands: [{ series: [6, 4], fill: css("--band") }],
        left: `${w.depth} cm`,
        right: `${w.rain} mm/h`,
      }),
    );
  }

  observations(
    o: Observations,
    intervalS: number,
    scale: number,
    unit: string,
    alert: ThresholdLine[],
    s: Scene,
  ): void {
    const isRain = o.parameter.startsWith("rainfall");
    const table: Table = observed(o.observations, scale, intervalS);
    const top =
      Math.max(
        highest(
          table[1],
          table[2],
          alert.map((a) => a.value),
        ),
        0.1,
      ) * 1.15;
    this.#draw(
      `observations ${s.lang} ${s.zone} ${unit}`,
      { data: table as uPlot.AlignedData, top, thresholds: alert, now: s.now },
      s.zone,
      (css) => ({
        series: [
          {},
          isRain
            ? {
                scale: "y",
                stroke: css("--rain"),
                width: 0,
                fill: css("--rain"),
                ...bars([0.9, 10]),
                points: { show: false },
              }
            : { scale: "y", stroke: css("--ink"), width: 2.25, points: { show: false } },
          suspectDots(css),
        ],
        bands: [],
        left: unit,
        right: null,
      }),
    );
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = null;
    this.#look = "";
  }

  #draw(
    look: string,
    drawn: Drawn,
    zone: string,
    build: (css: (name: string) => string) => Build,
  ): void {
    this.#drawn = drawn;
    const theme = document.documentElement.dataset.theme ?? "";
    if (this.#plot && this.#look === look + theme) {
      this.#plot.setData(drawn.data);
      return;
    }
    this.destroy();
    this.#look = look + theme;
    const style = getComputedStyle(this.host);
    const css = (name: string): string => style.getPropertyValue(name).trim();
    const options = optionsOf(build(css), css, zone, () => this.#drawn, this.#size());
    this.#plot = new uPlot(options, drawn.data, this.host);
  }

  #size(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.host;
    return { width: Math.max(clientWidth, 120), height: Math.max(clientHeight, 120) };
  }

  #fit(): void {
    this.#plot?.setSize(this.#size());
  }
}

interface Build {
  series: uPlot.Series[];
  bands: uPlot.Band[];
  left: string;
  right: string | null;
}

function optionsOf(
  build: Build,
  css: (name: string) => string,
  zone: string,
  drawn: () => Drawn | null,
  size: { width: number; height: number },
): uPlot.Options {
  const axis = {
    stroke: css("--ink-2"),
    font: FONT,
    labelFont: FONT,
    labelSize: 18,
    ticks: { show: false },
  };
  const grid = { stroke: css("--line"), width: 1 };
  const axes: uPlot.Axis[] = [
    { ...axis, grid, space: 60, values: timeLabels(zone), size: 26 },
    { ...axis, grid, scale: "y", label: build.left, size: 40, space: 28 },
  ];
  if (build.right)
    axes.push({
      ...axis,
      grid: { show: false },
      scale: "rain",
      side: 1,
      label: build.right,
      size: 34,
      splits: (u) => rainTicks(u),
    });
  return {
    ...size,
    tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), zone),
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true },
      y: { range: () => [0, drawn()?.top ?? 1] },
      // From above, over the upper third.
      rain: { dir: -1, range: (_u, _min, max) => [0, rainTop(max) * 3] },
    },
    axes,
    series: build.series,
    bands: build.bands,
    hooks: {
      drawAxes: [(u) => drawThresholds(u, drawn(), css)],
      draw: [(u) => drawNow(u, drawn(), css)],
    },
  };
}

/** 24-hour labels; uPlot's own begin with am and pm. */
function timeLabels(zone: string): (u: uPlot, splits: number[]) => string[] {
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (_u, splits) => splits.map((split) => clock.format(split * 1000));
}

function suspectDots(css: (name: string) => string): uPlot.Series {
  return {
    scale: "y",
    stroke: "transparent",
    paths: () => null,
    points: { show: true, size: 7, stroke: css("--ink"), fill: css("--surface"), width: 1.5 },
  };
}

/** The rain axis ends at a round number, at least at 10 mm/h. */
function rainTop(highest: number | null): number {
  const seen = Math.max(highest ?? 0, 10);
  const step = 10 ** Math.floor(Math.log10(seen));
  return Math.ceil(seen / step) * step;
}

function rainTicks(u: uPlot): number[] {
  const top = (u.scales.rain?.max ?? 30) / 3;
  return [0, top / 2, top];
}

function rainBars(css: (name: string) => string): uPlot.Series {
  return {
    scale: "rain",
    stroke: "transparent",
    fill: css("--rain"),
    width: 0,
    fillTo: () => 0,
    ...bars([0.95, 8]),
    points: { show: false },
  };
}

function drawThresholds(u: uPlot, drawn: Drawn | null, css: (name: string) => string): void {
  if (!drawn) return;
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px 'Noto Sans SC Variable', system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  let lastLabel = Number.NEGATIVE_INFINITY;
  // From the worst down, so that where labels crowd it is the lesser ones that give way.
  for (const threshold of [...drawn.thresholds].reverse()) {
    if (threshold.value > drawn.top) continue;
    const y = u.valToPos(threshold.value, "y", true);
    ctx.strokeStyle =
      css(`--line-${threshold.status}`) || css(`--${threshold.status}`) || css("--ink-2");
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    if (y - lastLabel < LABEL_HEIGHT * ratio) continue;
    lastLabel = y;
    ctx.fillStyle = css("--ink-2");
    ctx.fillText(threshold.label, bbox.left + 6 * ratio, y - 2 * ratio);
  }
  ctx.restore();
}

function drawNow(u: uPlot, drawn: Drawn | null, css: (name: string) => string): void {
  if (!drawn) return;
  const x = u.valToPos(drawn.now, "x", true);
  const { ctx, bbox } = u;
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = css("--ink-3");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function bars(size: [number, number]): Pick<uPlot.Series, "paths"> {
  const paths = uPlot.paths.bars?.({ size });
  return paths ? { paths } : {};
}
