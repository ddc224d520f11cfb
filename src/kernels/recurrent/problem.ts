import lengthsAll from "#shaders/recurrent/lengths/all.wgsl";
import lengthsGiven from "#shaders/recurrent/lengths/given.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { boolean, fieldsOf, oneOf, required } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { KernelContext } from "../define/kernel.ts";
import { AxisSizes } from "../define/shapes.ts";
import { fill } from "../elementwise/fill.ts";
import { contiguous } from "../layout/contiguous.ts";

/**
 * A recurrent cell: `rnn` with tanh (Elman 1990), `gru` (Cho et al. 2014), `lstm` (Hochreiter and Schmidhuber 1997).
 */
export type RecurrentCell = "lstm" | "gru" | "rnn";

/** How many gates each cell has, whose rows are one after the other in its weights: i f g o, r z n, and one. */
export const gatesOf: Readonly<Record<RecurrentCell, number>> = { lstm: 4, gru: 3, rnn: 1 };

/** The tensors of a recurrent layer, with the shapes of PyTorch's `nn.LSTM`, `nn.GRU` and `nn.RNN`; all f32. */
export interface RecurrentTensors {
  /** The inputs, `[b, t, i]`. */
  readonly x: Tensor;
  /** From inputs to gates, `[gates · h, i]`: `weight_ih_l0`. */
  readonly weightIh: Tensor;
  /** From the state to gates, `[gates · h, h]`: `weight_hh_l0`. */
  readonly weightHh: Tensor;
  /** `[gates · h]`: `bias_ih_l0`. */
  readonly biasIh?: Tensor | undefined;
  /** `[gates · h]`: `bias_hh_l0`. */
  readonly biasHh?: Tensor | undefined;
  /** The state before the first step, `[b, h]`; default zeros. */
  readonly state?: Tensor | undefined;
  /** The cell of an LSTM before the first step, `[b, h]`; default zeros. */
  readonly cell?: Tensor | undefined;
  /** How many tokens each row has, u32 `[b]`; default all t. More than t count as t. */
  readonly lengths?: Tensor | undefined;
}

/** Options of a recurrent layer. */
export interface RecurrentOptions {
  readonly cell: RecurrentCell;
  /** True: each row is read from its own last token to its first. */
  readonly reverse?: boolean | undefined;
  /**
   * Of a GRU. `after`: r multiplies the product of the state, n = tanh(a + r · (U h + b)), and h′ = (1 − z) · n + z · h, as
   * in PyTorch and cuDNN. `before`: r multiplies the state, n = tanh(a + U (r · h) + b), and z takes the new value,
   * h′ = (1 − z) · h + z · n (Cho et al. 2014). The two are different functions: no change of weights makes one the other.
   * Keras (`reset_after=False`) and ONNX (`linear_before_reset=0`) have h′ = (1 − z) · n + z · h in the latter too: negate
   * the rows of z in their weights and biases, and put the rows of r first.
   * @defaultValue "after"
   */
  readonly reset?: "after" | "before" | undefined;
}

/** The options of a kernel of one step. */
export interface StepOptions extends RecurrentOptions {
  readonly step: number;
}

/** `reverse` as a field of `Params`. */
export const reverseOf = ({ reverse = false }: RecurrentOptions): number => Number(reverse);

/** The checks of {@link RecurrentOptions}. */
export const recurrentChecks = {
  cell: required(oneOf("lstm", "gru", "rnn")),
  reverse: boolean,
  reset: oneOf("after", "before"),
} as const;

/** As fields. */
export const recurrentFields = fieldsOf<RecurrentOptions>(recurrentChecks);

/** The sizes of a call. */
export interface RecurrentSizes {
  readonly b: number;
  readonly t: number;
  readonly h: number;
  readonly gates: number;
}

/** The result and the gradients that gradients are computed from. */
type Upstream = Partial<Readonly<Record<"out" | "dout" | "dstate" | "dcell", Tensor | undefined>>>;

