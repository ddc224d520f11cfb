// The table of bytes in docs/caches.md, row by row.
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type CacheShape, cacheBytes, pageTokens } from "../../../src/blocks/kv-cache/cache.ts";
import { grownPages } from "../../../src/blocks/kv-cache/page-pool.ts";
import { latentCacheWidths } from "../../../src/blocks/latent-attention.ts";
import { type CacheFormat, cacheFormats } from "../../../src/kernels/formats/formats.ts";
import { isInteger } from "../../../src/kernels/kv-cache/storage.ts";

const page = await readFile("docs/caches.md", "utf8");
const tokens = 4096;
const common = { batch: 1, capacity: tokens };

/** Every second layer, as gpt-oss has it, with a chunk of 512 and 3 tokens in flight. */
const windows = Array.from({ length: 24 }, (_, layer) => (layer % 2 === 0 ? 128 : undefined));
const latents = (dtype: CacheFormat) => ({ ...common, layers: 27, kvHeads: 1, ...latentCacheWidths(512, 64, dtype) });
const shapes: [model: string, shapeOf: (dtype: CacheFormat) => CacheShape | undefined][] = [
  ["Llama 3.2 1B", (dtype) => ({ ...common, layers: 16, kvHeads: 8, headWidth: 64, dtype })],
  [
    "gpt-oss 20B, every second layer with a window of 128",
    (dtype) => ({ ...common, layers: 24, kvHeads: 8, headWidth: 64, dtype, windows, ahead: 515 }),
  ],
  ["DeepSeek-V2-Lite, latents", (dtype) => (isInteger(dtype) ? undefined : { ...latents(dtype), dtype })],
];

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

/**
 * Bytes that are taken as well as the pages when a pool that grows token by token moves for the last time: the largest
 * tensor before that.
 */
function moved({ kvHeads, headWidth }: CacheShape): number {
  const most = tokens / pageTokens;
  let [before, now] = [0, grownPages(0, 0, most)];
  while (now < most) [before, now] = [now, grownPages(now, 1, most)];
  return before * pageTokens * kvHeads * headWidth * 4;
}

test.each(shapes)("the bytes of %s", (model, shapeOf) => {
  const f32 = shapeOf("f32");
  if (!f32) throw new Error("every model can have a cache of f32");
  const paged: CacheShape = { ...f32, layout: "paged" };
  const cells = [
    model,
    mebibytes(cacheBytes({ ...f32, windows: [] })),
    ...cacheFormats.map((dtype) => {
      const shape = shapeOf(dtype);
      return shape ? mebibytes(cacheBytes(shape)) : "–";
    }),
    ...[128, 1024, tokens].map((count) => mebibytes(cacheBytes(paged, count))),
    mebibytes(cacheBytes(paged) + moved(paged)),
  ];
  expect(page).toContain(`| ${cells.join(" | ")} |`);
});

test("a pool that grows token by token to 4,096 tokens moves as often as the page says", () => {
  let moves = 0;
  for (let pages = grownPages(0, 0, 128); pages < 128; pages = grownPages(pages, 1, 128)) moves++;
  expect(page).toContain(`A sequence that grows token by token to 4,096 moves ${moves} times.`);
});
