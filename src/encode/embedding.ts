import { type Linear, linear } from "../blocks/linear.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { gelu, geluTanh, relu, silu } from "../kernels/elementwise/activation.ts";
import { softcap } from "../kernels/elementwise/softcap.ts";
import { concat } from "../kernels/layout/concat.ts";
import { rmsNorm } from "../kernels/norm/rms-norm.ts";
import { reduceSegments } from "../kernels/reduce/segments.ts";
import { type Tensor, upload } from "../tensor/tensor.ts";
import { type PoolingMode, tokenWeights } from "./pooling.ts";
import type { PackOutput } from "./programs.ts";

/** How texts are converted to vectors. */
export interface EmbeddingSettings {
  /** How the states of a text's tokens are pooled; several results are concatenated. */
  readonly pooling: readonly PoolingMode[];
  /** Whether the tokens of a prompt are pooled too. */
  readonly includePrompt: boolean;
  /** Elements of a vector. */
  readonly width: number;
  /** True if vectors have length 1. */
  readonly normalized: boolean;
  /** Prompts to prepend to a text, by name. */
  readonly prompts: Readonly<Record<string, string>>;
  /** The default prompt. */
  readonly defaultPromptName?: string | undefined;
  /** Maximum tokens of a text, special ones included; longer texts are truncated. */
  readonly maxTokens: number;
  /** Set: the folder makes sparse vectors, returned by `sparse` and not `embed`; the function applied to logits. */
  readonly sparse?: SparseActivation | undefined;
}

/** Functions of logits in sparse vectors: `log(1 + max(x, 0))`, or the logarithm of 1 plus that. */
export type SparseActivation = "relu" | "log1p_relu";

/** Functions of the elements of a vector, by the last part of PyTorch's names for them. */
const activations = {
  Identity: (_gpu: Gpu, x: Tensor) => x,
  Tanh: (gpu: Gpu, x: Tensor) => softcap(gpu, { x }, { cap: 1 }).y, // cap · tanh(x / cap)
  ReLU: (gpu: Gpu, x: Tensor) => relu(gpu, { x }).y,
  GELU: (gpu: Gpu, x: Tensor) => gelu(gpu, { x }).y,
  "GELU-tanh": (gpu: Gpu, x: Tensor) => geluTanh(gpu, { x }).y,
  SiLU: (gpu: Gpu, x: Tensor) => silu(gpu, { x }).y,
} as const;

/** The activation of a dense layer of vectors. */
export type VectorActivation = keyof typeof activations;

/** The steps after pooling, in order. */
export type EmbeddingStep =
  | { readonly kind: "dense"; readonly linear: Linear; readonly activation: VectorActivation }
  | { readonly kind: "normalize"; readonly scale: Tensor };

/** The vectors of a model's texts: their settings, and the steps after pooling with their weights. */
export interface Embedding {
  readonly settings: EmbeddingSettings;
  readonly steps: readonly EmbeddingStep[];
  /** Bytes of the weights. */
  readonly bytes: number;
  dispose(): void;
}

/** The step that scales vectors of this width to length 1. The caller disposes its tensor. */
export function normalizing(gpu: Gpu, width: number): Extract<EmbeddingStep, { kind: "normalize" }> {
  const values = new Float32Array(width).fill(1 / Math.sqrt(width));
  return { kind: "normalize", scale: gpu.unscoped(() => upload(gpu, [width], "f32", values, "1 / √width")) };
}

/** Keeps a vector of zeros finite: PyTorch divides by 10⁻¹² instead of a smaller length. */
const minLength = 1e-12;

/** `x / ‖x‖` of every row, as a root-mean-square norm: `x / √(mean(x²)) / √width`. */
function normalize(gpu: Gpu, x: Tensor, scale: Tensor): Tensor {
  return rmsNorm(gpu, { x, weight: scale }, { eps: minLength ** 2 / (x.shape[1] ?? 1) }).y;
}

/** A program's output for texts: one vector each. */
export function embeddingOutput({ settings, steps }: Pick<Embedding, "settings" | "steps">): PackOutput {
  const { pooling, includePrompt } = settings;
  return {
    name: "embedding",
    rows: "texts",
    inputs: Object.fromEntries(
      pooling.map((mode) => [
        mode,
        {
          dtype: "f32",
          count: ({ tokens }) => tokens,
          values: (texts, size) => tokenWeights(mode, texts, size, includePrompt),
        },
      ]),
    ),
    record(gpu, { states, offsets, inputs }) {
      const pooled = pooling.map((mode) => {
        const weights = inputs[mode] as Tensor;
        const operation = mode === "max" ? "max" : "sum";
        return gpu.within(
          `pooling.${mode}`,
          () => reduceSegments(gpu, { x: states, weights, offsets }, { operation }).y,
        );
      });
      const joined = pooled.length === 1 ? (pooled[0] as Tensor) : concat(gpu, pooled, 1);
      return steps.reduce((x, step, i) => {
        return gpu.within(`embedding.${i}`, () =>
          step.kind === "normalize"
            ? normalize(gpu, x, step.scale)
            : activations[step.activation](gpu, linear(gpu, x, step.linear)),
        );
      }, joined);
    },
  };
}
