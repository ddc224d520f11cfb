import { loadModel, type Session } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { idsWithin } from "../texts.ts";

/** Reads a prompt at once and a token at a time, then writes with a cache of keys and values and without. */
export const run: Run<SettingsOf<"cache">> = async function* (gpu, { prompt, tokens }, { models }) {
  using model = await loadModel(gpu, `${models}/voices-nano`);
  const ids = idsWithin(model.tokenizer, "the prompt", prompt, model.context - tokens);
  /** The likeliest token after these. The session computes the positions that its cache does not have. */
  const next = async (session: Session, known: readonly number[]) => {
    const before = session.prefilledTokens;
    const options = { temperature: 0, maxTokens: 1, ignoreEos: true };
    const { rows, timings } = await session.continueFrom(known, options).result;
    return { token: rows[0]?.tokens[0] ?? 0, positions: session.prefilledTokens - before, ms: timings.prefill };
  };

  // What compiles at the first use shall not count.
  using first = model.session();
  await next(first, ids);
  // All tokens of a prompt are known, so that one pass computes all of its positions.
  const passes: number[] = [];
  for (const [line, length] of [
    ["at once", ids.length],
    ["a token at a time", 1],
  ] as const) {
    using session = model.session();
    const chart = { kind: "point", title: "Reading the prompt", axes: ["tokens read", "milliseconds"], line } as const;
    yield { ...chart, at: [0, 0] };
    let [read, count, ms] = [0, 0, 0];
    for (; read < ids.length; count++) {
      read += length;
      ms += (await next(session, ids.slice(0, read))).ms;
      if (read % Math.ceil(ids.length / 40) === 0 || read === ids.length) yield { ...chart, at: [read, ms] };
    }
    passes.push(count);
  }

  // Written tokens are only known one after the other. Their keys and values are kept, or computed again each time.
  const texts: string[] = [];
  const computed: number[] = [];
  for (const line of ["with a cache", "without"]) {
    using kept = model.session();
    const known = [...ids];
    let all = 0;
    for (let i = 0; i < tokens; i++) {
      using fresh = model.session();
      const { token, positions, ms } = await next(line === "without" ? fresh : kept, known);
      known.push(token);
      all += positions;
      const axes = ["tokens before it", "positions, summed"] as const;
      yield { kind: "point", title: "Positions computed", axes, line, at: [known.length - 1, all] };
      const at = [known.length - 1, ms] as const;
      yield { kind: "point", title: "Time of each token", axes: ["tokens before it", "milliseconds"], line, at };
    }
    computed.push(all);
    texts.push(model.tokenizer.decode(known.slice(ids.length)));
    const rows = texts.map((text, i) => [i === 0 ? "with a cache" : "without", computed[i] ?? 0, text] as const);
    yield { kind: "table", title: "What they write", head: ["written", "positions", "text"], rows };
  }
  return {
    "tokens of the prompt, m": ids.length,
    "tokens written, n": tokens,
    "passes at once": passes[0] ?? 0,
    "passes a token at a time": passes[1] ?? 0,
    "positions with the cache": computed[0] ?? 0,
    "positions without": computed[1] ?? 0,
    "texts are equal": Number(texts[0] === texts[1]),
  };
};
