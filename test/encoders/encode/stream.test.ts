import { afterAll, beforeAll, expect, test } from "vitest";
import { randomSource } from "../../../src/check/random.ts";
import type { EmbeddedText } from "../../../src/encode/embed-texts.ts";
import type { Encoder } from "../../../src/encode/encoder.ts";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import { quick } from "../../support/devices/gpu.ts";
import { encoderFolder, farthest } from "./golden-encoders.ts";

const folder = encoderFolder("bert");

/** Texts of 1 to 35 letters, some of which begin a word. */
function texts(count: number): string[] {
  const source = randomSource(13);
  const letter = () => String.fromCharCode(97 + source.integer(26));
  const letters = () => Array.from({ length: 1 + source.integer(35) }, () => [source.integer(5) ? "" : " ", letter()]);
  return Array.from({ length: count }, () => letters().flat().join("").trim());
}

const all = texts(160);

/** A device that a test may lose. */
async function opened(): Promise<Gpu> {
  const gpu = await openGpu();
  tune(gpu, quick);
  return gpu;
}

let gpu: Gpu;
let encoder: Encoder;
let undisturbed: readonly Float32Array[];
beforeAll(async () => {
  gpu = await opened();
  encoder = await loadEncoder(gpu, folder);
  undisturbed = (await encoder.embed(all)).embeddings;
}, 120_000);
afterAll(() => {
  encoder.dispose();
  gpu.close();
});

/** Adds the vectors of a stream to `into`, and calls `each` after every one. */
async function collect(
  stream: AsyncIterable<EmbeddedText>,
  into: Float32Array[],
  each: () => void = () => {},
): Promise<void> {
  for await (const { embedding } of stream) {
    into.push(embedding);
    each();
  }
}

test("160 texts of random length: memory does not grow, and texts are read as they are computed", async () => {
  let [taken, ahead] = [0, 0];
  async function* lazily() {
    for (const text of all) {
      taken++;
      yield text;
    }
  }
  const own = await opened();
  using encoder = await loadEncoder(own, folder);
  const vectors: Float32Array[] = [];
  await collect(encoder.embedStream(lazily()), vectors, () => {
    ahead = Math.max(ahead, taken - vectors.length);
  });
  expect(vectors).toEqual(undisturbed);
  expect(new Set(vectors.map(String)).size).toBeGreaterThan(144);
  expect(ahead).toBeLessThanOrEqual(64);
  // At most eight programs are kept; which, depends on the last packs. From now on they are the same ones.
  const peaks: number[] = [];
  for (let time = 0; time < 2; time++) {
    let peak = 0;
    for await (const _ of encoder.embedStream(all)) peak = Math.max(peak, own.buffers.allocatedBytes);
    peaks.push(peak);
  }
  console.log(`${peaks.join(", ")} bytes on the GPU while they are embedded again; ${ahead} texts taken ahead`);
  expect(peaks[1]).toBeLessThanOrEqual(peaks[0] ?? 0);
  own.close();
});

test("aborted in the middle, the rest has the vectors of an undisturbed run", async () => {
  const reason = new Error("enough");
  for (const at of [1, 70]) {
    const controller = new AbortController();
    const vectors: Float32Array[] = [];
    const stream = encoder.embedStream(all, { signal: controller.signal });
    const stopped = collect(stream, vectors, () => vectors.length === at && controller.abort(reason));
    await expect(stopped).rejects.toBe(reason);
    await collect(encoder.embedStream(all.slice(vectors.length)), vectors);
    expect(farthest(vectors, undisturbed)).toBeLessThan(2e-6);
  }
});

test("a reader that leaves a stream leaves the encoder as it was", async () => {
  for await (const { embedding } of encoder.embedStream(all)) {
    expect(embedding).toEqual(undisturbed[0]);
    break;
  }
  expect((await encoder.embed(all.slice(0, 5))).embeddings.length).toBe(5);
});

test("the device lost in the middle: on another, the rest has the vectors of an undisturbed run", async () => {
  const vectors: Float32Array[] = [];
  const losses = [1, 70];
  for (let i = 0; i <= losses.length; i++) {
    const own = await opened();
    const encoder = await loadEncoder(own, folder);
    const lose = () => vectors.length === losses[i] && own.device.destroy();
    const run = collect(encoder.embedStream(all.slice(vectors.length)), vectors, lose);
    if (i < losses.length) await expect(run).rejects.toThrow(/the device was lost/);
    else await run;
    encoder.dispose();
    own.close();
  }
  expect(farthest(vectors, undisturbed)).toBeLessThan(2e-6);
});

test("several streams at once have the vectors that each has alone", async () => {
  const parts = [all.slice(0, 40), all.slice(40, 70), all.slice(70)];
  const results = await Promise.all(parts.map((part) => encoder.embed(part)));
  expect(
    farthest(
      results.flatMap(({ embeddings }) => embeddings),
      undisturbed,
    ),
  ).toBeLessThan(2e-6);
});
