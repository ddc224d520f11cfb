import { appendKv } from "../../src/kernels/kv-cache/append.ts";
import { append } from "../../src/reference/kv-cache.ts";
import type { Case, CaseTable } from "../support/case-table.ts";
import { normal } from "../support/random.ts";

const appended = (
  name: string,
  b: number,
  t: number,
  g: number,
  d: number,
  dv: number,
  s: number,
  start: number,
): Case => ({
  name,
  inputs: {
    k: { shape: [b, t, g, d], values: normal(b * t * g * d, 1) },
    v: { shape: [b, t, g, dv], values: normal(b * t * g * dv, 2) },
    keys: { shape: [b, g, s, d], values: new Array<number>(b * g * s * d).fill(Number.NaN) },
    values: { shape: [b, g, s, dv], values: new Array<number>(b * g * s * dv).fill(Number.NaN) },
  },
  options: { start },
});

export const appendCases: CaseTable = {
  op: "kv-cache/append",
  reference: ({ k, v, keys, values }, options) => ({
    keys: append({ k, cache: keys } as never, options as never).cache,
    values: append({ k: v, cache: values } as never, options as never).cache,
  }),
  variants: { append: (gpu, tensors, options) => appendKv(gpu, tensors as never, options as never) },
  cap: 0,
  cases: [
    appended("one element", 1, 1, 1, 1, 1, 1, 0),
    appended("a prefill from the beginning", 1, 13, 2, 32, 32, 16, 0),
    appended("a chunk in the middle, two rows", 2, 5, 3, 8, 8, 20, 7),
    appended("up to the last position", 1, 4, 2, 16, 16, 9, 5),
    appended("values of another width", 1, 3, 2, 12, 20, 8, 2),
  ],
};
