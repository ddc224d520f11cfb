/** Numbers of query heads and of key and value heads, widths of keys and of values. */
export interface Heads {
  readonly text: string;
  readonly h: number;
  readonly g: number;
  readonly d: number;
  readonly dv: number;
}

/**
 * Reads `32/8x64`: 32 query heads over 8 key and value heads of width 64; `8x64` has equal numbers of both, and
 * `16x192-128` keys of width 192 and values of 128. Throws a RangeError.
 */
export function parseHeads(text: string): Heads {
  const match = /^(\d+)(?:\/(\d+))?x(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) throw new RangeError(`heads are "${text}", expected for example 8x64, 32/8x64 or 16x192-128`);
  const [, q = "", kv = q, keys = "", values = keys] = match;
  const [h, g, d, dv] = [Number(q), Number(kv), Number(keys), Number(values)];
  if (h < 1 || g < 1 || d < 1 || dv < 1) throw new RangeError(`heads are "${text}", expected 1 or more of each`);
  if (h % g !== 0) {
    throw new RangeError(`heads are "${text}": ${h} query heads do not divide among ${g} key and value heads`);
  }
  if (Math.max(h, d, dv) > 2 ** 16) throw new RangeError(`heads are "${text}", expected numbers of at most 65536`);
  return { text: `${g === h ? h : `${h}/${g}`}x${dv === d ? d : `${d}-${dv}`}`, h, g, d, dv };
}
