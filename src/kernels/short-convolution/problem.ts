import documentsGiven from "#shaders/short-convolution/documents/given.wgsl";
import documentsNone from "#shaders/short-convolution/documents/none.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, oneOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { AxisSizes } from "../define/shapes.ts";
import { fill } from "../elementwise/fill.ts";
import { asContiguous } from "../layout/contiguous.ts";

/** The tensors of a short convolution, f32 unless said; they may be views. */
export interface ShortConvolutionTensors {
  /** The inputs, `[b, t, channels]`. */
  readonly x: Tensor;
  /** `[channels, width]`, 1 to 8 wide; the last column meets the current token. */
  readonly weight: Tensor;
  /** `[channels]` */
  readonly bias?: Tensor | undefined;
  /** The inputs before the first token, the oldest first: `[b, width - 1, channels]`; default zeros. */
  readonly state?: Tensor | undefined;
  /**
   * The document of each token, u32 `[b, t]`, of several that are one after the other: inputs of another count as
   * zeros. The state is of the first token's. The number of a document does not come back after another.
   */
  readonly documents?: Tensor | undefined;
}

/** The options of a short convolution. */
export interface ShortConvolutionOptions {
  /**
   * The function of the sums: none, or SiLU, as delta rules and state spaces have it.
   * @defaultValue "none"
   */
  readonly activation?: "silu" | "none" | undefined;
}

/** Gradients of the results; absent ones are zeros. */
interface Upstream {
  readonly dy?: Tensor | undefined;
  readonly dstate?: Tensor | undefined;
}

/** The checks of {@link ShortConvolutionOptions}. */
export const convolutionChecks = { activation: /* @__PURE__ */ oneOf("silu", "none") } as const;

/** As fields. */
export const convolutionFields = /* @__PURE__ */ fieldsOf<ShortConvolutionOptions>(convolutionChecks);

/** The widest weight: a thread has one number of it, and an input, in registers for each of its columns. */
const maxWidth = 8;

/** The sizes of a call. */
interface ConvolutionSizes {
  readonly b: number;
  readonly t: number;
  readonly channels: number;
  readonly width: number;
}

/** Checks shapes and types of a call, and of gradients. Throws `ShapeError`. */
export function convolutionSizes(op: string, tensors: ShortConvolutionTensors & Upstream): ConvolutionSizes {
  const sizes = new AxisSizes(op);
  const [channels = 0, width = 0] = tensors.weight.shape;
  const state = `[b, ${Math.max(0, width - 1)}, channels]`;
  const patterns = {
    x: "[b, t, channels]",
    weight: "[channels, width]",
    bias: "[channels]",
    state,
    documents: "[b, t]",
    dy: "[b, t, channels]",
    dstate: state,
  } as const;
  for (const [name, pattern] of Object.entries(patterns)) {
    const tensor = tensors[name as keyof typeof patterns];
    if (!tensor) continue;
    sizes.match(name, pattern, tensor.shape);
    const type = name === "documents" ? "u32" : "f32";
    if (tensor.dtype !== type) throw new ShapeError(`${op}: ${name} is ${tensor.dtype}, expected ${type}`);
  }
  if (width < 1 || width > maxWidth) {
    const found = formatShape(tensors.weight.shape);
    throw new ShapeError(`${op}: weight is ${found}, expected [channels, width] with a width of 1 to ${maxWidth}`);
  }
  const [b = 0, t = 0] = tensors.x.shape;
  return { b, t, channels, width };
}

/** The tensors that kernels read, in memory of their own order, and a state. */
export function convolutionMemory(
  gpu: Gpu,
  { x, weight, state, documents }: ShortConvolutionTensors,
  { b, channels, width }: ConvolutionSizes,
) {
  return {
    x: asContiguous(gpu, x),
    weight: asContiguous(gpu, weight),
    state: state ? asContiguous(gpu, state) : fill(gpu, [b, width - 1, channels], 0),
    ...(documents ? { documents: asContiguous(gpu, documents) } : {}),
  };
}

/** What the kernels' records have in common. */
export const convolutionKernel = {
  accepts: { documents: ["u32"] },
  params: ({ b, t, channels, width }: Readonly<Record<"b" | "t" | "channels" | "width", number>>) => ({
    b,
    t,
    channels,
    width,
  }),
} as const;

/** 1 for a call with documents, which its kernels read for each input. */
export const withDocuments = (dtypes: object): number => ("documents" in dtypes ? 1 : 0);

/** The part for documents. */
export const documentsPart = (dtypes: object) => ("documents" in dtypes ? documentsGiven : documentsNone);
