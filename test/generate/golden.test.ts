import { describe, expect, test } from "vitest";
import { type LanguageModel, loadModel } from "../../src/generate/language-model.ts";
import { type GpuOptions, openGpu } from "../../src/gpu/open.ts";
import { bundledModel, goldenPrompts } from "../support/bundled.ts";
import { difference, nmseCaps } from "../support/compare.ts";

const small = { binding: 256 << 10, storageBuffers: 8, workgroupBytes: 16 << 10, invocations: 256 };
const devices: Record<string, GpuOptions> = {
  "default adapter": {},
  "without features": { features: [] },
  "small device": { cap: small },
  "small device without features": { features: [], cap: small },
  swiftshader: { adapter: "swiftshader" },
};

for (const [name, options] of Object.entries(devices)) {
  describe(`voices-dense on ${name}`, async () => {
    const gpu = await openGpu(options);
    const model: LanguageModel = await loadModel(gpu, bundledModel);
    for (const prompt of goldenPrompts) {
      test(`${prompt.prompt}: logits and greedy tokens`, async () => {
        using session = model.session();
        const { logits } = await session.state.inspect(prompt.promptTokens, "last");
        const { nmse, misplaced } = difference(logits[0] ?? [], prompt.lastLogits);
        expect(misplaced).toBe(-1);
        expect(nmse).toBeLessThan(nmseCaps.logits);
        const { rows } = await model.generate(prompt.prompt, { temperature: 0, maxTokens: 64 }).result;
        expect(rows[0]?.promptTokens).toEqual(prompt.promptTokens);
        expect(rows[0]?.tokens).toEqual(prompt.greedyTokens);
        expect(rows[0]?.text).toBe(prompt.greedyText);
      });
    }
    test("log-probabilities of the prompts' tokens", async () => {
      for (const prompt of goldenPrompts) {
        const scored = await model.score(prompt.promptTokens);
        const expected = prompt.nextTokenNll.map((nll) => -nll);
        expect(difference(scored, expected).nmse).toBeLessThan(nmseCaps.logits);
      }
      model.dispose();
      gpu.close();
    });
  });
}
