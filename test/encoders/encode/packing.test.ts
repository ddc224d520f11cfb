import { afterAll, describe, expect, test } from "vitest";
import { inPacks, packTokens, sizeFor } from "../../../src/encode/packing.ts";
import { openFolder } from "../../../src/formats/folder.ts";
import { modelFiles } from "../../../src/generate/load/model-files.ts";
import { sequenceOffsets } from "../../../src/kernels/attention/attention.ts";
import { firstPosition } from "../../../src/models/encoders/config.ts";
import { encode } from "../../../src/models/encoders/encoder.ts";
import { readEncoderConfig } from "../../../src/models/encoders/families.ts";
import { uploadEncoder } from "../../../src/models/encoders/weights.ts";
import { checkWeights } from "../../../src/models/weights/checkpoint.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { encoderFolder, encoderGolden, encoderNames } from "./golden-encoders.ts";

const gpu = await quickGpu();

describe.each(encoderNames)("%s", (name) => {
  test("texts alone, padded on either side, and packed have equal states", async () => {
    const files = await modelFiles(await openFolder(encoderFolder(name)));
    const { family, config } = readEncoderConfig(await files.config());
    const weights = await files.weights(false);
    const uploaded = await uploadEncoder(gpu, weights, checkWeights(weights, family, config), config);
    afterAll(() => uploaded.dispose());
    const model = { gpu, config, weights: uploaded };
    const texts = encoderGolden(name).texts.map(({ tokens }) => tokens);
    const words = (shape: readonly number[], values: readonly number[]) => tensor(gpu, shape, [...values], "u32");
    const first = firstPosition(config.positions);
    const own = (ids: readonly number[]) => ids.map((_, i) => first + i);
    const rows = async (ids: readonly (readonly number[])[], positions: readonly (readonly number[])[], more = {}) => {
      const shape = [ids.length, ids[0]?.length ?? 0];
      const given = { ids: words(shape, ids.flat()), positions: words(shape, positions.flat()) };
      const states = await encode(model, {
        ...given,
        types: words(
          shape,
          ids.flat().map(() => 0),
        ),
        ...more,
      }).read();
      return (row: number, begin: number, length: number) => {
        const at = row * (ids[0]?.length ?? 0) + begin;
        return states.subarray(at * config.width, (at + length) * config.width);
      };
    };
    const alone: Float64Array[] = [];
    for (const ids of texts) alone.push((await rows([ids], [own(ids)]))(0, 0, ids.length));

    const longest = Math.max(...texts.map(({ length }) => length)) + 3;
    for (const side of ["right", "left"] as const) {
      const filled = (ids: readonly number[], fill: number) => {
        const padding = new Array<number>(longest - ids.length).fill(fill);
        return side === "right" ? [...ids, ...padding] : [...padding, ...ids];
      };
      const begins = texts.map(({ length }) => (side === "right" ? 0 : longest - length));
      const ranges = words(
        [texts.length, 2],
        begins.flatMap((begin, i) => [begin, begin + (texts[i]?.length ?? 0)]),
      );
      // Layers with windows take no ranges beside them: what fills their rows up is texts of its own, as in programs.
      const lengths = texts.flatMap(({ length }) =>
        side === "right" ? [length, longest - length] : [longest - length, length],
      );
      const ends = sequenceOffsets(gpu, lengths);
      const layout = { kind: "ragged", queryOffsets: ends, keyOffsets: ends } as const;
      const [ids, positions] = [texts.map((ids) => filled(ids, 0)), texts.map((ids) => filled(own(ids), 0))];
      const padded = config.windows
        ? await rows([ids.flat()], [positions.flat()], { layout }).then(
            (read) => (row: number, begin: number, length: number) => read(0, row * longest + begin, length),
          )
        : await rows(ids, positions, { mask: { kind: "key-padding", ranges } });
      for (const [i, states] of alone.entries()) {
        expectClose(padded(i, begins[i] ?? 0, texts[i]?.length ?? 0), states, `${side} padding, text ${i}`);
      }
    }

    const offsets = sequenceOffsets(
      gpu,
      texts.map(({ length }) => length),
    );
    const layout = { kind: "ragged", queryOffsets: offsets, keyOffsets: offsets } as const;
    const packed = await rows([texts.flat()], [texts.flatMap(own)], { layout });
    let at = 0;
    for (const [i, states] of alone.entries()) {
      const length = texts[i]?.length ?? 0;
      expectClose(packed(0, at, length), states, `packed, text ${i}`);
      at += length;
    }
  });
});

/** Within 2·10⁻⁶ of the largest value. */
function expectClose(values: Float64Array, expected: Float64Array, what: string): void {
  expect(values.length, what).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const distance = values.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))), 0);
  expect(distance / largest, what).toBeLessThan(2e-6);
}

/** Numbers of tokens of the texts of each pack. */
async function packsOf(lengths: readonly number[], most: number): Promise<number[][]> {
  const texts = lengths.map((length) => ({ ids: new Array<number>(length).fill(1), typeIds: [] }));
  const packs: number[][] = [];
  for await (const pack of inPacks(texts, most)) packs.push(pack.map(({ ids }) => ids.length));
  return packs;
}

test("packs have at most so many tokens, and a longer text one of its own", async () => {
  expect(await packsOf([5, 4, 3, 20, 1, 1], 10)).toEqual([[5, 4], [3], [20], [1, 1]]);
  expect(await packsOf([], 10)).toEqual([]);
  expect((await packsOf(new Array<number>(130).fill(1), 1000)).map(({ length }) => length)).toEqual([64, 64, 2]);
});

test("texts are taken from an endless list as packs are", async () => {
  let taken = 0;
  function* endless() {
    for (;;) {
      taken++;
      yield { ids: [1, 2, 3], typeIds: [] };
    }
  }
  for await (const pack of inPacks(endless(), 7)) {
    expect(pack.length).toBe(2);
    if (taken > 6) break;
  }
  expect(taken).toBe(7); // three packs, and the text that did not fit
});

test("programs have few sizes, with room for one text more", () => {
  const wrong = Array.from({ length: 5000 }, (_, i) => i + 1).filter((tokens) => {
    const more = sizeFor(tokens, 3).tokens - tokens;
    return more < 0 || more >= Math.max(16, tokens / 4);
  });
  expect(wrong).toEqual([]);
  expect(new Set(Array.from({ length: 1024 }, (_, i) => sizeFor(i + 1, 1).tokens)).size).toBeLessThan(24);
  expect([1, 2, 3, 4, 7, 8].map((texts) => sizeFor(1, texts).texts)).toEqual([2, 4, 4, 8, 8, 16]);
});

test("what fills a program up is texts of its own, at positions that the table has", () => {
  const inputs = [
    { ids: [7, 8, 9], typeIds: [0, 0, 1] },
    { ids: [4], typeIds: [0] },
  ];
  const packed = packTokens(inputs, { tokens: 12, texts: 4 }, { first: 2, context: 5 });
  expect([...packed.ids]).toEqual([7, 8, 9, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...packed.types]).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect([...packed.positions]).toEqual([2, 3, 4, 2, 2, 3, 4, 5, 6, 2, 3, 4]);
  expect([...packed.offsets]).toEqual([0, 3, 4, 12, 12]);
});
