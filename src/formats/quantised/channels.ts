import { FormatError } from "../format-error.ts";
import type { StoredTensor } from "../safetensors/safetensors.ts";
import type { Bytes, QuantisedMatrix } from "./scheme.ts";

/**
 * A matrix of signed bytes, as they are, and a scale for each row. Throws `FormatError` for rows that are not whole
 * words.
 */
export function channels(
  codes: StoredTensor,
  scales: StoredTensor,
  [rows, columns]: readonly [number, number],
  numbers: (bytes: Bytes) => ArrayLike<number>,
): QuantisedMatrix {
  if (columns % 4 !== 0) {
    const problem = `has rows of ${columns} elements, expected a multiple of 4`;
    throw new FormatError(codes.file, problem, { field: codes.name });
  }
  return {
    format: "int8_channel",
    shape: [rows, columns],
    data: { groups: rows, sources: [codes], make: ([bytes = new Uint8Array()]) => bytes },
    scales: {
      groups: 1,
      sources: [scales],
      make: ([bytes = new Uint8Array()]) => {
        const all = numbers(bytes);
        // A single scale applies to each row.
        const of = all.length === 1 ? () => all[0] ?? 0 : (row: number) => all[row] ?? 0;
        return new Uint8Array(Float32Array.from({ length: rows }, (_, row) => of(row)).buffer);
      },
    },
  };
}
