// Texts that a wall has to take: those of the cases, of the examples and of the docs, with any names.
import { readFileSync } from "node:fs";
import { maskExamples, scoreExamples } from "../../../src/check/cases/attention/mask-examples.ts";
import type { RandomSource } from "../../../src/check/random.ts";
import type { AttentionMask, AttentionScore } from "../../../src/kernels/attention/attention.ts";
import type { MaskDescription, ScoreDescription } from "../../../src/reference/described.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { parse } from "../../../src/wgsl/parse.ts";
import { edited } from "../../../src/wgsl/rename.ts";
import { resolve } from "../../../src/wgsl/scopes.ts";

/** A user's text with the fields of its uniform. */
export interface Honest {
  readonly wgsl: string;
  readonly params?: Readonly<Record<string, number>>;
}

const shape = { b: 2, h: 3, t: 36, s: 20, unit: 3 } as const;

const isChain = (mod: MaskDescription | ScoreDescription): mod is readonly ScoreDescription[] => Array.isArray(mod);

function customOf(mod: MaskDescription | ScoreDescription): Honest[] {
  if (typeof mod === "string") return [];
  if (isChain(mod)) return mod.flatMap(customOf);
  if ("and" in mod) return mod.and.flatMap(customOf);
  if ("or" in mod) return mod.or.flatMap(customOf);
  if (!("kind" in mod) || mod.kind !== "custom" || mod.tensors) return [];
  return [{ wgsl: mod.wgsl, ...(mod.params ? { params: mod.params } : {}) }];
}

const textsIn = (file: string, pattern: RegExp): Honest[] =>
  Array.from(readFileSync(file, "utf8").matchAll(pattern), ([, wgsl = ""]) => ({ wgsl }));

/** The texts without buffers of this repository. */
export const honestTexts: readonly Honest[] = [
  ...[...Object.values(maskExamples(shape)), ...Object.values(scoreExamples(shape))].flatMap(customOf),
  ...textsIn("docs/masks-and-scores.md", /wgsl: "([^"]+)"/g),
  ...textsIn("site/attention/own/function.ts", /wgsl: `([^`]+)`/g),
  ...textsIn("examples/03-own-mask/every-fourth-key.wgsl", /^([\s\S]+)$/g),
];

/** The text with every name that it declares replaced, except those that the engine calls. */
export function withNames({ wgsl, ...rest }: Honest, random: RandomSource, words: readonly string[]): Honest {
  const { definitions, meanings } = resolve(parse(wgsl));
  const fixed = new Set(["mask_mod", "score_mod", "score_derivative", "key_range", "tile_full"]);
  // What it uses of WGSL keeps its meaning.
  const used = new Set(
    [...meanings].flatMap(([{ name }, meaning]) => (meaning !== "unknown" && "label" in meaning ? [] : [name])),
  );
  const free = words.filter((word) => !used.has(word) && !fixed.has(word));
  const names = new Map<string, string>();
  for (const { label } of definitions) {
    if (names.has(label.name) || fixed.has(label.name)) continue;
    names.set(label.name, free.splice(random.integer(free.length), 1)[0] ?? label.name);
  }
  const places = [
    ...definitions.map(({ label }) => label),
    ...[...meanings].flatMap(([name, meaning]) =>
      meaning !== "unknown" && "label" in meaning ? [{ ...name, end: name.at + name.name.length }] : [],
    ),
  ];
  const edits = places.map(({ name, at, end }) => ({ at, end, text: names.get(name) ?? name }));
  return { ...rest, wgsl: edited(wgsl, edits) };
}

const maskSignature = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool";
const scoreSignature = "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32";

const forms: readonly ((name: string) => readonly [declaration: string, value: string])[] = [
  (name) => [`const ${name} = 1u;`, name],
  (name) => [`fn ${name}() -> u32 { return 1u; }`, `${name}()`],
  (name) => [`struct ${name} { n: i32 }`, `u32(${name}(1).n)`],
  (name) => [`fn of_${name}_(${name}: u32) -> u32 { return ${name}; }`, `of_${name}_(1u)`],
  (name) => [`fn in_${name}_() -> u32 { var ${name} = 0u; ${name}++; return ${name}; }`, `in_${name}_()`],
  (name) => [`struct Of_${name}_ { ${name}: u32 }`, `Of_${name}_(1u).${name}`],
];

/** What the texts of `named` are written with. */
const own = new Set([
  "u32",
  "i32",
  "bool",
  "f32",
  "array",
  "storage",
  "read",
  "mask_mod",
  "score_mod",
  "score_derivative",
  "key_range",
  "tile_full",
  "total",
  "all_",
]);

/** A mask that sees everything and a score that changes nothing, which declare all of these names in every way. */
export function named(names: readonly string[], ones: Tensor): { mask: AttentionMask; score: AttentionScore } {
  const [buffer = "buffer", ...others] = names.filter((name) => !own.has(name));
  const made = others.map((name, i) => (forms[i % forms.length] as (typeof forms)[number])(name));
  const text = [
    `@group(2) @binding(0) var<storage, read> ${buffer}: array<u32>;`,
    ...made.map(([declaration]) => declaration),
    "fn total() -> u32 {\n  var all_ = 0u;",
    ...[`${buffer}[0]`, ...made.map(([, value]) => value)].map((value) => `  all_ += ${value};`),
    "  return all_;\n}",
  ].join("\n");
  const count = `${others.length + 1}u`;
  const tensors = { [buffer]: ones };
  return {
    mask: { kind: "custom", wgsl: `${text}\n${maskSignature} { return total() == ${count}; }`, tensors },
    score: { kind: "custom", wgsl: `${scoreSignature} { return score + f32(total() - ${count}); }\n${text}`, tensors },
  };
}
