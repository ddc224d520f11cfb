import { describe, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { dtypeOf, readSafetensorsHeader, type StoredTensor } from "../../src/formats/safetensors/safetensors.ts";
import { type FileSource, headBytes } from "../../src/formats/source.ts";
import {
  formatErrorOf,
  numbered,
  safetensors,
  type TensorToWrite,
  temporaryFolder,
  withHeader,
} from "./checkpoint-bytes.ts";

const FILE = "model.safetensors";

async function headerOf(bytes: Uint8Array): Promise<Map<string, StoredTensor>> {
  return readSafetensorsHeader(await openFolder(await temporaryFolder({ [FILE]: bytes })), FILE);
}

/** Expects a FormatError that begins with the file, names the field and says the problem. */
async function refused(bytes: Uint8Array, field: string | undefined, problem: string): Promise<void> {
  const error = await formatErrorOf(headerOf(bytes));
  expect(error.message).toBe(`${FILE}: ${field === undefined ? "" : `${field} `}${problem}`);
  expect(error.file).toBe(FILE);
  expect(error.field).toBe(field);
}

/** A file with one tensor `t`, whose header entry is this text. */
function oneEntry(entry: string, dataBytes = 4): Uint8Array {
  return withHeader(`{"t":${entry}}`, new Uint8Array(dataBytes));
}

const f16 = (shape: number[], first = 1): TensorToWrite => ({
  dtype: "F16",
  shape,
  bytes: numbered(shape.reduce((a, b) => a * b, 1) * 2, first),
});

describe("a valid file", () => {
  test("gives names, types, shapes and extents in the order of the data", async () => {
    const bytes = safetensors({
      scalar: { dtype: "F32", shape: [], bytes: numbered(4) },
      empty: { dtype: "F16", shape: [3, 0], bytes: new Uint8Array(0) },
      matrix: f16([2, 3], 5),
      flags: { dtype: "BOOL", shape: [3], bytes: numbered(3, 17) },
      nibbles: { dtype: "F4", shape: [2, 3], bytes: numbered(3, 20) },
      wide: { dtype: "I64", shape: [1], bytes: numbered(8, 23) },
    });
    const tensors = await headerOf(bytes);
    expect([...tensors.keys()]).toEqual(["scalar", "empty", "matrix", "flags", "nibbles", "wide"]);
    expect(tensors.get("empty")).toMatchObject({ dtype: "F16", shape: [3, 0], file: FILE });
    expect(tensors.get("scalar")?.shape).toEqual([]);
    const data = [...tensors.values()].flatMap(({ begin, end }) => [...bytes.subarray(begin, end)]);
    expect(data).toEqual([...numbered(30)]);
    const matrix = tensors.get("matrix");
    expect(bytes.subarray(matrix?.begin, matrix?.end)).toEqual(numbered(12, 5));
  });

  test("may have its entries in any order, and its data at an odd offset", async () => {
    const header =
      '{"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"a":{"data_offsets":[0,2],"dtype":"U8","shape":[2]}}';
    const bytes = withHeader(`${header} ${header.length % 2 === 0 ? "" : " "}`, numbered(4));
    const tensors = await headerOf(bytes);
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect((tensors.get("a")?.begin ?? 0) % 2).toBe(1);
    expect(bytes.subarray(tensors.get("b")?.begin, tensors.get("b")?.end)).toEqual(numbered(2, 3));
  });

  test("may list an empty tensor after one that begins where it does", async () => {
    const empty = { dtype: "F16", shape: [0], bytes: new Uint8Array(0), offsets: [0, 0] };
    expect([...(await headerOf(safetensors({ a: f16([2]), b: empty }))).keys()]).toEqual(["b", "a"]);
  });

  test("may have metadata, no tensors at all, and a tensor called __proto__", async () => {
    expect((await headerOf(withHeader('{"__metadata__":{"format":"pt"}}'))).size).toBe(0);
    expect((await headerOf(withHeader("{}"))).size).toBe(0);
    const tensors = await headerOf(
      withHeader('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', numbered(1)),
    );
    expect(tensors.get("__proto__")).toMatchObject({ name: "__proto__", dtype: "U8", shape: [1] });
    expect(Object.hasOwn(Object.prototype, "dtype")).toBe(false);
  });

  test("has engine types for F32, F16 and BF16 only", async () => {
    const stored = { name: "t", file: FILE, shape: [1], begin: 0, end: 4 };
    expect(["F32", "F16", "BF16"].map((dtype) => dtypeOf({ ...stored, dtype }))).toEqual(["f32", "f16", "bf16"]);
    expect(() => dtypeOf({ ...stored, dtype: "I8" })).toThrow(`${FILE}: t is I8, expected F32, F16 or BF16`);
  });
});

describe("the header's length", () => {
  test("a file too short for it", async () => {
    await refused(new Uint8Array(0), undefined, "has 0 bytes, shorter than the 8 of a header length");
    await refused(new Uint8Array(7), undefined, "has 7 bytes, shorter than the 8 of a header length");
  });

  test("beyond the file", async () => {
    const problem = "is 5 bytes, but the file has 10 with the length included";
    await refused(withHeader("{}", undefined, 5n), "header length", problem);
  });

  test.each([100_000_001n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])("%d is above the limit", async (length) => {
    const problem = `is ${length} bytes, more than the 100000000 that the format allows`;
    await refused(withHeader("{}", undefined, length), "header length", problem);
  });

  test("nothing beyond the first bytes is read before it is checked", async () => {
    const bytes = withHeader("{}", new Uint8Array(300_000), 2n ** 40n);
    const reads: number[][] = [];
    const source: FileSource = {
      name: "counted",
      has: async () => true,
      size: async () => bytes.length,
      read: async (_file, begin, end) => {
        reads.push([begin, end]);
        return new Uint8Array(bytes.slice(begin, end));
      },
    };
    await formatErrorOf(readSafetensorsHeader(source, FILE));
    expect(reads).toEqual([[0, headBytes]]);
  });
});

describe("the header's text", () => {
  test("empty, or beginning with something else than a brace", async () => {
    await refused(withHeader(""), "header", "is empty, expected a JSON object");
    await refused(withHeader("[]"), "header", "begins with the byte 0x5b, expected a JSON object");
    await refused(withHeader(" {}"), "header", "begins with the byte 0x20, expected a JSON object");
    await refused(withHeader("\ufeff{}"), "header", "begins with the byte 0xef, expected a JSON object");
  });

  test("not UTF-8", async () => {
    const text = Uint8Array.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d]);
    await refused(withHeader(text), "header", "is not valid UTF-8: byte 2 is wrong");
  });

  test("not JSON", async () => {
    const problem = 'is not valid JSON at line 1, column 6: expected ":", found "}"';
    await refused(withHeader('{"t" }'), "header", problem);
    await refused(
      withHeader("{}\0"),
      "header",
      'is not valid JSON at line 1, column 3: expected the end, found "\\u0000"',
    );
  });

  test("duplicate keys, spelt the same or not", async () => {
    const entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
    const problem = 'is not valid JSON at line 1, column 54: the key "t" occurs twice';
    await refused(withHeader(`{"t":${entry},"t":${entry}}`, numbered(1)), "header", problem);
    await refused(withHeader(`{"t":${entry},"\\u0074":${entry}}`, numbered(1)), "header", problem);
    await refused(
      oneEntry('{"dtype":"U8","dtype":"F32","shape":[1],"data_offsets":[0,4]}'),
      "header",
      'is not valid JSON at line 1, column 20: the key "dtype" occurs twice',
    );
  });

  test("metadata that is not strings", async () => {
    await refused(withHeader('{"__metadata__":{"a":1}}'), "__metadata__", "is not an object of strings");
    await refused(withHeader('{"__metadata__":[]}'), "__metadata__", "is not an object of strings");
  });
});

