import type { StopReason } from "../../../src/generate/session/row.ts";
import type { SpeculativeFigures } from "../../../src/generate/speculative/options.ts";
import { count, digits } from "../../shell/format.ts";

/** Figures of a generation; unknown ones are left out. */
export interface Stats {
  readonly promptTokens: number;
  /** Prompt tokens already in the cache. */
  readonly cachedTokens?: number | undefined;
  /** Milliseconds from the request to the first token. */
  readonly firstToken?: number | undefined;
  readonly prefillTokensPerSecond?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly tokens: number;
  /** Tokens proposed by prompt lookup, and how many of them are in the text. */
  readonly speculative?: SpeculativeFigures | undefined;
  readonly stopReason?: StopReason | undefined;
}

const reasons: Readonly<Record<StopReason, string>> = {
  eos: "end of text",
  stop: "stop text",
  length: "limit of tokens",
  context: "the context is full",
  abort: "stopped by you",
};

/** The parts of the line, in order. */
export function statsOf(stats: Stats): readonly string[] {
  const { promptTokens, cachedTokens, firstToken, prefillTokensPerSecond, tokensPerSecond, tokens } = stats;
  const { speculative, stopReason } = stats;
  const kept = cachedTokens ? `, ${count(cachedTokens)} of them in the cache` : "";
  return [
    `${count(promptTokens)} prompt tok${kept}`,
    ...(firstToken === undefined ? [] : [`${digits(firstToken / 1000)} s to first token`]),
    ...(prefillTokensPerSecond ? [`prefill ${digits(prefillTokensPerSecond)} tok/s`] : []),
    ...(tokensPerSecond ? [`${digits(tokensPerSecond)} tok/s`] : []),
    `${count(tokens)} tok`,
    ...(speculative ? [`${count(speculative.accepted)} of ${count(speculative.drafted)} proposed`] : []),
    ...(stopReason === undefined ? [] : [`stop: ${reasons[stopReason]}`]),
  ];
}

/** The figures of a generation on a line, while it runs and after. */
export function StatsLine({ stats }: { stats: Stats }) {
  return <p class="stats small muted">{statsOf(stats).join(" · ")}</p>;
}
