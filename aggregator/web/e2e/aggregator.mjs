// The real aggregator over the harbour, for what no mock can show: who is let in, and how that ends.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./browser.mjs";

const ROOT = join(import.meta.dirname, "../../..");
const PROGRAM = process.env.FLOOD_AGGREGATOR ?? join(ROOT, "target/debug/flood-aggregator");
export const PASSWORD = "correct horse battery";

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts it at `port` with these lines in its `[http]`, and others after that. */
export async function startAggregator(port, http, files = {}, more = "") {
  if (!existsSync(PROGRAM))
    throw new Error(`there is no ${PROGRAM}: cargo build --workspace --bins`);
  const folder = mkdtempSync(join(tmpdir(), "flood-people-"));
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  const broker = await freePort();
  const config = `data_dir = "${folder}/data"
city = "${ROOT}/configs/city/harbour"
[http]
listen = "127.0.0.1:${port}"
${http.replaceAll("FOLDER", folder)}
[broker]
embedded = "127.0.0.1:${broker}"
${more}`;
  const file = join(folder, "a.toml");
  writeFileSync(file, config);
  const program = spawn(PROGRAM, ["run", file], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [program.stdout, program.stderr])
    stream.on("data", (piece) => {
      log += piece;
    });
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => {
    if (program.exitCode !== null) throw new Error(`the aggregator ended:\n${log}`);
    return fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until(() => `the aggregator was never ready:\n${log}`, isReady);
  return {
    url,
    log: () => log,
    /** What stands behind `#join=` in the link of the first start. */
    firstLink: () =>
      readFileSync(join(folder, "data/set-up-link"), "utf8").trim().split("#join=")[1],
    async close() {
      program.kill("SIGTERM");
      await until("the aggregator never ended", async () => program.exitCode !== null);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Somebody who asks without a browser, and keeps his cookies. */
export class Asker {
  cookies = new Map();
  constructor(url) {
    this.url = url;
  }

  async ask(method, path, body) {
    const response = await fetch(new URL(path, this.url), {
      method,
      redirect: "manual",
      headers: {
        cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line) || value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  }

  /** Makes an account by a link. */
  join(link, name) {
    const wish = { link, name, shown: name, password: PASSWORD };
    return this.ask("POST", "/api/v1/invitation/accept", wish);
  }
}
