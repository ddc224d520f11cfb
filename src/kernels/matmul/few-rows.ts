// The common part of the kernels for the rows of a decode step.
import type { Tensor } from "../../tensor/tensor.ts";

/** Maximum number of rows. */
const mostRows = 8;

/** 1, 2, 4 or 8: a constant of the shader; only four values, so that there are four pipelines and not eight. */
export const rowsConstant = (rows: number) => 2 ** Math.ceil(Math.log2(Math.max(1, rows)));

/** Why a kernel for few rows cannot take x. */
export function fewRows(x: Tensor): string | undefined {
  const rows = x.shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
  return rows > mostRows ? `x has ${rows} rows, expected 1 to ${mostRows}` : undefined;
}
