import { computed } from "@preact/signals";
import { attention } from "../../src/index.ts";
import { device } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { counted, digits } from "../shell/format.ts";
import { sim } from "../shell/sim.ts";
import { copy } from "../shell/status.ts";
import { keep } from "../shell/store.ts";
import { clause } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { offline, shown } from "./results/results.ts";
import { estimate } from "./run/estimate.ts";
import { isBusy, killedAt, refused, run, start } from "./run/run.ts";
import { choose, setup } from "./state.ts";

/** A set-up that runs in a few seconds on any device. */
const small = { batches: ["q32", "q64", "q128"], heads: "2x32", model: "" } as const;
const useSmall = { name: "Use small sizes", run: () => choose(small) };

/** All but the longest batch, which takes the most memory and time. */
const leaveOutLongest = {
  name: "Leave out the longest batch",
  run: () => choose(setup.value.batches.length > 1 ? { batches: setup.value.batches.slice(0, -1) } : small),
};

const needSubgroups = Object.entries(attention.variants).flatMap(([name, variant]) =>
  "requires" in variant && variant.requires.includes("subgroups") ? [name] : [],
);

const storageWorks = keep("probe", "1") && keep("probe", undefined);

/** What the reader must know now, errors first. */
export const troubles = computed<readonly Trouble[]>(() => {
  const found = [...noDevice(), ...runTroubles(), ...resultTroubles(), ...deviceNotes()];
  const rank = { error: 0, warning: 1, note: 2 };
  return found.sort((p, q) => rank[p.level] - rank[q.level]);
});

function noDevice(): readonly Trouble[] {
  const found = deviceTroubles(device.value);
  if (device.value.kind !== "missing") return found;
  return found.map((trouble) => ({ ...trouble, todo: `${trouble.todo} The recorded run below stays.` }));
}

function runTroubles(): Trouble[] {
  const found: Trouble[] = [];
  const { kind, message } = run.value;
  const failedRows = shown.value.origin === "live" ? shown.value.rows.filter(({ verdict }) => verdict === "fail") : [];
  const noMemory = /could not be allocated|out of memory/i;
  const starved = failedRows.find(({ reason }) => noMemory.test(reason ?? ""))?.reason;
  if (starved || (kind === "failed" && noMemory.test(message))) {
    found.push({
      key: "out-of-memory",
      level: "error",
      says: "The GPU has no room for this: a case needs memory that could not be allocated. Earlier results stay.",
      todo: "Take shorter batches or fewer heads, or close other pages that use the GPU, and run again.",
      action: leaveOutLongest,
      detail: starved ?? message,
    });
  } else if (kind === "failed") {
    found.push({
      key: "failed",
      level: "error",
      says: `The run failed: ${clause(message)}. Earlier results stay.`,
      todo: "Change the set-up, or run again: the device will be opened again.",
      action: { name: "Run again", run: () => void start() },
      detail: message,
    });
  }
  if (refused.value) {
    found.push({
      key: "two-tabs",
      level: "warning",
      says: "Another tab of this page is measuring, so this one did not start: two runs slow each other down.",
      todo: "Wait for it, stop it there, or run here anyway.",
      action: { name: "Run anyway", run: () => void start({ always: true }) },
    });
  }
  if (killedAt.value !== undefined && !isBusy()) {
    found.push({
      key: "tab-killed",
      level: "warning",
      says: `The last run ended with the tab: the browser closed or reloaded it during “${killedAt.value}”, as phones do when memory is short.`,
      todo: "Start with small sizes this time.",
      action: useSmall,
    });
  }
  const { cases } = estimate.value;
  const long = cases.find(({ longest, skipped }) => longest > 1.5 && !skipped);
  const software = device.value.kind === "ready" && device.value.facts.software;
  if (long && (!software || sim === "watchdog")) {
    found.push({
      key: "watchdog",
      level: "warning",
      says: `One run of ${long.name} may take ${digits(long.longest)} s, and Windows resets a GPU that is busy for 2 s.`,
      todo: "Leave the longest batch out, or be ready to lose the device.",
      action: leaveOutLongest,
    });
  }
  return found;
}

