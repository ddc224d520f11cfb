import { attention, type Gpu, loadModel, matmul, softmax, tensor } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";

/** Rows of numbers, such as "1 0; 0 1". */
function rowsOf(name: string, text: string): number[][] {
  const rows = text.split(";").map((row) =>
    row
      .trim()
      .split(/[\s,]+/)
      .map(Number),
  );
  const wrong = rows.find((row) => row.length !== rows[0]?.length || !row.every(Number.isFinite));
  if (wrong) throw new RangeError(`${name}: “${text}”, expected rows of as many numbers each, separated by semicolons`);
  return rows;
}

const inRows = (values: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, row) =>
    Array.from({ length: width }, (__, i) => values[row * width + i] ?? 0),
  );

/** The two steps of attention, and the one kernel that does both. */
async function bothWays(gpu: Gpu, q: number[][], k: number[][], v: number[][]) {
  using _scope = gpu.scope();
  const upload = (rows: number[][]) => tensor(gpu, [rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
  const [width, outWidth] = [q[0]?.length ?? 1, v[0]?.length ?? 1];
  // Step 1, relevance: each query times each key, scaled so that wide heads have no larger scores.
  const scaled = upload(q.map((row) => row.map((value) => value / Math.sqrt(width))));
  const scores = matmul(gpu, { x: scaled, weight: upload(k) }).y;
  const weights = softmax(gpu, { x: scores }).y;
  // Step 2, the weighted sum of the values.
  const sums = matmul(gpu, {
    x: weights,
    weight: upload(inRows(v[0]?.flatMap((_, i) => v.map((row) => row[i] ?? 0)) ?? [], v.length)),
  }).y;
  const heads = (rows: number[][]) =>
    tensor(gpu, [1, 1, rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
  const { out } = attention(gpu, { q: heads(q), k: heads(k), v: heads(v) }, { mask: "full" });
  const [a, b, c, d] = await Promise.all([scores.read(), weights.read(), sums.read(), out.read()]);
  return {
    scores: inRows(a, k.length),
    weights: inRows(b, k.length),
    sums: inRows(c, outWidth),
    once: inRows(d, outWidth),
  };
}

/** Scores, softmax and weighted sum of numbers that the reader gives; then the weights of a real head. */
export const run: Run<SettingsOf<"self-attention">> = async function* (
  gpu,
  { tokens, queries, keys, values, text, layer, head },
  { models },
) {
  const [q, k, v] = [rowsOf("queries", queries), rowsOf("keys", keys), rowsOf("values", values)];
  const names = tokens.trim().split(/\s+/);
  const [n, width] = [names.length, q[0]?.length];
  if (q.length !== n || k.length !== n || v.length !== n) {
    throw new RangeError(
      `there are ${n} tokens with ${q.length} queries, ${k.length} keys and ${v.length} values, expected as many of each`,
    );
  }
  if (k[0]?.length !== width)
    throw new RangeError(`keys have ${k[0]?.length} numbers, expected ${width} as queries have`);
  const found = await bothWays(gpu, q, k, v);
  yield {
    kind: "grid",
    title: "Step 1: scores, query · key ÷ √width",
    rows: names,
    columns: names,
    values: found.scores,
  };
  yield { kind: "grid", title: "… and their softmax: the weights", rows: names, columns: names, values: found.weights };
  const columns = v[0]?.map((_, i) => `value ${i + 1}`) ?? [];
  yield { kind: "grid", title: "Step 2: the weighted sums of the values", rows: names, columns, values: found.sums };
  const model = await loadModel(gpu, `${models}/voices-nano`);
  try {
    const ids = model.tokenizer.encode(text);
    const seen = ids.map((id) => model.tokenizer.decode([id], { skipSpecialTokens: false }));
    const real: number[][] = [];
    for (let position = 0; position < ids.length; position++) {
      const { weights } = await model.attentionWeights(ids, { position, layer: layer - 1, head: head - 1 });
      real.push([...weights]);
    }
    yield {
      kind: "grid",
      title: `A real head: layer ${layer}, head ${head} of voices-nano`,
      rows: seen,
      columns: seen,
      values: real,
    };
    const sums = [...found.weights, ...real].map((row) => row.reduce((sum, weight) => sum + weight, 0));
    const apart = found.sums.flatMap((row, i) => row.map((value, j) => Math.abs(value - (found.once[i]?.[j] ?? 0))));
    return {
      "largest difference of two steps and one kernel": Math.max(...apart),
      "largest difference of a row's sum from 1": Math.max(...sums.map((sum) => Math.abs(sum - 1))),
    };
  } finally {
    model.dispose();
  }
};
