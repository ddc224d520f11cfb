/** Kernels with parts that store f16. */
export const halfParts: readonly (readonly [kernel: string, part: string])[] = [
  ["attention/rows", "attention/cache/f16"],
  ["attention/split-k/parts", "attention/cache/f16"],
  ["embedding/gather", "lib/weight/f16"],
  ["matmul/naive", "lib/weight/f16"],
  ["matmul/register", "lib/weight/f16"],
  ["matmul/tiled", "lib/weight/f16"],
  ["matmul/vector", "lib/weight/f16"],
  ["moe/vector", "lib/weight/f16"],
  ["peaks/multiply-add", "peaks/number/f16"],
];
