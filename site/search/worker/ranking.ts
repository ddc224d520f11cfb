import type { Gpu, Instance } from "../../../src/gpu/gpu.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { maxTopLogprobs, topLogprobs } from "../../../src/kernels/sampling/logprobs.ts";
import { placed, type Tensor, upload, zeros } from "../../../src/tensor/tensor.ts";

/** Maximum passages of a ranking. */
export const maxHits = maxTopLogprobs;

/**
 * Vectors on the GPU, and the program that finds those with the largest products with a query: a matrix product and the
 * selection of the largest, whose indices are read back.
 */
export class Ranking {
  readonly #gpu: Gpu;
  readonly #tensors: readonly Tensor[];
  readonly #query: Tensor;
  readonly #ids: Tensor;
  readonly #instance: Instance<{ readonly ids: Tensor }>;
  readonly #dispose: () => void;

  private constructor(
    gpu: Gpu,
    tensors: readonly Tensor[],
    query: Tensor,
    ids: Tensor,
    instance: Instance<{ readonly ids: Tensor }>,
    dispose: () => void,
  ) {
    this.#gpu = gpu;
    this.#tensors = tensors;
    this.#query = query;
    this.#ids = ids;
    this.#instance = instance;
    this.#dispose = dispose;
  }

  /** Uploads `count` rows of `width` elements. */
  static async of(gpu: Gpu, vectors: Float32Array<ArrayBuffer>, count: number, width: number): Promise<Ranking> {
    const weight = upload(gpu, [count, width], "f32", vectors, "vectors of passages");
    const query = zeros(gpu, [1, width], "f32", "vector of the query");
    const chosen = zeros(gpu, [1], "u32", "no passage in particular");
    const tensors = [weight, query, chosen];
    const program = gpu.record(() => {
      const { y } = matmul(gpu, { x: query, weight });
      return { ids: topLogprobs(gpu, { logits: y, chosen }, { n: Math.min(maxHits, count) }).ids };
    });
    try {
      const instance = await program.instantiate();
      return new Ranking(gpu, tensors, query, program.result.ids, instance, () => {
        instance.dispose();
        program.dispose();
      });
    } catch (error) {
      program.dispose();
      for (const tensor of tensors) tensor.dispose();
      throw error;
    }
  }

  /** The indices of the nearest passages, nearest first; the lower among equals. */
  async top(query: Float32Array<ArrayBuffer>): Promise<number[]> {
    await this.#gpu.write(this.#query.storage, 0, new Uint8Array(query.buffer, query.byteOffset, query.byteLength));
    this.#instance.run();
    return [...(await placed(this.#instance, this.#ids).read())];
  }

  dispose(): void {
    this.#dispose();
    for (const tensor of this.#tensors) tensor.dispose();
  }
}
