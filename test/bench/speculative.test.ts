import { afterAll, expect, test } from "vitest";
import { runSpeculativeBench, speculativeTable } from "../../bench/index.ts";
import { loadModel } from "../../src/index.ts";
import { bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledModel, { context: 128 });
afterAll(() => model.dispose());
const prompt = model.tokenizer.encode("<|whale|>the ship, the ship, the ship, the");
const plan = { model, prompt, maxTokens: 16, temperature: 0, repetitions: 2 };

test("each way takes its turn, and is compared with the one that proposes nothing", async () => {
  const seen: string[] = [];
  const rows = await runSpeculativeBench({
    ...plan,
    subjects: [{ name: "none" }, { name: "lookup", speculative: { kind: "prompt-lookup", tokens: 3 } }],
    onProgress: (what) => seen.push(what),
  });
  expect(seen).toEqual(
    ["warming up", "1 of 2", "2 of 2"].flatMap((turn) => ["none", "lookup"].map((name) => `${name}  ${turn}`)),
  );
  const [none, lookup] = rows;
  expect(none).toMatchObject({ verdict: "pass", ratios: [1, 1], drafted: 0, accepted: 0, steps: 30 });
  expect(lookup?.verdict).toBe("pass");
  expect((lookup?.steps ?? 0) + (lookup?.accepted ?? 0)).toBe(30);
  for (const [i, rate] of (lookup?.rates ?? []).entries()) expect(lookup?.ratios[i]).toBe(rate / (none?.rates[i] ?? 0));
  expect(speculativeTable(rows).split("\n")[3]).toMatch(
    /^\| lookup \| [\d.]+ \| [\d.]+ \([\d.]+–[\d.]+\) \| \d+ of \d+ \(\d+ %\) \| [\d.]+ \| pass \|$/,
  );
});

test("a way that writes another text has no speed", async () => {
  let calls = 0;
  const other = Object.create(model, {
    session: {
      value: () => {
        const session = model.session();
        const { continueFrom } = session;
        session.continueFrom = (tokens, options, generated) =>
          continueFrom.call(session, ++calls === 2 ? [...tokens, 300] : tokens, options, generated);
        return session;
      },
    },
  });
  const subjects = [{ name: "none" }, { name: "wrong" }];
  const rows = await runSpeculativeBench({ ...plan, model: other, repetitions: 1, subjects });
  expect(rows.map(({ verdict }) => verdict)).toEqual(["pass", "fail"]);
  expect(rows[1]).toMatchObject({ rates: [], ratios: [] });
  expect(speculativeTable(rows).split("\n")[3]).toBe("| wrong |  |  |  |  | fail |");
});
