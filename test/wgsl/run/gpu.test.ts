import { describe, expect, test } from "vitest";
import type { RandomSource } from "../../../src/check/random.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { OptionError } from "../../../src/options/errors.ts";
import { buffersOf } from "../../../src/study/buffers.ts";
import {
  type Choice,
  type Prepared,
  prepare,
  type Size,
  type Sizes,
  type StudyKernel,
} from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { classOf } from "../../../src/wgsl/run/equality.ts";
import { runFloat64 } from "../../../src/wgsl/run/float64/float64.ts";
import type { EntryPoint } from "../../../src/wgsl/run/program.ts";
import { firstIf, firstOfEach } from "../../support/first-tier.ts";
import { attempts, randomFor } from "../../support/fuzz.ts";
import { moduleOf } from "../../support/shaders.ts";
import { halfParts } from "../half-parts.ts";
import { differentBits, wrongNumbers } from "./differences.ts";
import { devices, lackOf } from "./gpu-devices.ts";
import { runOnBoth } from "./run-on-gpu.ts";

async function expectEqual(gpu: Gpu, { sizes, shader: { code }, dispatch }: Prepared): Promise<void> {
  const what = JSON.stringify(sizes);
  const { workgroups } = dispatch;
  const filled = (entry: EntryPoint) => buffersOf(entry, dispatch);
  const { entry, pairs, outOfBounds, subgroupSize } = await runOnBoth(gpu, code, filled, workgroups);
  expect(pairs.length, "buffers that are written").toBeGreaterThan(0);
  expect(outOfBounds, what).toEqual([]);
  if (classOf(entry) === "bits") {
    expect(pairs.flatMap(differentBits).slice(0, 5), what).toEqual([]);
    return;
  }
  const { results } = runFloat64(entry, { workgroups, subgroupSize, buffers: filled(entry) });
  expect(pairs.flatMap((pair) => wrongNumbers(pair, results)).slice(0, 5), what).toEqual([]);
}

const featuresOf = ({ code }: Shader): string[] =>
  [...code.matchAll(/^enable (\w+);/gm)].map(([, name = ""]) => (name === "f16" ? "shader-f16" : name));

/** The smallest dispatch of a kernel. */
const smallest = (kernel: StudyKernel, choice: Choice = {}): Prepared =>
  prepare(kernel, {
    ...kernel.small,
    ...choice,
    constants: Object.assign({}, kernel.small.constants, choice.constants),
  });

/** The sizes of kernels are drawn up to this, or twice the smallest dispatch's. */
const maxSize = 12;

/** WGSL bounds the error of sines up to π alone: adapters differ beyond. Two tokens from position 1 stay below. */
const fixedSizes: Readonly<Record<string, Sizes>> = { "ladders/rope/angles": { tokens: 2, start: 1 } };

/** A dispatch of random sizes that the kernel takes. */
function randomDispatch(kernel: StudyKernel, random: RandomSource): Prepared {
  const { sizes: usual = {} } = kernel.small;
  const draw = ([name, { least = 1, most = 65_536, multipleOf = 1 }]: [string, Size]): [string, number] => {
    const to = Math.min(most, Math.max(maxSize, 2 * (usual[name] ?? 0)));
    const from = Math.ceil(least / multipleOf);
    const count = Math.max(1, Math.floor(to / multipleOf) - from + 1);
    return [name, multipleOf * (from + random.integer(count))];
  };
  for (let turn = 0; turn < 1000; turn++) {
    try {
      const drawn = Object.fromEntries(Object.entries(kernel.sizes).map(draw));
      return smallest(kernel, { sizes: Object.assign(drawn, fixedSizes[kernel.source.name]) });
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
    }
  }
  throw new Error(`${kernel.source.name} refuses all random sizes`);
}

/** The shortest kernel of each folder, which compiles soonest. */
const kernels = await studyKernels();
const byLength = [...kernels]
  .map(([name, kernel]) => ({ name, length: smallest(kernel).shader.code.length }))
  .sort((a, b) => a.length - b.length)
  .map(({ name }) => name);
const isFirst = firstOfEach(byLength, (kernel) => kernel.split("/")[0]);

/** A dispatch of two lanes a workgroup, in workgroups of a whole subgroup; heads have a vector for each lane. */
const inWholeSubgroups = (kernel: StudyKernel, size: number): Prepared =>
  kernel.source.name === "attention/subgroups"
    ? smallest(kernel, {
        sizes: { ...kernel.small.sizes, width: 4 * size },
        constants: { SUBGROUP: size, KEYS: size },
      })
    : smallest(kernel, { constants: { SUBGROUP: size } });

describe.each([...(await devices())])("on %s, what a kernel writes is what the interpreter writes", (_, gpu) => {
  for (const [name, kernel] of kernels) {
    test(name, firstIf(isFirst(name)), async ({ skip }) => {
      const prepared = smallest(kernel);
      const lack = lackOf(gpu, featuresOf(prepared.shader));
      skip(lack !== undefined, lack);
      await expectEqual(gpu, prepared);
    });
  }

  for (const [name, kernel] of kernels) {
    if (Object.keys(kernel.sizes).length === 0) continue;
    test(`${name}, random sizes`, async ({ skip }) => {
      const lack = lackOf(gpu, featuresOf(smallest(kernel).shader));
      skip(lack !== undefined, lack);
      const random = randomFor(name);
      for (let shape = 0; shape < attempts(10, 1); shape++) {
        await expectEqual(gpu, randomDispatch(kernel, random));
      }
    });
  }

  for (const [name, kernel] of kernels) {
    if (!smallest(kernel).shader.declarations.constants.has("SUBGROUP")) continue;
    test(`${name}, in whole subgroups`, async ({ skip }) => {
      const lack = lackOf(gpu, ["subgroups"]);
      skip(lack !== undefined, lack);
      await expectEqual(gpu, inWholeSubgroups(kernel, gpu.adapter.subgroupSize as number));
    });
  }

  for (const [name, part] of halfParts) {
    test(`${name} with ${part}`, async ({ skip }) => {
      const lack = lackOf(gpu, ["shader-f16"]);
      skip(lack !== undefined, lack);
      await expectEqual(gpu, smallest(kernels.get(name) as StudyKernel, { parts: [moduleOf(part)] }));
    });
  }
});
