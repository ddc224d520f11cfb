// Mixtures of experts and their gradients; losses, gradients of other ops, and steps of optimizers.

import * as blocks from "../../src/kernels/cross-entropy/blocks.ts";
import { countTargets, crossEntropyRows, meanLoss } from "../../src/kernels/cross-entropy/cross-entropy.ts";
import { crossEntropyBackward } from "../../src/kernels/cross-entropy/cross-entropy-backward.ts";
import { geluBackward, softcapBackward } from "../../src/kernels/elementwise/activation-backward.ts";
import { swigluBackward } from "../../src/kernels/elementwise/gated-backward.ts";
import { gatherBackward } from "../../src/kernels/embedding/gather-backward.ts";
import { adaptedExperts } from "../../src/kernels/moe/adapted-experts.ts";
import { adaptedExpertsBackward } from "../../src/kernels/moe/adapted-experts-backward.ts";
import { align } from "../../src/kernels/moe/align.ts";
import { balanceBias } from "../../src/kernels/moe/balance-bias.ts";
import { expertChoice } from "../../src/kernels/moe/expert-choice.ts";
import { experts } from "../../src/kernels/moe/experts.ts";
import { expertsBackward } from "../../src/kernels/moe/experts-backward.ts";
import { route } from "../../src/kernels/moe/route.ts";
import { routeBackward } from "../../src/kernels/moe/route-backward.ts";
import { routerStatistics, routerStatisticsBackward } from "../../src/kernels/moe/router-statistics.ts";
import { l2NormaliseBackward } from "../../src/kernels/norm/l2-normalise-backward.ts";
import { layerNormBackward } from "../../src/kernels/norm/layer-norm-backward.ts";
import { rmsNormBackward } from "../../src/kernels/norm/rms-norm-backward.ts";
import { adamW } from "../../src/kernels/optimizer/adamw.ts";
import { descend } from "../../src/kernels/optimizer/descend.ts";
import { gradientNorm } from "../../src/kernels/optimizer/gradient-norm.ts";
import { lion } from "../../src/kernels/optimizer/lion.ts";
import { momentum } from "../../src/kernels/optimizer/momentum.ts";
import { maxBackward, reduceSegmentsBackward } from "../../src/kernels/reduce/segments-backward.ts";
import { logSoftmaxBackward } from "../../src/kernels/softmax/log-softmax-backward.ts";
import { softmaxBackward } from "../../src/kernels/softmax/softmax-backward.ts";
import { type ModelCall, model, type Tensors } from "./model.ts";

const { width, tokens, hidden, vocabulary } = model;

export function mixtureCalls({ gpu, random, words }: Tensors): ModelCall[] {
  const { experts: count, chosen } = model;
  const [width, hidden, rank] = [256, 128, 8];
  const rule = { k: chosen, scores: "softmax", normalise: true } as const;
  const choices = (rows: number) => words([rows, chosen], (i) => (i + Math.floor(i / chosen)) % count);
  const layer = (rows: number) => ({
    x: random([rows, width]),
    experts: choices(rows),
    weights: random([rows, chosen]),
    gateUp: random([count * 2 * hidden, width]),
    down: random([count * width, hidden]),
  });
  const logits = () => random([tokens, count]);
  const sizes = `${tokens} tokens`;
  const adapters = () => ({
    upA: random([count * rank, width]),
    upB: random([count * hidden, rank]),
    upScale: random([1]),
  });
  const biases = () => ({ gateUpBias: random([count * 2 * hidden]), downBias: random([count * width]) });
  const dy = () => random([tokens, width]);
  const sums = () => random([2 * count + 1]);
  return [
    { sizes, record: () => route(gpu, { logits: logits() }, rule) },
    { sizes: "1 token", record: () => experts(gpu, layer(1), {}) },
    { sizes, record: () => experts(gpu, layer(tokens), {}) },
    { sizes, record: () => experts(gpu, layer(tokens), { variant: "bounded" }) },
    { sizes, record: () => experts(gpu, layer(tokens), { variant: "dense" }) },
    { sizes: "4096 tokens", record: () => align(gpu, { experts: choices(4096) }, { count, block: 32 }) },
    { sizes, record: () => expertChoice(gpu, { logits: logits() }, { capacity: 16 }) },
    { sizes, record: () => adaptedExperts(gpu, { ...layer(tokens), ...adapters() }, {}) },
    { sizes, record: () => adaptedExpertsBackward(gpu, { ...layer(tokens), ...adapters(), dy: dy() }, {}) },
    { sizes, record: () => expertsBackward(gpu, { ...layer(tokens), ...biases(), dy: dy() }, {}) },
    {
      sizes,
      record: () =>
        routeBackward(gpu, { logits: logits(), experts: choices(tokens), dweights: random([tokens, chosen]) }, rule),
    },
    { sizes, record: () => routerStatistics(gpu, { logits: logits(), experts: choices(tokens) }) },
    { sizes, record: () => routerStatisticsBackward(gpu, { logits: logits(), dsums: sums() }) },
    { sizes, record: () => balanceBias(gpu, { sums: sums(), bias: random([count]) }, { rate: 0.1 }) },
  ];
}

