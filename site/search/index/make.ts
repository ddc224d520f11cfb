import { device } from "../../shell/device/device.ts";
import { counted } from "../../shell/format.ts";
import { download, say } from "../../shell/status.ts";
import { choiceOf, nameOf } from "../model/choice.ts";
import { loadModel } from "../model/load.ts";
import { searchNow } from "../results/search.ts";
import {
  building,
  type Current,
  choice,
  failure,
  firstHits,
  found,
  index,
  map,
  marks,
  model,
  passages,
  picked,
  query,
  searchable,
  shownHits,
  texts,
} from "../state.ts";
import { type Passage, wordsOf } from "../text/passages.ts";
import { call, generation } from "../worker/client.ts";
import { indexFile, readIndexFile } from "./index-file.ts";
import { maxPassages } from "./search-index.ts";
import { forgetIndex, keepIndex, keptIndex } from "./store.ts";

let ended = new AbortController();

/** Makes an index of the texts, after loading the chosen model if necessary. */
export async function makeIndex(): Promise<void> {
  const all = passages.value;
  const names = texts.value.texts.map(({ name }) => name);
  if (!all || building.value) return;
  if (all.length > maxPassages) {
    const error = new Error(`the texts have ${all.length} passages, expected at most ${maxPassages}`);
    failure.value = { during: "index", error };
    return;
  }
  if (!(await loadModel())) return;
  await embed({ texts: names, passages: [], rest: all });
}

/** Continues a stopped index. */
export async function goOn(): Promise<void> {
  const now = index.value;
  if (!now || now.rest.length === 0 || building.value) return;
  choice.value = choiceOf(now.model);
  if (await loadModel()) await embed(now);
}

type Begun = Pick<Current, "texts" | "passages" | "rest"> & Partial<Pick<Current, "vectors" | "shortened">>;

/** Makes vectors of the remaining passages; a stopped, partial result is an index too. */
async function embed(begun: Begun): Promise<void> {
  if (model.value.kind !== "ready") return;
  const { name, facts } = model.value;
  const mine = new AbortController();
  ended = mine;
  const total = begun.passages.length + begun.rest.length;
  let done = begun.passages.length;
  let shortened = begun.shortened ?? 0;
  const vectors = new Float32Array(total * facts.width);
  if (begun.vectors) vectors.set(begun.vectors);
  const [first, start] = [done, performance.now()];
  failure.value = undefined;
  building.value = { done, total };
  say(`Indexing ${counted(total, "passage")}`);
  let announced = 0;
  const paceNow = () => {
    const seconds = (performance.now() - start) / 1000;
    const rate = (done - first) / seconds;
    return seconds > 0.5 && rate > 0 ? { rate, left: (total - done) / rate } : undefined;
  };
  const all: readonly Passage[] = [...begun.passages, ...begun.rest];
  let problem: unknown;
  try {
    await call(
      "embed",
      { texts: begun.rest.map(wordsOf) },
      {
        signal: mine.signal,
        onProgress: (progress) => {
          vectors.set(progress.vectors, done * facts.width);
          done += progress.vectors.length / facts.width;
          shortened += progress.shortened;
          building.value = { done, total, pace: paceNow() };
          const quarter = Math.floor((4 * done) / total);
          if (quarter > announced && quarter < 4) say(`${quarter * 25} % of the passages are indexed`);
          announced = Math.max(announced, quarter);
        },
      },
    );
  } catch (error) {
    problem = error;
  }
  building.value = undefined;
  // The worker continues until it receives the stop, but the page ignores its results.
  if (problem !== undefined && !mine.signal.aborted && device.value.kind === "ready") {
    failure.value = { during: "index", error: problem };
  }
  if (done === 0) return void say("No passage was indexed");
  say(done < total ? `Stopped after ${counted(done, "passage")}; they stay` : `${counted(done, "passage")} indexed`);
  const taken = takeIndex({
    model: name,
    texts: begun.texts,
    width: facts.width,
    shortened,
    passages: all.slice(0, done),
    rest: all.slice(done),
    vectors: vectors.slice(0, done * facts.width),
  });
  await keep(); // now: the map of many passages takes a while, and the reader may leave
  await taken;
}

