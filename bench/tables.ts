import { attentionCases } from "../test/cases/attention.ts";
import { layerNormCases } from "../test/cases/layer-norm.ts";
import { matmulCases } from "../test/cases/matmul.ts";
import { rmsNormCases } from "../test/cases/rms-norm.ts";
import { softmaxCases } from "../test/cases/softmax.ts";
import type { CaseTable } from "../test/support/case-table.ts";
import { attentionShape, matmulShape, normShape, softmaxShape } from "./shapes.ts";

const manyRows = ["vector"];

/** Ops with the shapes they are timed at; references, variants and tolerances are those of the tests. */
export const benchTables: Readonly<Record<string, CaseTable>> = {
  "rms-norm": { ...rmsNormCases, cases: [normShape(1, 2048), normShape(128, 256), normShape(1024, 1024)] },
  "layer-norm": { ...layerNormCases, cases: [normShape(1, 2048, true), normShape(1024, 1024, true)] },
  softmax: { ...softmaxCases, cases: [softmaxShape(128, 128), softmaxShape(1024, 1024)] },
  matmul: {
    ...matmulCases,
    cases: [
      matmulShape(1, 256, 768, "f16"),
      matmulShape(1, 2048, 2048, "f32"),
      matmulShape(8, 256, 2048, "f16"),
      matmulShape(128, 256, 768, "f16", manyRows),
      matmulShape(512, 512, 512, "f32", manyRows),
    ],
  },
  attention: {
    ...attentionCases,
    cases: [attentionShape(1, 512, 8, 2, 32), attentionShape(128, 128, 8, 2, 32), attentionShape(256, 256, 8, 8, 64)],
  },
};
