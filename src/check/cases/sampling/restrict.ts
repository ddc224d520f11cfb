import { restrict, wordsOf } from "../../../kernels/sampling/restrict.ts";
import { restrict as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";

type Inputs = "logits" | "allowed";

/** Seeded logits, and words whose bits are set with the probability `share`; those beyond the vocabulary are random. */
function random(name: string, b: number, v: number, share = 0.5): Case<Inputs> {
  const source = randomSource(b * v);
  const word = () => {
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) if (source.uniform() < share) bits += 2 ** bit;
    return bits;
  };
  return {
    name,
    inputs: {
      logits: { shape: [b, v], values: normal(b * v, 3, 5) },
      allowed: { shape: [b, wordsOf(v)], values: Float64Array.from({ length: b * wordsOf(v) }, word), dtype: "u32" },
    },
  };
}

const minus = Number.NEGATIVE_INFINITY;

export const restrictCases: CaseTable<Inputs, "y", object, "restrict"> = {
  op: "sampling/restrict",
  cap: 0,
  reference,
  variants: ["restrict"],
  run: restrict,
  cases: [
    random("one token, allowed", 1, 1, 1),
    random("one token, not allowed", 1, 1, 0),
    random("a word, whole", 2, 32),
    random("a word and a token", 3, 33),
    random("prime width, several rows", 5, 2053),
    random("all allowed", 2, 300, 1),
    random("none allowed", 2, 300, 0),
    random("64 rows, few allowed", 64, 257, 0.02),
    random("the vocabulary of Qwen3", 1, 151_936, 0.1),
    {
      name: "−∞ stays, NaN and +∞ stay where they are allowed",
      inputs: {
        logits: { shape: [1, 6], values: [minus, Number.NaN, -minus, minus, Number.NaN, -minus] },
        allowed: { shape: [1, 1], values: [0b000111], dtype: "u32" },
      },
    },
    {
      name: "too few words",
      refusedBy: ["restrict"],
      inputs: {
        logits: { shape: [1, 33], values: new Float64Array(33) },
        allowed: { shape: [1, 1], values: [1], dtype: "u32" },
      },
    },
  ],
};
