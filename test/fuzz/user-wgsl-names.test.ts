// Honest texts of users on a device: any names pass in every variant.
import { expect, test } from "vitest";
import { normal } from "../../src/check/random.ts";
import type { Dispatch } from "../../src/gpu/program/dispatch.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { parse } from "../../src/wgsl/parse.ts";
import { keywords, reserved } from "../../src/wgsl/reader.ts";
import { predeclared, resolve } from "../../src/wgsl/scopes.ts";
import { tokensOf } from "../../src/wgsl/tokens.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { shaderModules } from "../support/shaders.ts";
import { honestTexts, named, withNames } from "./hostile/honest-wgsl.ts";

/** Every word in our shaders that a text may use as a name, and those of WGSL itself. */
const words = [
  ...new Set([
    ...[...shaderModules.values()].flatMap(({ code }) =>
      tokensOf(code).flatMap(({ kind, text }) => (kind === "word" ? [text] : [])),
    ),
    ...predeclared.keys(),
  ]),
].filter((word) => word !== "_" && !keywords.has(word) && !reserved.has(word));

const gpu = await testGpu();
const sizes = { q: [1, 2, 9, 32], k: [1, 1, 80, 32], v: [1, 1, 80, 32] } as const;
const length = 37; // of 80: what comes after is NaN
const held = (shape: readonly number[], seed: number) => {
  const values = normal(
    shape.reduce((product, axis) => product * axis, 1),
    seed,
  );
  return tensor(gpu, shape, shape[2] === 80 ? values.map((x, i) => (i < length * 32 ? x : Number.NaN)) : values);
};
const inputs = { q: held(sizes.q, 1), k: held(sizes.k, 2), v: held(sizes.v, 3) };
const variants = [...attention.survey(gpu, inputs, { length, mask: "full" })].flatMap(([variant, reason]) =>
  reason === undefined ? [variant as keyof typeof attention.variants] : [],
);
const read = async (x: Tensor) => [...(await x.read())];

const anyMask =
  "fn tile() -> u32 { return 1u; } fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return k < 9u * tile(); }";
const anyScore =
  "struct P { n: f32 } fn score_mod(out: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return P(out).n * 2.0; }";

/** In a text as it is compiled, every name has one meaning. */
function expectOneMeaning(dispatches: readonly Dispatch[]): void {
  for (const { shader } of dispatches) {
    const { meanings } = resolve(parse(shader.code));
    const unknown = [...meanings].flatMap(([{ name }, meaning]) => (meaning === "unknown" ? [name] : []));
    expect(unknown, shader.code).toEqual([]);
  }
}

test("any names pass in every variant, in a mask and in a score at once", { timeout: 1_200_000 }, async () => {
  expect(variants).toEqual(expect.arrayContaining(["naive", "rows", "twoPass", "flash", "packed", "blocks", "splitK"]));
  const random = randomFor("names");
  const shuffled = words.map((word) => [random.uniform(), word] as const).sort(([a], [b]) => a - b);
  const perText = attempts(150, 50);
  const ones = tensor(gpu, [1], [1], "u32");
  const texts = attempts(Math.ceil(shuffled.length / perText), 1);
  let compiled = 0;
  for (let i = 0; i < texts; i++) {
    const some = shuffled.slice(i * perText, (i + 1) * perText).map(([, word]) => word);
    const { mask, score } = named(some, ones);
    for (const [n, variant] of variants.entries()) {
      const options = { variant, mask, score, length };
      const { dispatches } = gpu.record(() => attention(gpu, inputs, options));
      expectOneMeaning(dispatches);
      if ((n + 1) % attempts(1, 6) !== 0) continue;
      compiled++;
      const [out, plain] = await Promise.all(
        [options, { variant, length, mask: "full" as const }].map((given) => read(attention(gpu, inputs, given).out)),
      );
      expect(out, variant).toEqual(plain);
    }
  }
  console.log(
    `${Math.min(texts * perText, shuffled.length)} names in ${texts} texts and ${variants.length} variants, ${compiled} run`,
  );
});

test("the texts of cases, examples and docs pass in every variant, with any names", () => {
  expect(honestTexts.length).toBeGreaterThan(6);
  const random = randomFor("honest names");
  const counts = { texts: 0, shaders: 0 };
  for (let i = 0; i < attempts(15, 1); i++) {
    for (const text of honestTexts) {
      const own = { kind: "custom", ...withNames(text, random, words) } as const;
      const isMask = own.wgsl.includes("mask_mod");
      const other = { kind: "custom", wgsl: isMask ? anyScore : anyMask } as const;
      const mods = isMask ? { mask: own, score: other } : { mask: other, score: own };
      counts.texts++;
      for (const [n, variant] of variants.entries()) {
        if ((n + counts.texts) % attempts(1, 3) !== 0) continue; // in npm test another third for each text
        const { dispatches } = gpu.record(() => attention(gpu, inputs, { variant, length, ...mods }));
        expectOneMeaning(dispatches);
        counts.shaders += dispatches.length;
      }
    }
  }
  console.log(`${counts.texts} texts in ${variants.length} variants, ${counts.shaders} shaders`);
});
