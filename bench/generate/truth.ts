import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openFolder, storageFormats } from "shaderformer";
import { openWeights } from "../../src/formats/weights.ts";
import { denseWeights } from "../harness/dense-weights.ts";
import { likeliestAfter } from "./likeliest.ts";
import { checkLlama, type LlamaFile } from "./llama-onnx.ts";
import type { Sample } from "./sample.ts";

/** The part of a sample that is checked. */
type Text = Pick<Sample, "promptTokens" | "tokens" | "text">;

/** Checks greedy texts against a forward pass in float64. */
export interface Truth {
  /** Why a text of a prompt with at most `count` tokens is wrong; undefined if it is right. */
  judge(prompt: string, count: number, text: Text): string | undefined;
}

/**
 * Checks the greedy texts of a Llama checkpoint: each token must be the likeliest in float64, given those before it. A
 * right text is remembered, and later ones must equal it. The tokens' text, and the tokens of a prompt, are taken from
 * the first right text.
 */
export async function openTruth(folder: string): Promise<Truth> {
  const config: LlamaFile & { readonly eos_token_id?: number | readonly number[] } = JSON.parse(
    await readFile(join(folder, "config.json"), "utf8"),
  );
  checkLlama(config);
  const weights = await denseWeights(await openWeights(await openFolder(folder)), storageFormats);
  const ends = [config.eos_token_id ?? []].flat();
  const right = new Map<string, Text>();

  /** The first token that is not the likeliest one. */
  function firstWrong({ promptTokens, tokens }: Text): string | undefined {
    const ids = [...promptTokens, ...tokens];
    const likeliest = likeliestAfter(ids, promptTokens.length - 1, weights, config);
    for (const [i, token] of tokens.entries()) {
      const best = likeliest[i];
      if (!best || token === best.token) continue;
      const margin = best.margin(token).toPrecision(2);
      return `wrong: token ${i + 1} is ${token}, and ${best.token} is likelier, by a logit of ${margin}`;
    }
    return undefined;
  }

  function judge(prompt: string, count: number, text: Text): string | undefined {
    const { promptTokens, tokens } = text;
    const key = JSON.stringify([prompt, count]);
    const known = right.get(key);
    if (known) return difference(known, text);
    const ended = ends.includes(tokens.at(-1) ?? -1);
    if (tokens.length > count || (tokens.length < count && !ended)) {
      return `wrong: ${tokens.length} tokens, expected ${count}`;
    }
    const others = [...right].find(([other]) => JSON.parse(other)[0] === prompt)?.[1];
    if (others && String(others.promptTokens) !== String(promptTokens)) return differentPrompt(others, text);
    const why = firstWrong(text);
    if (why === undefined) right.set(key, text);
    return why;
  }

  return { judge };
}

/** How a text differs from the right one; undefined if it does not. */
export function difference(right: Text, text: Text): string | undefined {
  if (String(right.promptTokens) !== String(text.promptTokens)) return differentPrompt(right, text);
  const at = right.tokens.findIndex((token, i) => token !== text.tokens[i]);
  if (at >= 0) return `wrong: token ${at + 1} is ${text.tokens[at] ?? "missing"}, expected ${right.tokens[at]}`;
  if (text.tokens.length > right.tokens.length) {
    return `wrong: ${text.tokens.length} tokens, expected ${right.tokens.length}`;
  }
  if (right.text !== text.text)
    return `wrong: the text is ${JSON.stringify(text.text)}, expected ${JSON.stringify(right.text)}`;
  return undefined;
}

const differentPrompt = (right: Text, text: Text) =>
  `wrong: the prompt's tokens are ${text.promptTokens.join(" ")}, expected ${right.promptTokens.join(" ")}`;
