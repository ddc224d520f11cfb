import { describe, expect, test } from "vitest";
import { indexFile, readIndexFile } from "../../site/search/index/index-file.ts";
import type { SearchIndex } from "../../site/search/index/search-index.ts";

const index: SearchIndex = {
  model: "use-lite",
  texts: ["whales.txt", "鯨"],
  passages: [
    { text: 0, sentences: ["The whale is large.", "It breathes."] },
    { text: 1, sentences: ["鯨は大きい。"] },
  ],
  width: 3,
  vectors: Float32Array.of(0.6, 0.8, 0, 0, 0, -1),
};

/** The file with its header's or its contents' JSON changed. */
async function changed(
  change: {
    header?: (header: Record<string, object>) => unknown;
    contents?: (contents: Record<string, unknown>) => unknown;
  },
  vectors: ArrayLike<number> = index.vectors,
): Promise<Blob> {
  const bytes = new Uint8Array(await indexFile(index).arrayBuffer());
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  const header = JSON.parse(text(8, 8 + length));
  const [begin, end] = header.contents.data_offsets.map((offset: number) => 8 + length + offset);
  const read = JSON.parse(text(begin, end));
  const contents = new TextEncoder().encode(JSON.stringify(change.contents?.(read) ?? read));
  const data = Float32Array.from(vectors);
  header.contents = {
    ...header.contents,
    shape: [contents.length],
    data_offsets: [data.byteLength, data.byteLength + contents.length],
  };
  const head = new TextEncoder().encode(JSON.stringify(change.header?.(header) ?? header));
  return new Blob([new BigUint64Array([BigInt(head.length)]), head, data, contents]);
}

