// What layers that carry a state from token to token have in common.
import type { Gpu } from "../../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../../kernels/define/arguments.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import type { ShortConvolutionOptions, ShortConvolutionTensors } from "../../kernels/short-convolution/problem.ts";
import { type ShortConvolutionResult, shortConvolution } from "../../kernels/short-convolution/short-convolution.ts";
import { boolean, integer, object, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";

/** What a layer carries from token to token. */
export interface LayerState {
  /** The last inputs of its convolution, `[b, width − 1, channels]`. */
  readonly convolution: Tensor;
  /** The state of its recurrence, as the op has it; a layer that only convolves has none. */
  readonly recurrence?: Tensor | undefined;
}

/** The inputs of such a layer. */
export interface Given<W> {
  /** `[b, t, c]` */
  readonly x: Tensor;
  readonly weights: W;
  /** Of the tokens before; default zeros. */
  readonly state?: LayerState | undefined;
  /** The sequence of each token, u32 `[b, t]`, as `deltaRule` has it. */
  readonly documents?: Tensor | undefined;
  /**
   * The tensors of `state` become those after the last token: a cache's memory stays where it is. Not for gradients.
   * @defaultValue false
   */
  readonly inPlace?: boolean | undefined;
}

/** The result of such a layer, `[b, t, c]`, and the state after the last token. */
export interface StateLayerResult {
  readonly y: Tensor;
  readonly state: LayerState;
}

/**
 * A layer of a block that carries a state from token to token, such as `mamba2` with its options: `run` takes the
 * weights with the inputs, so that adapters of them are seen.
 */
export interface StateLayer {
  readonly weights: object;
  run(gpu: Gpu, given: Given<object>): StateLayerResult;
}

const stateCheck = object<LayerState>({ convolution: tensorCheck, recurrence: optionalTensor });
export const size = required(integer(1));

/** Checks of what all layers are given other than weights. */
export const givenChecks = { x: tensorCheck, state: stateCheck, documents: optionalTensor, inPlace: boolean } as const;

/** The tensors of a recurrence that go on from token to token, and its option. */
export function continued({ state, documents, inPlace }: Given<unknown>) {
  return {
    tensors: { ...(state?.recurrence ? { state: state.recurrence } : {}), ...(documents ? { documents } : {}) },
    options: { inPlace: inPlace === true && state?.recurrence !== undefined },
  };
}

/** The short convolution of a layer, with the state after the last token. */
export function convolve(
  gpu: Gpu,
  { state, documents, inPlace }: Given<unknown>,
  tensors: Pick<ShortConvolutionTensors, "x" | "weight" | "bias">,
  options: ShortConvolutionOptions = {},
): ShortConvolutionResult {
  const held = state ? { state: state.convolution } : {};
  const result = shortConvolution(gpu, { ...tensors, ...held, ...(documents ? { documents } : {}) }, options);
  if (!inPlace || !state) return result;
  const { convolution } = state;
  if (convolution.size > 0) {
    gpu.copy({
      from: result.state.storage,
      fromOffset: 4 * result.state.offset,
      to: convolution.storage,
      toOffset: 4 * convolution.offset,
      bytes: convolution.bytes,
    });
  }
  return { y: result.y, state: convolution };
}

/** `[b, t, heads · width]` as `[b, heads, t, width]`. */
export function inHeads(x: Tensor, heads: number): Tensor {
  const [b = 0, t = 0, all = 0] = x.shape;
  return transpose(reshape(x, [b, t, heads, all / heads]), [0, 2, 1, 3]);
}

/** `[b, t, heads]` as `[b, heads, t]`. */
export const ofHeads = (x: Tensor): Tensor => transpose(x, [0, 2, 1]);

/** Back, `[b, heads, t, width]` as `[b, t, heads, width]`, in memory of that order. */
export const byToken = (gpu: Gpu, x: Tensor): Tensor => contiguous(gpu, { x: transpose(x, [0, 2, 1, 3]) }).y;

/** Parts of the last axis, in memory of their own. */
export function cut(gpu: Gpu, x: Tensor, widths: readonly number[]): Tensor[] {
  let from = 0;
  return widths.map((width) => {
    from += width;
    return contiguous(gpu, { x: slice(x, 2, from - width, from) }).y;
  });
}
