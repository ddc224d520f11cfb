import { penalise } from "../../../kernels/sampling/logprobs.ts";
import { packSettings, type SamplingSettings } from "../../../kernels/sampling/settings.ts";
import { type Dense, dense } from "../../../reference/dense.ts";
import { penalise as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";

type Inputs = "logits" | "counts" | "settings";

const settings = (...rows: SamplingSettings[]) => ({ shape: [64, 8], values: packSettings(rows) });

/** Logits and counts of which about a third is unseen, a third in the prompt, and a third generated 1 to 9 times. */
function random(name: string, b: number, v: number, ...rows: SamplingSettings[]): Case<Inputs> {
  const source = randomSource(b * v);
  const counts = Float64Array.from({ length: b * v }, () => {
    const kind = source.integer(3);
    return kind === 0 ? 0 : kind === 1 ? 2 ** 31 : source.integer(2) * 2 ** 31 + 1 + source.integer(9);
  });
  return {
    name,
    inputs: {
      logits: { shape: [b, v], values: normal(b * v, 3, 5) },
      counts: { shape: [b, v], values: counts, dtype: "u32" },
      settings: settings(...rows),
    },
  };
}

const minus = Number.NEGATIVE_INFINITY;

export const penaliseCases: CaseTable<Inputs, "y", object, "penalise"> = {
  op: "sampling/penalise",
  reference: ({ logits, counts, settings: asked }) => {
    const [b = 0, v = 0] = logits.shape;
    const y = dense([b, v]);
    for (let row = 0; row < b; row++) {
      const [repetition = 1, presence = 0, frequency = 0] = asked.values.subarray(row * 8 + 4, row * 8 + 7);
      const rowOf = (x: Dense) => dense([1, v], x.values.subarray(row * v, (row + 1) * v));
      const penalised = reference(
        { logits: rowOf(logits), counts: rowOf(counts) },
        { repetition, presence, frequency },
      );
      y.values.set(penalised.y.values, row * v);
    }
    return { y };
  },
  variants: ["penalise"],
  run: penalise,
  cases: [
    random("one element", 1, 1, { repetition: 1.3 }),
    random("all three", 3, 1009, { repetition: 1.3, presence: 0.5, frequency: 0.25 }),
    random("no penalties", 2, 300),
    random(
      "different settings per row",
      5,
      513,
      { repetition: 1.1 },
      {},
      { presence: 1.5 },
      { frequency: -0.3 },
      { repetition: 0.8, presence: -0.4, frequency: 2 },
    ),
    random(
      "64 rows",
      64,
      257,
      ...Array.from({ length: 64 }, (_, row) => ({ repetition: 1 + row / 64, presence: row })),
    ),
    random("the vocabulary of Qwen3", 1, 151_936, { repetition: 1.05, presence: 0.1, frequency: 0.1 }),
    {
      name: "masked tokens stay masked, zero stays zero",
      inputs: {
        logits: { shape: [1, 4], values: [minus, 0, minus, 2] },
        counts: { shape: [1, 4], values: [2 ** 31 + 1, 2 ** 31, 0, 2 ** 32 - 1], dtype: "u32" },
        settings: settings({ repetition: 1.5, presence: 0.5, frequency: 2 ** -30 }),
      },
    },
    {
      name: "more rows than the settings have",
      refusedBy: ["penalise"],
      inputs: {
        logits: { shape: [65, 1], values: new Float64Array(65) },
        counts: { shape: [65, 1], values: new Float64Array(65), dtype: "u32" },
        settings: settings(),
      },
    },
  ],
};