describe("a tensor's entry", () => {
  test.each([
    ["7", "t", "is 7, expected an object"],
    ["null", "t", "is null, expected an object"],
    ["{}", "t.dtype", "is missing, expected a string"],
    ['{"dtype":1,"shape":[1],"data_offsets":[0,4]}', "t.dtype", "is 1, expected a string"],
    ['{"dtype":"F32","data_offsets":[0,4]}', "t.shape", "is missing, expected an array of integers"],
    ['{"dtype":"F32","shape":{},"data_offsets":[0,4]}', "t.shape", "is an object, expected an array of integers"],
    ['{"dtype":"F32","shape":[1]}', "t.data_offsets", "is missing, expected an array of integers"],
    ['{"dtype":"F32","shape":[1],"data_offsets":[0]}', "t.data_offsets", "is [0], expected [begin, end]"],
    ['{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}', "t.data_offsets", "is [0, 4, 4], expected [begin, end]"],
    ['{"dtype":"F32","shape":[1],"data_offsets":[4,0]}', "t.data_offsets", "is [4, 0], expected [begin, end]"],
  ])("%s", async (entry, field, problem) => {
    await refused(oneEntry(entry), field, problem);
  });

  test.each(["-1", "1.0", "1e0", "0.5", "9007199254740992", "1e400", '"1"', "null", "-0", "[1]", "true"])(
    "%s is not a count",
    async (count) => {
      for (const [entry, field] of [
        [`{"dtype":"F32","shape":[${count}],"data_offsets":[0,4]}`, "t.shape[0]"],
        [`{"dtype":"F32","shape":[1],"data_offsets":[0,${count}]}`, "t.data_offsets[1]"],
      ] as const) {
        const error = await formatErrorOf(headerOf(oneEntry(entry)));
        expect(error.message).toMatch(/^model\.safetensors: .* is .*, expected an integer from 0 to 2\^53 - 1$/);
        expect(error.field).toBe(field);
      }
    },
  );

  test("an unknown type is named with its tensor", async () => {
    const error = await formatErrorOf(headerOf(oneEntry('{"dtype":"F13","shape":[2],"data_offsets":[0,4]}')));
    expect(error.message).toMatch(/^model\.safetensors: t has the unknown dtype F13, expected one of F4, .*F16, BF16/);
    expect(error.field).toBe("t");
    // Names of what every object has are no types.
    expect(
      (await formatErrorOf(headerOf(oneEntry('{"dtype":"toString","shape":[2],"data_offsets":[0,4]}')))).field,
    ).toBe("t");
  });

  test("shapes whose product would round", async () => {
    for (const shape of ["[4294967296,4294967296]", "[9007199254740991]", "[2097152,2097152,2097152,2097152,0]"]) {
      const error = await formatErrorOf(headerOf(oneEntry(`{"dtype":"F32","shape":${shape},"data_offsets":[0,0]}`, 0)));
      expect(error.message).toBe(`${FILE}: t.shape ${shape.replaceAll(",", ", ")} of F32 has more than 2^53 bits`);
    }
    // 2^64 elements would be none at all in 64-bit arithmetic that wraps.
    const wraps = '{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}';
    expect((await formatErrorOf(headerOf(oneEntry(wraps, 0)))).field).toBe("t.shape");
  });

  test("bits that are no whole bytes", async () => {
    await refused(
      oneEntry('{"dtype":"F4","shape":[3],"data_offsets":[0,2]}', 2),
      "t",
      "has 12 bits, expected a whole number of bytes",
    );
  });

  test("a shape that does not fit the extent", async () => {
    await refused(
      oneEntry('{"dtype":"F16","shape":[3],"data_offsets":[0,4]}'),
      "t.data_offsets",
      "spans 4 bytes, but F16 [3] takes 6",
    );
    await refused(
      oneEntry('{"dtype":"F16","shape":[],"data_offsets":[0,4]}'),
      "t.data_offsets",
      "spans 4 bytes, but F16 [] takes 2",
    );
  });
});
