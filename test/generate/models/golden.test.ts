import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference, nmseCaps } from "../../../src/check/compare.ts";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import {
  bundledMixture,
  bundledModel,
  type GoldenPrompt,
  goldenPrompts,
  mixturePrompts,
} from "../../support/bundled.ts";
import { firstIf } from "../../support/first-tier.ts";

const small = { binding: 256 << 10, storageBuffers: 8, workgroupBytes: 16 << 10, invocations: 256 };
const expertsTap = ".feed-forward.experts";
const devices = {
  "default adapter": await openGpu(),
  swiftshader: await openGpu({ adapter: "swiftshader" }),
  "small device without features": await openGpu({ features: [], cap: small }),
};
afterAll(() => {
  for (const gpu of Object.values(devices)) gpu.close();
});

const models: Record<string, readonly GoldenPrompt[]> = {
  [bundledModel]: goldenPrompts,
  [bundledMixture]: mixturePrompts,
};
/**
 * All models and prompts run on the default adapter, the first prompt with all of its text; a device that differs from
 * it takes its turn with a model, and runs a prompt.
 */
const runs = Object.entries(models).flatMap(([folder, prompts], i, { length }) =>
  Object.entries(devices)
    .filter((_, j) => j === 0 || j % length === i)
    .map(([name, gpu], j) => ({ folder, prompts: j === 0 ? prompts : prompts.slice(0, 1), name, gpu })),
);

for (const { folder, prompts, name, gpu } of runs) {
  describe(`${basename(folder)} on ${name}`, () => {
    let model: LanguageModel;
    beforeAll(async () => {
      model = await loadModel(gpu, folder);
    });
    for (const prompt of prompts) {
      test(`${prompt.prompt}: logits and greedy tokens`, firstIf(name === "default adapter"), async () => {
        using session = model.session();
        const { logits } = await inspect(session.state, prompt.promptTokens, "last");
        const { nmse, misplaced } = difference(logits[0] ?? [], prompt.lastLogits);
        expect(misplaced).toBe(-1);
        expect(nmse).toBeLessThan(nmseCaps.logits);
        const maxTokens = name === "default adapter" && prompt === prompts[0] ? 64 : 16;
        const { rows } = await model.generate(prompt.prompt, { temperature: 0, maxTokens }).result;
        expect(rows[0]?.promptTokens).toEqual(prompt.promptTokens);
        expect(rows[0]?.tokens).toEqual(prompt.greedyTokens.slice(0, maxTokens));
        if (maxTokens === 64) expect(rows[0]?.text).toBe(prompt.greedyText);
        else expect(prompt.greedyText.startsWith(rows[0]?.text || "nothing")).toBe(true);
      });
    }
    test.runIf(prompts.some(({ experts }) => experts))(
      "experts of each layer and token, the heavier first",
      async () => {
        for (const { promptTokens, experts = [] } of prompts) {
          using session = model.session();
          const { taps } = await inspect(session.state, promptTokens, "last", {
            taps: (tap) => tap.endsWith(expertsTap),
          });
          expect(taps.size).toBe(experts.length);
          for (const [layer, chosen] of experts.entries()) {
            // A small device computes a prompt in several pieces.
            const pieces = taps.get(`layer.${layer}${expertsTap}`) ?? [];
            expect(pieces.map(({ shape: [, , k] }) => k)).toEqual(pieces.map(() => chosen[0]?.length));
            expect(pieces.flatMap(({ values }) => [...values])).toEqual(chosen.flat());
          }
        }
      },
    );
    test("log-probabilities of the prompts' tokens", async () => {
      for (const prompt of prompts) {
        const scored = await model.score(prompt.promptTokens);
        const expected = prompt.nextTokenNll.map((nll) => -nll);
        expect(difference(scored, expected).nmse).toBeLessThan(nmseCaps.logits);
      }
      model.dispose();
    });
  });
}
