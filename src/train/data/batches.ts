import type { TokenBatch } from "../trainer/batches.ts";
import type { Trainer } from "../trainer/trainer.ts";
import type { Row, RowOrder } from "./rows.ts";

/** Rows as a batch. */
function batchOf(rows: readonly Row[]): TokenBatch {
  const documents = rows.flatMap((row) => (row.documents ? [row.documents] : []));
  return {
    ids: rows.map(({ ids }) => ids),
    targets: rows.map(({ targets }) => targets),
    ...(documents.length > 0 ? { documents } : {}),
  };
}

/** The micro-batches of a step whose first row has this number in the order. */
export function batchesAt(
  order: RowOrder,
  position: number,
  { batch, accumulate = 1 }: { readonly batch: number; readonly accumulate?: number },
): readonly TokenBatch[] {
  return Array.from({ length: accumulate }, (_, micro) =>
    batchOf(Array.from({ length: batch }, (__, i) => order.row(position + micro * batch + i))),
  );
}

/** The mean loss over all targets of rows, with the weights as they are. */
export async function meanLoss(trainer: Trainer, rows: readonly Row[], batch: number): Promise<number> {
  let [sum, count] = [0, 0];
  for (let begin = 0; begin < rows.length; begin += batch) {
    const taken = rows.slice(begin, begin + batch);
    const [first] = taken;
    // The last batch is filled up with rows that do not count, so that it has the shape of the others.
    while (first && taken.length < batch) taken.push({ ids: first.ids, targets: first.targets.map(() => -100) });
    const found = await trainer.evaluate(batchOf(taken));
    if (found.count === 0) continue;
    sum += found.loss * found.count;
    count += found.count;
  }
  return sum / count;
}
