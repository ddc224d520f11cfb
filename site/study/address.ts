import { addressKeys, addressOf, type LinkKeys, pack, unpack, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { maxCharacters, type OwnBuffers, ownKernel, readOwnBuffers, startBuffers } from "./own/given.ts";
import { move } from "./session/session.ts";
import * as state from "./state.ts";

const known = new Set([
  "kernel",
  "sizes",
  "constants",
  "seed",
  "subgroup",
  "workgroup",
  "step",
  "strand",
  "watch",
  "stop",
  "on",
  "memory",
  "file",
  "z",
  "buffers",
  "sim",
]);

/** `name:value` pairs, separated by commas. */
function numbersIn(text: string | undefined): Record<string, number> | undefined {
  const pairs = (text ?? "").split(",").filter((pair) => pair !== "");
  const found = pairs.map((pair) => /^(\w+):(-?[\d.]+)$/.exec(pair));
  if (found.some((one) => one === null)) return undefined;
  return Object.fromEntries(found.map((one) => [one?.[1] ?? "", Number(one?.[2])]));
}

const textOf = (numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers)
    .map(([name, value]) => `${name}:${value}`)
    .join();

/** Lists in links are separated by semicolons, which no expression has. */
const listOf = (text: string | undefined): string[] => (text ?? "").split(";").filter((one) => one !== "");

/** A stop as `FILE:LINE` or `FILE:LINE:CONDITION`. */
function stopOf(text: string): state.StopLine | undefined {
  const [, file, line, condition] = /^([\w/.-]+):(\d+)(?::(.+))?$/.exec(text) ?? [];
  return file === undefined ? undefined : { file, line: Number(line), condition };
}

const stopText = ({ file, line, condition }: state.StopLine) =>
  `${file}:${line}${condition === undefined ? "" : `:${condition}`}`;

/** What stops a run anywhere, as `fault`, `nan` and `MEMORY:WORD`. */
function stopsAnywhereOf(text: string | undefined): state.StopsAnywhere | undefined {
  const kinds = listOf(text);
  const words = kinds.filter((kind) => kind !== "fault" && kind !== "nan").map((kind) => /^(\w+):(\d+)$/.exec(kind));
  const [, memory, word] = words[0] ?? [];
  if (words.includes(null) || words.length > 1) return undefined;
  const write = memory === undefined ? undefined : { memory, word: Number(word) };
  return { faults: kinds.includes("fault"), nans: kinds.includes("nan"), write };
}

const stopsAnywhereText = ({ faults, nans, write }: state.StopsAnywhere): string =>
  [...(faults ? ["fault"] : []), ...(nans ? ["nan"] : []), ...(write ? [`${write.memory}:${write.word}`] : [])].join(
    ";",
  );

/** The texts of changed files in a link's `z`. */
async function editsOf(packed: string): Promise<Readonly<Record<string, string>>> {
  const found: unknown = JSON.parse(await unpack(packed));
  const isText =
    typeof found === "object" && found !== null && Object.values(found).every((one) => typeof one === "string");
  if (!isText) throw new Error("no texts");
  return found as Readonly<Record<string, string>>;
}

/** The reader's buffers in a link's `buffers`. */
const ownOf = async (packed: string): Promise<OwnBuffers> => readOwnBuffers(await unpack(packed));

/** Applies what the page's address says; reports parts that it does not have. */
export async function readAddress(): Promise<void> {
  const { keys, outdated } = addressKeys();
  const wrong = [...keys.keys()].filter((key) => !known.has(key));
  const taken = <T>(key: string, found: T | undefined, otherwise: T): T => {
    if (found !== undefined) return found;
    if (keys.has(key)) wrong.push(`${key}=${keys.get(key)}`);
    return otherwise;
  };
  const whole = (key: string, otherwise: number, isRight = (value: number) => value >= 0): number => {
    const value = Number(keys.get(key) || Number.NaN);
    return taken(key, Number.isInteger(value) && isRight(value) ? value : undefined, otherwise);
  };
  const packed = keys.get("z");
  const edits = packed === undefined ? undefined : await editsOf(packed).catch(() => undefined);
  const kernel = keys.get("kernel") ?? state.standard.kernel;
  const mappings = Object.keys(state.mappings) as (keyof typeof state.mappings)[];
  const given = keys.get("buffers");
  const own = given === undefined ? undefined : await ownOf(given).catch(() => undefined);
  const group = (keys.get("workgroup") ?? "").split(",").map(Number);
  const [x = 0, y = 0, z = 0] = group;
  const isGroup = keys.has("workgroup") && group.length <= 3 && group.every((at) => Number.isInteger(at) && at >= 0);
  const stops = listOf(keys.get("stop")).map(stopOf);
  const before = state.study.peek();
  const read = {
    kernel,
    sizes: taken("sizes", numbersIn(keys.get("sizes")), {}),
    constants: taken("constants", numbersIn(keys.get("constants")), {}),
    edits: taken("z", edits, {}),
    seed: whole("seed", 0),
    subgroupSize: whole("subgroup", 32, (size) => state.subgroupSizes.includes(size)),
    mapping: taken(
      "mapping",
      mappings.find((one) => one === keys.get("mapping")),
      "linear",
    ),
    own: taken("buffers", own, kernel === ownKernel ? startBuffers : undefined),
  };
  const lens = taken<readonly [number, number, number]>("workgroup", isGroup ? [x, y, z] : undefined, [0, 0, 0]);
  const isSame = JSON.stringify(read) === JSON.stringify(before) && state.lens.peek().join() === lens.join();
  state.linkedStep.value = whole("step", 0);
  state.strand.value = whole("strand", 0);
  state.watches.value = listOf(keys.get("watch"));
  state.stops.value = stops.flatMap((stop) => stop ?? []);
  if (stops.some((stop) => stop === undefined)) wrong.push(`stop=${keys.get("stop")}`);
  state.stopsAnywhere.value = taken("on", stopsAnywhereOf(keys.get("on")), { faults: false, nans: false });
  state.shownMemory.value = keys.get("memory");
  state.shownFile.value = keys.get("file");
  if (isSame) move({ kind: "step", step: state.linkedStep.value });
  else {
    state.lens.value = lens;
    state.study.value = read;
  }
  if (outdated) say("This link is from another version of the page; this is the standard kernel.");
  else if (wrong.length > 0) say(`The link says ${wrong.join(", ")}, which this page does not have.`);
}

/** The keys of a link to all that is chosen. */
async function linkKeys(): Promise<LinkKeys> {
  const { kernel, sizes, constants, edits, seed, subgroupSize, mapping, own } = state.study.value;
  const isLong = own !== undefined && own.bindings.length > maxCharacters; // which does not run
  const lens = state.lens.value.join();
  const step = state.frame.value?.where.step ?? state.linkedStep.value;
  const all: readonly (readonly [key: string, value: string, usual: string])[] = [
    ["kernel", kernel, ""],
    ["sizes", textOf(sizes), ""],
    ["constants", textOf(constants), ""],
    ["seed", String(seed), "0"],
    ["subgroup", String(subgroupSize), "32"],
    ["mapping", mapping, "linear"],
    ["workgroup", lens, "0,0,0"],
    ["step", String(step), "0"],
    ["strand", String(state.strand.value), "0"],
    ["watch", state.watches.value.join(";"), ""],
    ["stop", state.stops.value.map(stopText).join(";"), ""],
    ["on", stopsAnywhereText(state.stopsAnywhere.value), ""],
    ["memory", state.shownMemory.value ?? "", ""],
    ["file", state.shownFile.value ?? "", ""],
    ["z", Object.keys(edits).length === 0 ? "" : await pack(JSON.stringify(edits)), ""],
    ["buffers", own && !isLong ? await pack(JSON.stringify(own)) : "", ""],
    ["sim", sim ?? "", ""],
  ];
  return all.flatMap(([key, value, usual]) => (value === usual ? [] : [[key, value] as const]));
}

/** The link to what is shown now. */
export const linkNow = async (): Promise<string> => addressOf(await linkKeys());

/** Keeps the address up to date with what is shown. */
export const keepAddress = (): void =>
  writeAddress(
    () => [
      state.study.value,
      state.lens.value,
      state.frame.value?.where.step,
      state.strand.value,
      state.watches.value,
      state.stops.value,
      state.stopsAnywhere.value,
      state.shownMemory.value,
      state.shownFile.value,
    ],
    linkKeys,
  );
