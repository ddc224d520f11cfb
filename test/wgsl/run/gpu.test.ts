import { describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { classOf } from "../../../src/wgsl/run/equality.ts";
import { firstIf, firstOfEach } from "../../support/first-tier.ts";
import { shaderOf } from "../../support/shaders.ts";
import { type Dispatch, floats } from "../races/dispatch.ts";
import { dispatches } from "../races/dispatches.ts";
import { differentBits, differentNumbers } from "./differences.ts";
import { devices, lackOf } from "./gpu-devices.ts";
import { buffersOf } from "./kernel-buffers.ts";
import { runOnBoth } from "./run-on-gpu.ts";

/**
 * How much results may differ, in units of 2^-24 of the largest number of the buffer (2^-11 in buffers of f16): software
 * adapters need up to 7. They round each product and each sum of fma(a, b, c), which the interpreter fuses, and their
 * exponentials and logarithms err in more than the last bit.
 */
const within = 8;

/** Kernels whose integers are rounded floats: weights in units of 2^-30. */
const roundedIntegers = new Set(["sampling/token-weights"]);

async function expectEqual(gpu: Gpu, { name, code }: Shader, dispatch: Dispatch): Promise<void> {
  const { entry, pairs, outOfBounds } = await runOnBoth(
    gpu,
    code,
    (one) => buffersOf(one, dispatch),
    dispatch.workgroups,
  );
  expect(pairs.length, "buffers that are written").toBeGreaterThan(0);
  const bound = { within, integers: roundedIntegers.has(name) };
  const differ =
    classOf(entry) === "bits" ? differentBits : (pair: (typeof pairs)[number]) => differentNumbers(pair, bound);
  expect(pairs.flatMap(differ).slice(0, 5)).toEqual([]);
  expect(outOfBounds).toEqual([]);
}

const featuresOf = ({ code }: Shader): string[] =>
  [...code.matchAll(/^enable (\w+);/gm)].map(([, name = ""]) => (name === "f16" ? "shader-f16" : name));

const shaderFor = (kernel: string, { constants = {} }: Dispatch, parts: readonly string[] = []): Shader =>
  shaderOf(kernel, { parts, constants });

/** The shortest kernel of each folder, which compiles soonest. */
const kernels = Object.entries(dispatches);
const byLength = kernels
  .map(([kernel, dispatch]) => ({ kernel, length: shaderFor(kernel, dispatch).code.length }))
  .sort((a, b) => a.length - b.length)
  .map(({ kernel }) => kernel);
const isFirst = firstOfEach(byLength, (kernel) => kernel.split("/")[0]);

/** Attention whose heads have a vector for each lane of a subgroup. */
function wideAttention(size: number): Dispatch {
  const [t, s, h, d] = [10, 12, 2, 4 * size];
  return {
    constants: { HEAD_WIDTH: d, VALUE_WIDTH: d, SUBGROUP: size, ROWS: 4, KEYS: size },
    uniforms: {
      params: { h, g: 1, t, s, d, start: s - t, length: s, scale: 0.5 },
      views: { q_head: d, q_token: h * d, q_batch: t * h * d, k_token: d, v_token: d },
    },
    inputs: { q: floats(t * h * d), k: floats(s * d), v: floats(s * d) },
    outputs: { out: t * h * d },
    workgroups: [3, h, 1],
  };
}

/** A dispatch of two lanes a workgroup, in workgroups of a whole subgroup. */
const inWholeSubgroups = (kernel: string, dispatch: Dispatch, size: number): Dispatch =>
  kernel === "attention/subgroups"
    ? wideAttention(size)
    : { ...dispatch, constants: Object.assign({}, dispatch.constants, { SUBGROUP: size }) };

/** Kernels with parts that store f16. */
const halves: readonly (readonly [kernel: string, part: string])[] = [
  ["attention/rows", "attention/cache/f16"],
  ["attention/split-k/parts", "attention/cache/f16"],
  ["embedding/gather", "lib/weight/f16"],
  ["matmul/naive", "lib/weight/f16"],
  ["matmul/register", "lib/weight/f16"],
  ["matmul/tiled", "lib/weight/f16"],
  ["matmul/vector", "lib/weight/f16"],
  ["moe/vector", "lib/weight/f16"],
  ["peaks/multiply-add", "peaks/number/f16"],
];

describe.each([...(await devices())])("on %s, what a kernel writes is what the interpreter writes", (_, gpu) => {
  for (const [kernel, dispatch] of kernels) {
    test(kernel, firstIf(isFirst(kernel)), async ({ skip }) => {
      const shader = shaderFor(kernel, dispatch);
      const lack = lackOf(gpu, featuresOf(shader));
      skip(lack !== undefined, lack);
      await expectEqual(gpu, shader, dispatch);
    });
  }

  for (const [kernel, dispatch] of kernels.filter(([, { constants }]) => constants?.["SUBGROUP"] !== undefined)) {
    test(`${kernel}, in whole subgroups`, async ({ skip }) => {
      const lack = lackOf(gpu, ["subgroups"]);
      skip(lack !== undefined, lack);
      const whole = inWholeSubgroups(kernel, dispatch, gpu.adapter.subgroupSize as number);
      await expectEqual(gpu, shaderFor(kernel, whole), whole);
    });
  }

  for (const [kernel, part] of halves) {
    test(`${kernel} with ${part}`, async ({ skip }) => {
      const lack = lackOf(gpu, ["shader-f16"]);
      skip(lack !== undefined, lack);
      const dispatch = dispatches[kernel] as Dispatch;
      await expectEqual(gpu, shaderFor(kernel, dispatch, [part]), dispatch);
    });
  }
});
