// Who sits before the mock, and what he has: as an aggregator tells it, of people who are made up.

const DAY_MS = 24 * 3_600_000;
const ago = (days) => new Date(Date.now() - days * DAY_MS).toISOString();

/** As an aggregator answers at which no log-in is demanded. */
export const OPEN = {
  login: "open",
  provider: null,
  who: {
    kind: "anonymous",
    name: null,
    shown: null,
    role: "administrator",
    area: "city",
    may_order: true,
    may_appoint: true,
    may_audit: true,
    has_password: false,
  },
  ends_at: null,
};

/** An administrator who has logged in, with a provider beside. */
export const LOGGED_IN = {
  login: "log-in",
  provider: "City account",
  who: { ...OPEN.who, kind: "person", name: "wang-li", shown: "王丽", has_password: true },
  ends_at: ago(-1),
};

const session = (id, person, days, is_this) => ({
  id,
  person,
  begun_at: ago(days),
  seen_at: ago(days / 3),
  from: "10.0.0.7",
  browser: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  is_this,
});

const token = (name, owner, used_at) => ({
  name,
  owner,
  role: "viewer",
  area: "city",
  made_at: ago(10),
  expires_at: ago(-80),
  used_at,
});

const person = (name, shown, role, has_password) => ({
  name,
  shown,
  role,
  area: "city",
  has_password,
  made_at: ago(100),
});

const KINDS = ["logged-in", "dispatch-asked", "order-given", "token-made", "log-in-refused"];

/** The deed of a number. */
function entry(number) {
  return {
    number,
    hash: number.toString(16).padStart(64, "0"),
    is_whole: true,
    deed: {
      at: ago((150 - number) / 24),
      by: number % 2 === 0 ? "person wang-li" : "person li-na",
      from: "10.0.0.7",
      what: KINDS[number % KINDS.length],
      subject: number % 3 === 0 ? "pt-003" : "wang-li",
      before: null,
      after: number % 3 === 0 ? "wp-001" : null,
      arrival: null,
    },
  };
}

/** Deeds as they are asked for. */
function deeds(query) {
  const [name, what] = [query.get("name"), query.get("what")];
  const before = Number(query.get("before") ?? 151);
  const all = Array.from({ length: before - 1 }, (_, k) => entry(before - 1 - k));
  const fitting = all.filter(
    ({ deed }) =>
      (name === null || deed.subject === name || deed.by.endsWith(` ${name}`)) &&
      (what === null || deed.what === what),
  );
  const some = fitting.slice(0, Number(query.get("limit") ?? 100));
  return { deeds: some, before: some.length < fitting.length ? some.at(-1).number : null };
}

/** What is told of people at a path; nothing where it is another's to answer. */
export function ofPeople(path, query) {
  if (path === "/api/v1/sessions")
    return [
      session("0123456789abcdef", "wang-li", 0.2, true),
      session("123456789abcdef0", "wang-li", 3, false),
      session("23456789abcdef01", "li-na", 1, false),
    ];
  if (path === "/api/v1/tokens")
    return [token("wall-display", "wang-li", ago(0.01)), token("export", "li-na", null)];
  if (path === "/api/v1/people")
    return {
      people: [
        person("li-na", "李娜", "dispatcher", false),
        person("wang-li", "王丽", "administrator", true),
      ],
      invitations: [
        { id: "abcdef", role: "crew", area: "city", account: null, expires_at: ago(-2) },
      ],
    };
  return path === "/api/v1/audit" ? deeds(query) : null;
}
