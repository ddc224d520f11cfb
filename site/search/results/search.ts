import { device } from "../../shell/device/device.ts";
import { failure, firstHits, found, marks, query, searchable, shownHits } from "../state.ts";
import { call } from "../worker/client.ts";
import type { Marked } from "../worker/protocol.ts";

/** Milliseconds without a new query before matching sentences are computed: they would delay the next one. */
const pause = 150;

let busy = false;
let again = false;
let marking = new AbortController();

/** Searches for the field's text; while one query is running, only the last of the following ones is kept. */
export function searchNow(): void {
  if (busy) {
    again = true;
    return;
  }
  void run();
}

async function run(): Promise<void> {
  const words = query.value.trim();
  marking.abort();
  if (words === "" || !searchable.value) {
    found.value = undefined;
    return;
  }
  busy = true;
  try {
    const result = await call("search", { query: words });
    if (found.value?.query !== words) shownHits.value = firstHits;
    found.value = { ...result, query: words };
    marks.value = new Map();
    if (failure.value?.during === "search") failure.value = undefined;
  } catch (error) {
    if (device.value.kind === "ready") failure.value = { during: "search", error };
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    void run();
  } else void markShown();
}

/** Finds the matching sentences of the shown passages, once the query has not changed for a moment. */
export async function markShown(): Promise<void> {
  const now = found.value;
  marking.abort();
  const mine = new AbortController();
  marking = mine;
  if (!now) return;
  await new Promise((resolve) => setTimeout(resolve, pause));
  if (mine.signal.aborted) return;
  const shown = now.hits.slice(0, shownHits.value).map(({ passage }) => passage);
  const fresh = shown.filter((passage) => !marks.value.has(passage));
  const onProgress = (marked: Marked) => {
    if (found.value === now) marks.value = new Map([...marks.value, [marked.passage, marked]]);
  };
  try {
    await call("mark", { query: now.query, passages: fresh }, { signal: mine.signal, onProgress });
  } catch (error) {
    if (!mine.signal.aborted && device.value.kind === "ready") failure.value = { during: "search", error };
  }
}
