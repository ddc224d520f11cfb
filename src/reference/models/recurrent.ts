import { sigmoid } from "../activation.ts";
import { given, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense, dot } from "../dense.ts";

/** The inputs of a gated recurrent unit, b rows of states of width h. */
interface GruTensors {
  /** The inputs' products for the gates r, z and n, with their bias: `[b, 3h]`. */
  readonly a: Dense;
  /** The state before, `[b, h]`. */
  readonly h: Dense;
  /** The weight from states to gates, `[3h, h]`. */
  readonly weight: Dense;
  /** `[3h]` */
  readonly bias: Dense;
}

interface Problem extends GruTensors {
  readonly rows: number;
  readonly width: number;
}

function problemOf(operation: string, tensors: GruTensors): Problem {
  const found = given(operation, tensors, { a: tensor, h: tensor, weight: tensor, bias: tensor });
  const { a, h, weight, bias } = found;
  const {
    b,
    gates,
    h: width,
  } = axes(operation, { a, h, weight, bias }, { a: "b gates", h: "b h", weight: "gates h", bias: "gates" });
  if (gates !== 3 * width) throw new RangeError(`${operation}: a has ${gates} columns, expected 3h = ${3 * width}`);
  return { ...found, rows: b, width };
}

/** Gates of an element of the state after their activations, and q, the state's product for n before the reset. */
function gatesOf({ a, h, weight, bias, width }: Problem, row: number, j: number) {
  const [ofR, ofZ, ofN] = [j, width + j, 2 * width + j];
  const m = (gate: number) => dot(weight.values, gate * width, h.values, row * width, width) + at(bias.values, gate);
  const x = (gate: number) => at(a.values, row * 3 * width + gate);
  const [r, z, q] = [sigmoid(x(ofR) + m(ofR)), sigmoid(x(ofZ) + m(ofZ)), m(ofN)];
  return { r, z, q, n: Math.tanh(x(ofN) + r * q) };
}

/**
 * The next state of a gated recurrent unit that resets after the product (Cho et al. 2014, as PyTorch and cuDNN have
 * it): `r, z = σ(a + m)`, `n = tanh(a_n + r · m_n)`, `y = (1 − z) · n + z · h`, where `m = h · weightᵀ + bias`. y `[b,
 * h]`.
 */
export function gruCell(tensors: GruTensors): { y: Dense } {
  const problem = problemOf("gruCell", tensors);
  const { h, rows, width } = problem;
  const y = dense(h.shape);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const { z, n } = gatesOf(problem, row, j);
      y.values[row * width + j] = (1 - z) * n + z * at(h.values, row * width + j);
    }
  }
  return { y };
}

/**
 * Gradients of {@link gruCell} from that of the next state, dy `[b, h]`. With `dn = dy · (1 − z) · (1 − n²)`: `da = [dn
 * · q · r(1 − r), dy · (h − n) · z(1 − z), dn]`, dm is the same with `dn · r` last, `dh = dm · weight + dy · z`,
 * `dweight = dmᵀ · h`, and dbias is the sum of dm over rows.
 */
export function gruCellBackward(tensors: GruTensors & { readonly dy: Dense }): {
  da: Dense;
  dh: Dense;
  dweight: Dense;
  dbias: Dense;
} {
  const checks = { a: tensor, h: tensor, weight: tensor, bias: tensor, dy: tensor };
  const { dy, ...forward } = given("gruCellBackward", tensors, checks);
  const problem = problemOf("gruCellBackward", forward);
  const { a, h, weight, bias, rows, width } = problem;
  axes("gruCellBackward", { h, dy }, { h: "b h", dy: "b h" });
  const [da, dm, dh] = [dense(a.shape), dense(a.shape), dense(h.shape)];
  const [dweight, dbias] = [dense(weight.shape), dense(bias.shape)];
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const { r, z, q, n } = gatesOf(problem, row, j);
      const [upstream, state] = [at(dy.values, row * width + j), at(h.values, row * width + j)];
      const dn = upstream * (1 - z) * (1 - n * n);
      const [dr, dz] = [dn * q * r * (1 - r), upstream * (state - n) * z * (1 - z)];
      for (const [gate, ofInputs, ofState] of [
        [0, dr, dr],
        [1, dz, dz],
        [2, dn, dn * r],
      ] as const) {
        const column = row * 3 * width + gate * width + j;
        da.values[column] = ofInputs;
        dm.values[column] = ofState;
      }
      dh.values[row * width + j] = upstream * z;
    }
    const own = dh.values.subarray(row * width, (row + 1) * width);
    for (let gate = 0; gate < 3 * width; gate++) {
      const gradient = at(dm.values, row * 3 * width + gate);
      addScaled(own, gradient, weight.values, gate * width);
      addScaled(dweight.values.subarray(gate * width, (gate + 1) * width), gradient, h.values, row * width);
      dbias.values[gate] = at(dbias.values, gate) + gradient;
    }
  }
  return { da, dh, dweight, dbias };
}
