import { describe } from "vitest";
import { modCases, modTable } from "../../src/check/cases/attention-mods.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { testGpu } from "../support/gpu.ts";
import { portable } from "../support/portable.ts";
import { testBeside } from "../support/side-by-side.ts";

const gpu = await testGpu({ features: [] });

// Every mask and score on the definition, and on the others those that put their own ways to the test: a pipeline costs
// a second here. SHADERFORMER_FULL runs the product.
const full = process.env.SHADERFORMER_FULL === "1";
const chosen: Readonly<Record<string, (kind: string, shape: string) => boolean>> = {
  naive: (_kind, shape) => shape !== "decode",
  rows: (kind, shape) =>
    shape !== "decode" && /^(shared prefix|causal and document|alibi by diff|softcap, then|sink)/.test(kind),
  twoPass: (kind, shape) => shape !== "decode" && /^(dilated|document|relative|sink$)/.test(kind),
  flash: (kind, shape) =>
    shape !== "decode" && /^(key padding|boolean, one for each|bias, one for each|sink$)/.test(kind),
  blocks: (kind, shape) =>
    shape !== "decode" && /^(document$|block-sparse, a map|fixed, code|a user's own$|sink$|window or far)/.test(kind),
  packed: (kind, shape) => shape !== "decode" && /^sink$/.test(kind),
  splitK: (kind, shape) =>
    shape !== "prefill" && /^(key padding|sink$|block-sparse, a map|a user's own$|prefix$)/.test(kind),
};

describe.each(Object.keys(portable(modTable.variants)))("attention %s", (variant) => {
  for (const { kind, shape, item } of modCases) {
    if (!full && !chosen[variant]?.(kind, shape)) continue;
    testBeside(
      item.name,
      () => gpu,
      (own) => checkCase(own, modTable, variant, item),
    );
  }
});
