import { choice, only, optional } from "../json/fields.ts";
import { groupSize, numbersOf, scalesPlane, wordsIn, wordsOf } from "./groups.ts";
import { alongRows, awqOrder, blocksOfColumns, codesOf } from "./repack.ts";
import { bits, groups, groupsName, type Parts, type QuantisedMatrix, type SchemeReader } from "./scheme.ts";

const floats = ["F16", "BF16", "F32"];

const fields = {
  bits: only(4),
  w_bit: bits(4),
  group_size: groups(128),
  version: optional(choice(["gemm", "GEMM"]), "gemm"),
  zero_point: optional(only(true)),
};

/**
 * AWQ (Lin et al. 2023) as AutoAWQ's "gemm" stores it: `qweight [in, out / 8]` and `qzeros [groups, out / 8]`, each
 * word with the codes of eight outputs in AWQ's order, and `scales [groups, out]`: (code − zero) · scale.
 */
function matrix({ get }: Parts, given: number): QuantisedMatrix {
  const packed = get("qweight", ["I32"]);
  const [columns = 0, across = 0] = packed.shape;
  get("qweight", ["I32"], [columns, across]);
  const rows = 8 * across;
  const { format, times, size } = groupSize(given, columns, packed);
  const count = columns / size;
  const scales = get("scales", floats, [count, rows]);
  const zeros = get("qzeros", ["I32"], [count, across]);
  return {
    format,
    shape: [rows, columns],
    data: {
      rows,
      sources: [packed],
      open([bytes = new Uint8Array()]) {
        const words = wordsIn(bytes);
        // Eight outputs share words.
        return (begin, end) => {
          const [first, last] = [8 * Math.floor(begin / 8), 8 * Math.ceil(end / 8)];
          const band = alongRows(words, rows, first, last);
          return new Uint8Array(blocksOfColumns(band, last - first, begin - first, end - first).buffer);
        };
      },
    },
    scales: {
      groups: 1,
      sources: [scales, zeros],
      make: ([ofScales = new Uint8Array(), ofZeros = new Uint8Array()]) => {
        const points = codesOf(wordsOf(ofZeros), awqOrder);
        const at = (row: number, group: number) => group * rows + row;
        const zero = (row: number, group: number) => points[at(row, group)] ?? 0;
        return scalesPlane(scales, numbersOf(scales, ofScales), zero, { rows, groups: count, times, at });
      },
    },
  };
}

export const awq: SchemeReader = (settings) => {
  const { group_size: size } = settings.read(fields);
  return {
    name: `AWQ int4, ${groupsName(size)}`,
    endings: ["qweight", "qzeros", "scales"],
    matrix: (parts) => matrix(parts, size),
  };
};
