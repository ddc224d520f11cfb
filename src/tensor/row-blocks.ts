import { Tensor } from "./tensor.ts";
import { slice } from "./views.ts";

/** Rows of a matrix that are in one segment. */
export interface RowBlock {
  readonly begin: number;
  readonly end: number;
  readonly rows: Tensor;
}

/** A tensor's rows in blocks of at most `most`, none across the segments of its memory; default the segments. */
export function rowBlocks(x: Tensor, most = Number.POSITIVE_INFINITY): RowBlock[] {
  return x.segments.flatMap(({ storage, begin, end }) => {
    const count = end - begin;
    const segment = [{ storage, begin: 0, end: count }];
    const whole = new Tensor(x.gpu, x.shape.with(0, count), x.dtype, segment, x.strides, x.offset);
    if (count <= most) return [{ begin, end, rows: whole }];
    return Array.from({ length: Math.ceil(count / most) }, (_, i) => {
      const [from, to] = [i * most, Math.min(count, (i + 1) * most)];
      return { begin: begin + from, end: begin + to, rows: slice(whole, 0, from, to) };
    });
  });
}
