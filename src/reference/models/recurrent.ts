import { boolean, oneOf, required } from "../../options/checks.ts";
import { sigmoid } from "../activation.ts";
import { given, optionalTensor, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense, dot } from "../dense.ts";

/** The tensors of a recurrent layer, with the shapes of PyTorch's modules. */
export interface RecurrentTensors {
  /** `[b, t, i]` */
  readonly x: Dense;
  /** `[gates · h, i]` */
  readonly weightIh: Dense;
  /** `[gates · h, h]` */
  readonly weightHh: Dense;
  /** `[gates · h]` */
  readonly biasIh?: Dense | undefined;
  /** `[gates · h]` */
  readonly biasHh?: Dense | undefined;
  /** The state before the first step, `[b, h]`; default zeros. */
  readonly state?: Dense | undefined;
  /** The cell of an LSTM before the first step, `[b, h]`; default zeros. */
  readonly cell?: Dense | undefined;
  /** Tokens of each row, `[b]`; default t. */
  readonly lengths?: Dense | undefined;
}

/** Which cell, and from which end. */
export interface RecurrentOptions {
  readonly cell: "lstm" | "gru" | "rnn";
  readonly reverse?: boolean | undefined;
  /** Of a GRU: whether r multiplies the product of the state, or the state before it. Default `after`. */
  readonly reset?: "after" | "before" | undefined;
}

const gatesOf = { lstm: 4, gru: 3, rnn: 1 } as const;
const checks = {
  x: tensor,
  weightIh: tensor,
  weightHh: tensor,
  biasIh: optionalTensor,
  biasHh: optionalTensor,
  state: optionalTensor,
  cell: optionalTensor,
  lengths: optionalTensor,
} as const;
const optionChecks = {
  cell: required(oneOf("lstm", "gru", "rnn")),
  reverse: boolean,
  reset: oneOf("after", "before"),
} as const;

/** One step of one row that was taken, as gradients need it. */
interface Step {
  readonly row: number;
  readonly position: number;
  /** The gates' sums, of inputs and of the state, each with its bias. */
  readonly a: Float64Array;
  readonly m: Float64Array;
  readonly before: Float64Array;
  readonly cellBefore: Float64Array;
  /** r times the state before, where that is what a GRU multiplies. */
  readonly reset?: Float64Array;
}

/** The next state and cell of a unit j, from the gates' sums. */
function next(cell: RecurrentOptions["cell"], { a, m, before, cellBefore, reset }: Step, h: number, j: number) {
  const sum = (gate: number) => at(a, gate * h + j) + at(m, gate * h + j);
  if (cell === "rnn") return { state: Math.tanh(sum(0)), cell: 0 };
  if (cell === "gru") {
    const [r, z] = [sigmoid(sum(0)), sigmoid(sum(1))];
    if (reset) return { state: (1 - z) * at(before, j) + z * Math.tanh(sum(2)), cell: 0 };
    const n = Math.tanh(at(a, 2 * h + j) + r * at(m, 2 * h + j));
    return { state: (1 - z) * n + z * at(before, j), cell: 0 };
  }
  const [i, f, g, o] = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))];
  const c = f * at(cellBefore, j) + i * g;
  return { state: o * Math.tanh(c), cell: c };
}

