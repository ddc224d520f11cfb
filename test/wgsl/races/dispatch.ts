/** One small dispatch of a kernel: just enough threads, workgroups and loop turns for races to show. */
export interface Dispatch {
  /** Constants that make the kernel small. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Fields of each uniform, by the uniform's name and theirs; fields that are not named are 0. */
  readonly uniforms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What buffers hold that the kernel reads, also those that it writes as well. */
  readonly inputs: Readonly<Record<string, Float32Array | Uint32Array>>;
  /** 4-byte words of each buffer that the kernel only writes: all of them, by the workgroups together. */
  readonly outputs: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
  /** True of a kernel that has one workgroup and never more. */
  readonly alone?: boolean;
}

/** `length` numbers between -1.5 and 1.5 without order, none of them 0. */
export const floats = (length: number) => Float32Array.from({ length }, (_, i) => (((i * 7 + 3) % 24) - 11.5) / 8);

/** `length` numbers between 0.1 and 1. */
export const positive = (length: number) => Float32Array.from({ length }, (_, i) => (((i * 7 + 3) % 10) + 1) / 10);

export const words = (...values: number[]) => Uint32Array.from(values);

/** Strides of a tensor of four axes without gaps, under the names that lib/walk/strided gives them. */
export const strides = (name: string, [, d1, d2, d3]: readonly [number, number, number, number]) => ({
  [`${name}0`]: d1 * d2 * d3,
  [`${name}1`]: d2 * d3,
  [`${name}2`]: d3,
  [`${name}3`]: 1,
});

/** Attention of 2 heads over one head of keys, head width 8; q is a view [b, h, t, d] of [b, t, h, d]. */
export function attention(t: number, s: number, constants: Readonly<Record<string, number>>): Dispatch {
  const [h, d] = [2, 8];
  return {
    constants: { HEAD_WIDTH: d, VALUE_WIDTH: d, ...constants },
    uniforms: {
      params: { h, g: 1, t, s, d, start: s - t, length: s, scale: 0.5 },
      views: { q_head: d, q_token: h * d, q_batch: t * h * d, k_token: d, v_token: d },
    },
    inputs: { q: floats(t * h * d), k: floats(s * d), v: floats(s * d) },
    outputs: { out: t * h * d },
    workgroups: [t, h, 1],
  };
}
