// Valid calls of the functions that choose tokens.

import type { Gpu } from "../../../../src/index.ts";
import * as library from "../../../../src/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** The calls by the names of functions. */
export function samplingCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const { zeros, call, plain } = made(gpu);
  const [v4, m4, step] = [zeros([4]), zeros([4, 4]), zeros([64, 4], "u32")];
  const paged = { kind: "paged", blockTable: library.blockTable(gpu, [[0], [1], [2], [3]], { pages: 4 }) };
  const intoY = { into: { y: zeros([4, 4]) } };
  return {
    argmax: call(library.argmax, [{ x: m4 }, { into: { index: zeros([4], "u32") } }]),
    penalise: call(library.penalise, [{ logits: m4, counts: zeros([4, 4], "u32"), settings: zeros([64, 8]) }, intoY]),
    restrict: call(library.restrict, [{ logits: m4, allowed: zeros([4, 1], "u32") }, intoY]),
    tokenWeights: call(library.tokenWeights, [
      { logits: m4, settings: zeros([64, 8]) },
      { restricted: true, into: { weights: zeros([4, 4], "u32") } },
    ]),
    acceptDrafts: call(library.acceptDrafts, [
      {
        weights: zeros([4, 4], "u32"),
        draftWeights: zeros([4, 4], "u32"),
        drafts: zeros([4], "u32"),
        step,
      },
      { into: { chosen: zeros([4], "u32") } },
    ]),
    sample: call(library.sample, [
      { logits: m4, settings: zeros([64, 8]), step },
      { into: { chosen: zeros([4], "u32") } },
    ]),
    beamTotals: call(library.beamTotals, [{ logits: m4, scores: v4 }, { into: { totals: zeros([4, 4]) } }]),
    topTokens: call(library.topTokens, [{ logits: m4 }, { n: 2, into: { values: zeros([4, 2]) } }]),
    mergeBeams: call(library.mergeBeams, [
      { tokens: zeros([4, 2], "u32"), values: zeros([4, 2]), ranks: zeros([4], "u32") },
      { beams: 2, n: 3, v: 4, into: { totals: zeros([2, 3]) } },
    ]),
    copyCacheRows: call(
      library.copyCacheRows,
      ...["contiguous", paged, { kind: "ring", sinks: 1 }].map((layout) => [
        { cache: zeros([4, 1, 4, 4]), parents: zeros([4], "u32"), step },
        { positions: 4, layout },
      ]),
    ),
    packSettings: plain(library.packSettings, [[{ temperature: 0 }]]),
    tokenLogprobs: call(library.tokenLogprobs, [
      { logits: m4, targets: zeros([4], "u32") },
      { into: { logprobs: v4 } },
    ]),
    topLogprobs: call(library.topLogprobs, [
      { logits: m4, chosen: zeros([4], "u32") },
      { n: 2, into: { ids: zeros([4, 2], "u32") } },
    ]),
  };
}
