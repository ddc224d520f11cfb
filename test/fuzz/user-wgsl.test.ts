// A user's masks and scores: hostile texts are refused with line and name, and no text, however broken, meets anything
// but a ShaderError; honest ones pass in every variant with any names; and none of them reads beyond the keys.
import { expect, test } from "vitest";
import { maskExamples, scoreExamples } from "../../src/check/cases/mask-examples.ts";
import { normal } from "../../src/check/random.ts";
import { ShaderError } from "../../src/gpu/errors.ts";
import { type AttentionMask, type AttentionScore, attention } from "../../src/kernels/attention/attention.ts";
import { anyMaskMod, anyScoreMod } from "../../src/kernels/attention/made-mods.ts";
import { ShapeError } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { parse } from "../../src/wgsl/parse.ts";
import { predeclared } from "../../src/wgsl/predeclared.ts";
import { resolve } from "../../src/wgsl/scopes.ts";
import { tokensOf } from "../../src/wgsl/tokens.ts";
import { keywords, reserved } from "../../src/wgsl/words.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { testGpu } from "../support/gpu.ts";
import { shaderModules } from "../support/shaders.ts";
import { hostileKinds, hostileText } from "./hostile-wgsl.ts";

const attentionFiles = [...shaderModules.values()].filter(({ name }) => /^(attention|lib)\//.test(name));

/** Names that our shaders declare at module scope. */
const engineNames = [...new Set(attentionFiles.flatMap(({ code }) => [...resolve(parse(code)).module.keys()]))];

/** Every word in our shaders that a text may use as a name, and those of WGSL itself. */
const words = [
  ...new Set([
    ...[...shaderModules.values()].flatMap(({ code }) =>
      tokensOf(code).flatMap(({ kind, text }) => (kind === "word" ? [text] : [])),
    ),
    ...predeclared.keys(),
  ]),
].filter((word) => word !== "_" && !keywords.has(word) && !reserved.has(word));

function refusal(call: () => unknown): Error | undefined {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}

test("hostile texts are refused, each with its line and what is wrong", () => {
  const random = randomFor("hostile WGSL");
  const counts = new Map<string, number>();
  for (let i = 0; i < attempts(5000, 500); i++) {
    const kind = hostileKinds[i % hostileKinds.length] as string;
    const { wgsl, line, names } = hostileText(kind, random, engineNames);
    const error = refusal(() => anyMaskMod({ kind: "custom", wgsl }));
    expect(error, `${kind}:\n${wgsl}`).toBeInstanceOf(ShaderError);
    const found = `${kind}, line ${(error as ShaderError).line}: ${error?.message}`;
    expect(found, wgsl).toContain(`${kind}, line ${line}: `);
    expect(found, wgsl).toContain(names);
    expect(error?.message).toMatch(/^custom\/mask:\d+: [\s\S]*\n +\| +\^/);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(
    `${total} hostile texts of ${counts.size} kinds refused, ${Math.min(...counts.values())} or more of each`,
  );
});

/** The texts of the cases, the examples and the docs, with their kinds. */
const honest = [
  ...Object.values(maskExamples({ b: 2, h: 3, t: 36, s: 20, unit: 3 })),
  ...Object.values(scoreExamples({ b: 2, h: 3, t: 36, s: 20, unit: 3 })),
].flatMap((mod): string[] => (typeof mod === "object" && "kind" in mod && mod.kind === "custom" ? [mod.wgsl] : []));

test("a broken text is taken or refused with a ShaderError, whatever its breakage", () => {
  const random = randomFor("broken WGSL");
  const counts = { taken: 0, refused: 0 };
  const texts = [...honest, ...hostileKinds.map((kind) => hostileText(kind, random, engineNames).wgsl)];
  for (let i = 0; i < attempts(20_000, 300); i++) {
    const from = random.uniform() < 0.7 ? honest : texts;
    let wgsl = from[random.integer(from.length)] as string;
    for (let n = random.integer(3); n >= 0; n--) {
      const tokens = tokensOrCharacters(wgsl);
      const [one, other] = [tokens[random.integer(tokens.length)], tokens[random.integer(tokens.length)]];
      if (!one || !other) continue;
      const put = [
        wgsl.slice(other.at, other.end),
        "",
        "&",
        "*",
        "/*",
        "*/",
        "(",
        "<",
        ">",
        "\n",
        "for",
        "é",
        "\u{1f600}",
      ];
      wgsl = `${wgsl.slice(0, one.at)}${put[random.integer(put.length)]}${wgsl.slice(one.end)}`;
    }
    const error = refusal(() =>
      /\bmask_mod\b/.test(wgsl) ? anyMaskMod({ kind: "custom", wgsl }) : anyScoreMod({ kind: "custom", wgsl }),
    );
    if (error && !(error instanceof ShapeError && /params are missing|no tensor of this name/.test(error.message))) {
      expect(error, wgsl).toBeInstanceOf(ShaderError);
      expect(error.message, wgsl).toMatch(/^custom\/(mask|score):/);
      counts.refused++;
    } else counts.taken++;
  }
  console.log(`${counts.refused} broken texts refused, ${counts.taken} taken`);
});

function tokensOrCharacters(code: string): readonly { readonly at: number; readonly end: number }[] {
  try {
    return tokensOf(code);
  } catch {
    return Array.from(code, (_, at) => ({ at, end: at + 1 }));
  }
}

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
const variants = [...attention.survey(gpu, inputs, { length })].flatMap(([variant, reason]) =>
  reason === undefined ? [variant as keyof typeof attention.variants] : [],
);
const read = async (x: Tensor) => [...(await x.read())];

const scoreSignature = "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32";
const maskSignature = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool";

/** A mask and a score that declare all of these names, in the module and in functions. */
function named(names: readonly string[]): { mask: AttentionMask; score: AttentionScore } {
  const forms = [
    (name: string) => [`const ${name} = 1u;`, name],
    (name: string) => [`fn ${name}() -> u32 { return 1u; }`, `${name}()`],
    (name: string) => [`struct ${name} { n: i32 }`, `u32(${name}(1).n)`],
    (name: string) => [`fn of_${name}_(${name}: u32) -> u32 { return ${name}; }`, `of_${name}_(1u)`],
    (name: string) => [`fn in_${name}_() -> u32 { var ${name} = 0u; ${name}++; return ${name}; }`, `in_${name}_()`],
    (name: string) => [`struct Of_${name}_ { ${name}: u32 }`, `Of_${name}_(1u).${name}`],
  ];
  // What the text itself is written with keeps its meaning.
  const own = new Set([
    "u32",
    "i32",
    "bool",
    "f32",
    "vec2u",
    "mask_mod",
    "score_mod",
    "key_range",
    "tile_full",
    "total",
    "all_",
  ]);
  const used = names.filter((name) => !own.has(name));
  const made = used.map((name, i) => forms[i % forms.length]?.(name) ?? []);
  const declared = made.map(([declaration]) => declared_(declaration)).join("\n");
  const sum = made.map(([, value]) => `  all_ += ${value};`).join("\n");
  const all = `fn total() -> u32 {\n  var all_ = 0u;\n${sum}\n  return all_;\n}`;
  return {
    mask: { kind: "custom", wgsl: `${declared}\n${all}\n${maskSignature} { return total() == ${used.length}u; }` },
    score: {
      kind: "custom",
      wgsl: `${scoreSignature} { return score + f32(total() - ${used.length}u); }\n${all}\n${declared}`,
    },
  };
}
const declared_ = (declaration: string | undefined) => declaration ?? "";

test("any names pass in every variant, in a mask and in a score at once", async () => {
  expect(variants).toEqual(expect.arrayContaining(["naive", "rows", "twoPass", "flash", "packed", "blocks", "splitK"]));
  const random = randomFor("names");
  const shuffled = words.map((word) => [random.uniform(), word] as const).sort(([a], [b]) => a - b);
  const perText = 150;
  const texts = attempts(Math.ceil(shuffled.length / perText), 1);
  let compiled = 0;
  for (let i = 0; i < texts; i++) {
    const { mask, score } = named(shuffled.slice(i * perText, (i + 1) * perText).map(([, word]) => word));
    for (const [n, variant] of variants.entries()) {
      const options = { variant, mask, score, length };
      const { dispatches } = gpu.record(() => attention(gpu, inputs, options));
      // In the text as it is compiled, every name has one meaning.
      for (const { shader } of dispatches) {
        const { meanings } = resolve(parse(shader.code));
        expect([...meanings].flatMap(([{ name }, meaning]) => (meaning === "unknown" ? [name] : []))).toEqual([]);
      }
      if (n % attempts(1, 3) !== 0) continue;
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

test("a mask that lies of its keys reads none that are not there", async () => {
  const lies: readonly (readonly [range: string, full: boolean, seen: "all" | "none"])[] = [
    ["vec2u(0, 0xffffffffu)", true, "all"],
    ["vec2u(0, keys + 64u)", true, "all"],
    ["vec2u(0, keys)", true, "all"],
    ["vec2u(keys + 3u, keys + 9u)", false, "none"],
    ["vec2u(0xffffffffu, 0xffffffffu)", true, "none"],
    ["vec2u(9u, 0u)", true, "none"],
    ["vec2u(0xfffffff0u, 4u)", false, "none"],
  ];
  const cases = lies.map(([range], i) => `case ${i}u: { return ${range}; }`).join(" ");
  const wgsl = `struct P { lie: u32, full: u32 }
@group(2) @binding(0) var<uniform> params: P;
${maskSignature} { return true; }
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  switch (params.lie) { ${cases} default: { return vec2u(0u, keys); } }
}
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool { return params.full == 1u; }`;
  const before = await Promise.all(Object.values(inputs).map(read));
  const honestly: AttentionMask = { kind: "custom", wgsl, params: { lie: lies.length, full: 0 } };
  const random = randomFor("lies");
  const chosen = variants
    .map((variant) => [random.uniform(), variant] as const)
    .sort(([a], [b]) => a - b)
    .slice(0, attempts(variants.length, 4));
  for (const [, variant] of chosen) {
    const full = await read(attention(gpu, inputs, { variant, length, mask: honestly }).out);
    expect(full.every(Number.isFinite), variant).toBe(true);
    for (const [lie, [range, saysFull, seen]] of lies.entries()) {
      const mask: AttentionMask = { kind: "custom", wgsl, params: { lie, full: Number(saysFull) } };
      const out = await read(attention(gpu, inputs, { variant, length, mask }).out);
      const isFull = out.every((value, i) => Math.abs(value - (full[i] ?? Number.NaN)) < 1e-5);
      const what = isFull ? "all" : out.every((value) => value === 0) ? "none" : "neither";
      expect(out.every(Number.isFinite), `${variant}: ${range}`).toBe(true);
      // The naive variant goes over all keys and needs no range; a map of tiles holds whole ones, of which a range that
      // contradicts its mask may leave any.
      if (variant === "blocks" && seen === "none") continue;
      expect(what, `${variant}: ${range}`).toBe(variant === "naive" ? "all" : seen);
    }
  }
  expect(await Promise.all(Object.values(inputs).map(read))).toEqual(before);
  console.log(`${lies.length} lies in ${chosen.length} variants`);
});
