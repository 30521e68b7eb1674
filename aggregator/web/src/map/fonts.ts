// The map's letters come from our own server, so that a PC without Chinese fonts reads them too.

import ranges from "@fontsource-variable/noto-sans-sc/unicode.json";

const files = import.meta.glob<string>(
  "/node_modules/@fontsource-variable/noto-sans-sc/files/*-wght-normal.woff2",
  { query: "?url", import: "default", eager: true },
);

export const FONT = "Noto Sans SC";

interface Face {
  url: string;
  "unicode-range": string[];
}

/** For the style's `font-faces`. */
export function fontFaces(): Record<string, Face[]> {
  const faces = Object.entries(ranges as Record<string, string>).flatMap(([subset, range]) => {
    const name = subset.replace(/[[\]]/g, "");
    const url =
      files[
        `/node_modules/@fontsource-variable/noto-sans-sc/files/noto-sans-sc-${name}-wght-normal.woff2`
      ];
    return url
      ? [{ url: new URL(url, location.href).href, "unicode-range": range.split(",") }]
      : [];
  });
  return { [FONT]: faces };
}
