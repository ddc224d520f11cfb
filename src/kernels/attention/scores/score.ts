import scoresAlibi from "#shaders/attention/scores/alibi.wgsl";
import scoresBias from "#shaders/attention/scores/bias.wgsl";
import scoresHeadBias from "#shaders/attention/scores/head-bias.wgsl";
import scoresNone from "#shaders/attention/scores/none.wgsl";
import scoresRelativeBias from "#shaders/attention/scores/relative-bias.wgsl";
import scoresSoftcap from "#shaders/attention/scores/softcap.wgsl";
import type { ShaderModule } from "../../../gpu/shader-module.ts";
import { ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Brought } from "../../kernel.ts";
import { broadcast } from "../broadcast.ts";
import { type CustomScore, customScore } from "../custom/custom.ts";
import { chainScores } from "../joined.ts";
import type { Mod } from "../mod.ts";

/** `cap · tanh(score / cap)` (Gemma 2, section 2). */
export interface Softcap {
  readonly kind: "softcap";
  readonly cap: number;
}

/**
 * A penalty that grows with distance, `−slope · |q − k|` (Press et al. 2022); `slopes` `[h]` as `alibiSlopes` gives
 * them. Keys behind the query count as far as those before it by convention "distance" (default; FlashAttention); by
 * "difference", `slope · (k − q)`, they gain what those before it lose (attention-gym). Under a causal mask both are one.
 */
export interface Alibi {
  readonly kind: "alibi";
  readonly slopes: Tensor;
  readonly convention?: "distance" | "difference";
}

/** `table[h, min(|q − k|, distances − 1)]` is added; `table` `[h, distances]`. */
export interface RelativeBias {
  readonly kind: "relative-bias";
  readonly table: Tensor;
}

/** `bias` `[b or 1, h or 1, t, s]` is added; its rows are the call's queries, whatever their positions. */
export interface TensorBias {
  readonly kind: "bias";
  readonly bias: Tensor;
}

/** `bias` `[h]` is added to all scores of a head: alone it changes no result, but the log-sum-exp and what a sink is worth. */
export interface HeadBias {
  readonly kind: "head-bias";
  readonly bias: Tensor;
}

/** The scores that have parameters, by their `kind`. */
export type ScoreRecord = Softcap | Alibi | RelativeBias | TensorBias | HeadBias;

/**
 * What becomes of a scaled dot product before the mask: nothing, a function, or several one after the other. In the
 * field a cap comes before what is added.
 */
export type AttentionScore = "none" | ScoreRecord | CustomScore | readonly AttentionScore[];

/** What is to be known of a kind of score; its definition is the WGSL part, and `src/reference/scores.ts`. */
interface ScoreKind<S> {
  readonly part: ShaderModule;
  readonly params?: (score: S) => Readonly<Record<string, number>>;
  readonly tensors?: (score: S) => Readonly<Record<string, Brought>>;
  readonly check?: (score: S) => void;
}

const f32 = (tensor: Tensor, pattern: string): Brought => ({ tensor, pattern, types: ["f32"] });

/** Every kind of score that has parameters; each a part. */
export const scoreKinds: { readonly [K in ScoreRecord["kind"]]: ScoreKind<Extract<ScoreRecord, { kind: K }>> } = {
  softcap: {
    part: scoresSoftcap,
    params: ({ cap }) => ({ cap }),
    check: ({ cap }) => {
      if (!(cap > 0)) throw new ShapeError(`attention: softcap at ${cap}, expected more than 0`);
    },
  },
  alibi: {
    part: scoresAlibi,
    params: ({ convention = "distance" }) => ({ future: convention === "distance" ? -1 : 1 }),
    tensors: ({ slopes }) => ({ slopes: f32(slopes, "[h]") }),
  },
  "relative-bias": {
    part: scoresRelativeBias,
    params: ({ table }) => ({ distances: table.shape[1] ?? 0 }),
    tensors: ({ table }) => ({ distance_biases: f32(table, `[h, ${table.shape[1] ?? 0}]`) }),
    check: ({ table }) => {
      if (table.size === 0)
        throw new ShapeError("attention: a table of relative biases without entries, expected some");
    },
  },
  bias: {
    part: scoresBias,
    params: ({ bias }) => {
      const { batch, head } = broadcast(bias);
      return { batch, head, s: bias.shape[3] ?? 0 };
    },
    tensors: ({ bias }) => ({ biases: f32(bias, broadcast(bias, "t", "s").pattern) }),
  },
  "head-bias": { part: scoresHeadBias, tensors: ({ bias }) => ({ head_biases: f32(bias, "[h]") }) },
};

const none: Mod = { part: scoresNone, uniforms: {}, tensors: {} };
const made = new WeakMap<object, Mod>();

/** The function of a score. Throws `ShapeError` for parameters that make no sense, `ShaderError` for a user's text. */
export function scoreMod(score: AttentionScore): Mod {
  if (typeof score === "string") return none;
  let mod = made.get(score);
  if (!mod) {
    mod = makeScore(score);
    made.set(score, mod);
  }
  return mod;
}

const isChain = (score: AttentionScore): score is readonly AttentionScore[] => Array.isArray(score);

function makeScore(score: Exclude<AttentionScore, string>): Mod {
  if (isChain(score)) return chainScores(score.map(scoreMod));
  return score.kind === "custom" ? customScore(score) : recordScore(score);
}

function recordScore<S extends ScoreRecord>(score: S): Mod {
  const kind = scoreKinds[score.kind] as ScoreKind<S> | undefined;
  if (!kind)
    throw new ShapeError(`attention: there is no score ${score.kind}; there are ${Object.keys(scoreKinds).join(", ")}`);
  kind.check?.(score);
  const params = kind.params?.(score);
  return {
    part: kind.part,
    uniforms: params ? { score_params: params } : {},
    tensors: kind.tensors?.(score) ?? {},
  };
}

/**
 * ALiBi's slopes for any number of heads (Press et al. 2022, section 3, and its released code): `2^(−8i/h)` for i from
 * 1, where h is a power of two; else those of the next smaller power, and every other one of the next larger.
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Array.from({ length: heads }, (_, i) =>
    i < power ? 2 ** ((-8 * (i + 1)) / power) : 2 ** ((-4 * (2 * (i - power) + 1)) / power),
  );
}
