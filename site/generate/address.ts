import { cacheFormats } from "../../src/kernels/formats/formats.ts";
import { recipes } from "../../src/models/decoders/recipes.ts";
import { trainedFiles } from "../shell/model/trained.ts";
import { isTrained } from "../shell/model/trained-link.ts";
import { addressKeys, type LinkKeys, pack, unpack, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { choiceOf, linkOf } from "./model/choice.ts";
import { problemOf, type Sampling, samplingFields, seedProblem } from "./side/sampling.ts";
import {
  cacheFormat,
  choice,
  chosenMode,
  context,
  prompt,
  recipe,
  runAtOnce,
  runPending,
  sampling,
  system,
} from "./state.ts";

/** Texts longer than this are deflated in links. */
const longText = 300;

const known = new Set([
  ...["model", "mode", "prompt", "prompt*", "system*", "seed", "context", "cache", "weights", "run", "sim", "chat*"],
  ...samplingFields.map(({ key }) => key),
]);

/** A message of a conversation, as in links and files. */
export interface LinkMessage {
  readonly role: "user" | "assistant";
  readonly text: string;
}

/** Applies settings, prompt and conversation in the page's address; reports unknown parts. */
export async function readAddress(takeChat: (messages: readonly LinkMessage[]) => void): Promise<void> {
  const { keys, outdated } = addressKeys();
  const wrong: string[] = [...keys.keys()].filter((key) => !known.has(key));
  const number = (key: string, problem: (value: number) => string | undefined): number | undefined => {
    const text = keys.get(key);
    if (text === undefined) return undefined;
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (problem(value) === undefined) return value;
    wrong.push(`${key}=${text}`);
    return undefined;
  };
  const chosen = samplingFields.flatMap((field) => {
    const value = number(field.key, (given) => problemOf(field, given));
    return value === undefined ? [] : [[field.name, value] as const];
  });
  const seed = number("seed", seedProblem);
  const format = cacheFormats.find((name) => name === keys.get("cache"));
  if (keys.has("cache") && format === undefined) wrong.push(`cache=${keys.get("cache")}`);
  const quantised = recipes.find((name) => name === keys.get("weights"));
  if (keys.has("weights") && quantised === undefined) wrong.push(`weights=${keys.get("weights")}`);
  const packed = async (key: string): Promise<string | undefined> => {
    const text = keys.get(key);
    if (text === undefined) return undefined;
    return await unpack(text).catch(() => void wrong.push(key));
  };
  const [long, words, talk] = [await packed("prompt*"), await packed("system*"), await packed("chat*")];
  sampling.value = { ...Object.fromEntries(chosen), ...(seed === undefined ? {} : { seed }) } as Sampling;
  context.value = number("context", (value) => (Number.isInteger(value) && value > 0 ? undefined : "a whole number"));
  cacheFormat.value = format ?? "f32";
  recipe.value = quantised;
  prompt.value = long ?? keys.get("prompt") ?? "";
  system.value = words ?? "";
  const mode = keys.get("mode");
  chosenMode.value = mode === "chat" || mode === "complete" ? mode : undefined;
  const named = keys.get("model") ?? "voices-dense";
  const trained = isTrained(named) ? await trainedFiles(named) : undefined;
  if (trained) choice.value = { kind: "files", name: named, files: trained };
  else if (isTrained(named)) wrong.push(`model=${named}`);
  else choice.value = choiceOf(named);
  runAtOnce.value = keys.get("run") === "1";
  runPending.value = runAtOnce.value;
  const messages = talk === undefined ? undefined : messagesOf(talk);
  if (messages) takeChat(messages);
  else if (talk !== undefined) wrong.push("chat*");
  if (outdated) say("This link is from another version of the page; these are the standard settings.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

/** The conversation in a text, or undefined. */
export function messagesOf(text: string): readonly LinkMessage[] | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const right = (one: unknown): one is LinkMessage => {
      const { role, text: words } = (one ?? {}) as Record<string, unknown>;
      return (role === "user" || role === "assistant") && typeof words === "string";
    };
    return Array.isArray(found) && found.every(right)
      ? found.map(({ role, text: words }) => ({ role, text: words }))
      : undefined;
  } catch {
    return undefined;
  }
}

/** The keys of a link to the settings and the prompt; the system prompt and the conversation only if given. */
export async function linkKeys(messages: readonly LinkMessage[] = [], withSystem = false): Promise<LinkKeys> {
  const text = async (key: string, words: string): Promise<readonly [string, string][]> => {
    if (words === "") return [];
    return words.length > longText || key === "system" ? [[`${key}*`, await pack(words)]] : [[key, words]];
  };
  const { seed } = sampling.value;
  const model = linkOf(choice.value);
  return [
    ...(model === undefined ? [] : [["model", model] as const]),
    ...(chosenMode.value === undefined ? [] : [["mode", chosenMode.value] as const]),
    ...(await text("prompt", prompt.value)),
    ...(withSystem ? await text("system", system.value) : []),
    ...samplingFields.flatMap(({ name, key }) => {
      const value = sampling.value[name];
      return value === undefined || !Number.isFinite(value) ? [] : [[key, String(value)] as const];
    }),
    ...(seed === undefined || !Number.isFinite(seed) ? [] : [["seed", String(seed)] as const]),
    ...(context.value === undefined ? [] : [["context", String(context.value)] as const]),
    ...(cacheFormat.value === "f32" ? [] : [["cache", cacheFormat.value] as const]),
    ...(recipe.value === undefined ? [] : [["weights", recipe.value] as const]),
    ...(messages.length > 0 ? [["chat*", await pack(JSON.stringify(messages))] as const] : []),
    ...(runAtOnce.value ? [["run", "1"] as const] : []),
    ...(sim === undefined ? [] : [["sim", sim] as const]),
  ];
}

/** Keeps the address up to date with the settings. It includes the prompt, not a conversation. */
export const keepAddress = (): void =>
  writeAddress(
    () => [
      choice.value,
      chosenMode.value,
      prompt.value,
      sampling.value,
      context.value,
      cacheFormat.value,
      recipe.value,
      runAtOnce.value,
    ],
    linkKeys,
  );