function resultTroubles(): Trouble[] {
  const found: Trouble[] = [];
  if (shown.value.hidden.size > 0) {
    found.push({
      key: "hidden-tab",
      level: "warning",
      says: `The page was hidden while ${shown.value.hidden.size} of ${counted(shown.value.rows.length, "row")} ${shown.value.hidden.size === 1 ? "was" : "were"} measured (marked “hidden” in the table); browsers slow hidden pages down.`,
      todo: "Run again and keep the page visible.",
      action: { name: "Run again", run: () => void start() },
    });
  }
  if (offline.value) {
    found.push({
      key: "offline",
      level: "warning",
      says: "A part of the page could not be fetched: the network is down, or the site has changed since the page was opened.",
      todo: "The table has all numbers. Reload the page when the network is back; the link keeps your set-up.",
      action: { name: "Reload", run: () => location.reload() },
    });
  }
  return found;
}

function deviceNotes(): Trouble[] {
  if (!storageWorks) {
    const copyLink = { name: "Copy link", run: () => void copy("Link", location.href) };
    return [...notesOfDevice(), { ...noStorage, action: copyLink }];
  }
  return notesOfDevice();
}

const noStorage: Trouble = {
  key: "no-storage",
  level: "note",
  says: "This browser stores nothing for the page (a private window, or a full disk): theme and timing estimates last only as long as the tab.",
  todo: "Everything else works; the link holds the set-up.",
};

function notesOfDevice(): Trouble[] {
  if (device.value.kind !== "ready") return [];
  const { features, software, limits } = device.value.facts;
  const found: Trouble[] = adapterTroubles(device.value.facts).map((trouble) =>
    trouble.key === "software"
      ? { ...trouble, todo: `They are labelled, and variants are not ranked. ${trouble.todo}`, action: useSmall }
      : trouble,
  );
  const refused = estimate.value.cases.filter((one) => one.skipped && !one.isTooLarge);
  if (refused.length > 0) {
    found.push({
      key: "refused",
      level: "warning",
      says: `${counted(refused.length, "case")} will be skipped: ${refused[0]?.name}: ${refused[0]?.skipped}.`,
      todo: "The table will have the reason in each row. Change the set-up accordingly.",
    });
  }
  const skipped = estimate.value.cases.filter((one) => one.isTooLarge);
  if (skipped.length > 0) {
    found.push({
      key: "small-limits",
      level: "warning",
      says: `${counted(skipped.length, "case")} will be skipped: ${skipped[0]?.name} needs ${skipped[0]?.skipped}.`,
      todo: `${skipped.length < estimate.value.cases.length ? "The others run. " : ""}Take shorter batches or fewer heads to measure ${skipped.length === 1 ? "it" : "them"} too.`,
      action: leaveOutLongest,
    });
  } else if (limits.binding < 128 << 20) {
    found.push({
      key: "small-limits",
      level: "note",
      says: "This device has lower limits than WebGPU's defaults; variants that need more are n/a, with the reason in the table.",
      todo: "Click the device in the header to compare them.",
    });
  }
  if (!features.includes("shader-f16")) {
    found.push({
      key: "no-f16",
      level: "note",
      says: "This device has no f16 (shader-f16). Keys and values of that type are unpacked from 32-bit words instead, and the f16 peak is not measured.",
      todo: "Newer drivers may have it.",
    });
  }
  if (!features.includes("subgroups")) {
    found.push({
      key: "no-subgroups",
      level: "note",
      says: `This device has no subgroups: the variants ${needSubgroups.join(" and ")} are n/a here.`,
      todo: "All other variants need no optional feature.",
    });
  }
  if (!features.includes("timestamp-query") || software) {
    found.push({
      key: "coarse-timers",
      level: "note",
      says: "Times are taken by the wall clock around whole submits, because there are no GPU timestamps; browsers limit that clock to steps of up to 100 µs.",
      todo: "Each interval therefore repeats runs until it lasts 20 ms, at least 200 steps; the clock and its step are printed below the table.",
    });
  }
  return found;
}