function run(operation: string, tensors: RecurrentTensors, options: RecurrentOptions) {
  const found = given(operation, tensors, checks);
  const { cell, reverse = false, reset = "after" } = given(operation, options, optionChecks);
  const { x, weightIh, weightHh, biasIh, biasHh, lengths } = found;
  const { b, t, i, h, gates } = axes(operation, { x, weightIh, weightHh }, {
    x: "b t i",
    weightHh: "gates h",
    weightIh: "gates i",
  } as const);
  const others = { biasIh: "gates", biasHh: "gates", state: "b h", cell: "b h", lengths: "b" } as const;
  for (const [name, letters] of Object.entries(others)) {
    const one = found[name as keyof typeof others];
    if (one) axes(operation, { x, weightHh, [name]: one }, { x: "b t i", weightHh: "gates h", [name]: letters });
  }
  if (gates !== gatesOf[cell] * h) {
    throw new RangeError(`${operation}: weightHh has ${gates} rows, expected ${gatesOf[cell] * h} for ${cell}`);
  }
  if (found.cell && cell !== "lstm") {
    throw new RangeError(`${operation}: cell is given, expected only with lstm, not ${cell}`);
  }
  if (reset === "before" && cell !== "gru") {
    throw new RangeError(`${operation}: reset is before, expected only with gru, not ${cell}`);
  }
  const [out, state, memory] = [dense([b, t, h]), dense([b, h]), dense([b, h])];
  if (found.state) state.values.set(found.state.values);
  if (found.cell) memory.values.set(found.cell.values);
  const taken: Step[] = [];
  for (let row = 0; row < b; row++) {
    const length = Math.min(t, lengths ? at(lengths.values, row) : t);
    for (let step = 0; step < length; step++) {
      const position = reverse ? length - 1 - step : step;
      const before = state.values.slice(row * h, (row + 1) * h);
      const cellBefore = memory.values.slice(row * h, (row + 1) * h);
      const [a, m] = [new Float64Array(gates), new Float64Array(gates)];
      const own = {
        row,
        position,
        a,
        m,
        before,
        cellBefore,
        ...(reset === "before" ? { reset: new Float64Array(h) } : {}),
      };
      for (let gate = 0; gate < gates; gate++) {
        const read = own.reset && gate >= 2 * h ? own.reset : before;
        a[gate] =
          dot(weightIh.values, gate * i, x.values, (row * t + position) * i, i) +
          (biasIh ? at(biasIh.values, gate) : 0);
        m[gate] = dot(weightHh.values, gate * h, read, 0, h) + (biasHh ? at(biasHh.values, gate) : 0);
        if (own.reset && gate < h) own.reset[gate] = sigmoid(at(a, gate) + at(m, gate)) * at(before, gate);
      }
      taken.push(own);
      for (let j = 0; j < h; j++) {
        const { state: after, cell: kept } = next(cell, own, h, j);
        state.values[row * h + j] = after;
        memory.values[row * h + j] = kept;
        out.values[(row * t + position) * h + j] = after;
      }
    }
  }
  return { found, sizes: { b, t, i, h, gates }, out, state, memory, taken };
}

/**
 * A recurrent layer in one direction (`nn.RNN` with tanh, `nn.GRU` and `nn.LSTM` of PyTorch): out `[b, t, h]`, zeros
 * past the end of a row, the last state `[b, h]` and, of an LSTM, the last cell.
 */
export function recurrent(tensors: RecurrentTensors, options: RecurrentOptions) {
  const { out, state, memory } = run("recurrent", tensors, options);
  return { out, state, ...(options.cell === "lstm" ? { cell: memory } : {}) };
}

/** Gradients of the gates' sums of a unit: of inputs, of the state, and what goes straight to state and cell before. */
function slopes(cell: RecurrentOptions["cell"], step: Step, h: number, j: number, dh: number, dc: number) {
  const { a, m, before, cellBefore, reset } = step;
  const sum = (gate: number) => at(a, gate * h + j) + at(m, gate * h + j);
  if (cell === "rnn") {
    const state = Math.tanh(sum(0));
    const da = [dh * (1 - state * state)];
    return { da, dm: da, direct: 0, dcell: 0 };
  }
  if (cell === "gru") {
    const [r, z, q] = [sigmoid(sum(0)), sigmoid(sum(1)), at(m, 2 * h + j)];
    if (reset) {
      const n = Math.tanh(sum(2));
      const da = [0, dh * (n - at(before, j)) * z * (1 - z), dh * z * (1 - n * n)]; // that of r depends on all n
      return { da, dm: da, direct: dh * (1 - z), dcell: 0 };
    }
    const n = Math.tanh(at(a, 2 * h + j) + r * q);
    const dn = dh * (1 - z) * (1 - n * n);
    const [dr, dz] = [dn * q * r * (1 - r), dh * (at(before, j) - n) * z * (1 - z)];
    return { da: [dr, dz, dn], dm: [dr, dz, dn * r], direct: dh * z, dcell: 0 };
  }
  const [i, f, g, o] = [sigmoid(sum(0)), sigmoid(sum(1)), Math.tanh(sum(2)), sigmoid(sum(3))];
  const c = at(cellBefore, j);
  const squashed = Math.tanh(f * c + i * g);
  const whole = dc + dh * o * (1 - squashed * squashed);
  const da = [whole * g * i * (1 - i), whole * c * f * (1 - f), whole * i * (1 - g * g), dh * squashed * o * (1 - o)];
  return { da, dm: da, direct: 0, dcell: whole * f };
}

