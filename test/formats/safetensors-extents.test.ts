import { describe, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { readSafetensorsHeader } from "../../src/formats/safetensors/safetensors.ts";
import {
  formatErrorOf,
  numbered,
  safetensors,
  type TensorToWrite,
  temporaryFolder,
  withHeader,
} from "./checkpoint-bytes.ts";

const FILE = "model.safetensors";

async function headerOf(bytes: Uint8Array): Promise<unknown> {
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

describe("extents together", () => {
  const two = (second: number[], bytes = 8) =>
    safetensors({
      a: { dtype: "F16", shape: [2], bytes: numbered(4), offsets: [0, 4] },
      b: { dtype: "F16", shape: [2], bytes: numbered(bytes - 4), offsets: second },
    });
  const dataBegin = (bytes: Uint8Array) => 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));

  test("overlap", async () => {
    const bytes = two([2, 6], 6);
    const at = dataBegin(bytes);
    const problem = `begins at byte ${at + 2} of the file and overlaps a, which ends at byte ${at + 4}`;
    await refused(bytes, "b.data_offsets", problem);
    await refused(
      two([0, 4], 4),
      "b.data_offsets",
      `begins at byte ${at} of the file and overlaps a, which ends at byte ${at + 4}`,
    );
  });

  test("a hole, between tensors or before the first", async () => {
    const bytes = two([6, 10], 10);
    const at = dataBegin(bytes);
    const problem = `begins at byte ${at + 6} of the file and leaves a hole after a, which ends at byte ${at + 4}`;
    await refused(bytes, "b.data_offsets", problem);
    const late = oneEntry('{"dtype":"F16","shape":[1],"data_offsets":[2,4]}');
    const start = dataBegin(late);
    await refused(
      late,
      "t.data_offsets",
      `begins at byte ${start + 2} of the file and leaves a hole after the header, which ends at byte ${start}`,
    );
  });

  test("an empty tensor in the middle of another", async () => {
    const bytes = safetensors({
      a: f16([2]),
      b: { dtype: "F16", shape: [0], bytes: new Uint8Array(0), offsets: [2, 2] },
    });
    expect((await formatErrorOf(headerOf(bytes))).message).toContain("b.data_offsets begins at byte");
  });

  test("out of range", async () => {
    const bytes = oneEntry('{"dtype":"F16","shape":[50],"data_offsets":[0,100]}');
    const at = dataBegin(bytes);
    await refused(bytes, "t", `ends at byte ${at + 100}, but the file has ${at + 4} bytes: 96 are missing`);
  });

  test("a truncated file, wherever it is cut", async () => {
    const bytes = safetensors({ a: f16([2, 3]), b: f16([5]) });
    for (let length = 0; length < bytes.length; length++) {
      const error = await formatErrorOf(headerOf(bytes.slice(0, length)));
      expect(error.message).toMatch(/^model\.safetensors: (has \d bytes, shorter|header length is|b ends at byte)/);
    }
    const error = await formatErrorOf(headerOf(bytes.slice(0, -1)));
    expect(error.message).toBe(
      `${FILE}: b ends at byte ${bytes.length}, but the file has ${bytes.length - 1} bytes: 1 are missing`,
    );
  });

  test("bytes after the last tensor", async () => {
    const bytes = safetensors({ a: f16([2]) });
    const problem = `has 3 bytes after a, which ends at byte ${bytes.length}`;
    await refused(Uint8Array.from([...bytes, 1, 2, 3]), undefined, problem);
    await refused(withHeader("{}", numbered(2)), undefined, "has 2 bytes after the header, which ends at byte 10");
  });
});
