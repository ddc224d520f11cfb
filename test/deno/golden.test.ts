// The beginnings of the bundled models' golden texts on wgpu, in Deno; wgpu.test.ts has longer ones, and the kernels.
import { expect, test } from "vitest";
import { bundleTests } from "../outside-vitest/bundle.ts";
import { bundledMixture, bundledModel, goldenPrompts, mixturePrompts } from "../support/bundled.ts";
import { first } from "../support/first-tier.ts";
import { noDeno, runInDeno } from "./deno.ts";

test.skipIf(noDeno)("the bundled models' texts begin as the golden data do", first, async () => {
  const outfile = ".cache/deno/golden.mjs";
  await bundleTests({ outfile, worker: "test/deno/golden.ts", tests: [] });
  const wanted = [
    [bundledModel, goldenPrompts],
    [bundledMixture, mixturePrompts],
  ] as const;
  expect(await runInDeno(outfile, [])).toEqual(
    wanted.map(([name, [golden]]) => ({ kind: "greedy", name, tokens: golden?.greedyTokens.slice(0, 8) })),
  );
});
