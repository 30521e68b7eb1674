// Unit tests of the page's plain code; the browser tests in e2e run under Node by themselves.

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/**/*.test.{ts,mjs}"] } });
