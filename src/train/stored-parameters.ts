import type { StackedSource, WeightSource } from "../models/family.ts";
import { sourceOf } from "../models/stored-rows.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Parameter } from "./parameters.ts";

/** Elements of a parameter that a tensor of the checkpoint holds, and where each of them is. */
export interface StoredPart {
  readonly source: WeightSource;
  /** Rows of the parameter `[begin, end)` among which they are, those of all tensors that alternate. */
  readonly rows: readonly [begin: number, end: number];
  /** Elements of a row. */
  readonly columns: number;
  /** Every `members`-th of these rows is the tensor's, from the `member`-th on. */
  readonly member: number;
  readonly members: number;
}

const partsOf = ({ source, stack }: Parameter): StackedSource["parts"] => stack?.parts ?? [[source]];

/** Rows and columns that a source gives, a vector being a column. */
function sizesOf({ shape, transposed, rows }: WeightSource): readonly [rows: number, columns: number] {
  const columns = shape.length === 1 ? 1 : ((transposed ? shape.at(-2) : shape.at(-1)) ?? 1);
  const [begin, end] = rows ?? [0, sizeOf(shape) / columns];
  return [end - begin, columns];
}

/** The parts of a parameter that a tensor of the checkpoint holds; none where it holds nothing of it. */
export function storedParts(parameter: Parameter, name: string): StoredPart[] {
  let begin = 0;
  return partsOf(parameter).flatMap((part) => {
    const own = part.map(sizesOf);
    const rows = [begin, begin + own.reduce((sum, [count]) => sum + count, 0)] as const;
    begin = rows[1];
    return part.flatMap((source, member) => {
      if (source.name !== name) return [];
      return [{ source, rows, columns: own[member]?.[1] ?? 1, member, members: part.length }];
    });
  });
}

/**
 * Writes the elements of a part to where the tensor of the checkpoint holds them, and gives their number. `numbers` are
 * those of the rows of the part.
 */
export function putStored(part: StoredPart, numbers: ArrayLike<number>, into: Float32Array<ArrayBuffer>): number {
  const { source, rows, columns, member, members } = part;
  const { added = 0, shape, transposed } = source;
  const first = source.rows?.[0] ?? 0;
  const count = (rows[1] - rows[0]) / members;
  for (let row = 0; row < count; row++) {
    const from = (row * members + member) * columns;
    for (let column = 0; column < columns; column++) {
      const at = (first + row) * columns + column;
      into[transposed ? sourceOf(at, shape.slice(-2)) : at] = (numbers[from + column] ?? 0) - added;
    }
  }
  return count * columns;
}
