// Causal attention on the way to flash attention: a thread a query, alone and with a tile of keys.
import rows from "#shaders/ladders/attention/rows.wgsl";
import tile from "#shaders/ladders/attention/tile.wgsl";
import { attention } from "../../../reference/attention/attention.ts";
import { causal } from "../../../reference/attention/masks.ts";
import { dense } from "../../../reference/dense.ts";
import { floats } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const scale = 0.5;

const byQueries = (source: typeof rows, constants: Readonly<Record<string, number>>): StudyKernel =>
  shaped(source, {
    sizes: {
      heads: { meaning: "query heads", usual: 2, most: 64 },
      groups: { meaning: "heads of keys and values, each of which is read by as many query heads", usual: 1, most: 64 },
      queries: { meaning: "queries, the last of which sees the last key", usual: 40, most: 4096 },
      keys: { meaning: "keys and values", usual: 72, most: 4096 },
      width: { meaning: "elements of a query, a key and a value", usual: 64, most: 256, multipleOf: 4 },
    },
    small: { sizes: { heads: 2, groups: 1, queries: 6, keys: 9, width: 8 }, constants },
    specialise: ({ width }) => ({ constants: { HEAD_WIDTH: width } }),
    refuses: ({ heads, groups, queries, keys }) => {
      if (heads % groups !== 0) return `${heads} heads do not divide among ${groups} groups`;
      return queries > keys
        ? `there are ${queries} queries and ${keys} keys, expected at least as many keys`
        : undefined;
    },
    dispatch: ({ heads: h, groups: g, queries: t, keys: s, width: d }, value) => ({
      uniforms: { params: { h, g, t, s, scale } },
      inputs: { q: floats(h * t * d), k: floats(g * s * d), v: floats(g * s * d) },
      outputs: { out: h * t * d },
      workgroups: [Math.ceil(t / value("ROWS")), h, 1],
    }),
    reference: {
      name: "attention",
      results: ({ q, k, v }, { heads: h, groups: g, queries: t, keys: s, width: d }) => {
        const [queries, keys, values] = [dense([1, h, t, d], q), dense([1, g, s, d], k), dense([1, g, s, d], v)];
        return { out: attention({ q: queries, k: keys, v: values }, { scale, mask: causal }).out };
      },
    },
  });

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [byQueries(rows, { ROWS: 4 }), byQueries(tile, { ROWS: 4, KEYS: 2 })];
