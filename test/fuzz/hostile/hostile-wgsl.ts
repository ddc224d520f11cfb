// Texts that a wall has to refuse, by kind: each with the line and what the message has to name.
import type { RandomSource } from "../../../src/check/random.ts";
import { filler, kinds } from "./hostile-kinds.ts";
import type { Fault, Seeds } from "./hostile-seeds.ts";

/** A text, the 1-based line of its fault, and words that the message has to have. */
export interface Hostile {
  readonly kind: string;
  /** What it would be. */
  readonly mod: "mask" | "score";
  readonly wgsl: string;
  readonly line: number;
  readonly names: string;
}

const forms = {
  mask: ["fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool", "before > k"],
  score: ["fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32", "score * f32(before)"],
} as const;

/** The names of all kinds. */
export const hostileKinds = Object.keys(kinds);

/** A hostile text of a kind, among harmless declarations and comments. */
export function hostileText(kind: string, random: RandomSource, engineNames: readonly string[]): Hostile {
  const pick = <T>(of: readonly T[]) => of[random.integer(of.length)] as T;
  const own = `${pick(["tile", "x", "weights", "Über", "out", "f", "params"])}_${random.integer(100)}`;
  const seeds: Seeds = { random, pick, own, engine: pick(engineNames) };
  const { statements = "", declarations = "", names } = (kinds[kind] as (of: Seeds) => Fault)(seeds);
  const mod = pick(["mask", "score"] as const);
  const [signature, result] = forms[mod];
  const isFirst = kind === "brings a directive";
  const harmless = [
    "// A comment: while (true) { out[0] = 1; }",
    `/* enable f16; /* nested */\nrequires nothing; fn zz() { loop {} } */`,
    `const HARMLESS${random.integer(9)} = ${1 + random.integer(99)}u;`,
    `fn harmless_${random.integer(9)}(q: u32, k: u32, b: u32, h: u32) -> u32 { return ${filler(seeds)}; }`,
  ].filter(() => random.uniform() < 0.5);
  const text = [
    ...(isFirst ? [declarations] : []),
    ...harmless,
    ...(isFirst ? [] : [declarations]),
    `${signature} {`,
    `  let before = ${filler(seeds, 3)};`,
    statements,
    `  return ${result};`,
    "}",
  ].join("\n");
  const lines = text.split("\n");
  const marked = lines.findIndex((line) => line.startsWith("!"));
  return {
    kind,
    mod,
    wgsl: lines.map((line, i) => (i === marked ? line.slice(1) : line)).join("\n"),
    line: marked + 1,
    names,
  };
}
