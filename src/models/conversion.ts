// What is lost when weights are converted to another type: nothing that is finite may become infinite, and what becomes
// 0 is counted.
import { firstNotFinite } from "../formats/finite.ts";
import { FormatError } from "../formats/format-error.ts";
import type { StoredTensor } from "../formats/safetensors.ts";
import type { Planes } from "../tensor/formats/format.ts";
import { type DType, decodePlanes, encodePlanes, isPlain } from "../tensor/formats.ts";

/** Where converted numbers come from: the element of a tensor that is the i-th of them. */
export interface Origin {
  readonly tensor: StoredTensor;
  readonly elementOf: (i: number) => number;
}

/** Counts, for each tensor, the elements other than 0 that become 0. */
export interface Losses {
  readonly add: (tensor: StoredTensor, to: DType, count: number, largest: number) => void;
  /** A line for each tensor that lost some. */
  readonly lines: () => string[];
}

export function countLosses(): Losses {
  const lost = new Map<StoredTensor, { count: number; largest: number; to: DType }>();
  return {
    add(tensor, to, count, largest) {
      if (count === 0) return;
      const before = lost.get(tensor) ?? { count: 0, largest: 0, to };
      lost.set(tensor, { count: before.count + count, largest: Math.max(before.largest, largest), to });
    },
    lines: () =>
      [...lost].map(([{ name, file, shape }, { count, largest, to }]) => {
        const all = shape.reduce((product, axis) => product * axis, 1);
        return `${file}: ${name}: as ${to}, ${count} of ${all} elements become 0, the largest ${largest}`;
      }),
  };
}

/**
 * Rows of one format in another; those of plain types need not be whole. Throws `FormatError`, with the tensor, the
 * element and its value, where a finite number becomes infinite.
 */
export function convert(
  from: DType,
  to: DType,
  planes: Planes,
  columns: number,
  { tensor, elementOf }: Origin,
  losses: Losses,
): Planes {
  if (from === to) return planes;
  const numbers = decodePlanes(from, [1, columns], planes);
  const made = encodePlanes(to, [1, columns], numbers);
  if (!isPlain(to)) return made; // blocks share a scale, so that their largest element fits
  const { data } = made;
  if (firstNotFinite(to, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) >= 0) {
    // What was not finite before is the business of `verify`.
    const stored = decodePlanes(to, [1, columns], made);
    const index = numbers.findIndex((value, i) => Number.isFinite(value) && !Number.isFinite(stored[i]));
    const is = `is ${numbers[index]} at element ${elementOf(index)}`;
    if (index >= 0) throw new FormatError(tensor.file, `${is}, which is infinite as ${to}`, { field: tensor.name });
  }
  if (to === "f32") return made; // it has every number of the others
  let [count, largest] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const number = numbers[i] ?? 0;
    if (number === 0 || ((data[i] ?? 0) & 0x7fff) !== 0) continue;
    count++;
    largest = Math.max(largest, Math.abs(number));
  }
  losses.add(tensor, to, count, largest);
  return made;
}
