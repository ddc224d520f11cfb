// Linear time of a user's WGSL: random chains, nests and constants of random sizes. Visits are counted, not time.
import { expect, test } from "vitest";
import { longTexts } from "../../scripts/measure/wgsl/long-texts.ts";
import type { RandomSource } from "../../src/check/random.ts";
import { WgslError } from "../../src/wgsl/error.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { declarationVisits, maxVisits, visitsOf } from "../support/numbers/linear.ts";

const pick = <T>(random: RandomSource, of: readonly T[]): T => of[random.integer(of.length)] as T;

/** An expression of about `size` nodes, at most `deep` parentheses deep, of u32 with these names. */
function expression(random: RandomSource, names: readonly string[], size: number, deep: number): string {
  if (size <= 1) return random.uniform() < 0.2 ? `${random.integer(9)}u` : pick(random, names);
  const inside = (share: number) => expression(random, names, Math.floor(size * share), deep - 1);
  if (deep <= 0 || random.uniform() < 0.3) {
    const sign = pick(random, [" + ", " * ", " ^ "]);
    return Array.from({ length: Math.min(400, size / 2) }, () => pick(random, names)).join(sign) || "k";
  }
  const share = random.uniform();
  switch (random.integer(4)) {
    case 0:
      return `max(${inside(share)}, ${inside(1 - share)})`;
    case 1:
      return `~(${inside(0.9)})`;
    case 2:
      return `array(${inside(share)}, ${inside(1 - share)})[1]`;
    default:
      return `(${inside(share)}) ${pick(random, ["+", "-", "*", "|"])} (${inside(1 - share)})`;
  }
}

/** A mask of random constants, functions and variables, each of those before it. */
function randomText(random: RandomSource, size: number): string {
  const known = { constants: ["1u"], all: ["k", "q", "h"] };
  const deep = 1 + random.integer(25);
  let [declarations, statements] = ["", ""];
  for (let left = size, i = 0; left > 0; i++) {
    const some = Math.min(left, 1 + random.integer(size / 3));
    left -= some + 3;
    if (random.uniform() < 0.4) {
      declarations += `const A${i} = ${expression(random, known.constants, some, deep)};\n`;
      known.constants.push(`A${i}`);
      known.all.push(`A${i}`);
    } else {
      statements += `  let x${i} = ${expression(random, known.all, some, deep)};\n`;
      known.all.push(`x${i}`);
    }
  }
  return `${declarations}fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n${statements}  return k < q;\n}`;
}

/** The visits of all passes; undefined for a text that makes more operations or variables than it may. */
function visitsUnlessLarge(code: string): ReturnType<typeof visitsOf> | undefined {
  try {
    return visitsOf(code);
  } catch (error) {
    if (error instanceof WgslError && /expected at most/.test(error.message)) return undefined;
    throw error;
  }
}

test("no pass over a text visits a node more often than a constant number of times", () => {
  const random = randomFor("linear WGSL");
  const kinds = Object.keys(longTexts);
  const most: Record<string, number> = {};
  const counts = { texts: 0, refused: 0, nodes: 0, largest: 0 };
  for (let i = 0; i < attempts(1000, 10); i++) {
    const size = Math.ceil(10 ** (1 + 2.7 * random.uniform()));
    const kind = random.uniform() < 0.5 ? undefined : pick(random, kinds);
    const code =
      kind === undefined ? randomText(random, size) : (longTexts[kind]?.(size, 20 + random.integer(430)) ?? "");
    counts.texts++;
    const passes = visitsUnlessLarge(code);
    if (!passes) counts.refused++;
    for (const [pass, { nodes, visits }] of Object.entries(passes ?? {})) {
      if (pass === "rules") counts.nodes += nodes;
      if (pass === "rules") counts.largest = Math.max(counts.largest, nodes);
      if (nodes < 100) continue; // what a text needs whatever its size
      most[pass] = Math.max(most[pass] ?? 0, visits / nodes);
      expect(visits / nodes, `${pass} of ${kind}:\n${code}`).toBeLessThan(maxVisits[pass as keyof typeof maxVisits]);
    }
  }
  const shown = Object.entries(most).map(([pass, visits]) => `${pass} ${visits.toFixed(1)}`);
  console.log(
    `${counts.texts} texts, ${counts.refused} of them refused for their operations or bytes, the others of ${counts.nodes} nodes, the largest of ${counts.largest}; most visits of a node: ${shown.join(", ")}`,
  );
});

test("declarations that are known by their text are looked up a constant number of times", () => {
  const random = randomFor("linear declarations");
  let [declared, most] = [0, 0];
  for (let i = 0; i < attempts(1000, 50); i++) {
    const kind = pick(random, ["constants", "aliases", "structs"] as const);
    const size = 20 + random.integer(400);
    const before = (n: number) =>
      `A${random.uniform() < 0.02 ? random.integer(size) : Math.max(0, n - 1 - random.integer(3))}`;
    const text = (n: number) =>
      kind === "constants"
        ? `${before(n)} * ${before(n)} - (${before(n)} + 1)`
        : kind === "aliases"
          ? before(n)
          : `a: ${before(n)}, b: array<${before(n)}, 2>`;
    const first = { constants: "3", aliases: "vec3f", structs: "a: f32, b: vec3f" }[kind];
    const texts = Array.from({ length: size }, (_, n): [string, string] => [`A${n}`, n === 0 ? first : text(n)]);
    const { nodes, visits } = declarationVisits(kind, `A${size - 1}`, texts);
    declared += nodes;
    most = Math.max(most, visits / nodes);
    expect(visits / nodes, `${kind} of ${size}`).toBeLessThan(maxVisits.declarations);
  }
  console.log(`${declared} declarations, each looked up ${most.toFixed(1)} times or less`);
});
