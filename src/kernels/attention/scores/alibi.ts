import part from "#shaders/attention/scores/alibi.wgsl";
import { checkValue, integer } from "../../../options/checks.ts";
import { choice, filled, tensorOf } from "../records/parameters.ts";
import { defineScore } from "../records/score-record.ts";

/**
 * A penalty that grows with distance, `−slope · |q − k|` (Press et al. 2021); `slopes` `[h]` as `alibiSlopes` returns
 * them. By convention "distance" (default; FlashAttention) keys after the query are penalised like those before it; by
 * "difference", `slope · (k − q)`, they gain what those before it lose (attention-gym). Under a causal mask both are
 * the same.
 */
export const alibi = defineScore({
  name: "alibi",
  part,
  parameters: {
    slopes: tensorOf("f32", "[h]", {}, ({ h }) => ({ shape: [h], values: alibiSlopes(h).map(Math.fround) })),
    convention: choice("distance", "difference"),
  },
  params: ({ convention = "distance" }) => ({ future: convention === "distance" ? -1 : 1 }),
  examples: ({ h }) => {
    const slopes = filled([h], (i) => 2 ** -(i + 1));
    return { "alibi by distance": { slopes }, "alibi by difference": { slopes, convention: "difference" } };
  },
});

/**
 * ALiBi's slopes for any number of heads (Press et al. 2021, section 3, and its released code): `2^(−8i/h)` for i from
 * 1, where h is a power of two; else those of the next smaller power, and every second one of the next larger.
 */
export function alibiSlopes(heads: number): number[] {
  checkValue("alibiSlopes", "heads", integer(1, 2 ** 20), heads);
  const power = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, i) =>
    i < power ? 2 ** ((-8 * (i + 1)) / power) : 2 ** ((-4 * (2 * (i - power) + 1)) / power),
  );
}
