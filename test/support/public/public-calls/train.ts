// Calls of `shaderformer/train`.
import { type Gpu, sequenceOffsets } from "../../../../src/index.ts";
import * as train from "../../../../src/train/index.ts";
import { attentionForms } from "./attention-forms.ts";
import { made, type PublicCalls } from "./calls.ts";

/** Calls of the functions of training, by name. */
export function trainCalls(gpu: Gpu): Readonly<Record<string, PublicCalls>> {
  const { zeros, call, plain } = made(gpu);
  const targets = zeros([2], "u32");
  const loss = { ignored: -100, smoothing: 0.1, softcap: 2, zLoss: 0.1, vocabulary: 3 };
  const [v1, v2, logits] = [zeros([1]), zeros([2]), zeros([2, 4])];
  const rule = { of: () => {}, record: () => ({}) };
  const m4 = zeros([2, 4]);
  const heads = zeros([1, 2, 3, 4]);
  const dropout = train.weightDropout({ key: zeros([2], "u32") }, { rate: 0.5, site: 0 });
  const { masks, scores } = attentionForms(gpu, [1, 2, 3, 3]);
  const recurrent = {
    x: zeros([2, 1, 4]),
    weightIh: zeros([16, 4]),
    weightHh: zeros([16, 4]),
    biasIh: zeros([16]),
    biasHh: zeros([16]),
    state: zeros([2, 4]),
    cell: zeros([2, 4]),
    lengths: zeros([2], "u32"),
  };
  const normed = { x: m4, weight: zeros([4]), dy: m4, dsum: m4 };
  const map = (of: unknown, more = {}) =>
    call(of, [
      { x: m4, dy: m4 },
      { ...more, variant: "naive", into: { dx: zeros([2, 4]) } },
    ]);
  const gated = (of: unknown) =>
    call(of, [
      { gate: m4, up: m4, dy: m4 },
      { variant: "naive", into: { dgate: zeros([2, 4]), dup: zeros([2, 4]) } },
    ]);
  return {
    "train/expBackward": map(train.expBackward),
    "train/geluBackward": map(train.geluBackward),
    "train/geluTanhBackward": map(train.geluTanhBackward),
    "train/siluBackward": map(train.siluBackward),
    "train/quickGeluBackward": map(train.quickGeluBackward),
    "train/reluBackward": map(train.reluBackward),
    "train/tanhBackward": map(train.tanhBackward),
    "train/sigmoidBackward": map(train.sigmoidBackward),
    "train/softplusBackward": map(train.softplusBackward),
    "train/squaredReluBackward": map(train.squaredReluBackward),
    "train/regluBackward": gated(train.regluBackward),
    "train/softcapBackward": map(train.softcapBackward, { cap: 30 }),
    "train/gegluBackward": gated(train.gegluBackward),
    "train/gegluErfBackward": gated(train.gegluErfBackward),
    "train/swigluBackward": gated(train.swigluBackward),
    "train/additiveScoresBackward": call(train.additiveScoresBackward, [
      { query: zeros([2, 1, 4]), keys: zeros([2, 3, 4]), v: zeros([4]), dscores: zeros([2, 1, 3]) },
      { needs: { query: true, keys: true, v: true } },
    ]),
    "train/shortConvolutionBackward": call(train.shortConvolutionBackward, [
      {
        x: zeros([2, 1, 4]),
        weight: zeros([4, 3]),
        bias: zeros([4]),
        state: zeros([2, 2, 4]),
        documents: zeros([2, 1], "u32"),
        dy: zeros([2, 1, 4]),
        dstate: zeros([2, 2, 4]),
      },
      { activation: "silu", needs: { x: true, weight: true, bias: true, state: true } },
    ]),
    "train/deltaRuleBackward": call(train.deltaRuleBackward, [
      {
        q: zeros([1, 1, 2, 4]),
        k: zeros([1, 1, 2, 4]),
        v: zeros([1, 2, 2, 3]),
        beta: zeros([1, 2, 2]),
        g: zeros([1, 2, 2]),
        state: zeros([1, 2, 4, 3]),
        documents: zeros([1, 2], "u32"),
        dout: zeros([1, 2, 2, 3]),
        dstate: zeros([1, 2, 4, 3]),
      },
      { normalise: true, scale: 0.5, variant: "chunks" },
    ]),
    "train/stateSpaceBackward": call(train.stateSpaceBackward, [
      {
        x: zeros([1, 2, 2, 3]),
        dt: zeros([1, 2, 2]),
        a: zeros([2]),
        b: zeros([1, 1, 2, 4]),
        c: zeros([1, 1, 2, 4]),
        d: zeros([2]),
        state: zeros([1, 2, 4, 3]),
        documents: zeros([1, 2], "u32"),
        dy: zeros([1, 2, 2, 3]),
        dstate: zeros([1, 2, 4, 3]),
      },
      { variant: "chunks" },
    ]),
    "train/recurrentBackward": call(train.recurrentBackward, [
      { ...recurrent, out: zeros([2, 1, 4]), dout: zeros([2, 1, 4]), dstate: m4, dcell: m4 },
      {
        cell: "lstm",
        reverse: true,
        reset: "after",
        needs: { x: true, weightIh: true, weightHh: true, biasIh: true, biasHh: true },
        variant: "steps",
      },
    ]),
    "train/layerNormBackward": call(train.layerNormBackward, [
      normed,
      {
        eps: 1e-5,
        needs: { x: true, weight: true, bias: true },
        variant: "workgroup",
        into: { dx: zeros([2, 4]), dweight: zeros([4]), dbias: zeros([4]) },
      },
    ]),
    "train/rmsNormBackward": call(train.rmsNormBackward, [
      normed,
      {
        eps: 1e-5,
        needs: { x: true, weight: true },
        variant: "workgroup",
        into: { dx: zeros([2, 4]), dweight: zeros([4]) },
      },
    ]),
    "train/logSoftmaxBackward": call(train.logSoftmaxBackward, [
      { y: m4, dy: m4 },
      { variant: "naive", into: { dx: zeros([2, 4]) } },
    ]),
    "train/softmaxBackward": call(train.softmaxBackward, [
      { y: m4, dy: m4 },
      { variant: "workgroup", into: { dx: zeros([2, 4]) } },
    ]),
    "train/l2NormaliseBackward": call(train.l2NormaliseBackward, [
      { x: m4, dy: m4 },
      { eps: 1e-12, variant: "workgroup", into: { dx: zeros([2, 4]) } },
    ]),
    "train/maxBackward": call(train.maxBackward, [
      { x: m4, dy: zeros([4]) },
      { axis: 0, variant: "naive", into: { dx: zeros([2, 4]) } },
    ]),
    "train/reduceSegmentsBackward": call(train.reduceSegmentsBackward, [
      { x: m4, weights: v2, offsets: targets, dy: zeros([1, 4]) },
      { operation: "sum", variant: "naive", into: { dx: zeros([2, 4]) } },
    ]),
    "train/attentionBackward": {
      ...call(
        train.attentionBackward,
        [
          { q: heads, k: heads, v: heads, out: heads, lse: zeros([1, 2, 3]), dout: heads },
          {
            layout: { kind: "ragged", queryOffsets: sequenceOffsets(gpu, [3]), keyOffsets: sequenceOffsets(gpu, [3]) },
          },
        ],
        ...[...masks.map((mask) => ({ mask })), ...scores.map((score) => ({ score })), { dropout }].map((form) => [
          { q: heads, k: heads, v: heads, sink: v2, out: heads, lse: zeros([1, 2, 3]), dout: heads },
          {
            scale: 1,
            start: 0,
            length: 3,
            layout: "contiguous",
            variant: "materialised",
            ...form,
            needs: { q: true, k: true, v: true, sink: true, score: [] },
          },
        ]),
      ),
      runs: true, // a score of one's own has no derivative
    },
    "train/adamW": call(train.adamW, [
      {
        parameter: m4,
        gradient: zeros([2, 4]),
        first: zeros([2, 4]),
        second: zeros([2, 4]),
        scalars: zeros([3]),
        clip: v2,
      },
      { betas: [0.9, 0.95], eps: 1e-8, decay: 0.1 },
    ]),
    "train/momentum": call(train.momentum, [
      { gradient: zeros([2, 4]), parameter: m4, velocity: zeros([2, 4]), clip: v2 },
      { momentum: 0.9, fresh: 1, ahead: 1, held: 0.9, decay: 0.1 },
    ]),
    "train/descend": call(train.descend, [
      { parameter: m4, update: zeros([2, 4]), scalars: v1, clip: v2 },
      { decay: 0.1, scale: 2 },
    ]),
    "train/lion": call(train.lion, [
      { parameter: m4, gradient: zeros([2, 4]), first: zeros([2, 4]), scalars: v1, clip: v2 },
      { betas: [0.9, 0.99], decay: 0.1 },
    ]),
    "train/balanceBias": call(train.balanceBias, [
      { sums: zeros([5]), bias: zeros([2]), clip: v2 },
      { rate: 0.001, into: {} },
    ]),
    "train/expertsBackward": call(train.expertsBackward, [
      {
        x: m4,
        experts: zeros([2, 1], "u32"),
        weights: zeros([2, 1]),
        dy: m4,
        gateUp: zeros([16, 4]),
        gateUpBias: zeros([16]),
        down: zeros([8, 4]),
        downBias: zeros([8]),
      },
      {
        activation: "swiglu",
        capacity: 2,
        needs: { x: true, weights: true, gateUp: true, gateUpBias: true, down: true, downBias: true },
        variant: "naive",
      },
    ]),
    "train/routeBackward": call(train.routeBackward, [
      { logits, experts: zeros([2, 1], "u32"), dweights: zeros([2, 1]) },
      {
        k: 1,
        scores: "softmax",
        normalise: true,
        scale: 1,
        groups: { count: 2, keep: 1, by: "maximum" },
        variant: "naive",
        into: { dlogits: zeros([2, 4]) },
      },
    ]),
    "train/routerStatistics": call(train.routerStatistics, [
      { logits, experts: zeros([2, 1], "u32") },
      { scores: "softmax", variant: "naive" },
    ]),
    "train/routerStatisticsBackward": call(train.routerStatisticsBackward, [
      { logits, dsums: zeros([9]) },
      { scores: "softmax", variant: "naive" },
    ]),
    "train/gradientNorm": call(train.gradientNorm, [{ gradients: [m4], skipped: zeros([1], "u32") }, { maxNorm: 1 }]),
    "train/gradients": {
      // Outside of a recording even a right call is refused.
      ...call(train.gradients, [zeros([]), { weight: zeros([2, 2]) }, { upstream: zeros([]), rules: [rule] }]),
      runs: true,
    },
    "train/ruleOf": plain(train.ruleOf, [train.softmaxBackward, () => ({}), { unread: ["y"] }]),
    "train/checkpoint": call(train.checkpoint, [() => zeros([]), { keep: () => true }]),
    "train/dropout": call(train.dropout, [
      { x: m4, key: zeros([2], "u32") },
      { rate: 0.5, site: 1, into: { y: zeros([2, 4]) } },
    ]),
    "train/weightDropout": plain(train.weightDropout, [{ key: zeros([2], "u32") }, { rate: 0.5, site: 1 }]),
    "train/columnSums": call(train.columnSums, [{ x: logits }, { variant: "naive", into: { y: zeros([4]) } }]),
    "train/gatherBackward": call(train.gatherBackward, [
      { ids: targets, dy: logits },
      { rows: 5, scale: 2, accumulate: true, variant: "naive", into: { dtable: zeros([5, 4]) } },
    ]),
    "train/crossEntropy": call(train.crossEntropy, [
      { logits, targets },
      { ...loss, variant: "naive", into: { losses: v2, lse: zeros([2]), loss: v1, count: zeros([1]) } },
    ]),
    "train/linearCrossEntropy": call(train.linearCrossEntropy, [
      { x: m4, weight: zeros([6, 4]), bias: zeros([6]), targets },
      { ...loss, chunk: 64, variant: "rowChunks" },
    ]),
    "train/linearCrossEntropyBackward": call(train.linearCrossEntropyBackward, [
      {
        x: m4,
        weight: zeros([6, 4]),
        bias: zeros([6]),
        targets,
        lse: v2,
        count: v1,
        others: zeros([2]),
        dloss: zeros([1]),
      },
      { ...loss, chunk: 64, needs: { x: true, weight: true, bias: true }, variant: "vocabularyBlocks" },
    ]),
    "train/crossEntropyRows": call(train.crossEntropyRows, [
      { logits, targets },
      { ...loss, variant: "naive", into: { losses: v2, lse: zeros([2]) } },
    ]),
    "train/countTargets": call(train.countTargets, [{ targets }, { ignored: -100, into: { count: v1 } }]),
    "train/meanLoss": call(train.meanLoss, [{ losses: v2, count: v1 }, { into: { loss: zeros([1]) } }]),
    "train/crossEntropyBackward": call(train.crossEntropyBackward, [
      { logits, targets, lse: v2, count: v1, dloss: zeros([1]) },
      { ...loss, variant: "naive", inPlace: false, into: { dlogits: zeros([2, 4]) } },
    ]),
  };
}
