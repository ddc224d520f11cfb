import { gguf } from "@huggingface/gguf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { type GgufScalar, type GgufValue, readGgufHeader } from "../../src/formats/gguf/header.ts";
import { openGguf } from "../../src/formats/gguf/open.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { memorySource } from "./checkpoint-bytes.ts";
import { ggufFile, type TestTensor, text, texts, u32 } from "./gguf-files.ts";

const metadata: Readonly<Record<string, GgufValue>> = {
  "general.architecture": text("llama"),
  "llama.block_count": u32(2),
  "a.list": { type: "array", of: "f32", value: [0.5, -1] },
  "a.flag": { type: "bool", value: true },
  tokens: texts(["a", "é", "日本"]),
};
const tensors: readonly TestTensor[] = [
  { name: "one", type: "F32", shape: [3, 5] },
  { name: "two", type: "Q8_0", shape: [2, 64] },
  { name: "three", type: "F16", shape: [7] },
];
const file = ggufFile(metadata, tensors);

const read = (bytes: Uint8Array<ArrayBuffer>, source = memorySource({ "m.gguf": bytes })) =>
  readGgufHeader(source, "m.gguf");

/** The file with other bytes at an offset. */
function withBytes(at: number, ...bytes: readonly number[]): Uint8Array<ArrayBuffer> {
  const changed = file.slice();
  changed.set(bytes, at);
  return changed;
}

/** Offset of what follows a text in the file. */
function following(content: string, from = file): number {
  const wanted = new TextEncoder().encode(content);
  for (let at = 0; at < from.length; at++) {
    if (wanted.every((byte, i) => from[at + i] === byte)) return at + wanted.length;
  }
  throw new TypeError(`no ${content}`);
}

const huge = [255, 255, 255, 255, 255, 255, 255, 127];

