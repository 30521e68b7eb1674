// Builds the page into dist, with a brotli twin beside every file that shrinks by it.
// Same sources and lock file, same bytes: nothing here depends on time, place or order.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const TEXT = /\.(html|js|mjs|css|svg|json|webmanifest)$/;

function brotliTwins(): Plugin {
  let folder = "dist";
  return {
    name: "brotli-twins",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
      for (const file of files.filter((name) => TEXT.test(name))) {
        const path = join(folder, file);
        const bytes = readFileSync(path);
        const small = brotliCompressSync(bytes, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: 11,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
          },
        });
        if (small.length < bytes.length) writeFileSync(`${path}.br`, small);
      }
    },
  };
}

export default defineConfig({
  plugins: [brotliTwins()],
  build: {
    target: "es2022",
    // Every file stands by itself: no data: URLs, so the content security policy stays strict.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  server: {
    proxy: { "^/(api|events|layers|map.geojson)": "http://127.0.0.1:8080" },
  },
});
