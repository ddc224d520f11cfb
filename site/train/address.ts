import { addressKeys, addressOf, type LinkKeys, pack, unpack, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { offeredBy } from "./setup/architectures.ts";
import {
  bases,
  fieldsOf,
  optimizers,
  problemOf,
  recomputeWays,
  type Settings,
  schedules,
  settingsFor,
} from "./setup/settings.ts";
import { head, settings, text } from "./state.ts";
import { type TaskName, taskNames, taskOf } from "./tasks/tasks.ts";

/** Settings with named values, by their keys in links, with the values that a task allows. */
const wordsOf = (task: TaskName) =>
  ({
    architecture: offeredBy(task),
    base: bases,
    optimizer: optimizers,
    schedule: schedules,
    recompute: recomputeWays,
  }) as const;
const wordNames = ["architecture", "base", "optimizer", "schedule", "recompute"] as const;

let more = false;

/** True if the address sets more of a run than its task. */
export const addressHasSettings = (): boolean => more;

/** Applies the settings and the text in the page's address; reports unknown parts. */
export async function readAddress(): Promise<void> {
  const { keys, outdated } = addressKeys();
  const named = keys.get("task");
  const task = taskNames.find((name) => name === named) ?? "sort";
  const fields = fieldsOf(task);
  const known = new Set(["task", "text*", "layer", "head", "sim", ...wordNames, ...fields.map(({ key }) => key)]);
  const wrong = [...keys.keys()].filter((key) => !known.has(key));
  if (named !== undefined && named !== task) wrong.push(`task=${named}`);
  const number = (key: string, isRight: (value: number) => boolean): number | undefined => {
    const given = keys.get(key);
    if (given === undefined) return undefined;
    const value = given.trim() === "" ? Number.NaN : Number(given);
    if (isRight(value)) return value;
    wrong.push(`${key}=${given}`);
    return undefined;
  };
  const found: Record<string, number | string> = {};
  for (const field of fields) {
    const value = number(field.key, (given) => problemOf(field, given) === undefined);
    if (value !== undefined) found[field.name] = value;
  }
  for (const name of wordNames) {
    const value = keys.get(name);
    if (value === undefined) continue;
    if (Object.hasOwn(wordsOf(task)[name], value)) found[name] = value;
    else wrong.push(`${name}=${value}`);
  }
  const packed = keys.get("text*");
  const long = packed === undefined ? undefined : await unpack(packed).catch(() => void wrong.push("text*"));
  const index = (value: number) => Number.isInteger(value) && value >= 0;
  settings.value = settingsFor(task, found as Partial<Settings>);
  text.value = long ?? "";
  more = Object.keys(found).length > 0 || long !== undefined;
  const chosen = { layer: number("layer", index), head: number("head", index) };
  if (keys.has("layer") || keys.has("head")) head.value = chosen;
  if (outdated) say("This link is from another version of the page; these are the standard settings.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

/** The keys of a link to settings, where they differ from the task's defaults. */
export function settingKeys(given: Settings): LinkKeys {
  const { task, optimizer, architecture } = given;
  const standard = settingsFor(task, { optimizer, architecture });
  // The two on which others depend are compared with the task's own defaults.
  const own = settingsFor(task);
  const first = { ...standard, architecture: own.architecture, optimizer: own.optimizer };
  const different = (name: keyof Settings) => given[name] !== standard[name];
  return [
    ...(given.task === "sort" ? [] : [["task", given.task satisfies TaskName] as const]),
    ...fieldsOf(given.task).flatMap((field) =>
      different(field.name) && problemOf(field, given[field.name]) === undefined
        ? [[field.key, String(given[field.name])] as const]
        : [],
    ),
    ...wordNames.flatMap((name) => (given[name] === first[name] ? [] : [[name, given[name]] as const])),
  ];
}

async function linkKeys(): Promise<LinkKeys> {
  const { layer, head: one } = head.value;
  return [
    ...settingKeys(settings.value),
    ...(layer === 0 || layer === undefined ? [] : [["layer", String(layer)] as const]),
    ...(one === 0 || one === undefined ? [] : [["head", String(one)] as const]),
    ...(taskOf(settings.value.task).text && text.value !== "" ? [["text*", await pack(text.value)] as const] : []),
    ...(sim === undefined ? [] : [["sim", sim] as const]),
  ];
}

/** A link to the current settings and text. */
export const linkNow = async (): Promise<string> => addressOf(await linkKeys());

/** Keeps the address up to date with the settings and the text. */
export const keepAddress = (): void => writeAddress(() => [settings.value, head.value, text.value], linkKeys);