describe("the header of a GGUF file", () => {
  test("gives back what was written", async () => {
    const header = await read(file);
    expect(Object.fromEntries(header.metadata)).toEqual(metadata);
    expect(header.tensors.map(({ name, type, shape }) => ({ name, type: type.name, shape }))).toEqual(tensors);
    const [one, two, three] = header.tensors;
    expect([(one?.begin ?? 1) % 32, (two?.begin ?? 1) % 32]).toEqual([0, 0]);
    expect([one, two, three].map((tensor) => (tensor?.end ?? 0) - (tensor?.begin ?? 0))).toEqual([60, 136, 14]);
  });

  test("is read as another reader does, of any metadata and any tensors", async () => {
    const scalar = fc.oneof(
      fc.record({ type: fc.constantFrom("u8" as const), value: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ type: fc.constant("i32" as const), value: fc.integer() }),
      fc.record({ type: fc.constant("u64" as const), value: fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }) }),
      fc.record({ type: fc.constant("f64" as const), value: fc.double({ noNaN: true }) }),
      fc.record({ type: fc.constant("bool" as const), value: fc.boolean() }),
      fc.record({ type: fc.constant("string" as const), value: fc.string({ unit: "grapheme" }) }),
      fc.record({
        type: fc.constant("array" as const),
        of: fc.constant("string" as const),
        value: fc.array(fc.string({ unit: "grapheme" })),
      }),
      fc.record({
        type: fc.constant("array" as const),
        of: fc.constant("f32" as const),
        value: fc.array(fc.float({ noNaN: true })),
      }),
    );
    // The other reader has its own fields among the keys.
    const keys = fc.stringMatching(/^[a-z_.]{1,20}$/).map((key) => `k.${key}`);
    const types = fc.constantFrom("F32", "F16", "Q8_0", "Q4_K");
    const shapes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, scalar), fc.array(fc.tuple(types, shapes)), async (values, some) => {
        const written = some.map(([type, shape], i) => ({ name: `t${i}`, type, shape: [...shape, 256] }));
        const bytes = ggufFile(values as Record<string, GgufValue>, written);
        const header = await read(bytes);
        const fetch = async (_: unknown, init?: RequestInit) => {
          const [, from = 0, to = 0] = /bytes=(\d+)-(\d+)/.exec(new Headers(init?.headers).get("range") ?? "") ?? [];
          return new Response(bytes.slice(Number(from), Number(to) + 1), { status: 206 });
        };
        const other = await gguf("https://localhost/m.gguf", { fetch: fetch as typeof globalThis.fetch });
        const { version, kv_count, tensor_count, ...rest } = other.metadata as Record<string, unknown>;
        expect([version, kv_count, tensor_count]).toEqual([3, BigInt(header.metadata.size), BigInt(some.length)]);
        const own = [...header.metadata].map(([key, { value, type }]) => {
          const wide = (one: GgufScalar) => (type === "u64" && typeof one === "number" ? BigInt(one) : one);
          return [key, Array.isArray(value) ? value : wide(value as GgufScalar)];
        });
        expect(Object.fromEntries(own)).toEqual(rest);
        expect(header.tensors.map(({ name, shape, type, begin }) => [name, shape, type.id, begin])).toEqual(
          other.tensorInfos.map(({ name, shape, dtype, offset }) => [
            name,
            shape.map(Number).reverse(),
            dtype,
            Number(other.tensorDataOffset) + Number(offset),
          ]),
        );
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ["a magic of another format", withBytes(0, 0x50), /m\.gguf: does not begin with "GGUF"/],
    ["version 1", withBytes(4, 1), /version is 1, expected 2 or 3/],
    ["version 4", withBytes(4, 4), /version is 4, expected 2 or 3/],
    ["the other order of bytes", withBytes(4, 0, 0, 0, 3), /big-endian/],
    ["more tensors than bytes", withBytes(8, ...huge), /tensor_count is 9223372036854775807, expected at most/],
    [
      "tensors that do not fit",
      withBytes(8, 255, 255),
      /tensor_count is 65535, which takes \d+ bytes, but \d+ are left/,
    ],
    ["more keys than bytes", withBytes(16, 255, 255, 255), /metadata_kv_count is 16777215, which takes/],
    ["a key of 2^63 bytes", withBytes(24, ...huge), /key 0: length is 9223372036854775807, expected at most/],
    [
      "a value of an unknown type",
      withBytes(following("general.architecture"), 13),
      /general.architecture has the unknown type 13/,
    ],
    [
      "a string longer than the file",
      withBytes(following("general.architecture") + 4, 0, 0, 1),
      /architecture: length is 65536, which takes/,
    ],
    ["an array of arrays", withBytes(following("a.list") + 4, 9), /a\.list is an array of arrays/],
    [
      "an array longer than the file",
      withBytes(following("a.list") + 8, 0, 0, 1),
      /a\.list: count is 65536, which takes 262144 bytes/,
    ],
    ["an array of 2^63 entries", withBytes(following("a.list") + 8, ...huge), /a\.list: count is 9223372036854775807/],
    ["a text that is not UTF-8", withBytes(following("tokens") + 24, 0xff), /tokens\[0\] is not valid UTF-8/],
    [
      "a key twice",
      withBytes(following("a.list") - 6, ...new TextEncoder().encode("a.flag")),
      /a\.flag is there twice/,
    ],
    ["five axes", withBytes(following("one"), 5), /one: dimensions are 5, expected at most 4/],
    [
      "2^63 elements",
      withBytes(following("one") + 4, ...huge),
      /one: dimensions make .* elements, expected fewer than 2\^53/,
    ],
    [
      "rows that are no blocks",
      withBytes(following("two") + 4, 33),
      /two has rows of 33 elements, expected a multiple of 32 as Q8_0/,
    ],
    ["an unknown type", withBytes(following("one") + 20, 97), /one: type is 97, which is unknown/],
    ["a type that ggml removed", withBytes(following("one") + 20, 4), /one: type is 4, which is unknown/],
    ["an offset that is not aligned", withBytes(following("two") + 24, 65), /two: offset is 65, expected 64/],
    [
      "two tensors of a name",
      withBytes(following("two") - 3, ...new TextEncoder().encode("one")),
      /one is there twice/,
    ],
    [
      "a truncated tail",
      file.slice(0, -40),
      /three ends at byte \d+, but the file has \d+: \d+ are missing, it is truncated/,
    ],
    ["a truncated header", file.slice(0, following("three")), /three: dimensions needs 4 bytes at byte \d+/],
    ["an empty file", new Uint8Array(0), /magic needs 4 bytes at byte 0, but the file has 0/],
  ])("refuses %s", async (_, bytes, message) => {
    const error = await read(bytes).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  test.each([
    ["not a u32", { type: "u64", value: 32 }],
    ["no power of two", u32(24)],
    ["zero", u32(0)],
    ["less than 8", u32(4)],
  ] as const)("refuses an alignment that is %s", async (_, value) => {
    const bytes = ggufFile({ "general.alignment": value }, []);
    await expect(read(bytes)).rejects.toThrow(/general\.alignment is \d+ .*, expected a power of two/);
  });

  test("reads no more than the header, in pieces", async () => {
    const many = Array.from({ length: 300_000 }, (_, i) => `token ${i}`);
    const bytes = ggufFile({ tokens: texts(many) }, [{ name: "w", type: "F32", shape: [1024, 1024] }]);
    let last = 0;
    let longest = 0;
    const memory = memorySource({ "m.gguf": bytes });
    const source: FileSource = {
      ...memory,
      read: (name, begin, end) => {
        last = Math.max(last, end);
        longest = Math.max(longest, end - begin);
        return memory.read(name, begin, end);
      },
    };
    const header = await read(bytes, source);
    expect(header.metadata.get("tokens")?.value).toEqual(many);
    expect(longest).toBeLessThanOrEqual(1 << 20);
    expect(last).toBeLessThan((header.tensors[0]?.begin ?? 0) + (1 << 20));
  });
});

