import { computed, type Signal, signal } from "@preact/signals";
import { algorithmNames, parseAlgorithm } from "../../bench/attention/algorithms.ts";
import { parseBatch } from "../../bench/attention/batch.ts";
import type { BenchMask } from "../../bench/attention/inputs/masks.ts";
import { everySubject } from "../../bench/attention/subjects.ts";
import { addressKeys, addressOf, type LinkKeys, writeAddress } from "../shell/permalink.ts";
import { sim } from "../shell/sim.ts";
import { say } from "../shell/status.ts";
import { type Painted, packPainted, unpackPainted } from "./mask/painted.ts";
import { type OwnFunction, packOwn, unpackOwn } from "./own/function.ts";
import { type Handmade, keysOf, maskNamed, problemsOf, type Setup, setupOf, standard } from "./setup/setup.ts";

/** Names of all variants, and of the further algorithms that take keys and values, not latents. */
export const variants = [
  ...everySubject().map(({ name }) => name),
  ...algorithmNames.filter((name) => !/^(expanded|absorbed)$|:/.test(name)),
];

/** Those of them that compute another function than softmax attention. */
export const otherFunctions = variants.filter((name) => parseAlgorithm(name)?.definition !== undefined);

/** The reader's choices; the link follows them. */
export const setup = signal<Setup>(standard);
/** A mask or score of the reader's own, which is part of the link. */
export const own = signal<OwnFunction | undefined>(undefined);
/** The tiles that the reader painted, which are part of the link. */
export const painted = signal<Painted | undefined>(undefined);
export const handmade = computed<Handmade>(() => ({ own: own.value, painted: painted.value }));
export const problems = computed(() => problemsOf(setup.value, handmade.value));

export const choose = (change: Partial<Setup>): void => {
  setup.value = { ...setup.value, ...change };
};

/** Applies the set-up in the page's address. */
export function readAddress(): void {
  const { keys, outdated } = addressKeys();
  const { setup: given, unknown } = setupOf(keys);
  setup.value = given;
  const take = <T>(key: string, unpack: (text: string) => Promise<T>, into: Signal<T | undefined>) => {
    const packed = keys.get(key);
    into.value = undefined;
    if (packed === undefined) return;
    unpack(packed).then(
      (found) => {
        into.value = found;
      },
      (error: Error) => say(error.message),
    );
  };
  take("own", unpackOwn, own);
  take("tiles", unpackPainted, painted);
  if (outdated) say("This link is from another version of the page; this is the standard set-up.");
  else if (unknown.length > 0) say(`The link says ${unknown.join(", ")}, which this page does not have.`);
}

/** The keys of all the reader's choices. */
async function linkKeys(): Promise<LinkKeys> {
  const [chosen, written, tiles] = [keysOf(setup.value), own.value, painted.value];
  return [
    ...chosen,
    ...(written ? [["own", await packOwn(written)] as const] : []),
    ...(tiles ? [["tiles", await packPainted(tiles)] as const] : []),
    ...(sim === undefined ? [] : [["sim", sim] as const]),
  ];
}

/** The link to all the reader's choices, which the address shows a moment later. */
export const linkNow = async (): Promise<string> => addressOf(await linkKeys());

/** Keeps the address up to date with the set-up. */
export const keepAddress = (): void => writeAddress(() => [setup.value, own.value, painted.value], linkKeys);

/** The drawn mask: the last one chosen, over the longest batch that fits a picture. */
export const drawn = computed<{ mask: BenchMask; t: number; s: number } | undefined>(() => {
  if (problems.value.has("masks") || problems.value.has("batches")) return undefined;
  const { masks, batches } = setup.value;
  const mask = maskNamed(masks.at(-1) ?? "causal", handmade.value);
  const groups = batches.flatMap((batch) => parseBatch(batch).groups).filter(({ t, s }) => t * s <= 2 ** 22);
  const [longest] = [...groups].sort((p, q) => q.t * q.s - p.t * p.s);
  return longest && { mask, t: longest.t, s: longest.s };
});
