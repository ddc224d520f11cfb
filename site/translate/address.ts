import { addressKeys, type LinkKeys, pack, unpack, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { bundled, choiceOf, nameOf, problemOf } from "./model/choice.ts";
import { choice, head, options, text } from "./state.ts";
import { optionFields, problemOf as problemOfOption } from "./text/options.ts";

/** Texts longer than this are deflated in links. */
const longText = 300;

const known = new Set(["model", "text", "text*", "layer", "head", "sim", ...optionFields.map(({ key }) => key)]);

/** Applies the settings and the text in the page's address; reports unknown parts. */
export async function readAddress(): Promise<void> {
  const { keys, outdated } = addressKeys();
  const wrong = [...keys.keys()].filter((key) => !known.has(key));
  const number = (key: string, isRight: (value: number) => boolean): number | undefined => {
    const words = keys.get(key);
    if (words === undefined) return undefined;
    const value = words.trim() === "" ? Number.NaN : Number(words);
    if (isRight(value)) return value;
    wrong.push(`${key}=${words}`);
    return undefined;
  };
  const chosen = choiceOf(keys.get("model") ?? bundled.name);
  if (problemOf(chosen) === undefined) choice.value = chosen;
  else wrong.push(`model=${keys.get("model")}`);
  options.value = Object.fromEntries(
    optionFields.flatMap((field) => {
      const value = number(field.key, (given) => problemOfOption(field, given) === undefined);
      return value === undefined ? [] : [[field.name, value] as const];
    }),
  );
  const index = (value: number) => Number.isInteger(value) && value >= 0;
  head.value = { layer: number("layer", index), head: number("head", index) };
  const packed = keys.get("text*");
  const long = packed === undefined ? undefined : await unpack(packed).catch(() => void wrong.push("text*"));
  text.value = long ?? keys.get("text") ?? (choice.value.kind === "bundled" ? bundled.examples[0] : "");
  if (outdated) say("This link is from another version of the page; these are the standard settings.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

/** The keys of a link to the settings and the text. */
async function linkKeys(): Promise<LinkKeys> {
  const [words, { layer, head: one }] = [text.value, head.value];
  const isStandard = choice.value.kind === "bundled" && words === bundled.examples[0];
  const long = words.length > longText;
  return [
    ...(choice.value.kind === "named" && problemOf(choice.value) === undefined
      ? [["model", nameOf(choice.value)] as const]
      : []),
    ...optionFields.flatMap((field) => {
      const value = options.value[field.name];
      return value === undefined || problemOfOption(field, value) !== undefined
        ? []
        : [[field.key, String(value)] as const];
    }),
    ...(layer === undefined ? [] : [["layer", String(layer)] as const]),
    ...(one === undefined ? [] : [["head", String(one)] as const]),
    ...(isStandard || words === "" ? [] : long ? [["text*", await pack(words)] as const] : [["text", words] as const]),
    ...(sim === undefined ? [] : [["sim", sim] as const]),
  ];
}

/** Keeps the address up to date with the settings and the text. */
export const keepAddress = (): void =>
  writeAddress(() => [choice.value, options.value, head.value, text.value], linkKeys);
