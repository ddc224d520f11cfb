import type { Gpu } from "../gpu/gpu.ts";
import { checkCall, optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { concat } from "../kernels/layout/concat.ts";
import type { RecurrentCell } from "../kernels/recurrent/problem.ts";
import { type RecurrentResult, recurrent } from "../kernels/recurrent/recurrent.ts";
import { boolean, fieldsOf, integer, oneOf, recordOf, required } from "../options/checks.ts";
import { ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice } from "../tensor/views.ts";

/** The tensors of recurrent layers. */
export interface RecurrentLayersTensors {
  /** The inputs of the first layer, `[b, t, i]`. */
  readonly x: Tensor;
  /**
   * Weights under PyTorch's names: `weight_ih_l0`, `weight_hh_l0` and, if there are biases, `bias_ih_l0` and
   * `bias_hh_l0`; l1 and so on for further layers, with `_reverse` at the end for the other direction.
   */
  readonly weights: Readonly<Record<string, Tensor>>;
  /** The states before the first step, `[layers · directions, b, h]`, directions next to each other; default zeros. */
  readonly state?: Tensor | undefined;
  /** The cells of LSTMs, likewise. */
  readonly cell?: Tensor | undefined;
  /** How many tokens each row has, u32 `[b]`; default all t. */
  readonly lengths?: Tensor | undefined;
}

/** Options of recurrent layers. */
export interface RecurrentLayersOptions {
  readonly cell: RecurrentCell;
  /** @defaultValue 1 */
  readonly layers?: number | undefined;
  /** True: each layer reads rows in both directions, whose states are joined. */
  readonly bidirectional?: boolean | undefined;
  /** Of GRUs: what r multiplies, as in `recurrent`. */
  readonly reset?: "after" | "before" | undefined;
  /** The variant of `recurrent`; default its choice. */
  readonly variant?: "steps" | "resident" | undefined;
}

const tensors = fieldsOf<RecurrentLayersTensors>({
  x: tensorCheck,
  weights: required(recordOf(optionalTensor)),
  state: optionalTensor,
  cell: optionalTensor,
  lengths: optionalTensor,
});

const fields = fieldsOf<RecurrentLayersOptions>({
  cell: required(oneOf("lstm", "gru", "rnn")),
  layers: integer(1),
  bidirectional: boolean,
  reset: oneOf("after", "before"),
  variant: oneOf("steps", "resident"),
});

/**
 * Recurrent layers, each of which reads the states of the one before, as PyTorch's `nn.LSTM`, `nn.GRU` and `nn.RNN`
 * (tanh) with `batch_first`: x `[b, t, i]` → out `[b, t, directions · h]`, the last layer's states, and the last states
 * of all layers and directions, state and of LSTMs cell `[layers · directions, b, h]`.
 *
 * @throws ShapeError for a weight that is missing or does not fit; OptionError for invalid options.
 */
export function recurrentLayers(
  gpu: Gpu,
  given: RecurrentLayersTensors,
  options: RecurrentLayersOptions,
): RecurrentResult {
  checkCall("recurrentLayers", tensors, given, fields, options);
  const { x, weights, state, cell, lengths } = given;
  const { layers = 1, bidirectional = false, reset, variant } = options;
  const directions = bidirectional ? ["", "_reverse"] : [""];
  const [states, cells]: [Tensor[], Tensor[]] = [[], []];
  let read = x;
  for (let layer = 0; layer < layers; layer++) {
    const found = directions.map((suffix, direction) => {
      const named = (name: string) => weights[`${name}_l${layer}${suffix}`];
      const at = layer * directions.length + direction;
      return recurrent(
        gpu,
        {
          x: read,
          weightIh: weightOf(weights, `weight_ih_l${layer}${suffix}`),
          weightHh: weightOf(weights, `weight_hh_l${layer}${suffix}`),
          biasIh: named("bias_ih"),
          biasHh: named("bias_hh"),
          state: stateAt(state, at),
          cell: stateAt(cell, at),
          lengths,
        },
        { cell: options.cell, reverse: direction === 1, reset, ...(variant ? { variant } : {}) },
      );
    });
    for (const one of found) {
      states.push(reshape(one.state, [1, ...one.state.shape]));
      if (one.cell) cells.push(reshape(one.cell, [1, ...one.cell.shape]));
    }
    const [forward, ...others] = found.map(({ out }) => out);
    read = others.length > 0 ? concat(gpu, [forward as Tensor, ...others], 2) : (forward as Tensor);
  }
  return {
    out: read,
    state: concat(gpu, states, 0),
    ...(cells.length > 0 ? { cell: concat(gpu, cells, 0) } : {}),
  };
}

function weightOf(weights: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = weights[name];
  if (found) return found;
  const names = Object.keys(weights).join(", ") || "none";
  throw new ShapeError(`recurrentLayers: weights has no ${name}, it has ${names}`);
}

/** The state `[b, h]` of one layer and direction. */
function stateAt(states: Tensor | undefined, at: number): Tensor | undefined {
  if (!states) return undefined;
  const one = slice(states, 0, at, at + 1);
  return reshape(one, one.shape.slice(1));
}
