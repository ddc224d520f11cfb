// Calls of linear recurrences: each kind of gate, with documents and without.

import { deltaRule } from "../../../src/kernels/linear-recurrence/delta-rule.ts";
import { deltaRuleBackward } from "../../../src/kernels/linear-recurrence/delta-rule-backward.ts";
import { stateSpace } from "../../../src/kernels/linear-recurrence/state-space.ts";
import { stateSpaceBackward } from "../../../src/kernels/linear-recurrence/state-space-backward.ts";
import type { CountedCall, Inputs } from "./call.ts";

export function recurrenceCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const only = "linear-recurrence/";
  const [b, h, hv, d, dv] = [1, 2, 4, 8, 64];
  const gates = { none: [], head: [1], channel: [d] } as const;
  const rule = (t: number, of: readonly number[], inRows: boolean) => ({
    q: random([b, h, t, d]),
    k: random([b, h, t, d]),
    v: random([b, hv, t, dv]),
    beta: random([b, hv, t]),
    ...(of.length > 0 ? { g: random([b, hv, t, ...of].filter((size, i) => i < 3 || size > 1)) } : {}),
    ...(inRows ? { documents: words([b, t], ...Array(b * t).fill(0)) } : {}),
  });
  const space = (t: number) => ({
    x: random([b, hv, t, dv]),
    dt: random([b, hv, t]),
    a: random([hv]),
    b: random([b, h, t, d]),
    c: random([b, h, t, d]),
  });
  // What more tokens add: the first of all have no token before them, and the state is read and written once.
  const both = (record: (t: number) => unknown): CountedCall => ({
    only,
    record: () => record(32),
    grown: () => record(48),
  });
  for (const [name, of] of Object.entries(gates)) {
    for (const inRows of [false, true]) {
      const title = `gates ${name}${inRows ? ", documents" : ""}`;
      for (const variant of ["recurrent", "chunks", "subgroups"] as const) {
        found[`deltaRule ${variant}, ${title}`] = both((t) => deltaRule(gpu, rule(t, of, inRows), { variant }));
      }
      found[`deltaRuleBackward, ${title}`] = both((t) => deltaRuleBackward(gpu, rule(t, of, inRows)));
    }
  }
  for (const variant of ["recurrent", "chunks", "subgroups"] as const) {
    found[`stateSpace ${variant}`] = both((t) => stateSpace(gpu, space(t), { variant }));
  }
  found["stateSpaceBackward"] = both((t) => stateSpaceBackward(gpu, space(t)));
  return found;
}
