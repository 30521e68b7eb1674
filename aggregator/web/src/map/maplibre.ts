// The flood map drawn by MapLibre. Live values go by feature state, which only repaints; the
// small sources (labels, trucks, routes) are replaced, at most twice a second.

import type { FeatureCollection } from "geojson";
import {
  AttributionControl,
  type ErrorEvent,
  type ExpressionSpecification,
  type GeoJSONSource,
  Map as MapLibre,
  type MapMouseEvent,
  type PaddingOptions,
  Popup,
  ScaleControl,
  setWorkerUrl,
} from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { Layer, Selection, Theme } from "../choices.ts";
import { RETRY_MS } from "../live/city-layers.ts";
import type { Change, LiveState } from "../live/state.ts";
import type { Lang, LonLat } from "../model.ts";
import type { FloodMap, MapSetting } from "./contract.ts";
import { nameIn } from "./expressions.ts";
import {
  gaugeFeatures,
  gaugeState,
  heading,
  labelFeatures,
  NOTHING,
  pointFeatures,
  pointState,
  truckFeatures,
} from "./features.ts";
import { NAMED } from "./ground-layers.ts";
import { addIcons } from "./icons.ts";
import { PendingChanges } from "./pending-changes.ts";
import { STATIC_SOURCES, SWITCHES, style } from "./style.ts";

setWorkerUrl(workerUrl);

/** From this zoom on the thousands of communities are fetched. */
const NEAR_ZOOM = 12;
/** The legend lies along the top; on a phone it takes more lines. */
const paddingOf = (host: HTMLElement): PaddingOptions => ({
  top: host.clientWidth < 600 ? 130 : 72,
  right: 24,
  bottom: 32,
  left: 24,
});
const PICK_RADIUS = 7;
/** Least time between two drawings of live changes. */
const FLUSH_MS = 500;
const PICKED: [layer: string, kind: Selection["kind"]][] = [
  ["points-4", "point"],
  ["points-3", "point"],
  ["points-2", "point"],
  ["points-1", "point"],
  ["points-0", "point"],
  ["trucks-busy", "truck"],
  ["trucks-idle", "truck"],
  ["level", "gauge"],
  ["rain", "gauge"],
];

