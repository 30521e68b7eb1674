// The map's symbols, drawn here: there is no sprite to fetch.

import type { Map as MapLibre } from "maplibre-gl";
import type { Theme } from "../choices.ts";
import type { TruckState } from "../model.ts";
import { FALLS, hatch, RADIUS } from "../symbols.ts";
import { MARKED } from "./live-layers.ts";
import { DEPTH_COLOURS } from "./tones.ts";

const RATIO = 2;

const INK: Record<Theme, { ink: string; paper: string; idle: string }> = {
  light: { ink: "#20262b", paper: "#ffffff", idle: "#8b949b" },
  dark: { ink: "#eef2f4", paper: "#1a1f23", idle: "#6d777f" },
};

type Draw = (ctx: CanvasRenderingContext2D) => void;

const TRUCK_STATES: TruckState[] = [
  "idle",
  "driving",
  "setting-up",
  "pumping",
  "packing-up",
  "out-of-service",
  "unknown",
];

const triangle = new Path2D("M12 5 20 19H4z");
const drop = new Path2D(
  "M12 3c3.500 4.800 6 7.600 6 10.900a6 6 0 0 1-12 0C6 10.600 8.500 7.800 12 3z",
);
const square = new Path2D("M6 6h12v12H6z");
const house = new Path2D("M12 4 21 12h-3v8H6v-8H3z");
const lorry = new Path2D("M2 6.500h11.500v10H2zM13.500 9.500h4.300l4.200 3.600v3.400h-8.500z");
const chevron = new Path2D("M12 2 18 11 12 8 6 11z");

/** Adds or, after a change of theme, replaces all icons. */
export function addIcons(map: MapLibre, theme: Theme): void {
  const { ink, paper, idle } = INK[theme];
  put(map, "triangle", soft(triangle), true);
  put(map, "drop", soft(drop), true);
  put(map, "triangle-hollow", hollow(triangle, ink));
  put(map, "drop-hollow", hollow(drop, ink));
  put(map, "square", solid(square, paper, ink));
  put(map, "house", solid(house, paper, ink));
  put(map, "unknown-point", unknownPoint(ink, paper));
  for (const [drawn, least] of MARKED) {
    for (let status = least; status < CLASS_RADII.length; status += 1) {
      const draw = drawn === "doubt" ? inDoubt : clearing;
      put(map, `${drawn}-${status}`, draw(status, ink, paper));
    }
  }
  put(map, "heading", solid(chevron, ink, paper));
  for (const state of TRUCK_STATES) put(map, `truck-${state}`, truck(state, ink, paper, idle));
}

function put(map: MapLibre, name: string, draw: Draw, sdf = false): void {
  const size = 24 * RATIO;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(RATIO, RATIO);
  draw(ctx);
  const image = ctx.getImageData(0, 0, size, size);
  if (map.hasImage(name)) map.updateImage(name, image);
  else map.addImage(name, image, { pixelRatio: RATIO, sdf });
}

/** A shape whose blurred edge serves as its distance field, so that the style may tint it. */
function soft(path: Path2D): Draw {
  return (ctx) => {
    ctx.filter = `blur(${RATIO}px)`;
    ctx.lineWidth = 3;
    ctx.lineJoin = "round";
    ctx.fill(path);
    ctx.stroke(path);
  };
}

function solid(path: Path2D, fill: string, stroke: string): Draw {
  return (ctx) => {
    ctx.lineJoin = "round";
    ctx.lineWidth = 2;
    ctx.fillStyle = fill;
    ctx.strokeStyle = stroke;
    ctx.stroke(path);
    ctx.fill(path);
  };
}

function hollow(path: Path2D, stroke: string): Draw {
  return (ctx) => {
    ctx.lineWidth = 1.5;
    ctx.setLineDash([2.5, 2]);
    ctx.strokeStyle = stroke;
    ctx.stroke(path);
  };
}

function unknownPoint(ink: string, paper: string): Draw {
  return (ctx) => {
    ctx.beginPath();
    ctx.arc(12, 12, 8.5, 0, 2 * Math.PI);
    ctx.fillStyle = paper;
    ctx.fill();
    ctx.setLineDash([3, 2.35]);
    ctx.lineWidth = 1.75;
    ctx.strokeStyle = ink;
    ctx.stroke();
    ctx.fillStyle = ink;
    ctx.font = "bold 11px system-ui, sans-serif";
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText("?", 12, 12.5);
  };
}

