// Talking to the service: JSON both ways, and every refusal as its own sentence.

const ROOT = "/simulator/api";

/** What the service refused, in its words. */
export class Refused extends Error {
  constructor(message, code, status) {
    super(message);
    Object.assign(this, { code, status });
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(ROOT + path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("Shiftline doesn't answer. Is `shiftline demo` still running? This page goes on by itself when it is.", "away", 0);
  }
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(said.message || `Shiftline answered ${response.status}.`, said.error, response.status);
  return said;
}

/** GET `path` with a query. */
export const get = (path, query = {}, signal = undefined) => ask(`${path}?${new URLSearchParams(query)}`, { signal });

/** POST a JSON object. */
export const post = (path, given) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "shiftline" },
    body: JSON.stringify(given),
  });
