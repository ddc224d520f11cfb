import {
  boolean,
  type Check,
  checkOptions,
  checkValue,
  fieldsOf,
  having,
  integer,
  listOf,
  required,
} from "../../options/checks.ts";
import { ignored, type TokenBatch } from "../objectives/token-batches.ts";
import type { EvaluateOptions } from "../trainer/options.ts";
import type { Trainer } from "../trainer/trainer.ts";
import type { Row, RowOrder } from "./rows.ts";

/** Rows as a batch. */
export function batchOf(rows: readonly Row[]): TokenBatch {
  const documents = rows.flatMap((row) => (row.documents ? [row.documents] : []));
  return {
    ids: rows.map(({ ids }) => ids),
    targets: rows.map(({ targets }) => targets),
    ...(documents.length > 0 ? { documents } : {}),
  };
}

/** The batches of a step. */
export interface StepOptions {
  /** Rows of a batch. */
  readonly batch: number;
  /** Number of batches whose gradients are added; default 1. */
  readonly accumulate?: number | undefined;
}

/** Options for computing a loss on many rows. */
export interface HeldOutOptions extends EvaluateOptions {
  /** Rows computed together. */
  readonly batch: number;
}

const record: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object with ids and targets";
const count = integer(1, 1 << 20);
const stepFields = fieldsOf<StepOptions>({ batch: required(count), accumulate: count });
const heldOutFields = fieldsOf<HeldOutOptions>({ batch: required(count), averaged: boolean });
const tokens = listOf((row) => (typeof row === "number" ? undefined : "a number"));
const rowFields = fieldsOf<Row>({ ids: required(tokens), targets: required(tokens), documents: tokens });

/** The batches of a step, for `trainer.step`, from this row of the order on; the next step begins after them. */
export function batchesAt(order: RowOrder, position: number, options: StepOptions): readonly TokenBatch[] {
  checkValue("batchesAt", "order", having("row", "rows of randomWindows or shuffledEpochs"), order);
  checkValue("batchesAt", "position", integer(0), position);
  checkOptions("batchesAt", stepFields, options);
  return rowsAt(order, position, options).map(batchOf);
}

/** The rows of each batch of a step. */
export function rowsAt<R>(
  order: { readonly row: (number: number) => R },
  position: number,
  { batch, accumulate = 1 }: StepOptions,
): readonly (readonly R[])[] {
  return Array.from({ length: accumulate }, (_, micro) =>
    Array.from({ length: batch }, (__, i) => order.row(position + micro * batch + i)),
  );
}

/** Rows in batches of one size: the last one is filled with its first row, changed by `uncounted` so as not to count. */
export function filledBatches<R>(
  rows: readonly R[],
  batch: number,
  uncounted: (row: R) => R,
): readonly (readonly R[])[] {
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, at) => {
    const taken = rows.slice(at * batch, (at + 1) * batch);
    const [first] = taken;
    while (first !== undefined && taken.length < batch) taken.push(uncounted(first));
    return taken;
  });
}

/** A row whose targets do not count. */
export const uncountedRow = <R extends Pick<Row, "targets">>(row: R): R => ({
  ...row,
  targets: row.targets.map(() => ignored),
});

/** The mean loss over all targets of rows, in nats a token, with the current weights, or with their means. */
export async function heldOutLoss(trainer: Trainer, rows: readonly Row[], options: HeldOutOptions): Promise<number> {
  checkValue("heldOutLoss", "trainer", having("evaluate", "a trainer from createTrainer"), trainer);
  checkValue("heldOutLoss", "rows", listOf(record), rows);
  for (const [i, row] of rows.entries()) checkOptions("heldOutLoss", rowFields, row, `rows[${i}].`);
  checkOptions("heldOutLoss", heldOutFields, options);
  const { batch, averaged } = options;
  return await meanLoss(trainer, filledBatches(rows, batch, uncountedRow).map(batchOf), { averaged });
}

/** The mean loss over all targets of batches. */
export async function meanLoss<B>(
  trainer: Trainer<B>,
  batches: readonly B[],
  options: EvaluateOptions,
): Promise<number> {
  let [sum, targets] = [0, 0];
  for (const batch of batches) {
    const found = await trainer.evaluate(batch, options);
    if (found.count === 0) continue;
    sum += found.loss * found.count;
    targets += found.count;
  }
  return sum / targets;
}
