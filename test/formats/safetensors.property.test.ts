import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { bitsOf, readSafetensorsHeader, type StoredTensor } from "../../src/formats/safetensors/safetensors.ts";
import { memorySource, numbered, safetensors, type TensorToWrite, withHeader } from "./checkpoint-bytes.ts";

const FILE = "model.safetensors";

const tensorArbitrary: fc.Arbitrary<TensorToWrite> = fc
  .record({
    dtype: fc.constantFrom("F32", "F16", "BF16", "U8", "I64", "F6_E2M3"),
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
  })
  .map(({ dtype, shape }) => {
    const bits = shape.reduce((a, b) => a * b, 1) * (bitsOf(dtype) ?? 0);
    // Six-bit types fill whole bytes only for multiples of four elements.
    const whole = bits % 8 === 0 ? shape : [...shape, 4];
    return { dtype, shape: whole, bytes: numbered(bits % 8 === 0 ? bits / 8 : bits / 2) };
  });

const fileArbitrary = fc
  .record({ tensors: fc.dictionary(fc.string({ maxLength: 8 }), tensorArbitrary, { maxKeys: 5 }), pad: fc.nat(7) })
  .map(({ tensors, pad }) => {
    const { __metadata__: _, ...named } = tensors;
    return { tensors: named, bytes: safetensors(named, pad) };
  });

type Mutation = (bytes: Uint8Array) => Uint8Array;

function headerText(bytes: Uint8Array): { text: string; data: Uint8Array } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  return { text, data: bytes.slice(8 + length) };
}

/** Bytes changed, cut, doubled; numbers and names of the header replaced with the length kept right. */
const mutationArbitrary: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(255)).map<Mutation>(([at, value]) => (bytes) => {
    const out = bytes.slice();
    if (out.length > 0) out[at % out.length] = value;
    return out;
  }),
  fc.nat().map<Mutation>((at) => (bytes) => bytes.slice(0, at % (bytes.length + 1))),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 9 })).map<Mutation>(([at, more]) => (bytes) => {
    const place = at % (bytes.length + 1);
    return Uint8Array.from([...bytes.subarray(0, place), ...more, ...bytes.subarray(place)]);
  }),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom("0", "1", "2", "4", "8", "12", "-1", "1e1", "2.0", "9007199254740993", "1e999", '"4"'),
    )
    .map<Mutation>(([pick, number]) => (bytes) => {
      const { text, data } = headerText(bytes);
      const places = [...text.matchAll(/\d+(?=[,\]])/g)];
      const place = places[pick % Math.max(places.length, 1)];
      if (!place) return bytes;
      const end = place.index + place[0].length;
      return withHeader(`${text.slice(0, place.index)}${number}${text.slice(end)}`, data);
    }),
  fc.tuple(fc.nat(), fc.nat(), fc.nat(40)).map<Mutation>(([from, to, length]) => (bytes) => {
    const { text, data } = headerText(bytes);
    const begin = from % (text.length + 1);
    const place = to % (text.length + 1);
    return withHeader(text.slice(0, place) + text.slice(begin, begin + length) + text.slice(place), data);
  }),
  fc
    .tuple(fc.constantFrom("F32", "F16", "U8"), fc.constantFrom("F16", "I8", "U64", "F99", ""))
    .map<Mutation>(([from, to]) => (bytes) => {
      const { text, data } = headerText(bytes);
      return withHeader(text.replace(`"${from}"`, `"${to}"`), data);
    }),
);

/** Fails unless the tensors lie in the file one after the other, each as long as its type and shape say. */
function expectSound(tensors: ReadonlyMap<string, StoredTensor>, bytes: Uint8Array): void {
  const { text, data } = headerText(bytes);
  const dataBegin = bytes.length - data.length;
  const header = new Map(Object.entries(JSON.parse(text) as Record<string, Record<string, unknown>>));
  header.delete("__metadata__");
  expect(new Set(tensors.keys())).toEqual(new Set(header.keys()));
  let reached = dataBegin;
  for (const [name, { dtype, shape, begin, end }] of tensors) {
    const entry = header.get(name);
    expect({ dtype, shape, offsets: [begin - dataBegin, end - dataBegin] }).toEqual({
      dtype: entry?.["dtype"],
      shape: entry?.["shape"],
      offsets: entry?.["data_offsets"],
    });
    expect(begin).toBe(reached);
    const bits = shape.reduce((a, b) => a * BigInt(b), BigInt(bitsOf(dtype) ?? 0));
    expect(BigInt(end - begin) * 8n).toBe(bits);
    reached = end;
  }
  expect(reached).toBe(bytes.length);
}

test("what was written is what is read", async () => {
  await fc.assert(
    fc.asyncProperty(fileArbitrary, async ({ tensors, bytes }) => {
      const read = await readSafetensorsHeader(memorySource({ [FILE]: bytes }), FILE);
      expectSound(read, bytes);
      for (const [name, written] of Object.entries(tensors)) {
        const { dtype, shape, begin, end } = read.get(name) ?? { dtype: "", shape: [], begin: 0, end: 0 };
        expect({ dtype, shape }).toEqual({ dtype: written.dtype, shape: written.shape });
        expect(bytes.slice(begin, end)).toEqual(written.bytes);
      }
    }),
    { numRuns: 300 },
  );
});

test("a mutated file is refused with a FormatError, or its extents are sound", async () => {
  const outcomes = { refused: 0, read: 0 };
  await fc.assert(
    fc.asyncProperty(
      fileArbitrary,
      fc.array(mutationArbitrary, { minLength: 1, maxLength: 3 }),
      async ({ bytes }, mutations) => {
        // A mutation may leave less than a header, which the next one cannot take apart.
        const mutated = mutations.reduce((last, mutate) => {
          try {
            return mutate(last);
          } catch (error) {
            if (error instanceof RangeError) return last;
            throw error;
          }
        }, bytes);
        try {
          expectSound(await readSafetensorsHeader(memorySource({ [FILE]: mutated }), FILE), mutated);
          outcomes.read++;
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          expect((error as FormatError).message.startsWith(`${FILE}: `)).toBe(true);
          outcomes.refused++;
        }
      },
    ),
    { numRuns: 4000 },
  );
  // Both happen, or the property says nothing.
  expect(outcomes.refused).toBeGreaterThan(1000);
  expect(outcomes.read).toBeGreaterThan(100);
});
