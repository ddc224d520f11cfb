import { describe, expect, test } from "vitest";
import { memoryUse } from "../../../src/gpu/device/memory-use.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Call } from "../../../src/gpu/program/dispatch.ts";
import { gelu } from "../../../src/kernels/elementwise/activation.ts";
import { add, mul } from "../../../src/kernels/elementwise/elementwise.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { sum } from "../../../src/kernels/reduce/reduce.ts";
import { createRopeTables } from "../../../src/models/decoders/decoder.ts";
import { placed, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape } from "../../../src/tensor/views.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { checkpoint } from "../../../src/train/gradients/recompute.ts";
import { decoderLoss } from "../../../src/train/objectives/decoder.ts";
import type { Recompute } from "../../../src/train/objectives/objective.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { goldenDecoder } from "../../support/models/golden-decoder.ts";
import { digitSource } from "../../support/numbers/digits.ts";

const gpu = await quickGpu();
const digits = digitSource(gpu);
const total = (x: Tensor) => sum(gpu, { x: reshape(x, [x.size]) }, { axis: 0 }).y;

const resultY = (call: Call | undefined) => (call?.result as { readonly y: Tensor } | undefined)?.y as Tensor;

type Weights = Readonly<Record<"up" | "down", Tensor>>;

/** Two layers x + down · gelu(up · x). */
const layer = (x: Tensor, { up, down }: Weights) => {
  const hidden = gelu(gpu, { x: matmul(gpu, { x, weight: up }).y }).y;
  gpu.tap("hidden", hidden);
  return add(gpu, { a: x, b: matmul(gpu, { x: hidden, weight: down }).y }).y;
};

const recorded = (x: Tensor, weights: Weights, around: <T>(fn: () => T) => T) =>
  gpu.record(() => {
    const first = around(() => layer(x, weights));
    const loss = total(around(() => layer(first, weights)));
    return { loss, found: gradients(gpu, loss, { x, ...weights }) };
  });

async function bits(program: ReturnType<typeof recorded>): Promise<number[][]> {
  const instance = await program.instantiate();
  instance.run();
  const { loss, found } = program.result;
  const read = async (one: Tensor | undefined) => [...(await placed(instance, one as Tensor).read())];
  const values = await Promise.all([loss, found.x, found.up, found.down].map(read));
  instance.dispose();
  return values;
}

describe("a part that is computed again for its gradients", () => {
  const x = digits([3, 5]).x;
  const weights = { up: digits([7, 5]).x, down: digits([5, 7]).x };
  const plain = recorded(x, weights, (fn) => fn());
  const all = recorded(x, weights, (fn) => checkpoint(gpu, fn));

  test("has the same gradients, in every bit", async () => {
    expect(await bits(all)).toEqual(await bits(plain));
  });

  test("is recorded again after the loss, without what no gradient reads, the last layer first", () => {
    const again = all.calls.filter((call) => call.again);
    expect(again.map(({ op }) => op)).toEqual(["matmul", "gelu", "matmul", "gelu"]);
    const at = (call: object | undefined) => all.calls.indexOf(call as (typeof all.calls)[number]);
    expect(again.map((call) => at(call.again))).toEqual([4, 5, 0, 1]);
    expect(all.calls.filter(({ of }) => of).every(({ again }) => again === undefined)).toBe(true);
  });

  test("no gradient reads the first results, so their memory is free after the forward pass", () => {
    const first = resultY(all.calls[1]);
    const readers = all.calls.filter(({ dispatches }) =>
      dispatches.some(({ bindings }) =>
        bindings.some(({ access, storage }) => access === "read" && storage === first.storage),
      ),
    );
    expect(readers.map(({ op }) => op)).toEqual(["matmul"]);
  });

  test("keeps the results of the calls that are named", async () => {
    const keep = recorded(x, weights, (fn) => checkpoint(gpu, fn, { keep: ({ op }) => op === "matmul" }));
    expect(keep.calls.filter((call) => call.again).map(({ op }) => op)).toEqual(["gelu", "gelu"]);
    expect(await bits(keep)).toEqual(await bits(plain));
  });

  test("names its values once", () => {
    const taps = (name: string) => name === "hidden" || name === "d hidden";
    const program = gpu.record(
      () => gradients(gpu, total(checkpoint(gpu, () => layer(x, weights))), { up: weights.up }),
      { taps },
    );
    expect([...program.taps.keys()].sort()).toEqual(["d hidden", "hidden"]);
    expect(program.taps.get("hidden")).toBe(resultY(program.calls[1]));
  });

  test("within another it is part of that", async () => {
    const nested = recorded(x, weights, (fn) => checkpoint(gpu, () => checkpoint(gpu, fn)));
    expect(await bits(nested)).toEqual(await bits(plain));
    expect(nested.calls.map(({ op }) => op)).toEqual(all.calls.map(({ op }) => op));
  });

  test("outside of record it is the function alone", async () => {
    const y = checkpoint(gpu, () => mul(gpu, { a: x, b: x }).y);
    expect([...(await y.read())]).toEqual([...(await x.read())].map((v) => v * v));
  });

  test("a function that records other calls the second time is refused by name", () => {
    let runs = 0;
    const fickle = () => (runs++ === 0 ? mul(gpu, { a: x, b: x }).y : add(gpu, { a: x, b: x }).y);
    const fn = () => gradients(gpu, total(checkpoint(gpu, fickle)), { x });
    expect(() => gpu.record(fn)).toThrow(
      "checkpoint: a function recorded again has add/binary, expected mul/binary as the first time",
    );
  });
});

describe("a decoder whose layers are computed again", () => {
  const lossAndGradients = async (device: Gpu, name: string, recompute: Recompute) => {
    const { decoder, parameters, golden } = await goldenDecoder(device, name);
    const shape = [golden.ids.length, golden.ids[0]?.length ?? 0];
    const ids = tensor(device, shape, golden.ids.flat(), "u32");
    const targets = tensor(device, shape, golden.targets.flat(), "i32");
    const ropeTables = createRopeTables(decoder, shape[1] ?? 0);
    const named = Object.fromEntries(parameters.map((one) => [one.name, one.tensor]));
    const program = device.record(() => {
      const { loss } = decoderLoss(decoder, { ids, targets }, { ropeTables, recompute });
      return { loss, found: gradients(device, loss, named) };
    });
    const instance = await program.instantiate();
    instance.run();
    const { loss, found } = program.result;
    const values = await Promise.all(
      [loss, ...Object.values(found)].map(async (one) => [...(await placed(instance, one as Tensor).read())]),
    );
    instance.dispose();
    decoder.weights.dispose();
    return { values, ...memoryUse(program), again: program.calls.filter(({ again }) => again).length };
  };

  test.each(["gemma2"])("%s: equal in every bit, with less memory", async (name) => {
    const nothing = await lossAndGradients(gpu, name, "nothing");
    const cheap = await lossAndGradients(gpu, name, "cheap");
    const layers = await lossAndGradients(gpu, name, "layers");
    expect(cheap.values).toEqual(nothing.values);
    expect(layers.values).toEqual(nothing.values);
    console.log(
      `${name}: ${[nothing, cheap, layers].map(({ saved, peak }) => `${saved} of ${peak}`).join(", ")} bytes`,
    );
    expect(cheap.saved).toBeLessThan(nothing.saved);
    expect(layers.saved).toBeLessThan(cheap.saved);
    expect(layers.peak).toBeLessThan(nothing.peak);
    expect(nothing.again).toBe(0);
    expect(layers.again).toBeGreaterThan(cheap.again);
  });
});