describe("a GGUF model", () => {
  test("of a type that is not supported is refused by its name", async () => {
    const bytes = ggufFile({}, [{ name: "blk.0.ffn_up.weight", type: "IQ1_S", shape: [1, 256] }]);
    await expect(openGguf(memorySource({ "m.gguf": bytes }), "m.gguf")).rejects.toThrow(
      /blk\.0\.ffn_up\.weight has the type IQ1_S, which is not supported; known are F32, /,
    );
  });

  const part = (no: number, count: number, names: readonly string[], total = 3) =>
    ggufFile(
      {
        "split.no": { type: "u16", value: no },
        "split.count": { type: "u16", value: count },
        "split.tensors.count": { type: "i32", value: total },
      },
      names.map((name) => ({ name, type: "F32", shape: [4] })),
    );
  const name = (no: number) => `m-0000${no}-of-00002.gguf`;

  test("is read from all its parts", async () => {
    const source = memorySource({ [name(1)]: part(0, 2, ["a", "b"]), [name(2)]: part(1, 2, ["c"]) });
    const { files, weights } = await openGguf(source, name(1));
    expect(files).toEqual([name(1), name(2)]);
    expect([...weights.tensors.values()].map((tensor) => `${tensor.name} in ${tensor.file}`)).toEqual([
      `a in ${name(1)}`,
      `b in ${name(1)}`,
      `c in ${name(2)}`,
    ]);
  });

  test.each([
    ["part that is missing", { [name(1)]: part(0, 2, ["a"]) }, name(1), /of which there are no m-00002-of-00002/],
    [
      "part in the place of another",
      { [name(1)]: part(0, 2, ["a"]), [name(2)]: part(0, 2, ["b"]) },
      name(1),
      /split\.no is 0, expected 1/,
    ],
    [
      "tensor in two parts",
      { [name(1)]: part(0, 2, ["a"]), [name(2)]: part(1, 2, ["a"]) },
      name(1),
      /a is also in m-00001/,
    ],
    [
      "number of tensors",
      { [name(1)]: part(0, 2, ["a"]), [name(2)]: part(1, 2, ["b"]) },
      name(1),
      /split\.tensors\.count is 3, but 2 parts have 2 tensors/,
    ],
    [
      "part other than the first",
      { [name(2)]: part(1, 2, ["b"]) },
      name(2),
      /says that this is part 00002 of 00002, expected the first: m-00001/,
    ],
    [
      "name that is no part's",
      { "m.gguf": part(0, 2, ["b"]) },
      "m.gguf",
      /split\.count is 2, expected a file named …-00001-of-00002\.gguf/,
    ],
  ])("refuses a %s", async (_, files, first, message) => {
    await expect(openGguf(memorySource(files), first)).rejects.toThrow(message);
  });
});
