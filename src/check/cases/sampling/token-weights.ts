import { tokenWeights } from "../../../kernels/sampling/accept-drafts.ts";
import { packSettings } from "../../../kernels/sampling/settings.ts";
import { dense } from "../../../reference/dense.ts";
import { argmax, tokenWeights as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";
import { kinds } from "./sample.ts";

type Inputs = "logits" | "settings";

interface Options {
  readonly restricted?: boolean;
}

/** Rows that cycle through the kinds of settings. */
function random(name: string, b: number, v: number, spread = 2): Case<Inputs, Options> {
  const settings = Array.from({ length: b }, (_, row) => kinds[row % kinds.length] ?? {});
  return {
    name,
    inputs: {
      logits: { shape: [b, v], values: normal(b * v, 3, spread) },
      settings: { shape: [64, 8], values: packSettings(settings) },
    },
    // exp of x is off by up to 3 + 2·|x| ulp, x by 3 of its own, the quotient by 3 (see isNearTie), then the floor.
    bounds: { results: { weights: { relative: 2e-5, absolute: 1 } } },
  };
}

const minus = Number.NEGATIVE_INFINITY;
const plain = { shape: [64, 8], values: packSettings([]) };

export const tokenWeightsCases: CaseTable<Inputs, "weights", Options, "tokenWeights"> = {
  op: "sampling/token-weights",
  reference({ logits, settings }, { restricted = false }) {
    const [b = 0, v = 0] = logits.shape;
    const weights = dense([b, v]);
    for (let row = 0; row < b; row++) {
      const own = dense([1, v], logits.values.subarray(row * v, (row + 1) * v));
      const [temperature = 1, topK = 0, topP = 1, minP = 0] = settings.values.subarray(8 * row, 8 * row + 4);
      const finite = own.values.every((logit) => Number.isFinite(logit) || (restricted && logit === minus));
      if (!finite || own.values.every((logit) => logit === minus)) continue;
      if (temperature > 0) {
        weights.values.set(reference({ logits: own }, { temperature, topK, topP, minP }).weights.values, row * v);
        continue;
      }
      // Each of the largest has the v-th part of 2³¹.
      const largest = own.values[argmax({ logits: own }).ids.values[0] ?? 0];
      weights.values.set(
        own.values.map((logit) => (logit === largest ? Math.floor(2 ** 31 / v) : 0)),
        row * v,
      );
    }
    return { weights };
  },
  dtypes: { weights: "u32" },
  variants: ["tokenWeights"],
  run: tokenWeights,
  cases: [
    random("64 rows of 7 tokens", 64, 7),
    random("18 rows of 300 tokens", 18, 300),
    random("9 rows of 2,053 tokens", 9, 2053),
    random("9 rows of the vocabulary of Qwen3", 9, 151_936, 4),
    {
      name: "rows with a logit that is not finite, where −∞ is none",
      inputs: {
        logits: { shape: [4, 3], values: [0, 1, 2, 0, Number.NaN, 1, 0, -minus, 1, 0, minus, 1] },
        settings: plain,
      },
    },
    {
      name: "rows with a logit that is not finite, where −∞ is a token that may not come",
      inputs: {
        logits: { shape: [4, 3], values: [0, 1, 2, 0, Number.NaN, 1, 0, -minus, 1, 0, minus, 1] },
        settings: plain,
      },
      options: { restricted: true },
    },
    {
      name: "more rows than the settings have",
      refusedBy: ["tokenWeights"],
      inputs: { logits: { shape: [65, 1], values: new Float64Array(65) }, settings: plain },
    },
  ],
};
