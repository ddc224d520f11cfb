import { checkValue, either, listOf, size, text } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";

const prompt = either(text, listOf(size), listOf(either(text, listOf(size))));

/** Throws `OptionError` for prompts other than texts and token ids. */
export function checkPrompts(prompts: unknown, where = "generate"): void {
  checkValue(where, "prompts", prompt, prompts);
  if ((prompts as readonly unknown[]).length > 0 || prompts === "") return;
  throw new OptionError(`${where}: prompts is an empty list, expected one prompt or several`);
}