/** Stops at once; finished passages stay. */
export function stopIndexing(): void {
  ended.abort();
}

/** Replaces the current index, and sends it to the worker. */
export async function takeIndex(next: Current): Promise<void> {
  index.value = next;
  map.value = undefined;
  found.value = undefined;
  marks.value = new Map();
  picked.value = undefined;
  shownHits.value = firstHits;
  await handOver();
}

/** The vectors that a worker has or is receiving, and which worker it is. */
let handed: { readonly vectors: Float32Array; readonly to: number; readonly taken: Promise<unknown> } | undefined;
let mapping = new AbortController();

/** Sends the index to the worker, unless it has it: for the map, and for queries if the loaded model is the index's. */
export async function handOver(): Promise<void> {
  const now = index.value;
  const isSame = () => index.value?.vectors === now?.vectors; // `kept` may change meanwhile
  searchable.value = false;
  if (!now || device.value.kind !== "ready") return;
  const { passages: all, vectors, width } = now;
  const to = generation.value;
  const isThere = handed?.vectors === vectors && handed.to === to;
  if (!isThere) {
    mapping.abort();
    mapping = new AbortController();
    handed = { vectors, to, taken: call("index", { passages: all, vectors, width }) };
  }
  const own = model.value.kind === "ready" && model.value.name === now.model;
  const search = () => {
    if (searchable.value && query.value.trim() !== "") searchNow();
  };
  try {
    await handed?.taken;
    if (own) await call("check", {});
    if (!isSame()) return;
    searchable.value = own;
    search();
    if (isThere) return; // its map exists or is being computed
    const drawn = await call("map", {}, { signal: mapping.signal });
    if (!isSame()) return;
    map.value = drawn;
    search(); // for the position of the query
  } catch (error) {
    if (!isSame()) return;
    if (!searchable.value) handed = undefined; // so that a retry sends it again
    if (device.value.kind === "ready") failure.value = { during: "index", error };
  }
}

/** Loads the model of the index, and resumes queries. */
export async function loadForIndex(): Promise<void> {
  const now = index.value;
  if (!now) return;
  if (nameOf(choice.value) !== now.model) choice.value = choiceOf(now.model);
  if (await loadModel()) await handOver();
}

async function keep(): Promise<void> {
  const now = index.value;
  if (!now) return;
  let kept: true | string = true;
  try {
    await keepIndex(now);
  } catch (error) {
    kept = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  if (index.value?.vectors === now.vectors) index.value = { ...index.value, kept };
}

/** Restores the index stored in an earlier visit. */
export async function takeKept(): Promise<void> {
  try {
    const kept = await keptIndex();
    if (kept && !index.value) await takeIndex({ ...kept, rest: [], kept: true });
  } catch (error) {
    failure.value = { during: "keep", error };
  }
}

/** Deletes the index, here and in the browser. */
export async function deleteIndex(): Promise<void> {
  mapping.abort();
  index.value = undefined;
  searchable.value = false;
  found.value = undefined;
  map.value = undefined;
  marks.value = new Map();
  try {
    await forgetIndex();
    say("The index was deleted");
  } catch (error) {
    failure.value = { during: "keep", error };
  }
}

/** Saves the index as a file. */
export function exportIndex(): void {
  if (index.value) download("search-index.safetensors", indexFile(index.value));
}

/** Imports an index from a file, after checking it. */
export async function importIndex(file: File): Promise<void> {
  failure.value = undefined;
  try {
    const read = await readIndexFile(file, file.name);
    const taken = takeIndex({ ...read, rest: [] });
    say(`${counted(read.passages.length, "passage")} imported`);
    await keep();
    await taken;
  } catch (error) {
    failure.value = { during: "import", error };
  }
}
