import { createStopMatcher, type StopMatcher } from "../text/stop.ts";
import { createTextStream, type TextStream } from "../text/stream.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/**
 * Why a row ended: an end-of-text token, a stop text (or a constraint that no token meets), `maxTokens`, the end of the
 * context, or the abort signal.
 */
export type StopReason = "eos" | "stop" | "length" | "context" | "abort";

/** A likely token and its log-probability (natural logarithm, of the model's own distribution). */
export interface TokenLogprob {
  readonly token: number;
  readonly text: string;
  readonly logprob: number;
}

/** What one step added to a row. */
export interface Piece {
  /** Index of the prompt that it continues. */
  readonly row: number;
  /** The sampled token; undefined for text that was held back until the row ended. */
  readonly token: number | undefined;
  /** Whole characters; empty while a character or a possible stop text is incomplete. */
  readonly text: string;
  /** With `logprobs: n`: the log-probability of the token. */
  readonly logprob?: number | undefined;
  /** With `logprobs: n`: 1 for the likeliest token, 2 for the next, and so on. */
  readonly rank?: number | undefined;
  /** The likeliest tokens, with `logprobs: n`. */
  readonly top?: readonly TokenLogprob[] | undefined;
}

/** One sequence of a run: its new tokens as they become text. */
export class Row {
  readonly index: number;
  readonly promptTokens: readonly number[];
  readonly tokens: number[] = [];
  text = "";
  stopReason: StopReason | undefined;
  /** Of a text that beams found (see `RowResult`). */
  score: number | undefined;
  /** Of its tokens, those that an earlier run generated. */
  resumed = 0;
  readonly #stream: TextStream;
  readonly #stops: StopMatcher;
  readonly #eos: ReadonlySet<number>;

  constructor(
    index: number,
    tokenizer: Tokenizer,
    promptTokens: readonly number[],
    stops: readonly string[],
    eos: readonly number[],
  ) {
    this.index = index;
    this.promptTokens = promptTokens;
    this.#stream = createTextStream(tokenizer, { after: promptTokens });
    this.#stops = createStopMatcher(stops);
    this.#eos = new Set(eos);
  }

  /** Appends the next token; returns the text that is now final. */
  push(token: number): string {
    this.tokens.push(token);
    if (this.#eos.has(token)) return this.finish("eos");
    const { text, stopped } = this.#stops.push(this.#stream.push(token));
    this.text += text;
    if (stopped !== undefined) this.stopReason = "stop";
    return text;
  }

  /** Ends the row; returns the text that was held back. */
  finish(reason: StopReason): string {
    const { text, stopped } = this.#stops.push(this.#stream.end());
    const rest = stopped === undefined ? text + this.#stops.end() : text;
    this.stopReason = stopped === undefined ? reason : "stop";
    this.text += rest;
    return rest;
  }
}

/** What the rows of a run begin from. */
interface RowInputs {
  readonly tokenizer: Tokenizer;
  readonly eos: readonly number[];
  /** All tokens of each row before those that are generated. */
  readonly tokens: readonly (readonly number[])[];
  /** Of each row, tokens that an earlier run generated, which this one goes on from. */
  readonly generated: readonly (readonly number[])[];
}

/** Rows as they are after the tokens that were generated before. */
export function rowsOf(
  { tokenizer, eos, tokens, generated }: RowInputs,
  { stops }: { readonly stops: readonly string[] },
): Row[] {
  return tokens.map((promptTokens, index) => {
    const row = new Row(index, tokenizer, promptTokens, stops, eos);
    for (const token of generated[index] ?? []) row.push(token);
    row.resumed = row.tokens.length;
    return row;
  });
}
