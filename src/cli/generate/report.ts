import type { LanguageModel } from "../../generate/language-model.ts";
import type { GenerationResult } from "../../generate/session/generation-result.ts";
import type { GuardReport } from "../../generate/session/guard.ts";
import type { Piece } from "../../generate/session/row.ts";
import type { SpeculativeFigures } from "../../generate/speculative/options.ts";
import { storedJson, storedText } from "../model/stored-weights.ts";
import { fill } from "../terminal.ts";
import { measured, milliseconds } from "../units.ts";

/** Milliseconds spent before the first token. */
interface Preparation {
  readonly load: number;
  readonly compile: number;
}

/**
 * What `generate --json` prints: times in milliseconds, memory in bytes (`cachePeak` if the cache took more while it
 * grew), `logprobs` if requested.
 */
export function generationJson(
  model: LanguageModel,
  { rows, seeds, timings, memory: { cachePeak, ...memory }, dispatchesPerToken, guard, speculative }: GenerationResult,
  { load, compile }: Preparation,
  pieces: readonly Piece[],
) {
  const [row] = rows;
  const logprobs = pieces
    .filter(({ top }) => top)
    .map(({ token, logprob, rank, top }) => ({ token, logprob, rank, top }));
  return {
    model: model.name,
    adapter: model.gpu.adapter.label,
    weights: storedJson(model),
    promptTokens: row?.promptTokens ?? [],
    tokens: row?.tokens ?? [],
    text: row?.text ?? "",
    stopReason: row?.stopReason,
    ...(row?.score === undefined ? {} : { score: row.score }),
    seed: seeds[0],
    timings: {
      load: milliseconds(load),
      compile: milliseconds(compile),
      prefill: milliseconds(timings.prefill),
      decode: milliseconds(timings.decode),
      tokensPerSecond: milliseconds(timings.tokensPerSecond),
      encodePerToken: milliseconds(timings.encodePerToken),
    },
    memory: { ...memory, ...(cachePeak > memory.cache ? { cachePeak } : {}) },
    dispatchesPerToken,
    ...(guard ? { guard } : {}),
    ...(speculative ? { speculative } : {}),
    ...(logprobs.length > 0 ? { logprobs } : {}),
  };
}

/** The figures of a generation in one line, broken between items if it exceeds `columns`. */
export function generationFigures(
  model: LanguageModel,
  { rows, seeds, timings, guard, speculative }: GenerationResult,
  columns: number,
) {
  const [row] = rows;
  const read = row?.promptTokens.length ?? 0;
  const made = row?.tokens.length ?? 0;
  const items = [
    model.gpu.adapter.label,
    storedText(model),
    `prefill ${tokens(read)}${speed(timings.prefillTokensPerSecond)}`,
    `decode ${tokens(made)}${speed(timings.tokensPerSecond)}`,
    ...(speculative ? [proposals(speculative)] : []),
    ...(row?.score === undefined ? [] : [`score ${row.score.toPrecision(4)}`]),
    `ended: ${row?.stopReason}`,
    `seed ${seeds[0]}`,
    ...(guard ? [magnitudes(guard)] : []),
  ];
  return fill(items, " · ", columns);
}

/** How many of the proposed tokens were kept. */
function proposals({ steps, drafted, accepted }: SpeculativeFigures): string {
  const share = drafted > 0 ? ` (${Math.round((100 * accepted) / drafted)} %)` : "";
  return `accepted ${accepted} of ${drafted} proposed${share} in ${steps} ${steps === 1 ? "step" : "steps"}`;
}

/** The largest magnitude after any layer, and where it exceeds f16. */
function magnitudes({ layers, beyondF16 }: GuardReport): string {
  const most = layers.reduce((a, b) => (b.largest > a.largest ? b : a), { layer: 0, largest: 0 });
  const beyond = beyondF16 === undefined ? "" : `, beyond f16 from layer ${beyondF16} on`;
  return `largest magnitude ${most.largest.toPrecision(4)}, after layer ${most.layer}${beyond}`;
}

/** Empty if nothing was timed: the first token comes with the prefill. */
function speed(perSecond: number): string {
  return perSecond > 0 ? `, ${measured(perSecond)}/s` : "";
}

function tokens(count: number): string {
  return `${count} ${count === 1 ? "token" : "tokens"}`;
}
