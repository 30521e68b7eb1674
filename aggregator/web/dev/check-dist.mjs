// Proves that the committed dist is what the sources build to: every file byte by byte, and every
// brotli twin (whose bytes may differ between versions of the compressor) by what is in it.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const root = join(import.meta.dirname, "..");
const committed = join(root, "dist");
const fresh = mkdtempSync(join(tmpdir(), "flood-web-"));

function filesOf(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((f) => f.isFile())
    .map((f) => join(f.parentPath ?? f.path, f.name).slice(folder.length + 1))
    .sort();
}

function bytesOf(folder, file) {
  const bytes = readFileSync(join(folder, file));
  return file.endsWith(".br") ? brotliDecompressSync(bytes) : bytes;
}

try {
  execFileSync("npx", ["vite", "build", "--logLevel", "warn", "--emptyOutDir", "--outDir", fresh], {
    cwd: root,
    stdio: "inherit",
  });
  const [here, there] = [filesOf(committed), filesOf(fresh)];
  const wrong = [
    ...there.filter((f) => !here.includes(f)).map((f) => `missing:    dist/${f}`),
    ...here.filter((f) => !there.includes(f)).map((f) => `left over:  dist/${f}`),
    ...here
      .filter((f) => there.includes(f) && !bytesOf(committed, f).equals(bytesOf(fresh, f)))
      .map((f) => `different:  dist/${f}`),
  ];
  if (wrong.length > 0) {
    console.error(
      `${wrong.join("\n")}\nthe committed page is not what its sources build to: npm run build, and commit dist`,
    );
    process.exitCode = 1;
  } else {
    console.log(`dist is what the sources build to: ${here.length} files`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
