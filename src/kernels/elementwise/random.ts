import distributionNormal from "#shaders/elementwise/distribution/normal.wgsl";
import distributionUniform from "#shaders/elementwise/distribution/uniform.wgsl";
import source from "#shaders/elementwise/random.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { checkOptions, fieldsOf, integer, required } from "../../options/checks.ts";
import { assertShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

/** Seed, a u32; the same seed gives the same tensor. */
export interface RandomOptions {
  readonly seed: number;
}

const fields = fieldsOf<RandomOptions & Into<{ readonly y: Tensor }>>({
  seed: required(integer(0, 2 ** 32 - 1)),
  into: intoOf("y"),
});

function defineRandom(distribution: "uniform" | "normal", part: ShaderModule) {
  const kernel = defineKernel({
    name: "elementwise/random",
    source,
    inputs: {},
    outputs: { y: "[...y]" },
    axes: (_, { shape }: RandomOptions & { readonly shape: Shape }) => ({ y: shape }),
    params: ({ y }, { seed }) => ({ n: y, seed }),
    specialise: () => ({ parts: [part] }),
    threads: ({ y }) => y / 2,
    cost: ({ y }) => ({ flops: 0, requestedBytes: 4 * y }),
  });
  return (gpu: Gpu, shape: Shape, given: RandomOptions & Into<{ readonly y: Tensor }>): Tensor => {
    checkOptions(distribution, fields, given);
    const { seed, ...options } = given;
    assertShape(shape, distribution);
    return gpu.group({ op: distribution, variant: "random", options: { seed } }, () =>
      kernel(gpu, {}, { ...options, shape, seed }),
    ).y;
  };
}

/**
 * An f32 tensor of random numbers from the uniform distribution on [0, 1), in steps of 2⁻²⁴. Elements 2i and 2i + 1 are
 * the words of Threefry-2x32-20 with key (seed, 0) and counter (i, 1) (Salmon, Moraes, Dror and Shaw 2011): bitwise the
 * same on every adapter.
 */
export const uniform = defineRandom("uniform", distributionUniform);

/**
 * An f32 tensor of random numbers from the normal distribution of mean 0 and variance 1, from the same words as
 * {@link uniform} (Box and Muller 1958). Adapters differ in the last digits, as their logarithms do.
 */
export const normal = defineRandom("normal", distributionNormal);
