import { normal } from "../../../../src/check/random.ts";
import type { Gpu } from "../../../../src/gpu/gpu.ts";
import * as ops from "../../../../src/index.ts";
import { type Dense, dense } from "../../../../src/reference/dense.ts";
import * as reference from "../../../../src/reference/index.ts";
import { type Tensor, tensor } from "../../../../src/tensor/tensor.ts";
import { slice } from "../../../../src/tensor/views.ts";
import { type Row, random, row } from "./row.ts";

type X = { x: Dense };
type OfX = { readonly x: Tensor };
type Gate = { gate: Dense; up: Dense };
type Pair = { a: Dense; b: Dense };
const x = random([3, 7], 1, 1.5);

/** Functions of elements, their reductions, and rotations. */
export function elementRows(gpu: Gpu): readonly Row[] {
  const maps = (
    [
      ["gelu", ops.gelu, reference.gelu],
      ["geluTanh", ops.geluTanh, reference.geluTanh],
      ["silu", ops.silu, reference.silu],
      ["quickGelu", ops.quickGelu, reference.quickGelu],
      ["relu", ops.relu, reference.relu],
      ["softplus", ops.softplus, reference.softplus],
      ["squaredRelu", ops.squaredRelu, reference.squaredRelu],
      ["tanh", ops.tanh, reference.tanh],
      ["sigmoid", ops.sigmoid, reference.logistic],
      ["exp", ops.exp, reference.exp],
      ["softmax", ops.softmax, reference.softmax],
      ["logSoftmax", ops.logSoftmax, reference.logSoftmax],
      ["l2Normalise", ops.l2Normalise, reference.l2Normalise],
    ] as const
  ).map(([name, op, forward]) =>
    row(name, op, { x }, forward as (inputs: X) => { y: Dense }, (t: OfX) => op(gpu, t).y),
  );

  const gates = (
    [
      ["swiglu", ops.swiglu, reference.swiglu],
      ["geglu", ops.geglu, reference.geglu],
      ["gegluErf", ops.gegluErf, reference.gegluErf],
      ["reglu", ops.reglu, reference.reglu],
    ] as const
  ).map(([name, op, forward]) =>
    // Halves of one tensor.
    row(
      name,
      op,
      { both: random([3, 10], 2) },
      ({ both }) => {
        const half = (i: number) => reference.slice({ x: both }, { axis: 1, start: 5 * i, end: 5 * i + 5 }).y;
        return forward({ gate: half(0), up: half(1) } satisfies Gate);
      },
      ({ both }) => op(gpu, { gate: slice(both, 1, 0, 5), up: slice(both, 1, 5, 10) }).y,
    ),
  );

  const binary = (
    [
      ["add", ops.add, reference.add],
      ["sub", ops.sub, reference.sub],
      ["mul", ops.mul, reference.mul],
      ["div", ops.div, reference.div],
    ] as const
  ).map(([name, op, forward]) =>
    row(
      `${name}, with a row that is repeated`,
      op,
      {
        a: x,
        b: dense(
          [7],
          normal(7, 3).map((value) => Math.fround(value + Math.sign(value))),
        ),
      },
      ({ a, b }: Pair) => forward({ a, b: dense([3, 7], [...b.values, ...b.values, ...b.values]) }),
      (t) => op(gpu, t).y,
    ),
  );

  const reductions = (
    [
      ["sum", ops.sum, reference.sum],
      ["mean", ops.mean, reference.mean],
      ["max", ops.max, reference.max],
    ] as const
  ).flatMap(([name, op, forward]) =>
    [0, -1].map((axis) =>
      row(
        `${name} over ${axis}`,
        op,
        { x: random([4, 3, 5], 4) },
        (t) => forward(t, { axis }),
        (t) => op(gpu, t, { axis }).y,
      ),
    ),
  );

  const [b, t, h, d] = [2, 3, 2, 6];
  const table = random([8, 2, 2], 5);
  const ropes = (["halves", "interleaved"] as const).flatMap((layout) =>
    [false, true].map((inverse) =>
      row(
        `rope, ${layout}${inverse ? ", inverse" : ""}`,
        ops.rope,
        { x: random([b, t, h, d], 6) },
        ({ x }) => reference.rope({ x, table }, { layout, start: 2, inverse }),
        ({ x }) => ops.rope(gpu, { x, table: tensor(gpu, table.shape, table.values) }, { layout, start: 2, inverse }).y,
      ),
    ),
  );

  const rotations = [
    row(
      "hadamard",
      ops.hadamard,
      { x: random([b, t, h, d], 7) },
      ({ x }) => reference.hadamard({ x }),
      ({ x }) => ops.hadamard(gpu, { x }).y,
    ),
  ];

  return [...maps, ...gates, ...binary, ...reductions, ...ropes, ...rotations];
}
