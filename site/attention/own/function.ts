import { type BenchMask, benchMask } from "../../../bench/attention/inputs/masks.ts";
import { type BenchScore, ownBenchScore } from "../../../bench/attention/inputs/scores.ts";
import { attention, type Gpu, ShaderError, ShapeError, tensor } from "../../../src/index.ts";
import type { LineProblem } from "../../shell/code/wgsl-editor.tsx";
import { pack, unpack } from "../../shell/permalink.ts";
import { maskTwin, scoreTwin } from "./twin.ts";

/** A mask or score written by the reader: for the GPU, and the same for the reference. */
export interface OwnFunction {
  readonly kind: "mask" | "score";
  readonly wgsl: string;
  readonly twin: string;
}

/** The name of the reader's own mask or score among the others. */
export const ownName = "own";

/** Functions to start from. */
export const ownExamples: readonly { readonly name: string; readonly own: OwnFunction }[] = [
  {
    name: "every fourth key",
    own: {
      kind: "mask",
      wgsl: `// Causal, the last eight keys and every fourth before them.
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && (distance < 8 || distance % 4 == 0);
}
`,
      twin: "q >= k && (q - k < 8 || (q - k) % 4 == 0)",
    },
  },
  {
    name: "a window by head",
    own: {
      kind: "mask",
      wgsl: `// Every head looks twice as far back as the one before it.
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && distance < i32(8u << min(h, 20u));
}
`,
      twin: "q >= k && q - k < 8 * pow(2, min(h, 20))",
    },
  },
  {
    name: "a score that fades",
    own: {
      kind: "score",
      wgsl: `// The farther back a key is, the less it counts: ALiBi with one slope for all heads.
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score - 0.125 * f32(i32(q) - i32(k));
}
`,
      twin: "score - 0.125 * (q - k)",
    },
  },
];

/** The mask for the bench. Throws a SyntaxError for an invalid twin. */
export function ownMask({ wgsl, twin }: OwnFunction): BenchMask {
  const keep = maskTwin(twin);
  return benchMask(ownName, () => ({ kind: "custom", wgsl, twin: keep }));
}

/** The score for the bench. Throws a SyntaxError for an invalid twin. */
export function ownScore({ wgsl, twin }: OwnFunction): BenchScore {
  return ownBenchScore(ownName, { kind: "custom", wgsl, twin: scoreTwin(twin) });
}

/** The problems of the function, by line of its WGSL (0 without one); empty if it compiles. */
export async function checkOwn(gpu: Gpu, own: OwnFunction): Promise<readonly LineProblem[]> {
  const x = tensor(gpu, [1, 1, 1, 4], [0, 0, 0, 0]);
  const y = tensor(gpu, [1, 1, 1, 4], [0, 0, 0, 0]);
  try {
    const shape = { b: 1, h: 1, t: 1, s: 1 };
    const made =
      own.kind === "score" ? { score: ownScore(own).at(shape).make(gpu) } : { mask: ownMask(own).make(gpu, shape) };
    using program = gpu.record(() => attention(gpu, { q: x, k: y, v: y }, { variant: "naive", ...made }));
    using _instance = await program.instantiate();
    return [];
  } catch (error) {
    if (error instanceof ShaderError) {
      return [{ line: error.file.startsWith("custom/") ? error.line : 0, message: error.message }];
    }
    if (error instanceof ShapeError || error instanceof SyntaxError) return [{ line: 0, message: error.message }];
    throw error;
  } finally {
    x.dispose();
    y.dispose();
  }
}

/** The function as part of a link. */
export const packOwn = (own: OwnFunction): Promise<string> => pack(JSON.stringify(own));

/** The function in a link. Throws a SyntaxError for anything else. */
export async function unpackOwn(packed: string): Promise<OwnFunction> {
  let given: Partial<OwnFunction> | null;
  try {
    given = JSON.parse(await unpack(packed)) as Partial<OwnFunction> | null;
  } catch {
    throw new SyntaxError("the function in this link is damaged");
  }
  const { kind, wgsl, twin } = given ?? {};
  if ((kind !== "mask" && kind !== "score") || typeof wgsl !== "string" || typeof twin !== "string") {
    throw new SyntaxError("this link holds no mask or score");
  }
  return { kind, wgsl, twin };
}
