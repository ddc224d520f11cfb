import { casesTagged, hasTag } from "../../../src/check/case-table.ts";
import { modCases } from "../../../src/check/cases/attention/mods.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { portable } from "../../support/numbers/portable.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });

// Every mask and score on the definition, and on the others those that put their own ways to the test: a pipeline costs
// a second here. SHADERFORMER_FULL runs the product.
const full = process.env.SHADERFORMER_FULL === "1";
const chosen: Readonly<Record<string, readonly string[]>> = {
  naive: modCases.cases.flatMap(({ tags = [] }) => tags),
  rows: [
    "hiding bias",
    "shared prefix",
    "causal and document",
    "alibi by difference",
    "softcap, then alibi, then a bias of each head",
    "sink",
    "sink window",
    "sink window without sinks",
  ],
  twoPass: ["dilated window", "dilated window, dilation 1", "document", "relative bias", "sink"],
  flash: ["neighbourhood, even, by strides", "key padding", "boolean, one for each", "bias, one for each", "sink"],
  blocks: [
    "document",
    "sliding tile, a text",
    "neighbourhood in two dimensions",
    "block-sparse, a map for each",
    "fixed, code",
    "block diffusion",
    "a user's own",
    "sink",
    "window or far window",
  ],
  packed: ["sink", "softcap"],
  splitK: ["hiding bias", "key padding", "sink", "block-sparse, a map for each", "a user's own", "prefix"],
};

for (const variant of portable(attention)) {
  // Split keys are for few queries, the others for many.
  const elsewhere = variant === "splitK" ? "prefill" : "decode";
  const some = casesTagged(modCases.cases, ...(chosen[variant] ?? [])).filter((item) => !hasTag(item, elsewhere));
  const table = { ...modCases, variants: [variant], cases: full ? modCases.cases : some };
  testCases(() => gpu, table, { seldom: variant === "naive" ? [] : [variant] });
}
