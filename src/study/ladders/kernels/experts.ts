// Mixtures of experts by loops: each token with every expert, and with those that it chose.
import chosen from "#shaders/ladders/experts/chosen.wgsl";
import every from "#shaders/ladders/experts/every.wgsl";
import { at, dense } from "../../../reference/dense.ts";
import { matmul } from "../../../reference/matmul.ts";
import { floats, type Inputs, positive } from "../../dispatch.ts";
import { type CostFormulas, type StudyKernel, shaped } from "../../kernel.ts";

/** Choices of each token: neighbouring experts, all different. */
const choicesOf = (tokens: number, choices: number, experts: number): Uint32Array =>
  Uint32Array.from(
    { length: tokens * choices },
    (_, slot) => (Math.floor(slot / choices) + (slot % choices)) % experts,
  );

/** A row of x by an expert's weight. */
const rowOf = ({ x, weight }: Inputs, token: number, expert: number, [k, n]: readonly [number, number]) =>
  matmul({
    x: dense([1, k], x?.subarray(token * k, (token + 1) * k)),
    weight: dense([n, k], weight?.subarray(expert * n * k, (expert + 1) * n * k)),
  }).y.values;

const mixture = (source: typeof every, cost: CostFormulas): StudyKernel =>
  shaped(source, {
    sizes: {
      tokens: { meaning: "tokens", usual: 4, most: 1024 },
      k: { meaning: "elements of a row of x", usual: 32, most: 4096 },
      n: { meaning: "elements of a row of the result", usual: 32, most: 4096 },
    },
    small: { sizes: { tokens: 3, k: 5, n: 3 }, constants: { WORKGROUP: 4, EXPERTS: 3 } },
    dispatch: ({ tokens, k, n }, value) => {
      const [experts, choices] = [value("EXPERTS"), value("CHOICES")];
      return {
        uniforms: { params: { tokens, k, n } },
        inputs: {
          x: floats(tokens * k),
          weight: floats(experts * n * k),
          experts: choicesOf(tokens, choices, experts),
          shares: positive(tokens * choices),
        },
        outputs: { y: tokens * n },
        workgroups: [Math.ceil((tokens * n) / value("WORKGROUP")), 1, 1],
      };
    },
    reference: {
      name: "matmul",
      results: (inputs, { tokens, k, n }, value) => {
        const [y, choices] = [dense([tokens, n]), value("CHOICES")];
        for (const [slot, share] of (inputs["shares"] ?? []).entries()) {
          const token = Math.floor(slot / choices);
          const row = rowOf(inputs, token, inputs["experts"]?.[slot] ?? 0, [k, n]);
          for (const [i, one] of row.entries()) y.values[token * n + i] = at(y.values, token * n + i) + share * one;
        }
        return { y };
      },
    },
    cost,
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  mixture(every, {
    requestedBytes: "4 * tokens * n * (EXPERTS * (2 * k + CHOICES) + CHOICES + 1)",
    operations: "2 * tokens * n * EXPERTS * (k + 1) + tokens * n * CHOICES",
  }),
  mixture(chosen, {
    requestedBytes: "4 * tokens * n * (CHOICES * (2 * k + 2) + 1)",
    operations: "2 * tokens * n * CHOICES * (k + 1)",
  }),
];
