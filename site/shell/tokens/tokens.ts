import type { Tokenized } from "../../../src/engine/engine.ts";
import type { EnginePiece } from "../../../src/engine/generate-request.ts";
import type { TokenLogprob } from "../../../src/generate/session/row.ts";

/** One token of a text, for the strips. */
export interface ShownToken {
  readonly token: number;
  /** The characters completed by it; empty while a character is incomplete, and for special tokens. */
  readonly text: string;
  /** Its text alone; `�` represents part of a character. */
  readonly alone: string;
  /** False for the prompt. */
  readonly generated: boolean;
  /** Natural logarithm of its probability by the model's own distribution. */
  readonly logprob?: number | undefined;
  /** 1 for the likeliest token in its place, 2 for the next. */
  readonly rank?: number | undefined;
  /** The likeliest tokens in its place. */
  readonly top?: readonly TokenLogprob[] | undefined;
}

/** Tokens shown as one unit: a single one, or several that share characters. */
export interface Unit {
  /** Index of the first token. */
  readonly start: number;
  readonly tokens: readonly ShownToken[];
  readonly text: string;
  /** True for a token such as `<|eos|>`, which is not part of the text. */
  readonly special: boolean;
}

const partial = (text: string) => text.includes("\ufffd");

/** The tokens of a prompt; `whole`, if known, has the characters that tokens share. */
export function promptTokens({ tokens, texts }: Tokenized, whole = ""): ShownToken[] {
  let at = 0;
  return tokens.map((token, i) => {
    const alone = texts[i] ?? "";
    const given = { token, alone, generated: false };
    if (!partial(alone)) {
      // Alone, a word may lack the space before it.
      const text = [alone, ` ${alone}`].find((form) => whole.startsWith(form, at));
      at += text?.length ?? 0;
      return { ...given, text: text ?? alone };
    }
    const next = texts[i + 1];
    if (next !== undefined && partial(next)) return { ...given, text: "" };
    // The last token of a run: the text up to the next token.
    const end = next === undefined ? whole.length : whole.indexOf(next, at + 1);
    const text = end > at ? whole.slice(at, end) : "\ufffd";
    at = Math.max(at, end);
    return { ...given, text };
  });
}

/** Tokens plus the result of a generation step. */
export function withPiece(tokens: readonly ShownToken[], piece: EnginePiece): ShownToken[] {
  const { token, text, tokenText, logprob, rank, top } = piece;
  const last = tokens.at(-1);
  if (token !== undefined)
    return [...tokens, { token, text, alone: tokenText ?? text, generated: true, logprob, rank, top }];
  return last && text !== "" ? [...tokens.slice(0, -1), { ...last, text: last.text + text }] : [...tokens];
}

/** Tokens before `index`, plus one of its alternatives: the start of another continuation. */
export function withAlternative(tokens: readonly ShownToken[], index: number, other: TokenLogprob): ShownToken[] {
  const { token, text: alone, logprob } = other;
  const top = tokens[index]?.top;
  const at = top?.findIndex((one) => one.token === token) ?? -1;
  const rank = at < 0 ? undefined : at + 1;
  const text = partial(alone) ? "" : alone;
  return [...tokens.slice(0, index), { token, text, alone, generated: true, logprob, rank, top }];
}

/** Groups tokens that share characters. The units' texts concatenate to the text, without special tokens. */
export function unitsOf(tokens: readonly ShownToken[]): Unit[] {
  const units: Unit[] = [];
  let waiting: ShownToken[] = [];
  let start = 0;
  const special = () => {
    for (const token of waiting)
      units.push({ start: start++, tokens: [token], text: token.alone, special: !partial(token.alone) });
    waiting = [];
  };
  tokens.forEach((token, i) => {
    const begins = waiting[0]?.alone ?? "";
    if (waiting.length > 0 && !partial(begins) && token.text !== "" && !token.text.startsWith(begins)) special();
    if (waiting.length === 0) start = i;
    waiting.push(token);
    if (token.text === "") return;
    const parts = waiting;
    waiting = [];
    units.push({ start, tokens: parts, text: token.text, special: !token.generated && isMarked(token.alone) });
  });
  special();
  return units;
}

/** True for the form of special tokens, such as `<|bos|>` or `</s>`. */
const isMarked = (text: string) => /^(<\|.*\|>|<\/?[a-z_]+>)$/i.test(text);

/** UTF-8 of a text in hexadecimal, as `f0 9f 90 8b`. */
export const hexOf = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** The five steps of probability, from likely to unlikely. Their underlines differ like their colours. */
export const steps = ["≥ 50 %", "20 – 50 %", "5 – 20 %", "1 – 5 %", "< 1 %"] as const;
const bounds = [0.5, 0.2, 0.05, 0.01];

/** The step of a token's probability, from 1 to 5; 0 if unknown. */
export function stepOf(logprob: number | undefined): number {
  if (logprob === undefined) return 0;
  const found = bounds.findIndex((bound) => Math.exp(logprob) >= bound);
  return found < 0 ? 5 : found + 1;
}

/** The probability of a unit: that of all its tokens in a row. */
export function logprobOf({ tokens }: Unit): number | undefined {
  let sum = 0;
  for (const { logprob } of tokens) {
    if (logprob === undefined) return undefined;
    sum += logprob;
  }
  return sum;
}

/** A probability in per cent, with three digits and down to a thousandth. */
export function share(probability: number): string {
  if (probability > 0 && probability < 1e-5) return "< 0.001 %";
  const percent = 100 * probability;
  return `${percent >= 99.95 ? "100" : percent.toFixed(percent >= 10 ? 1 : percent >= 1 ? 2 : 3)} %`;
}
