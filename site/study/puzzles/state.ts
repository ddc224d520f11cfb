// Puzzles and cards: which one is open, what the grader says, what is solved on this device.
import { computed, effect, signal } from "@preact/signals";
import type { Card } from "../../../src/study/puzzles/cards.ts";
import type { Verdict } from "../../../src/study/puzzles/grader/grade.ts";
import type { Puzzle } from "../../../src/study/puzzles/puzzle.ts";
import { device } from "../../shell/device/device.ts";
import { say } from "../../shell/status.ts";
import { keep, kept } from "../../shell/store.ts";
import { words } from "../../shell/trouble/sentence.ts";
import { gradeOnGpu } from "../gpu/state.ts";
import * as state from "../state.ts";
import type { Attempt, Graded } from "./attempt.ts";

/** All puzzles and cards, once a list or a puzzle is opened. */
export const loaded = signal<{ readonly puzzles: readonly Puzzle[]; readonly cards: readonly Card[] } | undefined>(
  undefined,
);
/** Why they are not there. */
export const loadFailure = signal<string | undefined>(undefined);

/** Fetches puzzles and cards: the page has none of them before. */
export async function load(): Promise<void> {
  if (loaded.peek()) return;
  try {
    const [{ puzzles }, { cards }] = await Promise.all([
      import("../../../src/study/puzzles/puzzles.ts"),
      import("../../../src/study/puzzles/cards.ts"),
    ]);
    loaded.value = { puzzles, cards };
    loadFailure.value = undefined;
  } catch (error) {
    loadFailure.value = words(error);
  }
}

export const nameOf = ({ kernel }: Puzzle): string => kernel.source.name;

export const isPuzzle = computed(() => state.study.value.kernel.startsWith("puzzles/"));

/** The puzzle that is open. */
export const puzzle = computed(() => loaded.value?.puzzles.find((one) => nameOf(one) === state.study.value.kernel));

/** Names of the puzzles that were solved on this device. */
export const solved = signal<ReadonlySet<string>>(new Set((kept("puzzles") ?? "").split(",").filter(Boolean)));

const given = signal<{ readonly attempt: Attempt; readonly verdict: Verdict } | undefined>(undefined);
/** The text as it is now. */
const attempt = computed<Attempt>(() => ({
  puzzle: state.study.value.kernel,
  text: state.files.value[0]?.text ?? "",
}));
/** What the grader said of the text as it is now. */
export const verdict = computed(() => {
  const { puzzle: name, text } = given.value?.attempt ?? {};
  return name === attempt.value.puzzle && text === attempt.value.text ? given.value?.verdict : undefined;
});
/** Whether a text is being graded. */
export const grading = signal(false);
/** Why the last text could not be graded. */
export const failure = signal<string | undefined>(undefined);

let worker: Worker | undefined;

/** Grades the text: on the GPU too, if the page has one. */
export async function check(): Promise<void> {
  const own = attempt.peek();
  [grading.value, failure.value] = [true, undefined];
  say("Checking");
  try {
    const found = device.peek().kind === "ready" ? await gradeOnGpu(own) : await gradeHere(own);
    given.value = { attempt: own, verdict: found };
    if (found.fault === undefined) note(own.puzzle);
    say(found.fault === undefined ? "Solved" : `Not yet: ${found.words}`);
  } catch (error) {
    failure.value = words(error);
    say("The check failed");
  } finally {
    grading.value = false;
  }
}

/** Grades a text in a thread of its own. */
function gradeHere(own: Attempt): Promise<Verdict> {
  worker ??= new Worker(new URL("../worker/puzzle-worker.ts", import.meta.url), { type: "module", name: "puzzles" });
  const to = worker;
  return new Promise((resolve, reject) => {
    to.onmessage = ({ data }: MessageEvent<Graded>) =>
      "failure" in data ? reject(new Error(data.failure)) : resolve(data);
    to.onerror = ({ message }) => {
      worker = undefined;
      reject(new Error(message || "the thread that checks could not be started"));
    };
    to.postMessage(own);
  });
}

function note(name: string): void {
  solved.value = new Set([...solved.value, name]);
  keep("puzzles", [...solved.value].join());
}

/** The card that is open, and the line that the reader takes for wrong. */
export const card = signal<{ readonly card: Card; readonly chosen: string | undefined } | undefined>(undefined);

/** Shows a card's kernel with its mistake. */
export function openCard(own: Card): void {
  state.chooseKernel(own.kernel);
  state.choose({ sizes: own.sizes ?? {}, constants: {}, edits: {}, own: undefined });
  card.value = { card: own, chosen: undefined };
  const stop = effect(() => {
    const file = state.prepared.value?.files.find(({ name }) => name === own.kernel);
    const isOpen = card.value?.card === own;
    if (isOpen && !file) return;
    queueMicrotask(() => {
      stop();
      if (file && isOpen)
        state.edit(
          own.kernel,
          file.text.replace(own.from, () => own.to),
        );
    });
  });
}
