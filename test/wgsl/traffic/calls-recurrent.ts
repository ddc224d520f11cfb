// Calls of recurrent layers, and of attention over their states: each cell, with rows of one length and of several, a step more the second time.

import { maskLengths } from "../../../src/kernels/alignment/mask-lengths.ts";
import { additiveScores } from "../../../src/kernels/alignment/scores.ts";
import { additiveScoresBackward } from "../../../src/kernels/alignment/scores-backward.ts";
import { recurrentBackward } from "../../../src/kernels/recurrent/backward.ts";
import { recurrent } from "../../../src/kernels/recurrent/recurrent.ts";
import type { CountedCall, Inputs } from "./call.ts";

export function recurrentCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const only = "recurrent/";
  const gates = { lstm: 4, gru: 3, rnn: 1 } as const;
  for (const cell of ["lstm", "gru", "rnn"] as const) {
    for (const ragged of [false, true]) {
      const tensors = () => {
        const [b, t, i, h] = [17, 2, 4, 8];
        const rows = gates[cell] * h;
        return {
          x: random([b, t, i]),
          weightIh: random([rows, i]),
          weightHh: random([rows, h]),
          ...(ragged ? { lengths: words([b], ...Array(b).fill(t)), biasHh: random([rows]) } : {}),
        };
      };
      for (const variant of ["steps", "resident"] as const) {
        const name = `${cell} ${variant}${ragged ? ", lengths and bias" : ""}`;
        found[`recurrent ${name}`] = { only, record: () => recurrent(gpu, tensors(), { cell, variant }) };
        found[`recurrentBackward ${name}`] = {
          only,
          record: () => {
            const given = tensors();
            return recurrentBackward(gpu, { ...given, out: random([17, 2, 8]) }, { cell, variant });
          },
        };
      }
    }
  }
  const before = (ragged: boolean) => ({
    x: random([17, 2, 4]),
    weightIh: random([24, 4]),
    weightHh: random([24, 8]),
    ...(ragged ? { lengths: words([17], ...Array(17).fill(2)), biasHh: random([24]) } : {}),
  });
  for (const [ragged, variant] of [false, true].flatMap((one) => [
    [one, "steps"] as const,
    [one, "resident"] as const,
  ])) {
    const name = `gru ${variant}, reset before the product${ragged ? ", lengths and bias" : ""}`;
    const options = { cell: "gru", reset: "before", variant } as const;
    found[`recurrent ${name}`] = { only, record: () => recurrent(gpu, before(ragged), options) };
    found[`recurrentBackward ${name}`] = {
      only,
      record: () => recurrentBackward(gpu, { ...before(ragged), out: random([17, 2, 8]) }, options),
    };
  }
  const alignment = (a: number) => ({ query: random([2, 3, a]), keys: random([2, 5, a]), v: random([a]) });
  const scores = (a: number) => additiveScores(gpu, alignment(a));
  const backward = (a: number) =>
    additiveScoresBackward(gpu, { ...alignment(a), dscores: random([2, 3, 5]) }, { needs: { v: false } });
  found["additiveScores"] = { record: () => scores(8), grown: () => scores(16) };
  found["additiveScores by one"] = { record: () => scores(7), grown: () => scores(9) };
  found["additiveScoresBackward"] = { record: () => backward(8), grown: () => backward(16) };
  found["additiveScoresBackward by one"] = { record: () => backward(7), grown: () => backward(9) };
  found["maskLengths"] = {
    record: () => maskLengths(gpu, { x: random([2, 3, 4]), lengths: words([2], 1, 3) }, { axis: 1, value: 0 }),
  };
  return found;
}
