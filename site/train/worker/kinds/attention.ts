/** Queries and keys of a run, and their weights. */
export interface QueriesAndKeys {
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Attending and attended positions, of the first example. */
  readonly rows: number;
  readonly columns: number;
  /** True if a position sees only those up to itself. */
  readonly causal: boolean;
  /** Queries and keys of a layer, a row for each position. */
  readonly tapped: (layer: number) => Promise<readonly [queries: ArrayLike<number>, keys: ArrayLike<number>]>;
}

/** Weights `[layers, heads, rows, columns]`: the softmax of scaled products of queries and keys. */
export async function attentionWeights({
  layers,
  heads,
  kvHeads,
  headWidth,
  rows,
  columns,
  causal,
  tapped,
}: QueriesAndKeys): Promise<Float32Array<ArrayBuffer>> {
  const weights = new Float32Array(layers * heads * rows * columns);
  const [size, keySize] = [heads * headWidth, kvHeads * headWidth];
  for (let layer = 0; layer < layers; layer++) {
    const [q, k] = await tapped(layer);
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor((head * kvHeads) / heads); // its key head
      for (let i = 0; i < rows; i++) {
        const begin = ((layer * heads + head) * rows + i) * columns;
        const row = weights.subarray(begin, begin + (causal ? i + 1 : columns));
        for (let s = 0; s < row.length; s++) {
          let sum = 0;
          for (let d = 0; d < headWidth; d++)
            sum += (q[i * size + head * headWidth + d] ?? 0) * (k[s * keySize + shared * headWidth + d] ?? 0);
          row[s] = sum / Math.sqrt(headWidth);
        }
        toShares(row);
      }
    }
  }
  return weights;
}

/** The softmax of a row, in its memory. */
function toShares(row: Float32Array): void {
  const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let s = 0; s < row.length; s++) {
    row[s] = Math.exp((row[s] ?? 0) - most);
    total += row[s] ?? 0;
  }
  for (let s = 0; s < row.length; s++) row[s] = (row[s] ?? 0) / total;
}
