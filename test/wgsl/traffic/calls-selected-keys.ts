// Calls of attention over selected keys, in which every index is of a key.

import { indexScores, selectedAttention, selectKeys } from "../../../src/index.ts";
import type { CountedCall, Inputs } from "./call.ts";

export function selectedCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const only = "selected-keys/";
  const [h, g, t, s, n, d] = [4, 2, 3, 20, 8, 16];
  const indices = () => words([1, 1, t, n], ...Array.from({ length: t * n }, (_, i) => 2 * (i % n) + 1));
  const given = () => ({
    q: random([1, h, t, d]),
    k: random([1, g, s, d]),
    v: random([1, g, s, d]),
    indices: indices(),
  });
  return {
    indexScores: {
      only,
      record: () => indexScores(gpu, { q: random([2, h, t, d]), k: random([2, s, d]), weights: random([2, t, h]) }),
    },
    selectKeys: { only, record: () => selectKeys(gpu, { scores: random([3, 300]) }, { count: 7 }) },
    "selectedAttention naive": { only, record: () => selectedAttention(gpu, given(), { variant: "naive" }) },
    "selectedAttention gathered": { only, record: () => selectedAttention(gpu, given(), { variant: "gathered" }) },
  };
}
