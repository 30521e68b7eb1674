// The map's colours by theme.

import type { Theme } from "../choices.ts";

export interface Tones {
  ground: string;
  district: string;
  border: string;
  water: string;
  road: string;
  roadEdge: string;
  sewer: string;
  faint: string;
  ink: string;
  ink2: string;
  paper: string;
  rain: [string, string, string, string];
}

export const TONES: Record<Theme, Tones> = {
  light: {
    ground: "#e4e2dd",
    district: "#f1efeb",
    border: "#c4beb4",
    water: "#ccd6d9",
    road: "#ffffff",
    roadEdge: "#d8d3ca",
    sewer: "#b3aa9c",
    faint: "#a9a59d",
    ink: "#20262b",
    ink2: "#5b656c",
    paper: "#ffffff",
    rain: ["#b4b9bd", "#8a939a", "#525c64", "#1f262b"],
  },
  dark: {
    ground: "#12161a",
    district: "#1b2126",
    border: "#3a444c",
    water: "#26333a",
    road: "#333c44",
    roadEdge: "#14181c",
    sewer: "#4c555c",
    faint: "#5b646b",
    ink: "#eef2f4",
    ink2: "#a4afb7",
    paper: "#14191d",
    rain: ["#59626a", "#87929b", "#b9c4cb", "#f2f6f8"],
  },
};

/** The measured palette: apart for every kind of colour vision. Used for depth and nothing else. */
export const DEPTH_COLOURS = ["#868d93", "#9bd0f5", "#1b62b5", "#ffb000", "#8f0e2c"] as const;
