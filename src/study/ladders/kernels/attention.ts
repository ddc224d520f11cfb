// Causal attention around flash attention: a thread a query, alone and with a tile of keys; how the tile is staged.
import doubleBuffer from "#shaders/ladders/attention/double-buffer.wgsl";
import halves from "#shaders/ladders/attention/halves.wgsl";
import rows from "#shaders/ladders/attention/rows.wgsl";
import swizzled from "#shaders/ladders/attention/swizzled.wgsl";
import tile from "#shaders/ladders/attention/tile.wgsl";
import transposed from "#shaders/ladders/attention/transposed.wgsl";
import { attention } from "../../../reference/attention/attention.ts";
import { causal } from "../../../reference/attention/masks.ts";
import { dense } from "../../../reference/dense.ts";
import { roundHalf } from "../../../wgsl/run/numbers.ts";
import { floats, type Inputs } from "../../dispatch.ts";
import { type StudyKernel, shaped } from "../../kernel.ts";

const scale = 0.5;

/** What distinguishes the kernels: their smallest constants, the widest heads, and how keys and values are stored. */
interface Form {
  readonly constants: Readonly<Record<string, number>>;
  /** The widest heads whose tiles fit in the workgroup memory that every device has. */
  readonly widest?: number;
  /** True where keys and values are f16. */
  readonly isHalf?: boolean;
  readonly requestedBytes: string;
}

const stored = (values: Inputs[string] | undefined, isHalf: boolean): ArrayLike<number> | undefined =>
  isHalf ? values && Float64Array.from(values, roundHalf) : values;

const byQueries = (
  source: typeof rows,
  { constants, widest = 256, isHalf = false, requestedBytes }: Form,
): StudyKernel =>
  shaped(source, {
    sizes: {
      heads: { meaning: "query heads", usual: 2, most: 64 },
      groups: { meaning: "heads of keys and values, each of which is read by as many query heads", usual: 1, most: 64 },
      queries: { meaning: "queries, the last of which sees the last key", usual: 40, most: 4096 },
      keys: { meaning: "keys and values", usual: 72, most: 4096 },
      width: { meaning: "elements of a query, a key and a value", usual: 64, most: widest, multipleOf: 4 },
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
      results: (inputs, { heads: h, groups: g, queries: t, keys: s, width: d }) => {
        const [q, k, v] = [
          dense([1, h, t, d], inputs["q"]),
          dense([1, g, s, d], stored(inputs["k"], isHalf)),
          dense([1, g, s, d], stored(inputs["v"], isHalf)),
        ];
        return { out: attention({ q, k, v }, { scale, mask: causal }).out };
      },
    },
    cost: { requestedBytes },
  });

/** Pairs of a query and a key that it sees, in a head; blocks of queries, and the keys that they stage. */
const pairs = "(queries * keys - queries * (queries - 1) / 2)";
const blocks = "((queries + ROWS - 1) / ROWS)";
const staged = `((keys - queries) * (${blocks} - 1) + ROWS * ${blocks} * (${blocks} - 1) / 2 + keys)`;

/** Of a kernel that stages keys and values of so many bytes an element; threads past the last query read it, too. */
const byTiles = (bytes: number): string =>
  `heads * width * (4 * (ROWS * ${blocks} + queries) + ${2 * bytes} * ${staged})`;

const inFours = { constants: { ROWS: 4, KEYS: 8 }, widest: 64 } as const;
const inHalves = { ...inFours, isHalf: true, requestedBytes: byTiles(2) } as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  byQueries(rows, { constants: { ROWS: 4 }, requestedBytes: `8 * heads * width * (queries + ${pairs})` }),
  byQueries(tile, { constants: { ROWS: 4, KEYS: 2 }, requestedBytes: byTiles(4) }),
  byQueries(transposed, { ...inFours, requestedBytes: byTiles(4) }),
  byQueries(swizzled, { ...inFours, requestedBytes: byTiles(4) }),
  byQueries(halves, inHalves),
  byQueries(doubleBuffer, inHalves),
];