/** The gradients of results that {@link recurrentBackward} starts from; absent ones are zeros. */
export interface RecurrentGradients {
  /** `[b, t, h]` */
  readonly dout?: Dense | undefined;
  /** `[b, h]` */
  readonly dstate?: Dense | undefined;
  /** `[b, h]` */
  readonly dcell?: Dense | undefined;
}

/** Gradients of {@link recurrent}, step by step from the last. Biases have theirs where they are given. */
export function recurrentBackward(all: RecurrentTensors & RecurrentGradients, options: RecurrentOptions) {
  const upstream = { dout: optionalTensor, dstate: optionalTensor, dcell: optionalTensor };
  const { dout, dstate, dcell, ...tensors } = given("recurrentBackward", all, { ...checks, ...upstream });
  const { found, sizes, taken } = run("recurrentBackward", tensors, options);
  const { b, t, i, h, gates } = sizes;
  const { x, weightIh, weightHh } = found;
  if (dcell && options.cell !== "lstm") {
    throw new RangeError(`recurrentBackward: dcell is given, expected only with lstm, not ${options.cell}`);
  }
  const gradients = { dout: [dout, "b t h"], dstate: [dstate, "b h"], dcell: [dcell, "b h"] } as const;
  for (const [name, [one, letters]] of Object.entries(gradients)) {
    if (one)
      axes("recurrentBackward", { x, weightHh, [name]: one }, { x: "b t i", weightHh: "gates h", [name]: letters });
  }
  const [dx, dweightIh, dweightHh] = [dense(x.shape), dense(weightIh.shape), dense(weightHh.shape)];
  const [dbiasIh, dbiasHh] = [dense([gates]), dense([gates])];
  const [carried, cells] = [dense([b, h], dstate?.values), dense([b, h], dcell?.values)];
  for (const step of taken.toReversed()) {
    const { row, position, before } = step;
    const token = row * t + position;
    const [da, dm] = [new Float64Array(gates), new Float64Array(gates)];
    const own = carried.values.subarray(row * h, (row + 1) * h);
    for (let j = 0; j < h; j++) {
      const upstream = at(own, j) + (dout ? at(dout.values, token * h + j) : 0);
      const unit = slopes(options.cell, step, h, j, upstream, at(cells.values, row * h + j));
      unit.da.forEach((value, gate) => {
        da[gate * h + j] = value;
      });
      unit.dm.forEach((value, gate) => {
        dm[gate * h + j] = value;
      });
      own[j] = unit.direct;
      cells.values[row * h + j] = unit.dcell;
    }
    if (step.reset) {
      const through = new Float64Array(h); // to r · state
      for (let j = 0; j < h; j++) addScaled(through, at(dm, 2 * h + j), weightHh.values, (2 * h + j) * h);
      for (let j = 0; j < h; j++) {
        const r = sigmoid(at(step.a, j) + at(step.m, j));
        dm[j] = at(through, j) * at(before, j) * r * (1 - r);
        da[j] = at(dm, j);
        own[j] = at(own, j) + at(through, j) * r;
      }
    }
    for (let gate = 0; gate < gates; gate++) {
      const isReset = step.reset && gate >= 2 * h;
      addScaled(dx.values.subarray(token * i, (token + 1) * i), at(da, gate), weightIh.values, gate * i);
      addScaled(dweightIh.values.subarray(gate * i, (gate + 1) * i), at(da, gate), x.values, token * i);
      if (!isReset) addScaled(own, at(dm, gate), weightHh.values, gate * h);
      addScaled(
        dweightHh.values.subarray(gate * h, (gate + 1) * h),
        at(dm, gate),
        (isReset && step.reset) || before,
        0,
      );
      dbiasIh.values[gate] = at(dbiasIh.values, gate) + at(da, gate);
      dbiasHh.values[gate] = at(dbiasHh.values, gate) + at(dm, gate);
    }
  }
  return {
    dx,
    dweightIh,
    dweightHh,
    ...(found.biasIh ? { dbiasIh } : {}),
    ...(found.biasHh ? { dbiasHh } : {}),
    dstate: carried,
    ...(options.cell === "lstm" ? { dcell: cells } : {}),
  };
}