const eps = 1e-5;

export const trainingCalls = (tensors: Tensors): ModelCall[] => [
  ...losses(tensors),
  ...gradients(tensors),
  ...steps(tensors),
];

function losses({ gpu, random, words }: Tensors): ModelCall[] {
  const rows = 8;
  const targets = (count = rows) => words([count], (i) => 3 * i);
  const logits = () => random([rows, vocabulary]);
  const upstream = () => ({ lse: random([rows]), count: random([1]), dloss: random([1]) });
  const sizes = `${rows} rows of ${vocabulary}`;
  const whole = { first: 0, vocabulary } as const;
  return [
    { sizes, record: () => crossEntropyRows(gpu, { logits: logits(), targets: targets() }, {}) },
    { sizes, record: () => crossEntropyBackward(gpu, { logits: logits(), targets: targets(), ...upstream() }, {}) },
    { sizes: "1024 targets", record: () => countTargets(gpu, { targets: targets(1024) }) },
    { sizes: "1024 losses", record: () => meanLoss(gpu, { losses: random([1024]), count: random([1]) }) },
    {
      sizes,
      record: () => blocks.addBlock(gpu, { logits: logits(), targets: targets(), sums: random([rows, 4]) }, whole),
    },
    { sizes, record: () => blocks.lossOfSums(gpu, { sums: random([rows, 4]), targets: targets() }, { vocabulary }) },
    {
      sizes,
      record: () =>
        blocks.blockGradient(
          gpu,
          { logits: logits(), targets: targets(), ...upstream(), others: random([rows]) },
          whole,
        ),
    },
  ];
}

function gradients({ gpu, random, words }: Tensors): ModelCall[] {
  const x = (columns: number = width) => random([tokens, columns]);
  const sizes = `${tokens} rows of ${width}`;
  const wide = `${tokens} × ${hidden}`;
  const both = () => ({ x: x(), dy: x(), weight: random([width]) });
  return [
    { sizes, record: () => rmsNormBackward(gpu, both(), { eps }) },
    { sizes, record: () => layerNormBackward(gpu, both(), { eps, needs: { bias: true } }) },
    { sizes, record: () => l2NormaliseBackward(gpu, { x: x(), dy: x() }) },
    { sizes, record: () => softmaxBackward(gpu, { y: x(), dy: x() }) },
    { sizes, record: () => logSoftmaxBackward(gpu, { y: x(), dy: x() }) },
    { sizes: wide, record: () => geluBackward(gpu, { x: x(hidden), dy: x(hidden) }) },
    { sizes: wide, record: () => softcapBackward(gpu, { x: x(hidden), dy: x(hidden) }, { cap: 30 }) },
    { sizes: wide, record: () => swigluBackward(gpu, { gate: x(hidden), up: x(hidden), dy: x(hidden) }) },
    {
      sizes: `${sizes}, 2 segments`,
      record: () => {
        const offsets = words([3], (i) => (i * tokens) / 2);
        return reduceSegmentsBackward(
          gpu,
          { x: x(), weights: random([tokens]), dy: random([2, width]), offsets },
          { operation: "sum" },
        );
      },
    },
    { sizes, record: () => maxBackward(gpu, { x: x(), dy: random([tokens]) }, { axis: 1 }) },
    {
      sizes: `${sizes}, table of ${vocabulary}`,
      record: () =>
        gatherBackward(gpu, { ids: words([tokens], (i) => (i * 37) % vocabulary), dy: x() }, { rows: vocabulary }),
    },
  ];
}

function steps({ gpu, random, words }: Tensors): ModelCall[] {
  const x = () => random([width, width]);
  const sizes = `${width} × ${width}`;
  return [
    {
      sizes,
      record: () => adamW(gpu, { parameter: x(), gradient: x(), first: x(), second: x(), scalars: random([3]) }),
    },
    { sizes, record: () => momentum(gpu, { gradient: x(), parameter: x(), velocity: x() }) },
    { sizes, record: () => descend(gpu, { parameter: x(), update: x(), scalars: random([1]) }) },
    { sizes, record: () => lion(gpu, { parameter: x(), gradient: x(), first: x(), scalars: random([1]) }) },
    { sizes, record: () => gradientNorm(gpu, { gradients: [x()], skipped: words([1], () => 0) }) },
  ];
}
