// A real provider of log-ins (OpenID Connect), certified as such by its makers, and somebody between it
// and this program who changes what it says.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { exportJWK, importJWK, SignJWT } from "jose";
import { Provider } from "oidc-provider";

export const CLIENT = "flood";

/** Those whom it knows, by the name that they log in with. */
const PEOPLE = {
  "li.na": { name: "李娜", groups: ["flood-dispatch", "staff"] },
  chief: { name: "Chen Wei", groups: ["flood-admin"] },
  stranger: { name: "Someone Else", groups: ["staff"] },
};

function keyPair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
}

/** Starts it; `back` are the addresses to which it lets browsers come back. */
export async function startProvider(secret, back) {
  const [own, another] = await Promise.all([keyPair(), keyPair()].map((key) => exportJWK(key)));
  const key = { ...own, kid: "own", alg: "RS256", use: "sig" };
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const people = structuredClone(PEOPLE);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: secret,
        redirect_uris: back,
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [key] },
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    pkce: { required: () => true },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, ...people[id] }),
    }),
  });
  const between = { change: null, isDown: false };
  provider.use(async (context, next) => {
    await next();
    const token = context.oidc?.route === "token" ? context.body?.id_token : undefined;
    if (token === undefined || between.change === null) return;
    const said = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    const { claims = said, by = key } = between.change(said, { ...another, kid: "own" });
    context.body = { ...context.body, id_token: await signed(claims, by) };
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (between.isDown) {
      response.writeHead(503).end();
      return;
    }
    answer(request, response);
  });
  return {
    issuer,
    people,
    between,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function signed(claims, by) {
  if (by === null) {
    const [head, body] = [{ alg: "none" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    return `${head}.${body}.`;
  }
  const key = typeof by === "string" ? new TextEncoder().encode(by) : await importJWK(by, "RS256");
  const alg = typeof by === "string" ? "HS256" : "RS256";
  return new SignJWT(claims).setProtectedHeader({ alg, kid: "own" }).sign(key);
}

/** Logs in there as a browser would, from where this program has sent it; gives the address to which it
 * is sent back. */
export async function logInAt(way, name, back) {
  const cookies = new Map();
  const go = async (at, form) => {
    const response = await fetch(at, {
      redirect: "manual",
      headers: { cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join("; ") },
      ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(key, value);
    }
    await response.text();
    const to = response.headers.get("location");
    return to === null ? null : new URL(to, at).href;
  };
  let at = way;
  for (let steps = 0; steps < 12; steps += 1) {
    if (at.startsWith(back)) return at;
    const to = await go(at);
    if (to !== null) at = to;
    // A page that asks: who one is, then whether this program may know.
    else
      at =
        (await go(at, { prompt: "login", login: name, password: "any" })) ??
        (await go(at, { prompt: "consent" }));
  }
  throw new Error(`the provider never sent back to ${back}; last to ${at}`);
}
