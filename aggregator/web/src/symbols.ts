// The symbols of the map, drawn for lists and legend. State is told by size, fill, outline and
// word, never by colour alone.

import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { believed, isShownInDoubt, shownAs } from "./belief.ts";
import type { Point, PointStatus, Shown, TruckState } from "./model.ts";

/** Radius of a point's symbol by status, in pixels. The map uses the same. */
export const RADIUS: Record<PointStatus, number> = {
  unknown: 6,
  dry: 4.5,
  notice: 6,
  waterlogged: 8,
  closure: 9.5,
  severe: 11,
};

function picture(size: number, content: SVGTemplateResult): TemplateResult {
  return html`<svg class="symbol" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">${content}</svg>`;
}

/** Distance of the lines that hatch what is in doubt, in pixels. */
const HATCH = 4.5;

/** Lines across a circle of radius `r` around 12, 12: what is drawn so is in doubt. */
export function hatch(r: number): string {
  const lines: string[] = [];
  for (let at = -Math.floor(r / HATCH) * HATCH; at < r; at += HATCH) {
    const half = Math.sqrt(r * r - at * at);
    const [x, y] = [12 + at * Math.SQRT1_2, 12 + at * Math.SQRT1_2];
    const d = half * Math.SQRT1_2;
    lines.push(`M${x - d} ${y + d}L${x + d} ${y - d}`);
  }
  return lines.join("");
}

/** An arrow down: the water goes. */
export const FALLS = "M12 7.500v8M8.500 12.200l3.500 3.500 3.500-3.500";

export function classSymbol(
  shown: Shown,
  inDoubt = false,
  was: PointStatus = "closure",
): TemplateResult {
  if (shown === "clearing") {
    const ring = svg`<circle class="point-ring ${was}" cx="12" cy="12" r="9" />`;
    return picture(
      24,
      svg`<circle class="point-case" cx="12" cy="12" r="11" />${ring}<path class="point-falls" d=${FALLS} />`,
    );
  }
  const r = RADIUS[shown];
  const circle = svg`<circle class="point-symbol ${shown} ${inDoubt ? "in-doubt" : ""}" cx="12" cy="12" r=${r} />`;
  const lines = inDoubt ? svg`<path class="point-hatch ${shown}" d=${hatch(r)} />` : "";
  return picture(24, svg`${circle}${lines}`);
}

/** What a point is shown as. */
export function pointSymbol(p: Point): TemplateResult {
  return classSymbol(shownAs(p), isShownInDoubt(p), believed(p));
}

export function rainSymbol(hasData = true): TemplateResult {
  const cls = hasData ? "gauge-symbol" : "gauge-symbol hollow";
  return picture(24, svg`<path class=${cls} d="M12 5.500 19 18H5z" />`);
}

export function levelSymbol(hasData = true): TemplateResult {
  const cls = hasData ? "gauge-symbol" : "gauge-symbol hollow";
  return picture(
    24,
    svg`<path class=${cls} d="M12 4c3 4.200 5 6.500 5 9.300a5 5 0 0 1-10 0C7 10.500 9 8.200 12 4z" />`,
  );
}

export function truckSymbol(state: TruckState): TemplateResult {
  return picture(
    24,
    svg`<g class="truck-symbol ${state}">
    <path d="M2.500 7.500h11v8.500h-11zM13.500 10h4.200l3.800 3.300V16h-8z" />
    <circle cx="7" cy="17" r="2" /><circle cx="17.500" cy="17" r="2" /></g>`,
  );
}

export function stationSymbol(): TemplateResult {
  return picture(24, svg`<rect class="gauge-symbol" x="6.500" y="6.500" width="11" height="11" />`);
}

export function shelterSymbol(): TemplateResult {
  return picture(24, svg`<path class="gauge-symbol" d="M12 5 20 12h-2.500v6.500h-11V12H4z" />`);
}

export function communitySymbol(): TemplateResult {
  return picture(24, svg`<circle class="gauge-symbol" cx="12" cy="12" r="2.500" />`);
}

export function agentSymbol(): TemplateResult {
  return picture(
    24,
    svg`<path class="line-symbol" d="M6 13h12v5H6zM12 13V9M9 7.500a4.200 4.200 0 0 1 6 0M7 5.500a7 7 0 0 1 10 0" />`,
  );
}

export function refusedSymbol(): TemplateResult {
  return picture(
    24,
    svg`<path class="line-symbol" d="M5 6h14v12H5zM9.500 9.500l5 5M14.500 9.500l-5 5" />`,
  );
}

export function lineSymbol(kind: string): TemplateResult {
  return html`<svg class="symbol" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
    <path class="map-line ${kind}" d="M2 14 C8 8 14 17 22 10" /></svg>`;
}
