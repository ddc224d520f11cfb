// Calls of recurrent layers: each cell, with rows of one length and of several, a step more the second time.

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
  return found;
}
