// `--masks ./mine.mjs` and `--scores ./mine.mjs`, from the module to the measured row.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import * as bench from "../../bench/index.ts";
import { loadOwn, type OwnMask, type OwnScore } from "../../src/cli/bench/attention.ts";
import { writeNamedBlocks } from "../support/code-blocks.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { benchRows } from "./run-bench.ts";

const gpu = await testGpu();
gpu.buffers.poison = false; // a bench poisons what it needs
const rowsOf = benchRows(gpu);
const folder = await mkdtemp(join(tmpdir(), "shaderformer-own-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
/** A module with this text. */
async function moduleOf(text: string): Promise<string> {
  const file = join(folder, `mine${files++}.mjs`);
  await writeFile(file, text);
  return file;
}

const stepped = `{
  name: "every-other",
  wgsl: \`struct Step { step: u32 }
@group(2) @binding(0) var<uniform> own: Step;
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && distance % i32(own.step) == 0;
}
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys))));
}\`,
  params: { step: 2 },
  twin: (b, h, q, k) => q >= k && (q - k) % 2 === 0,
}`;
const listed = `{
  name: "listed",
  wgsl: \`@group(2) @binding(3) var<storage, read> seen: array<u32>;
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return seen[k % 3] != 0; }\`,
  tensors: { seen: { shape: [3], values: [1, 0, 1], dtype: "u32" } },
  twin: (b, h, q, k) => k % 3 !== 1,
}`;
const fading = (factor: number) => `{
  name: "fading",
  wgsl: "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score - 0.3 * f32(i32(q) - i32(k)); }",
  twin: (score, b, h, q, k) => score - ${factor} * (q - k),
}`;

const masks = (file: string) => loadOwn<OwnMask>(bench, "mask", [file]);
const scores = (file: string) => loadOwn<OwnScore>(bench, "score", [file]);

describe("what a module exports", () => {
  test("one mask or several, alone or joined, all or one of them", async () => {
    const file = await moduleOf(`export default [${stepped}, ${listed}]`);
    const texts = async (...given: string[]) => (await loadOwn(bench, "mask", given)).texts;
    const [one, other] = [`${file}:every-other`, `${file}:listed`];
    expect(await texts("causal", file)).toEqual(["causal", one, other]);
    expect(await texts(other)).toEqual([other]);
    expect(await texts(`${file}+causal`, `${one}+${other}`)).toEqual([
      ...[`${one}+causal`, `${other}+causal`, `${one}+${other}`],
    ]);
    expect(await loadOwn(bench, "mask", undefined)).toEqual({ texts: undefined, own: new Map() });
    await expect(texts(`${file}:none`)).rejects.toThrow(`${file} exports no mask none; it has ${one}, ${other}`);
  });

  test.each([
    ["", "the default export is missing or empty"],
    ["export default []", "the default export is missing or empty"],
    ["export default 3", "it exports 3, expected { name, wgsl, twin }"],
    [`export default { ...${stepped}, name: "a b" }`, 'name is "a b", expected letters, digits and hyphens'],
    [`export default { ...${stepped}, wgsl: undefined }`, "wgsl is missing, expected a text"],
    [`export default { ...${stepped}, twin: undefined }`, "twin is missing, expected the same as a function"],
    [
      `export default { ...${stepped}, params: { step: "2" } }`,
      'params is {"step":"2"}, expected an object of numbers',
    ],
    [`export default { ...${stepped}, keys: 3 }`, "there is no field keys; there are name, wgsl, twin"],
    [`export default { ...${stepped}, params: undefined }`, "params are missing"],
    [
      `export default { ...${listed}, tensors: { seen: { shape: [4], values: [1] } } }`,
      "expected an object of tensors",
    ],
    [`export default { ...${listed}, tensors: undefined }`, "it declares seen, and no tensor of this name is given"],
    [`export default [${stepped}, ${stepped}]`, 'record 1: name is "every-other", which another record has'],
    [
      `export default ${fading(0.3)}`,
      "wgsl is no mask that attention takes: custom/mask: there is no function mask_mod",
    ],
    [`export default {`, "cannot be loaded: "],
  ])("%s is refused with file and field", async (text, says) => {
    const file = await moduleOf(text);
    await expect(masks(file)).rejects.toThrow(says);
    await expect(masks(file)).rejects.toThrow(file);
    await expect(masks(file)).rejects.toThrow(RangeError);
  });
});

test("it is measured like any other, with the check against its own twin", async () => {
  const file = await moduleOf(`export default [${stepped}, ${listed}]`);
  const { texts = [], own } = await masks(`${file}+causal`);
  const measured = await rowsOf(
    texts.map((mask) => ({ batch: "2q9s20", heads: "2/1x32", mask })),
    ["naive", "flash"].map(bench.parseSubject),
    {},
    { masks: own, scores: new Map() },
  );
  expect(measured.map(({ mask, verdict }) => [mask, verdict])).toEqual([
    ...texts.flatMap((mask) => [
      [mask, "pass"],
      [mask, "pass"],
    ]),
  ]);
  const seen = (q: number) => Array.from({ length: q + 1 }, (_, k) => k).filter((k) => (q - k) % 2 === 0).length;
  const pairs = Array.from({ length: 9 }, (_, row) => seen(11 + row)).reduce((sum, one) => sum + one, 0);
  expect(measured[0]?.livePairs).toBe(2 * 2 * pairs);
  expect(measured[0]?.command).toContain(` --masks ${file}:every-other+causal `);
});

test("the module of docs/masks-and-scores.md, which is one record", async () => {
  await writeNamedBlocks("docs/masks-and-scores.md", folder);
  const { texts = [], own } = await masks(join(folder, "mine.mjs"));
  const measured = await rowsOf(
    texts.map((mask) => ({ batch: "q9s20", heads: "2/1x32", mask })),
    [bench.parseSubject("naive")],
    {},
    { masks: own, scores: new Map() },
  );
  expect(measured.map(({ mask, verdict }) => [mask, verdict])).toEqual([
    [`${join(folder, "mine.mjs")}:every-fourth`, "pass"],
  ]);
});

test("a score that differs from its twin is red, and one that does not is green", async () => {
  const verdicts = async (factor: number) => {
    const { texts = [], own } = await scores(await moduleOf(`export default ${fading(factor)}`));
    const cases = texts.map((score) => ({ batch: "q24", heads: "1x32", score: `softcap:3+${score}` }));
    const measured = await rowsOf(cases, [bench.parseSubject("naive")], {}, { masks: new Map(), scores: own });
    return measured.map(({ verdict }) => verdict);
  };
  expect(await verdicts(0.3)).toEqual(["pass"]);
  expect(await verdicts(0.301)).toEqual(["fail"]);
});