export class MapLibreMap implements FloodMap {
  readonly #map: MapLibre;
  readonly #headings = new Map<string, { at: LonLat; degrees: number }>();
  readonly #popup = new Popup({
    closeButton: false,
    closeOnClick: false,
    offset: 14,
    className: "hint",
  });
  #lang: Lang;
  #theme: Theme;
  #hasNear = false;
  #isIdle = true;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #flushed = 0;
  #live: LiveState | null = null;
  readonly #pending = new PendingChanges();
  readonly #drawn = new Map<string, string>();
  #selected: string | null = null;

  /** Throws where the browser cannot draw it. */
  static async create(setting: MapSetting): Promise<MapLibreMap> {
    const map = new MapLibreMap(setting);
    await new Promise<void>((loaded) => void map.#map.once("style.load", () => loaded()));
    addIcons(map.#map, setting.theme);
    map.setHidden(setting.hidden);
    map.#load(STATIC_SOURCES.first);
    map.#map.once("idle", () => {
      setting.ready();
      map.#load(STATIC_SOURCES.idle);
      map.#loadNear();
      map.#map.on("zoomend", () => map.#loadNear());
    });
    return map;
  }

  private constructor(private readonly setting: MapSetting) {
    const [w, s, e, n] = setting.view;
    this.#lang = setting.lang;
    this.#theme = setting.theme;
    this.#map = new MapLibre({
      container: setting.host,
      style: style(setting.theme, setting.lang),
      bounds: [w, s, e, n],
      fitBoundsOptions: { padding: paddingOf(setting.host) },
      attributionControl: false,
      fadeDuration: 0,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      minZoom: 8,
      maxZoom: 18,
      renderWorldCopies: false,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new AttributionControl({ compact: false }));
    this.#map.addControl(new ScaleControl({ maxWidth: 90 }), "bottom-right");
    this.#map.getCanvas().setAttribute("aria-label", setting.label);
    this.#map.on("movestart", () => (setting.host.dataset.moving = "yes"));
    this.#map.on("idle", () => delete setting.host.dataset.moving);
    this.#map.on("click", (event) => setting.pick(this.#at(event)));
    this.#map.on("error", (event) => this.#retry(event));
    this.#watchPointer();
  }

  show(live: LiveState, change: Change): void {
    this.#pending.add(change);
    this.#live = live;
    this.#schedule();
  }

  showRoutes(routes: FeatureCollection): void {
    this.#set("routes", routes);
  }

  setLanguage(lang: Lang, label: string): void {
    if (lang === this.#lang) return;
    this.#lang = lang;
    if (this.#live)
      this.show(this.#live, { parts: new Set(["points"]), ids: new Set(), whole: false });
    for (const layer of NAMED) this.#map.setLayoutProperty(layer, "text-field", nameIn(lang));
    this.#map.getCanvas().setAttribute("aria-label", label);
  }

  setTheme(theme: Theme): void {
    if (theme === this.#theme) return;
    this.#theme = theme;
    addIcons(this.#map, theme);
    for (const layer of style(theme, this.#lang).layers) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.#map.setPaintProperty(layer.id, name as "fill-color", value as string);
      }
    }
  }

  setHidden(hidden: ReadonlySet<Layer>): void {
    for (const [name, layers] of Object.entries(SWITCHES) as [Layer, readonly string[]][]) {
      const visibility = hidden.has(name) ? "none" : "visible";
      for (const layer of layers) {
        if (this.#map.getLayoutProperty(layer, "visibility") !== visibility) {
          this.#map.setLayoutProperty(layer, "visibility", visibility);
        }
      }
    }
  }

  select(selection: Selection | null, position: LonLat | null): void {
    const key =
      selection && position ? `${selection.kind}/${selection.id}/${position.join()}` : null;
    if (key === this.#selected) return;
    this.#selected = key;
    const data: FeatureCollection = position
      ? {
          type: "FeatureCollection",
          features: [
            { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: position } },
          ],
        }
      : NOTHING;
    this.#set("selected", data);
  }

  pointAtTruck(truck: string | null): void {
    const chosen = (yes: number, no: number): ExpressionSpecification | number =>
      truck ? ["case", ["==", ["get", "truck"], truck], yes, no] : no;
    for (const [layer, width] of [
      ["routes-proposed", 2.25],
      ["routes-ordered", 3],
    ] as const) {
      this.#map.setPaintProperty(layer, "line-opacity", truck ? chosen(1, 0.25) : 1);
      this.#map.setPaintProperty(layer, "line-width", chosen(4, width));
    }
  }

  reveal(position: LonLat, coveredBelow: number): void {
    const { clientWidth: width, clientHeight: height } = this.setting.host;
    const { x, y } = this.#map.project(position);
    const margin = 40;
    const inSight =
      x > margin && x < width - margin && y > margin && y < height - coveredBelow - margin;
    if (inSight) return;
    this.#map.easeTo({ center: position, offset: [0, -coveredBelow / 2], duration: 300 });
  }

  zoom(by: number): void {
    this.#map.zoomTo(this.#map.getZoom() + by, { duration: 150 });
  }

  wholeCity(): void {
    const [w, s, e, n] = this.setting.city.bounds;
    this.#map.fitBounds([w, s, e, n], { padding: paddingOf(this.setting.host), duration: 300 });
  }

  remove(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#map.remove();
  }

  /** Changes are drawn together, and only when the last ones stand: a slow PC draws less often. */
  #schedule(): void {
    if (this.#timer !== null || !this.#isIdle || this.#pending.isEmpty) return;
    const wait = Math.max(0, this.#flushed + FLUSH_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, wait);
  }

  #flush(): void {
    const live = this.#live;
    if (!live) return;
    const change = this.#pending.take();
    this.#flushed = performance.now();
    this.#isIdle = false;
    this.#map.once("idle", () => {
      this.#isIdle = true;
      this.#schedule();
    });
    this.#draw(live, change);
    this.#map.triggerRepaint();
  }

  #draw(live: LiveState, { parts, ids, whole }: Change): void {
    if (whole) {
      this.#set("points", pointFeatures(live.points.values()));
      this.#set("gauges", gaugeFeatures(live.gauges.values()));
    }
    if (parts.has("points")) {
      for (const p of live.points.values()) {
        if (!whole && !ids.has(p.id)) continue;
        this.#map.setFeatureState({ source: "points", id: p.key }, pointState(p));
      }
      this.#set("labels", labelFeatures(live.points.values(), this.#lang));
    }
    if (parts.has("gauges")) {
      for (const g of live.gauges.values()) {
        if (whole || ids.has(g.id))
          this.#map.setFeatureState({ source: "gauges", id: g.key }, gaugeState(g));
      }
    }
    if (parts.has("trucks")) this.#showTrucks(live);
  }

  /** Replaces a small source, unless it would look the same. */
  #set(source: string, data: FeatureCollection): void {
    const text = JSON.stringify(data);
    if (this.#drawn.get(source) === text) return;
    this.#drawn.set(source, text);
    void this.#source(source)?.setData(data);
  }

  #load(names: readonly string[]): void {
    for (const name of names) {
      const url = new URL(`/layers/${name}.geojson`, location.href).href;
      void this.#source(name)?.setData(url);
    }
  }

  /** A layer that could not be had is asked for again; what else goes wrong is said. */
  #retry({ error, sourceId }: ErrorEvent & { sourceId?: string }): void {
    const isLayer = Object.values(STATIC_SOURCES)
      .flat()
      .some((name) => name === sourceId);
    const isAbsent = "status" in error && error.status === 404;
    if (sourceId && isLayer && !isAbsent) setTimeout(() => this.#load([sourceId]), RETRY_MS);
    else console.error("the map is not as it should be", error);
  }

  #source(name: string): GeoJSONSource | undefined {
    return this.#map.getSource(name) as GeoJSONSource | undefined;
  }

  #loadNear(): void {
    if (this.#hasNear || this.#map.getZoom() < NEAR_ZOOM) return;
    this.#hasNear = true;
    this.#load(STATIC_SOURCES.near);
  }

  #showTrucks(live: LiveState): void {
    for (const truck of live.trucks.values()) {
      const before = this.#headings.get(truck.id);
      const degrees = before ? heading(before.at, truck.position) : null;
      if (!before || degrees !== null) {
        this.#headings.set(truck.id, {
          at: truck.position,
          degrees: degrees ?? before?.degrees ?? 0,
        });
      }
    }
    const moved = new Map([...this.#headings].map(([id, { degrees }]) => [id, degrees]));
    this.#set("trucks", truckFeatures(live.trucks.values(), moved));
  }

  #at(event: MapMouseEvent): Selection | null {
    const { x, y } = event.point;
    const found = this.#map.queryRenderedFeatures(
      [
        [x - PICK_RADIUS, y - PICK_RADIUS],
        [x + PICK_RADIUS, y + PICK_RADIUS],
      ],
      { layers: PICKED.map(([layer]) => layer) },
    );
    for (const [layer, kind] of PICKED) {
      const id: unknown = found.find((f) => f.layer.id === layer)?.properties.id;
      if (typeof id === "string") return { kind, id };
    }
    return null;
  }

  #watchPointer(): void {
    let waits = false;
    this.#map.on("mousemove", (event) => {
      if (waits || this.#map.isMoving()) return;
      waits = true;
      setTimeout(() => {
        waits = false;
        this.#hint(event);
      }, 60);
    });
    this.#map.on("mouseout", () => this.#popup.remove());
  }

  #hint(event: MapMouseEvent): void {
    const under = this.#at(event);
    this.#map.getCanvas().style.cursor = under ? "pointer" : "";
    if (under)
      this.#popup.setLngLat(event.lngLat).setText(this.setting.describe(under)).addTo(this.#map);
    else this.#popup.remove();
  }
}
