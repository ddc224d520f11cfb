// The beginnings of golden texts on wgpu, in Deno; wgpu.test.ts has other models, and the kernels.
import { expect, test } from "vitest";
import { gpt1Folder, gpt1Golden } from "../../generate/models/gpt1-golden.ts";
import { bundledMixture, goldenPrompts, mixturePrompts } from "../../support/bundled.ts";
import { first } from "../../support/first-tier.ts";
import { bundleTests } from "../outside-vitest/bundle.ts";
import { noDeno, runInDeno } from "./deno.ts";

test.skipIf(noDeno)("models' texts begin as the golden data do, and encoding a step does not wait", first, async () => {
  const outfile = ".cache/deno/golden.mjs";
  await bundleTests({ outfile, worker: "test/outside/deno/golden.ts", tests: [] });
  const [model, ...others] = await runInDeno(outfile, []);
  if (model?.kind !== "model") throw new Error(`${JSON.stringify(model)} is not what the bundled model generates`);
  expect(model.rows.map(({ promptTokens, tokens }) => [promptTokens, tokens])).toEqual(
    goldenPrompts.map(({ promptTokens, greedyTokens }) => [promptTokens, greedyTokens.slice(0, 8)]),
  );
  for (const [i, { greedyText }] of goldenPrompts.entries()) {
    expect(model.rows[i]?.text).not.toBe("");
    expect(greedyText.startsWith(model.rows[i]?.text ?? "\0")).toBe(true);
  }
  expect(model.waits).toEqual({ encoding: 0, token: expect.closeTo(1, 0) });
  expect(others).toEqual([
    { kind: "greedy", name: bundledMixture, tokens: mixturePrompts[0]?.greedyTokens.slice(0, 8) },
    { kind: "greedy", name: gpt1Folder, tokens: gpt1Golden.greedy },
  ]);
});
