// Strides of tensors under the names that fields of uniforms have.

/** Strides of a tensor of four axes without gaps, under the names that lib/walk/strided gives them. */
export const strides = (name: string, [, d1, d2, d3]: readonly [number, number, number, number]) => ({
  [`${name}0`]: d1 * d2 * d3,
  [`${name}1`]: d2 * d3,
  [`${name}2`]: d3,
  [`${name}3`]: 1,
});

/** Strides of heads: from batch row to batch row, head to head, token to token. */
export const headStrides = (name: string, [batch, head, token]: readonly [number, number, number]) => ({
  [`${name}_batch`]: batch,
  [`${name}_head`]: head,
  [`${name}_token`]: token,
});
