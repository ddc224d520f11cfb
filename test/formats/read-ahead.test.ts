import fc from "fast-check";
import { expect, test } from "vitest";
import { type FileRange, readInOrder } from "../../src/formats/read-ahead.ts";
import { memorySource, numbered } from "./checkpoint-bytes.ts";

const files = { a: numbered(3000), b: numbered(2000, 77) };
const rules = { requestBytes: 64, requests: 4, gapBytes: 5 };

/** A source that notes what is requested of it, and how much at a time. */
function observed() {
  const requests: FileRange[] = [];
  const open = { now: 0, most: 0 };
  const inner = memorySource(files);
  const read = async (file: string, begin: number, end: number) => {
    requests.push({ file, begin, end });
    open.most = Math.max(open.most, ++open.now);
    await new Promise(setImmediate);
    open.now--;
    return inner.read(file, begin, end);
  };
  return { source: { ...inner, read }, requests, open };
}

test("neighbours share requests, of which four are under way", async () => {
  const { source, requests, open } = observed();
  const ranges = Array.from({ length: 290 }, (_, i) => ({ file: "a", begin: 10 * i, end: 10 * i + 8 }));
  const heads = new Map([["a", files.a.slice(0, 101)]]);
  let index = 0;
  for await (const bytes of readInOrder(source, ranges, heads, rules)) {
    const { begin, end } = ranges[index++] ?? { begin: 0, end: 0 };
    expect(bytes).toEqual(files.a.slice(begin, end));
    const used = requests.filter((request) => request.end <= end).length;
    expect(requests.length - used).toBeLessThanOrEqual(4);
  }
  expect(index).toBe(290);
  expect(open.most).toBe(4);
  // Every byte once, the gaps of two bytes included, but not the head.
  expect(requests[0]?.begin).toBe(101);
  expect(requests.filter(({ begin }, i) => begin - (requests[i - 1]?.end ?? 101) > 2)).toEqual([]);
  expect(requests.length).toBeLessThanOrEqual(Math.ceil((2900 - 101) / 62));
});

test("whatever the ranges and their order, each is returned as it is stored", async () => {
  const range = fc.record({
    file: fc.constantFrom("a" as const, "b" as const),
    begin: fc.nat(1999),
    length: fc.oneof(fc.nat(20), fc.nat(300)),
  });
  const heads = new Map([["b", files.b.slice(0, 33)]]);
  const sorted = fc.boolean();
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 12 }), sorted, async (drawn, inOrder) => {
      const { source, requests, open } = observed();
      const ranges = drawn.map(({ file, begin, length }) => ({ file, begin, end: Math.min(2000, begin + length) }));
      if (inOrder) ranges.sort((a, b) => a.begin - b.begin);
      let index = 0;
      for await (const bytes of readInOrder(source, ranges, heads, rules)) {
        const { file, begin, end } = ranges[index++] ?? { file: "a", begin: 0, end: 0 };
        expect(bytes).toEqual(files[file].slice(begin, end));
        expect(bytes.byteOffset % 8).toBe(0);
      }
      expect(index).toBe(ranges.length);
      expect(open.most).toBeLessThanOrEqual(4);
      for (const { begin, end } of requests) expect(end - begin).toBeLessThanOrEqual(64);
    }),
    { numRuns: 200 },
  );
});

test("a failure is thrown where its bytes are taken, and nothing is requested after it", async () => {
  const { source, requests } = observed();
  const read = async (file: string, begin: number, end: number) => {
    const bytes = await source.read(file, begin, end);
    if (begin >= 128) throw new Error("the connection ended");
    return bytes;
  };
  const ranges = Array.from({ length: 20 }, (_, i) => ({ file: "a", begin: 64 * i, end: 64 * (i + 1) }));
  const stream = readInOrder({ ...source, read }, ranges, new Map(), rules);
  await stream.next();
  await stream.next();
  await expect(stream.next()).rejects.toThrow("the connection ended");
  expect(requests.length).toBeLessThanOrEqual(6);
  expect((await stream.next()).done).toBe(true);
});
