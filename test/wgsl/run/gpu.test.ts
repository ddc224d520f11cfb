import { describe, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Choice, type Prepared, prepare, type StudyKernel } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { classOf } from "../../../src/wgsl/run/equality.ts";
import { runFloat64 } from "../../../src/wgsl/run/float64/float64.ts";
import type { EntryPoint } from "../../../src/wgsl/run/program.ts";
import { firstIf, firstOfEach } from "../../support/first-tier.ts";
import { moduleOf } from "../../support/shaders.ts";
import { halfParts } from "../half-parts.ts";
import { differentBits, wrongNumbers } from "./differences.ts";
import { devices, lackOf } from "./gpu-devices.ts";
import { runOnBoth } from "./run-on-gpu.ts";

async function expectEqual(gpu: Gpu, { shader: { code }, dispatch }: Prepared): Promise<void> {
  const { workgroups } = dispatch;
  const filled = (entry: EntryPoint) => buffersOf(entry, dispatch);
  const { entry, pairs, outOfBounds, subgroupSize } = await runOnBoth(gpu, code, filled, workgroups);
  expect(pairs.length, "buffers that are written").toBeGreaterThan(0);
  expect(outOfBounds).toEqual([]);
  if (classOf(entry) === "bits") {
    expect(pairs.flatMap(differentBits).slice(0, 5)).toEqual([]);
    return;
  }
  const { results } = runFloat64(entry, { workgroups, subgroupSize, buffers: filled(entry) });
  expect(pairs.flatMap((pair) => wrongNumbers(pair, results)).slice(0, 5)).toEqual([]);
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
