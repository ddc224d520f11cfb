import { choice, flag, optional } from "../json/fields.ts";
import { checkGroupOrder, elementsOfGroups, groupSize, numbersOf, scalesPlane, wordsIn, wordsOf } from "./groups.ts";
import { blocksOfColumns, codesOf } from "./repack.ts";
import { type Bytes, bits, groups, groupsName, type Parts, type QuantisedMatrix, type SchemeReader } from "./scheme.ts";

const floats = ["F16", "BF16", "F32"];

const fields = {
  bits: bits(4),
  group_size: groups(-1),
  desc_act: optional(flag, false),
  sym: optional(flag, true),
  checkpoint_format: optional(choice(["gptq", "gptq_v2"]), "gptq"),
};

interface Settings {
  readonly size: number;
  readonly ordered: boolean;
  readonly symmetric: boolean;
  readonly version: "gptq" | "gptq_v2";
}

/**
 * Zero points of stored codes. Version 1 stores them minus one, within four bits. Some files with symmetric codes,
 * whose zero point is 8, use version 2 without saying so.
 */
function zeroPoints(codes: Uint8Array, { symmetric, version }: Settings): Uint8Array {
  const isSecond = version === "gptq_v2" || (symmetric && codes.every((code) => code === 8));
  return isSecond ? codes : codes.map((code) => (code + 1) & 15);
}

/**
 * GPTQ (Frantar et al. 2022) as AutoGPTQ stores it: `qweight [in / 8, out]`, each word with eight codes along a row,
 * `qzeros [groups, out / 8]`, `scales [groups, out]` and `g_idx [in]`, the group of each column:
 * (code − zero) · scale.
 */
function matrix({ get, find }: Parts, settings: Settings): QuantisedMatrix {
  const packed = get("qweight", ["I32"]);
  const [down = 0, rows = 0] = packed.shape;
  get("qweight", ["I32"], [down, rows]);
  const columns = 8 * down;
  const { format, times, size } = groupSize(settings.size, columns, packed);
  const count = columns / size;
  const scales = get("scales", floats, [count, rows]);
  const zeros = get("qzeros", ["I32"], [count, Math.ceil(rows / 8)]);
  const hasIndex = settings.ordered || find("g_idx") !== undefined;
  const index = hasIndex ? get("g_idx", ["I32"], [columns]) : undefined;
  const across = 8 * Math.ceil(rows / 8);
  const empty: Bytes = new Uint8Array();
  if (settings.ordered && index) {
    const open = ([words = empty, ofScales = empty, ofZeros = empty, ofIndex = empty]: readonly Bytes[]) => {
      const numbers = numbersOf(scales, ofScales);
      const points = zeroPoints(codesOf(wordsOf(ofZeros)), settings);
      return elementsOfGroups({
        rows,
        columns,
        words: wordsIn(words),
        groups: count,
        indices: wordsOf(ofIndex),
        indexTensor: index,
        scale: (row, group) => numbers[group * rows + row] ?? 0,
        zero: (row, group) => points[group * across + row] ?? 0,
      });
    };
    return {
      format: "f32",
      shape: [rows, columns],
      data: { rows, sources: [packed, scales, zeros, index], open },
    };
  }
  return {
    format,
    shape: [rows, columns],
    data: {
      rows,
      sources: [packed],
      open([bytes = empty]) {
        const words = wordsIn(bytes);
        return (begin, end) => new Uint8Array(blocksOfColumns(words, rows, begin, end).buffer);
      },
    },
    scales: {
      groups: 1,
      sources: [scales, zeros, ...(index ? [index] : [])],
      make: ([ofScales = empty, ofZeros = empty, ofIndex]) => {
        if (index && ofIndex) checkGroupOrder(index, wordsOf(ofIndex), size);
        const points = zeroPoints(codesOf(wordsOf(ofZeros)), settings);
        const zero = (row: number, group: number) => points[group * across + row] ?? 0;
        const at = (row: number, group: number) => group * rows + row;
        return scalesPlane(scales, numbersOf(scales, ofScales), zero, { rows, groups: count, times, at });
      },
    },
  };
}

export const gptq: SchemeReader = (settings) => {
  const {
    group_size: size,
    desc_act: ordered,
    sym: symmetric,
    checkpoint_format: version,
    bits: width,
  } = settings.read(fields);
  if (width === undefined) settings.fail("bits", "is missing");
  const name = `GPTQ int4, ${groupsName(size)}`;
  return {
    name: ordered ? `${name} by activation order` : name,
    endings: ["qweight", "qzeros", "scales", "g_idx"],
    matrix: (parts) => matrix(parts, { size, ordered, symmetric, version }),
    warnings: ordered
      ? [
          `${settings.file}: quantization_config.desc_act is true: columns of a group are not adjacent, so that these ` +
            "matrices become f32 while they are loaded; with weights (--weights) they are packed again",
        ]
      : [],
  };
};
