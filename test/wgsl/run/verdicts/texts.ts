import { readFileSync } from "node:fs";
import { differing } from "./differing.ts";

/** A text, and who takes it. */
export interface Verdict {
  readonly text: string;
  readonly code: string;
  readonly checker: boolean;
  readonly dawn: boolean;
}

/** Statements of an entry point, after what they use. */
const inMain = (statements: string): string => `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
  struct S { a: u32, b: vec2f }
  var<workgroup> cells: array<u32, 4>; var<workgroup> counter: atomic<u32>; var<private> whole: u32;
  fn helper(x: u32) -> u32 { return x; } @must_use fn must(x: u32) -> u32 { return x; } fn nothing() { }
  @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) { ${statements} }`;

const linesOf = (text: string): string[] => text.split("\n").flatMap((line) => (line.trim() ? [line.trim()] : []));

const read = (name: string): string => readFileSync(new URL(`${name}.txt`, import.meta.url), "utf8");

function verdicts(statements: string, modules: string, checker: boolean, dawn: boolean): Verdict[] {
  const inside = linesOf(statements).map((text) => ({ text, code: inMain(text), checker, dawn }));
  return [...inside, ...linesOf(modules).map((text) => ({ text, code: text, checker, dawn }))];
}

/** The texts of a difference. */
export const textsOf = ({ takenBy, statements = "", modules = "" }: (typeof differing)[string]): Verdict[] =>
  verdicts(statements, modules, takenBy === "checker", takenBy === "Dawn");

/** Small texts, valid and invalid ones, with the verdicts of the checker and of Dawn. */
export const allVerdicts: readonly Verdict[] = [
  ...verdicts(read("accepted-statements"), read("accepted-modules"), true, true),
  ...verdicts(read("refused-statements"), read("refused-modules"), false, false),
  ...verdicts("", read("refused-attributes"), false, false),
  ...Object.values(differing).flatMap(textsOf),
];
