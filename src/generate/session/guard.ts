import type { Residual } from "../../blocks/norm.ts";
import { GpuError } from "../../gpu/errors.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { magnitude } from "../../kernels/reduce/magnitude.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The largest number of f16. */
const maxF16 = 65_504;

/** What a guard found. */
export interface GuardReport {
  /** The layers after which it checked, with the largest magnitude of the residual stream there, over all tokens. */
  readonly layers: readonly { readonly layer: number; readonly largest: number }[];
  /** The first of them that exceeds f16's range of 65,504; undefined: none. */
  readonly beyondF16: number | undefined;
}

/** Checks after every `every`-th layer, and after the last. `peaks` is u32 `[layers]`: see `magnitude`. */
export function watchLayers({ gpu, config }: Decoder, peaks: Tensor, every: number) {
  return (layer: number, { sum, update }: Residual): void => {
    if (!isWatched(layer, every, config.layers)) return;
    gpu.within(`layer.${layer}.guard`, () => {
      const x = update ? add(gpu, { a: sum, b: update }).y : sum;
      magnitude(gpu, { x, peaks }, { index: layer });
    });
  };
}

const isWatched = (layer: number, every: number, layers: number): boolean =>
  (layer + 1) % every === 0 || layer === layers - 1;

/** Interprets the words of `peaks`. Throws `GpuError` naming the first layer after which NaN or infinity was found. */
export function guardReport({ config }: Decoder, peaks: Uint32Array<ArrayBuffer>, every: number): GuardReport {
  const largest = new Float32Array(peaks.buffer, peaks.byteOffset, peaks.length);
  const layers = Array.from(largest, (value, layer) => ({ layer, largest: value })).filter(({ layer }) =>
    isWatched(layer, every, config.layers),
  );
  const wrong = layers.find((one) => !Number.isFinite(one.largest));
  if (wrong) {
    const { layer, largest: value } = wrong;
    const skipped = every > 1 && layer > 0 ? ", the first one looked at of those where it is not finite" : "";
    throw new GpuError(
      `${config.architecture}: the residual stream after layer ${layer} holds ${value}${skipped}; ` +
        "shaderformer inspect --probe names the op",
    );
  }
  return { layers, beyondF16: layers.find((one) => one.largest > maxF16)?.layer };
}

/** The words of `peaks`, once all submitted work is done. */
export async function readPeaks({ gpu, peaks }: { readonly gpu: Gpu; readonly peaks: Tensor }) {
  return new Uint32Array(await gpu.read(peaks.storage, 0, peaks.bytes));
}
