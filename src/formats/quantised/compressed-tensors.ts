import { FormatError } from "../format-error.ts";
import { choice, type FieldReader, flag, only, optional, readFields, text } from "../json/fields.ts";
import type { StoredTensor } from "../safetensors/safetensors.ts";
import { channels } from "./channels.ts";
import { groupSize, numbersOf, scalesPlane, wordsOf } from "./groups.ts";
import { blocksOfRows, codesOf } from "./repack.ts";
import { type Bytes, bits, groups, groupsName, type Parts, type QuantisedMatrix, type SchemeReader } from "./scheme.ts";

const floats = ["F16", "BF16", "F32"];
const empty: Bytes = new Uint8Array();

const fields = {
  format: choice(["pack-quantized", "int-quantized"]),
  quantization_status: optional(text),
};

const weightFields = {
  num_bits: bits(4, 8),
  type: optional(only("int")),
  symmetric: optional(flag, true),
  strategy: choice(["group", "channel", "tensor"]),
  group_size: groups(-1),
  actorder: optional(text),
};

/** The settings of the weights; they must be the same for all matrices. */
function weightsOf(settings: FieldReader): FieldReader {
  const given = settings.raw["config_groups"];
  const entries = typeof given === "object" && given !== null ? Object.entries(given as object) : [];
  const [only, ...others] = entries;
  if (!only || others.length > 0) {
    return settings.fail("config_groups", `has ${entries.length} entries, expected one for all matrices`);
  }
  const at = `quantization_config.config_groups.${only[0]}.weights`;
  const weights = (only[1] as { weights?: unknown } | null)?.weights;
  if (typeof weights !== "object" || weights === null) settings.fail(`config_groups.${only[0]}.weights`, "is missing");
  return readFields(settings.file, weights, (field) => `${at}.${field}`);
}

/**
 * Four bits as compressed-tensors packs them: `weight_packed [out, in / 8]`, words of eight codes along a row,
 * `weight_scale [out, groups]`, and `weight_zero_point [out / 8, groups]`, words of eight outputs, unless all are 8.
 */
function packed({ get, find, base }: Parts, given: number, symmetric: boolean): QuantisedMatrix {
  const words = get("weight_packed", ["I32"]);
  const [rows = 0, across = 0] = words.shape;
  get("weight_packed", ["I32"], [rows, across]);
  const columns = 8 * across;
  const order = find("weight_g_idx");
  if (order) {
    const problem = `is the order of the groups of ${base}, which is not supported`;
    throw new FormatError(order.file, problem, { field: order.name });
  }
  const { format, times, size } = groupSize(given, columns, words);
  const count = columns / size;
  const scales = get("weight_scale", floats, [rows, count]);
  const zeros: StoredTensor | undefined = symmetric
    ? undefined
    : get("weight_zero_point", ["I32"], [Math.ceil(rows / 8), count]);
  return {
    format,
    shape: [rows, columns],
    data: {
      groups: rows,
      sources: [words],
      make: ([bytes = empty]) => new Uint8Array(blocksOfRows(wordsOf(bytes)).buffer),
    },
    scales: {
      groups: 1,
      sources: [scales, ...(zeros ? [zeros] : [])],
      make: ([ofScales = empty, ofZeros]) => {
        const points = ofZeros && codesOf(wordsOf(ofZeros));
        const at = (row: number, group: number) => row * count + group;
        const zero = (row: number, group: number) =>
          points ? (points[8 * ((row >> 3) * count + group) + (row % 8)] ?? 0) : 8;
        return scalesPlane(scales, numbersOf(scales, ofScales), zero, { rows, groups: count, times, at });
      },
    },
  };
}

/** Signed bytes `weight [out, in]` with `weight_scale`, one for each row or for all. */
function bytes({ get }: Parts, perRow: boolean): QuantisedMatrix {
  const codes = get("weight", ["I8"]);
  const [rows = 0, columns = 0] = codes.shape;
  get("weight", ["I8"], [rows, columns]);
  const scales = get("weight_scale", floats, perRow ? [rows, 1] : [1]);
  return channels(codes, scales, [rows, columns], (given) => numbersOf(scales, given));
}

export const compressedTensors: SchemeReader = (settings) => {
  const { format } = settings.read(fields);
  const weights = weightsOf(settings);
  const { num_bits: width, strategy, symmetric, group_size: size } = weights.read(weightFields);
  const ignored = ["weight_shape", "input_scale", "output_scale"];
  if (format === "pack-quantized") {
    if (width !== 4) weights.fail("num_bits", `is ${width}; packed weights are supported with 4 bits`);
    if (strategy === "tensor") weights.fail("strategy", "is tensor, expected group or channel");
    const own = strategy === "channel" ? -1 : size;
    return {
      name: `int4, ${groupsName(own)} (compressed-tensors)`,
      endings: ["weight_packed", "weight_scale", "weight_zero_point", "weight_g_idx"],
      ignored,
      matrix: (parts) => packed(parts, own, symmetric),
    };
  }
  if (width !== 8) weights.fail("num_bits", `is ${width}; weights that are not packed are supported with 8 bits`);
  if (!symmetric) weights.fail("symmetric", "is false; bytes with zero points are not supported");
  if (strategy === "group") weights.fail("strategy", "is group, expected channel or tensor");
  return {
    name: `int8 by ${strategy} (compressed-tensors)`,
    endings: ["weight_scale"],
    ignored,
    matrix: (parts) => bytes(parts, strategy === "channel"),
  };
};
