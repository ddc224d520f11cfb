import type { CaseTable } from "../../src/check/case-table.ts";
import {
  gemmShape,
  matmulShape,
  normBackwardShape,
  normShape,
  ropeShape,
  softmaxBackwardShape,
  softmaxShape,
} from "./shapes.ts";

/**
 * Ops with the shapes for timing; references, variants and tolerances are those of the tests. Loaded on demand, because
 * the inputs are large.
 */
export const opTables: Readonly<Record<string, () => Promise<CaseTable>>> = {
  "rms-norm": async () => ({
    ...(await import("../../src/check/cases/rows/rms-norm.ts")).rmsNormCases,
    cases: [normShape(1, 2048), normShape(128, 256), normShape(1024, 1024)],
  }),
  "layer-norm": async () => ({
    ...(await import("../../src/check/cases/rows/layer-norm.ts")).layerNormCases,
    cases: [normShape(1, 2048, true), normShape(1024, 1024, true)],
  }),
  "rms-norm-backward": async () => ({
    ...(await import("../../src/check/cases/rows/norm-backward.ts")).rmsNormBackwardCases,
    cases: [normBackwardShape(2048, 256), normBackwardShape(1024, 1024), normBackwardShape(8192, 64)],
  }),
  "layer-norm-backward": async () => ({
    ...(await import("../../src/check/cases/rows/norm-backward.ts")).layerNormBackwardCases,
    cases: [normBackwardShape(2048, 256, { bias: true }), normBackwardShape(1024, 1024, { bias: true })],
  }),
  softmax: async () => ({
    ...(await import("../../src/check/cases/rows/softmax.ts")).softmaxCases,
    cases: [softmaxShape(128, 128), softmaxShape(1024, 1024)],
  }),
  "softmax-backward": async () => ({
    ...(await import("../../src/check/cases/rows/softmax-backward.ts")).softmaxBackwardCases,
    cases: [softmaxBackwardShape(128, 128), softmaxBackwardShape(1024, 1024)],
  }),
  "delta-rule": async () => {
    const { deltaRuleCases, deltaRuleShape } = await import("../../src/check/cases/linear-recurrence.ts");
    const shape = (t: number, gates: "head" | "channel" = "head") =>
      deltaRuleShape(
        `${t} tokens, 16 heads of 128${gates === "channel" ? ", a gate for each row" : ""}`,
        { b: 1, h: 16, hv: 16, t, d: 128, dv: 128 },
        { gates: { of: gates, to: 0.1 }, options: { normalise: true } },
      );
    return {
      ...deltaRuleCases,
      cases: [shape(1), shape(16), shape(64), shape(256), shape(1024), shape(256, "channel")],
    };
  },
  "state-space": async () => {
    const { stateSpaceCases, stateSpaceShape } = await import("../../src/check/cases/linear-recurrence.ts");
    const shape = (t: number) =>
      stateSpaceShape(`${t} tokens, 24 heads of 64, state of 128`, { batch: 1, groups: 1, h: 24, t, n: 128, p: 64 });
    return { ...stateSpaceCases, cases: [shape(1), shape(64), shape(1024)] };
  },
  recurrent: async () => {
    const { recurrentCases, recurrentShape } = await import("../../src/check/cases/recurrent.ts");
    const shape = (cell: "lstm" | "gru", t: number, reset?: "before") =>
      recurrentShape(`64 rows, ${t} steps of 64`, cell, { b: 64, t, i: 64, h: 64 }, { reset });
    return {
      ...recurrentCases,
      cases: [shape("gru", 12), shape("gru", 64), shape("gru", 12, "before"), shape("lstm", 12), shape("lstm", 64)],
    };
  },
  "recurrent-backward": async () => {
    const { recurrentBackwardCases, recurrentShape, withUpstream } = await import("../../src/check/cases/recurrent.ts");
    const shape = (cell: "lstm" | "gru", t: number, reset?: "before") =>
      withUpstream(recurrentShape(`64 rows, ${t} steps of 64`, cell, { b: 64, t, i: 64, h: 64 }, { reset }));
    return {
      ...recurrentBackwardCases,
      cases: [shape("gru", 12), shape("gru", 64), shape("gru", 12, "before"), shape("lstm", 12)],
    };
  },
  "index-scores": async () => {
    const { indexScoresCases, indexScoresShape } = await import("../../src/check/cases/attention/selected-keys.ts");
    const shape = (t: number, s: number) => indexScoresShape("4 × 32", { h: 4, t, s, d: 32 });
    return { ...indexScoresCases, cases: [shape(1, 16_384), shape(256, 4096)] };
  },
  "select-keys": async () => {
    const { selectKeysCases, selectKeysShape } = await import("../../src/check/cases/attention/selected-keys.ts");
    const shape = (rows: number, s: number) => selectKeysShape("ties", [rows, s], 2048);
    return { ...selectKeysCases, cases: [shape(1, 16_384), shape(64, 4096)] };
  },
  "selected-attention": async () => {
    const cases = await import("../../src/check/cases/attention/selected-keys.ts");
    const shape = (t: number) => cases.selectedAttentionShape("grouped", { h: 8, g: 2, t, s: 4096, n: 2048, d: 64 });
    return { ...cases.selectedAttentionCases, cases: [shape(1), shape(16)] };
  },
  "short-convolution": async () => {
    const { shortConvolutionCases, shortConvolutionShape } = await import("../../src/check/cases/short-convolution.ts");
    const shape = (t: number, channels: number) =>
      shortConvolutionShape("SiLU", { b: 1, t, channels, width: 4 }, { activation: "silu", state: true });
    return { ...shortConvolutionCases, cases: [shape(1, 2048), shape(64, 2048), shape(1024, 1024)] };
  },
  "short-convolution-backward": async () => {
    const { shortConvolutionBackwardCases, shortConvolutionShape, withUpstream } = await import(
      "../../src/check/cases/short-convolution.ts"
    );
    const shape = (t: number, channels: number) =>
      withUpstream(shortConvolutionShape("SiLU", { b: 1, t, channels, width: 4 }, { activation: "silu" }));
    return { ...shortConvolutionBackwardCases, cases: [shape(64, 2048), shape(1024, 1024)] };
  },
  rope: async () => ({
    ...(await import("../../src/check/cases/attention/rope.ts")).ropeCases,
    cases: [ropeShape(1, 32, 64), ropeShape(512, 32, 64)],
  }),
  block: async () => (await import("./block.ts")).blockCases,
  matmul: async () => ({
    ...(await import("../../src/check/cases/products/matmul.ts")).matmulCases,
    cases: [
      matmulShape(1, 256, 768, "f16"),
      matmulShape(1, 2048, 2048, "f32"),
      matmulShape(8, 256, 2048, "f16"),
      matmulShape(128, 256, 768, "f16"),
      matmulShape(512, 512, 512, "f32"),
    ],
  }),
  gemm: async () => ({
    ...(await import("../../src/check/cases/products/gemm.ts")).gemmCases,
    cases: [
      gemmShape(512, 512, 512),
      gemmShape(512, 512, 512, ["b"]),
      gemmShape(512, 512, 512, ["a"]),
      gemmShape(16, 16_384, 16, ["b"]),
      gemmShape(128, 4096, 64, ["a"]),
    ],
  }),
};