describe("the file of an index", () => {
  test("gives the index back, and is safetensors with the vectors as a tensor", async () => {
    expect(await readIndexFile(indexFile(index), "x")).toEqual(index);
    const bytes = await indexFile(index).arrayBuffer();
    const length = Number(new DataView(bytes).getBigUint64(0, true));
    expect((8 + length) % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, 8 + length)));
    expect(header.vectors).toEqual({ dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
    expect(await readIndexFile(await changed({}), "x")).toEqual(index);
  });

  const contents = (field: string, value: unknown) => ({
    contents: (read: Record<string, unknown>) => ({ ...read, [field]: value }),
  });
  const vectors = (change: object) => ({
    header: (header: Record<string, object>) => ({
      ...header,
      vectors: { ...header["vectors"], ...change },
    }),
  });

  test.each<[string, () => Blob | Promise<Blob>, string]>([
    ["nothing", () => new Blob([]), "bad: has 0 bytes, shorter than the 8 of a header length"],
    ["a picture", () => new Blob([new Uint8Array(64).fill(0x89)]), "bad: header length is"],
    ["half of it", async () => (await changed({})).slice(0, -9), "are missing"],
    ["more than it", async () => new Blob([await changed({}), "x"]), "has 1 bytes after"],
    [
      "a model's weights",
      () => changed({ header: ({ contents }) => ({ contents: { ...contents } }) }),
      "contents.data_offsets",
    ],
    [
      "no vectors",
      () => changed({ header: ({ vectors, ...rest }) => ({ ...rest, other: vectors }) }),
      "there is no tensor vectors",
    ],
    [
      "halves",
      () => changed(vectors({ dtype: "F16", shape: [4, 3] })),
      "vectors is F16 [4, 3], expected F32 with two axes",
    ],
    ["one axis", () => changed(vectors({ shape: [6] })), "vectors is F32 [6], expected F32 with two axes"],
    [
      "too wide a vector",
      () => changed(vectors({ shape: [6, 1] })),
      "contents.passages is a list of 2, expected 6 passages",
    ],
    [
      "no passage",
      () =>
        changed(
          { header: ({ contents }) => ({ contents, vectors: { dtype: "F32", shape: [0, 3], data_offsets: [0, 0] } }) },
          [],
        ),
      "vectors is [0, 3], expected 1 to 50000 passages of 1 to 8192 elements",
    ],
    ["a vector that is long", () => changed({}, [1, 1, 0, 0, 0, 1]), "vectors[0] has the length 1.41"],
    ["NaN", () => changed({}, [0, 0, 1, Number.NaN, 0, 1]), "vectors[1] has the length NaN, expected 1"],
    [
      "no JSON",
      () => changed({ contents: () => undefined }).then((blob) => replaceLast(blob)),
      "contents is no JSON in UTF-8",
    ],
    [
      "null",
      () => changed({ contents: () => [] }),
      'contents.format is undefined, expected "shaderformer search index"',
    ],
    ["another format", () => changed(contents("format", "other")), 'contents.format is "other"'],
    [
      "another version",
      () => changed(contents("version", 2)),
      "contents.version is 2, expected 1, which this page writes",
    ],
    ["no model", () => changed(contents("model", "")), 'contents.model is "", expected the name of a model'],
    ["texts that are none", () => changed(contents("texts", "x")), 'contents.texts is "x", expected a list of names'],
    ["a name that is none", () => changed(contents("texts", ["x", 1])), "contents.texts[1] is 1, expected a name"],
    ["passages that are none", () => changed(contents("passages", 5)), "contents.passages is 5, expected 2 passages"],
    [
      "too few passages",
      () => changed(contents("passages", [[0, "x"]])),
      "contents.passages is a list of 1, expected 2 passages",
    ],
    [
      "a text that is not there",
      () =>
        changed(
          contents("passages", [
            [0, "x"],
            [2, "y"],
          ]),
        ),
      "contents.passages[1][0] is 2, expected the number of a text, 0 to 1",
    ],
    [
      "half a text",
      () =>
        changed(
          contents("passages", [
            [0, "x"],
            [0.5, "y"],
          ]),
        ),
      "contents.passages[1][0] is 0.5",
    ],
    [
      "a passage without sentences",
      () => changed(contents("passages", [[0, "x"], [1]])),
      "contents.passages[1] is a list, expected a text's number and one sentence at least",
    ],
    [
      "a passage that is none",
      () => changed(contents("passages", [[0, "x"], null])),
      "contents.passages[1][0] is undefined",
    ],
    [
      "a sentence that is none",
      () =>
        changed(
          contents("passages", [
            [0, "x"],
            [1, {}],
          ]),
        ),
      "contents.passages[1][1] is [object Object], expected a sentence",
    ],
    [
      "an empty sentence",
      () =>
        changed(
          contents("passages", [
            [0, "x"],
            [1, " "],
          ]),
        ),
      'contents.passages[1][1] is " "',
    ],
    [
      "an endless sentence",
      () =>
        changed(
          contents("passages", [
            [0, "x"],
            [1, "y".repeat(2001)],
          ]),
        ),
      "expected a sentence of at most 2000 characters",
    ],
  ])("of %s is refused, with the place", async (_what, make, message) => {
    await expect(readIndexFile(await make(), "bad")).rejects.toThrow(message);
    await expect(readIndexFile(await make(), "bad")).rejects.toMatchObject({ name: "FormatError" });
  });

  test("cut at any length, or with any byte of its head changed, is read or refused with FormatError", async () => {
    const bytes = new Uint8Array(await indexFile(index).arrayBuffer());
    const outcomes = new Set<string>();
    const attempt = async (given: Uint8Array<ArrayBuffer>) => {
      const name = await readIndexFile(new Blob([given]), "x").then(
        () => "read",
        (error: Error) => error.name,
      );
      outcomes.add(name);
      expect(["read", "FormatError"]).toContain(name);
    };
    for (let length = 0; length < bytes.length; length += 7) await attempt(bytes.slice(0, length));
    for (let at = 0; at < bytes.length; at++) {
      const other = bytes.slice();
      other[at] = (other[at] ?? 0) ^ (1 << (at % 8));
      await attempt(other);
    }
    expect(outcomes).toEqual(new Set(["read", "FormatError"]));
  });
});

/** The file with its last byte, a brace, replaced. */
async function replaceLast(blob: Blob): Promise<Blob> {
  return new Blob([blob.slice(0, -1), "!"]);
}
