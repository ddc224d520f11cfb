import { addressKeys, type LinkKeys, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { bundledName, choiceOf, nameOf, problemOf } from "./model/choice.ts";
import { choice, failure, size, texts } from "./state.ts";
import { examples, standardExample } from "./text/examples.ts";
import { type PassageSize, passageSizes } from "./text/passages.ts";

const known = new Set(["model", "size", "texts", "sim"]);

/** Applies the settings in the page's address; the reader's own texts and queries are never part of it. */
export async function readAddress(): Promise<void> {
  const { keys, outdated } = addressKeys();
  const wrong = [...keys.keys()].filter((key) => !known.has(key));
  const given = keys.get("size") ?? "medium";
  if (Object.hasOwn(passageSizes, given)) size.value = given as PassageSize;
  else wrong.push(`size=${given}`);
  const chosen = choiceOf(keys.get("model") ?? bundledName);
  if (problemOf(chosen) === undefined) choice.value = chosen;
  else wrong.push(`model=${keys.get("model")}`);
  const example = examples.find(({ name }) => name === (keys.get("texts") ?? standardExample.name));
  if (!example) wrong.push(`texts=${keys.get("texts")}`);
  else if (texts.value.example !== example.name) {
    try {
      texts.value = { example: example.name, texts: await example.load() };
    } catch (error) {
      failure.value = { during: "texts", error };
    }
  }
  if (outdated) say("This link is from another version of the page; these are the standard settings.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

async function linkKeys(): Promise<LinkKeys> {
  const { example } = texts.value;
  return [
    ...(choice.value.kind === "named" && problemOf(choice.value) === undefined
      ? [["model", nameOf(choice.value)] as const]
      : []),
    ...(size.value === "medium" ? [] : [["size", size.value] as const]),
    ...(example === undefined || example === standardExample.name ? [] : [["texts", example] as const]),
    ...(sim === undefined ? [] : [["sim", sim] as const]),
  ];
}

/** Keeps the address up to date with the settings. */
export const keepAddress = (): void => writeAddress(() => [choice.value, size.value, texts.value], linkKeys);