/** Checks the shapes of a call, and of gradients. Throws `ShapeError`. */
export function recurrentSizes(
  op: string,
  tensors: RecurrentTensors & Upstream,
  { cell, reset }: RecurrentOptions,
): RecurrentSizes {
  const sizes = new AxisSizes(op);
  const patterns = {
    x: "[b, t, i]",
    weightHh: "[gates, h]",
    weightIh: "[gates, i]",
    biasIh: "[gates]",
    biasHh: "[gates]",
    state: "[b, h]",
    cell: "[b, h]",
    lengths: "[b]",
    out: "[b, t, h]",
    dout: "[b, t, h]",
    dstate: "[b, h]",
    dcell: "[b, h]",
  } as const;
  for (const [name, pattern] of Object.entries(patterns)) {
    const tensor = tensors[name as keyof typeof patterns];
    if (tensor) sizes.match(name, pattern, tensor.shape);
  }
  const [b = 0, t = 0] = tensors.x.shape;
  const [rows = 0, h = 0] = tensors.weightHh.shape;
  const gates = gatesOf[cell];
  if (rows !== gates * h) {
    const found = formatShape(tensors.weightHh.shape);
    throw new ShapeError(
      `${op}: weightHh is ${found}, expected [${gates * h}, ${h}]: ${cell} has ${gates} · h rows, h = ${h}`,
    );
  }
  const given = (["cell", "dcell"] as const).find((name) => tensors[name]);
  if (given && cell !== "lstm") throw new ShapeError(`${op}: ${given} is given, expected only with lstm, not ${cell}`);
  if (reset === "before" && cell !== "gru") {
    throw new ShapeError(`${op}: reset is "before", expected only with gru, not ${cell}`);
  }
  return { b, t, h, gates };
}

/** 1 for a call with lengths, which its kernels read for each element. */
export const withLengths = (dtypes: object): number => ("lengths" in dtypes ? 1 : 0);

/** The part for the lengths of rows. */
export const lengthsPart = ({ dtypes }: KernelContext) => ("lengths" in dtypes ? lengthsGiven : lengthsAll);

/** A state in memory of its own, which a kernel may change, or zeros. */
export const stateCopy = (gpu: Gpu, { b, h }: RecurrentSizes, state: Tensor | undefined): Tensor =>
  state ? contiguous(gpu, { x: state }).y : fill(gpu, [b, h], 0);

/** Threads that every device has. */
const most = 256;

/** How the kernels of all steps are specialised: for `lines` rows of a weight that have `columns` numbers each. */
interface Residence {
  readonly h: number;
  readonly lines: number;
  readonly columns: number;
  /** f32 in workgroup memory for each row of the batch, other than the weight. */
  readonly perRow: number;
  /** The shader's own constants. */
  readonly usual: { readonly WORKGROUP: number; readonly ROWS: number };
}

/** Constants of the kernels of all steps; as many rows of the weight are held as fit into workgroup memory. */
export function residentConstants(gpu: Gpu, { h, lines, columns, perRow, usual }: Residence) {
  const room = Math.floor(gpu.limits.workgroupBytes / 4) - usual.ROWS * perRow;
  const held = Math.max(0, Math.min(lines, Math.floor(room / columns)));
  const threads = Math.min(most, usual.WORKGROUP * Math.ceil(h / usual.WORKGROUP));
  return { WORKGROUP: threads, UNITS: h, HELD: held };
}

/** Why the kernels of all steps cannot take so wide a state; undefined if they can. */
export function refuseWidth(gpu: Gpu, { h, columns, perRow, usual }: Residence): string | undefined {
  // A row of the weight has memory even where none is held.
  const bytes = 4 * (usual.ROWS * perRow + columns);
  const { workgroupBytes } = gpu.limits;
  if (bytes <= workgroupBytes) return;
  return `a state of ${h} needs ${bytes} bytes of workgroup memory, this device has ${workgroupBytes}`;
}
