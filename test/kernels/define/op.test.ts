import { describe, expect, test } from "vitest";
import { defineOp } from "../../../src/kernels/define/op.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { axpy, broken, scale } from "../../support/small-kernels.ts";

const gpu = await testGpu({ features: [] });
const x = tensor(gpu, [3], [1, 2, 3]);

type Tensors = { readonly x: Tensor };
type Options = { readonly factor: number };

const variants = {
  plain: {
    record: (g: typeof gpu, t: Tensors, { factor }: Options) => ({ y: axpy(g, { x: t.x, z: t.x }, { factor }).y }),
  },
  pairs: {
    accepts: (t: Tensors) => (t.x.size % 2 === 0 ? undefined : `x has ${t.x.size} elements, expected an even number`),
    record: (g: typeof gpu, t: Tensors, { factor }: Options) => ({ y: axpy(g, { x: t.x, z: t.x }, { factor }).y }),
  },
  halves: {
    requires: ["shader-f16", "subgroups"],
    record: (): { y: Tensor } => {
      throw new Error("never asked");
    },
  },
  twice: {
    workspace: (t: Tensors) => t.x.bytes,
    record: (g: typeof gpu, t: Tensors, { factor }: Options) => {
      using scope = g.scope();
      const { y } = axpy(g, { x: t.x, z: t.x }, { factor });
      return { y: scope.keep(axpy(g, { x: y, z: y }, { factor: 0 }).y) };
    },
  },
} as const;

const double = defineOp<Tensors, Options, { y: Tensor }, typeof variants>({
  name: "test/double",
  variants,
  order: () => ["halves", "pairs", "plain"],
});

describe("choosing", () => {
  test("takes the first of the order that can", async () => {
    const { calls } = gpu.record(() => double(gpu, { x }, { factor: 1 }));
    expect(calls.map(({ op, variant, options }) => [op, variant, options])).toEqual([
      ["test/double", "plain", { factor: 1 }],
    ]);
    expect([...(await double(gpu, { x }, { factor: 1 }).y.read())]).toEqual([2, 4, 6]);
    const even = tensor(gpu, [2], [1, 2]);
    expect(gpu.record(() => double(gpu, { x: even }, { factor: 1 })).calls[0]?.variant).toBe("pairs");
  });

  test("by name takes that one, or says why it cannot", () => {
    const { calls } = gpu.record(() => double(gpu, { x }, { factor: 1, variant: "twice" }));
    expect(calls.map(({ op, variant, dispatches }) => [op, variant, dispatches.length])).toEqual([
      ["test/double", "twice", 2],
    ]);
    const by = (variant: keyof typeof variants) => () => double(gpu, { x }, { factor: 1, variant });
    expect(by("pairs")).toThrow(new ShapeError("test/double/pairs: x has 3 elements, expected an even number"));
    expect(by("halves")).toThrow(new ShapeError("test/double/halves: this device has no shader-f16, subgroups"));
    // @ts-expect-error there is no such variant
    expect(by("other")).toThrow("test/double/other: there is no such variant; there are plain, pairs, halves, twice");
  });

  test("says of every variant of the order why none can", () => {
    const op = defineOp<Tensors, Options, { y: Tensor }, typeof variants>({
      name: "test/double",
      variants,
      order: () => ["halves", "pairs"],
    });
    expect(() => op(gpu, { x }, { factor: 1 })).toThrow(
      new ShapeError(
        "test/double: no variant takes these arguments; halves: this device has no shader-f16, subgroups; " +
          "pairs: x has 3 elements, expected an even number",
      ),
    );
  });

  test("a survey tells of every variant without recording any", () => {
    const program = gpu.record(() => {
      expect([...double.survey(gpu, { x }, { factor: 1 })]).toEqual([
        ["plain", undefined],
        ["pairs", "x has 3 elements, expected an even number"],
        ["halves", "this device has no shader-f16, subgroups"],
        ["twice", undefined],
      ]);
    });
    expect(program.calls).toEqual([]);
  });
});

test("ops inside of ops belong to the outer call", () => {
  const outer = defineOp<Tensors, object, { y: Tensor }, { only: { record: typeof record } }>({
    name: "test/outer",
    variants: { only: { record } },
    order: () => ["only"],
  });
  function record(g: typeof gpu, t: Tensors) {
    scale(g, { x: t.x }, { by: 1 });
    return double(g, t, { factor: 1 });
  }
  const program = gpu.record(() => outer(gpu, { x }));
  expect(program.calls.map(({ op, dispatches }) => [op, dispatches.map(({ kernel }) => kernel)])).toEqual([
    ["test/outer", ["test/scale", "test/axpy"]],
  ]);
});

test("a call that throws leaves the next one its own", () => {
  const program = gpu.record(() => {
    expect(() => double(gpu, { x }, { factor: 1, variant: "halves" })).toThrow(ShapeError);
    expect(() =>
      gpu.group({ op: "test/failing", variant: "only", options: {} }, () =>
        broken(gpu, { x: tensor(gpu, [1, 1], [1]) }),
      ),
    ).toThrow();
    double(gpu, { x }, { factor: 1 });
  });
  expect(program.calls.at(-1)).toMatchObject({ op: "test/double", variant: "plain" });
  expect(program.dispatches.length).toBe(1);
});
