// Calls of ops that compute gradients.
import { variantsOf } from "../../../src/check/case-table.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import type { AttentionScore } from "../../../src/kernels/attention/options.ts";
import { withPreference } from "../../../src/kernels/define/preference.ts";
import {
  expBackward,
  geluBackward,
  geluTanhBackward,
  quickGeluBackward,
  reluBackward,
  sigmoidBackward,
  siluBackward,
  softcapBackward,
  softplusBackward,
  squaredReluBackward,
  tanhBackward,
} from "../../../src/kernels/elementwise/activation-backward.ts";
import * as gated from "../../../src/kernels/elementwise/gated-backward.ts";
import { balanceBias } from "../../../src/kernels/moe/balance-bias.ts";
import { expertsBackward } from "../../../src/kernels/moe/experts-backward.ts";
import { routeBackward } from "../../../src/kernels/moe/route-backward.ts";
import { routerStatistics, routerStatisticsBackward } from "../../../src/kernels/moe/router-statistics.ts";
import { layerNormBackward } from "../../../src/kernels/norm/layer-norm-backward.ts";
import { rmsNormBackward } from "../../../src/kernels/norm/rms-norm-backward.ts";
import { adamW } from "../../../src/kernels/optimizer/adamw.ts";
import { descend } from "../../../src/kernels/optimizer/descend.ts";
import { gradientNorm } from "../../../src/kernels/optimizer/gradient-norm.ts";
import { lion } from "../../../src/kernels/optimizer/lion.ts";
import { momentum } from "../../../src/kernels/optimizer/momentum.ts";
import { maxBackward, reduceSegmentsBackward } from "../../../src/kernels/reduce/segments-backward.ts";
import { logSoftmaxBackward } from "../../../src/kernels/softmax/log-softmax-backward.ts";
import { softmaxBackward } from "../../../src/kernels/softmax/softmax-backward.ts";
import { type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { type CountedCall, type Inputs, named } from "./call.ts";

const activations = {
  expBackward,
  geluBackward,
  geluTanhBackward,
  quickGeluBackward,
  reluBackward,
  sigmoidBackward,
  siluBackward,
  softplusBackward,
  squaredReluBackward,
  tanhBackward,
};

/** Short rows: one load of each of four threads, and two; sums of one run. */
const [short, long] = [16, 32] as const;

export function backwardCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const add = (name: string, of: (cols: number) => unknown) => {
    found[name] = { record: () => of(short), grown: () => of(long) };
  };
  const tensors = (rows: number, cols: number) => ({
    x: random([rows, cols]),
    dy: random([rows, cols]),
    weight: random([cols]),
  });
  for (const variant of variantsOf(attentionBackward)) {
    const call = (heads: number, d: number, sinks: { readonly sink?: Tensor }) => {
      const [q, k] = [random([1, heads, 4, d]), random([1, 1, 8, d])];
      const tensors = { q, k, v: k, out: q, dout: q, lse: random([1, heads, 4]), ...sinks };
      // Tiles of products count rows past the edges, which grow with the width; products have calls of their own.
      return withPreference(
        gpu,
        ({ op }) => (op.opName === "gemm" ? ["naive"] : undefined),
        () => attentionBackward(gpu, tensors, { mask: "full", variant }),
      );
    };
    const name = `attentionBackward ${variant}`;
    // Tiles are full of what is not there, take long to interpret, and do nothing once.
    if (variant === "flash") found[name] = { record: () => call(1, 8, {}) };
    else add(name, (cols) => call(2, cols / 2, { sink: random([2]) }));
  }
  for (const variant of ["materialised", "flash"] as const) {
    const gradientOf = (name: string, path: string, scoreOf: () => AttentionScore) =>
      add(`attentionBackward of ${name} ${variant}`, (cols) => {
        const d = cols / 4;
        const [q, k] = [random([1, 1, 4, d]), random([1, 1, 8, d])];
        const tensors = { q, k, v: k, out: q, dout: q, lse: random([1, 1, 4]) };
        const needs = { q: false, k: false, v: false, score: [path] };
        return withPreference(
          gpu,
          ({ op }) => (op.opName === "gemm" ? ["naive"] : undefined),
          () => attentionBackward(gpu, tensors, { mask: "full", score: scoreOf(), needs, variant }),
        );
      });
    gradientOf("a table", "table", () => ({ kind: "signed-relative-bias", table: random([1, 5]) }));
    gradientOf("a user's tensor", "tensors.own", () => ({
      kind: "custom",
      wgsl: `@group(2) @binding(0) var<storage, read> own: array<f32>;
fn own_element(b: u32, h: u32, q: u32, k: u32) -> u32 { return k % 3; }
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score + own[k % 3]; }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0; }`,
      tensors: { own: random([3]) },
    }));
    gradientOf("a bias", "bias", () => ({ kind: "bias", bias: random([1, 1, 4, 8]) }));
  }
  add("adamW", (n) => {
    const [parameter, gradient, first, second] = [random([n]), random([n]), random([n]), random([n])];
    return adamW(gpu, { parameter, gradient, first, second, scalars: random([3]) });
  });
  add("momentum", (n) => momentum(gpu, { gradient: random([n]), parameter: random([n]), velocity: random([n]) }));
  add("descend", (n) => descend(gpu, { parameter: random([n]), update: random([n]), scalars: random([1]) }));
  add("lion", (n) =>
    lion(gpu, { parameter: random([n]), gradient: random([n]), first: random([n]), scalars: random([1]) }),
  );
  add("gradientNorm", (n) => gradientNorm(gpu, { gradients: [random([n])], skipped: zeros(gpu, [1], "u32") }));
  for (const variant of variantsOf(rmsNormBackward)) {
    add(`rmsNormBackward ${variant}`, (cols) => rmsNormBackward(gpu, tensors(3, cols), { eps: 1e-5, variant }));
    add(`rmsNormBackward of a sum ${variant}`, (cols) =>
      rmsNormBackward(gpu, { ...tensors(3, cols), dsum: random([3, cols]) }, { eps: 1e-5, variant }),
    );
    add(`layerNormBackward ${variant}`, (cols) =>
      layerNormBackward(gpu, tensors(3, cols), { eps: 1e-5, needs: { bias: true }, variant }),
    );
    add(`layerNormBackward of the rows alone ${variant}`, (cols) =>
      layerNormBackward(gpu, tensors(3, cols), { eps: 1e-5, needs: { weight: false }, variant }),
    );
  }
  for (const variant of variantsOf(softmaxBackward)) {
    add(`softmaxBackward ${variant}`, (cols) =>
      softmaxBackward(gpu, { y: random([3, cols]), dy: random([3, cols]) }, { variant }),
    );
  }
  for (const variant of variantsOf(logSoftmaxBackward)) {
    add(`logSoftmaxBackward ${variant}`, (cols) =>
      logSoftmaxBackward(gpu, { y: random([3, cols]), dy: random([3, cols]) }, { variant }),
    );
  }
  const pooled = (t: number) => ({
    x: random([t, 5]),
    weights: random([t]),
    dy: random([2, 5]),
    offsets: words([3], 0, t / 2, t),
  });
  for (const variant of variantsOf(reduceSegmentsBackward)) {
    for (const operation of ["sum", "max"] as const) {
      const call = (t: number) => () => reduceSegmentsBackward(gpu, pooled(t), { operation, variant });
      found[`reduceSegmentsBackward of ${operation} ${variant}`] = { record: call(8), grown: call(16) };
    }
    add(`maxBackward ${variant}`, (cols) =>
      maxBackward(gpu, { x: random([3, cols]), dy: random([3]) }, { axis: 1, variant }),
    );
  }
  const chosen = words([4, 2], 0, 1, 2, 0, 1, 2, 0, 1);
  for (const variant of variantsOf(expertsBackward)) {
    const layer = (c: number) => {
      const [x, dy, weights, down] = [random([4, c]), random([4, c]), random([4, 2]), random([3 * c, 8])];
      const biases = { gateUpBias: random([48]), downBias: random([3 * c]) };
      return expertsBackward(
        gpu,
        { x, dy, experts: chosen, weights, gateUp: random([48, c]), down, ...biases },
        { variant },
      );
    };
    found[`expertsBackward ${variant}`] = { record: () => layer(8), grown: () => layer(16) };
  }
  const logits = () => random([4, 3]);
  const rule = { k: 2, scores: "softmax", normalise: true } as const;
  Object.assign(
    found,
    named({
      ...Object.fromEntries(
        (["lanes", "naive"] as const).flatMap((variant) => [
          [
            `routeBackward ${variant}`,
            () =>
              routeBackward(gpu, { logits: logits(), experts: chosen, dweights: random([4, 2]) }, { ...rule, variant }),
          ],
          [
            `routerStatisticsBackward ${variant}`,
            () => routerStatisticsBackward(gpu, { logits: logits(), dsums: random([7]) }, { variant }),
          ],
        ]),
      ),
      ...Object.fromEntries(
        variantsOf(routerStatistics).map((variant) => [
          `routerStatistics ${variant}`,
          () => routerStatistics(gpu, { logits: logits(), experts: chosen }, { variant }),
        ]),
      ),
      balanceBias: () => balanceBias(gpu, { sums: random([7]), bias: random([3]) }, { rate: 0.1 }),
      "balanceBias of a step": () =>
        balanceBias(gpu, { sums: random([7]), bias: random([3]), clip: random([2]) }, { rate: 0.1 }),
    }),
  );
  // The fewest rows that are in groups of four.
  add("rmsNormBackward in groups subgroups", (cols) =>
    rmsNormBackward(gpu, tensors(388, cols / 4), { eps: 1e-5, variant: "subgroups" }),
  );
  return { ...found, ...elementwiseCalls(gpu, random) };
}

function elementwiseCalls(gpu: Inputs["gpu"], random: Inputs["random"]) {
  const [x, dy, a, b, c] = [random([3, 7]), random([3, 7]), random([3, 8]), random([3, 8]), random([3, 8])];
  const target = random([3, 16]);
  const halves = { dgate: slice(target, 1, 0, 8), dup: slice(target, 1, 8, 16) };
  return named({
    ...Object.fromEntries(
      (["vectors", "naive"] as const).flatMap((variant) => [
        ...Object.entries(activations).map(([name, op]) => [
          `${name} ${variant}`,
          () => op(gpu, { x, dy }, { variant }),
        ]),
        ...Object.entries(gated).map(([name, op]) => {
          return [`${name} ${variant}`, () => op(gpu, { gate: a, up: b, dy: c }, { variant })];
        }),
        [`softcapBackward ${variant}`, () => softcapBackward(gpu, { x, dy }, { cap: 2, variant })],
      ]),
    ),
    "swigluBackward into halves": () => gated.swigluBackward(gpu, { gate: a, up: b, dy: c }, { into: halves }),
  });
}
