import { WgslError } from "./error.ts";
import type { Token } from "./token.ts";

const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Throws `WgslError` at a bracket that closes nothing, or is not closed. */
export function checkBrackets(tokens: readonly Token[]): void {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "sign") continue;
    if ("([{".includes(token.text)) open.push(token);
    const opens = pairs[token.text];
    if (opens === undefined) continue;
    const last = open.pop();
    if (!last) throw new WgslError(`${token.text} closes nothing`, token.at);
    if (last.text !== opens) throw new WgslError(`${token.text} closes nothing, as ${last.text} is open`, token.at);
  }
  const left = open.at(-1);
  if (left) throw new WgslError(`${left.text} is not closed`, left.at);
}