const CLASS_RADII = [RADIUS.dry, RADIUS.notice, RADIUS.waterlogged, RADIUS.closure, RADIUS.severe];
/** Classes whose colour is dark: the hatch on them is light. */
const isDark = (status: number): boolean => status === 2 || status === 4;

/** The class's disc, hatched, its rim broken. */
function inDoubt(status: number, ink: string): Draw {
  const r = CLASS_RADII[status] ?? RADIUS.closure;
  return (ctx) => {
    const disc = new Path2D();
    disc.arc(12, 12, r, 0, 2 * Math.PI);
    ctx.fillStyle = DEPTH_COLOURS[status] ?? ink;
    ctx.fill(disc);
    ctx.lineWidth = 1.6;
    ctx.strokeStyle = isDark(status) ? "#ffffff" : "#20262b";
    ctx.stroke(new Path2D(hatch(r)));
    ctx.setLineDash([3, 2]);
    ctx.lineWidth = 1.75;
    ctx.strokeStyle = ink;
    ctx.stroke(disc);
  };
}

/** A ring of the class that it had, and an arrow down. */
function clearing(status: number, ink: string, paper: string): Draw {
  return (ctx) => {
    const ring = new Path2D();
    ring.arc(12, 12, 8.5, 0, 2 * Math.PI);
    ctx.fillStyle = paper;
    ctx.fill(ring);
    ctx.lineWidth = 5;
    ctx.strokeStyle = ink;
    ctx.stroke(ring);
    ctx.lineWidth = 3;
    ctx.strokeStyle = DEPTH_COLOURS[status] ?? ink;
    ctx.stroke(ring);
    ctx.lineWidth = 1.75;
    ctx.lineCap = "round";
    ctx.strokeStyle = ink;
    ctx.stroke(new Path2D(FALLS));
  };
}

function truck(state: TruckState, ink: string, paper: string, idle: string): Draw {
  const body =
    state === "idle" ? idle : state === "unknown" || state === "out-of-service" ? paper : ink;
  return (ctx) => {
    ctx.lineJoin = "round";
    ctx.lineWidth = 3.5;
    ctx.strokeStyle = paper;
    ctx.stroke(lorry);
    ctx.lineWidth = 1.2;
    ctx.strokeStyle = state === "idle" ? idle : ink;
    if (state === "unknown") ctx.setLineDash([2, 1.5]);
    ctx.fillStyle = body;
    ctx.fill(lorry);
    ctx.stroke(lorry);
    ctx.setLineDash([]);
    for (const x of [6.5, 17]) {
      ctx.beginPath();
      ctx.arc(x, 17.3, 2.1, 0, 2 * Math.PI);
      ctx.fillStyle = state === "idle" ? idle : ink;
      ctx.fill();
      ctx.lineWidth = 1;
      ctx.strokeStyle = paper;
      ctx.stroke();
    }
    badge(ctx, state, paper, ink);
  };
}

/** What the truck is doing, inside its box. */
function badge(ctx: CanvasRenderingContext2D, state: TruckState, paper: string, ink: string): void {
  ctx.lineWidth = 1.6;
  ctx.lineCap = "round";
  ctx.strokeStyle = ctx.fillStyle = paper;
  if (state === "pumping")
    ctx.fill(
      new Path2D(
        "M7.700 7.600c1.600 2.200 2.600 3.400 2.600 4.900a2.600 2.600 0 0 1-5.200 0c0-1.500 1-2.700 2.600-4.900z",
      ),
    );
  if (state === "setting-up")
    ctx.stroke(new Path2D("M7.700 14V8.800M5.500 10.800l2.200-2.200 2.200 2.200"));
  if (state === "packing-up")
    ctx.stroke(new Path2D("M7.700 8.600v5.200M5.500 11.800l2.200 2.200 2.200-2.200"));
  if (state === "out-of-service") {
    ctx.strokeStyle = ink;
    ctx.stroke(new Path2D("M4 4 20 20M20 4 4 20"));
  }
}
