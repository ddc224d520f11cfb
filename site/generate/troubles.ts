import { computed, signal } from "@preact/signals";
import { device, losses } from "../shell/device/device.ts";
import { adapterTroubles, deviceTroubles } from "../shell/device/troubles.ts";
import { copy } from "../shell/status.ts";
import { keep } from "../shell/store.ts";
import { clause } from "../shell/trouble/sentence.ts";
import type { Trouble } from "../shell/trouble/trouble.ts";
import { killedBy, load, restartEngine } from "./model/load.ts";
import { choice } from "./state.ts";
import { warning } from "./worker/client.ts";

/** True while the network is down. */
export const offline = signal(!navigator.onLine);
addEventListener("online", () => {
  offline.value = false;
});
addEventListener("offline", () => {
  offline.value = true;
});

/** A browser caches compiled pipelines until its next update. */
export const storageWorks = signal(keep("probe", "1") && keep("probe", undefined));

/** What the reader must know now, errors first; failures of a load or a text are elsewhere. */
export const troubles = computed<readonly Trouble[]>(() => {
  const found = [...ofDevice(), ...ofPage()];
  const rank = { error: 0, warning: 1, note: 2 };
  return found.sort((p, q) => rank[p.level] - rank[q.level]);
});

function ofDevice(): readonly Trouble[] {
  const state = device.value;
  if (state.kind === "lost") return [lost(state.detail)];
  if (state.kind !== "ready") return deviceTroubles(state);
  const found: Trouble[] = adapterTroubles(state.facts).map((trouble) =>
    trouble.level === "error"
      ? {
          ...trouble,
          todo: "Update browser and driver. You may still load a model, but do not trust what it writes here.",
          action: { name: "Test again", run: restartEngine },
        }
      : trouble,
  );
  const { features, limits } = state.facts;
  const note = (key: string, says: string, todo: string) => found.push({ key, level: "note", says, todo });
  if (!features.includes("shader-f16"))
    note(
      "no-f16",
      "This device has no f16 (shader-f16): weights are unpacked to 32 bits, which is slower.",
      "Nothing needs to be done; every model still runs.",
    );
  if (!features.includes("subgroups"))
    note(
      "no-subgroups",
      "This device has no subgroups: the portable kernels are used.",
      "Nothing needs to be done; the text is the same.",
    );
  if (limits.binding < 128 << 20)
    note(
      "small-limits",
      "This device has lower limits than WebGPU's defaults, so only small models fit.",
      "The plan above says what fits, and names the limit if something does not.",
    );
  if (!features.includes("timestamp-query"))
    note(
      "coarse-timers",
      "Tokens a second are taken by the wall clock, because there are no GPU timestamps.",
      "They are right for whole replies.",
    );
  return found;
}

/** The engine is reopening the device by itself. */
function lost(detail: string): Trouble {
  const twice = losses.value > 1;
  return {
    key: twice ? "lost-again" : "lost",
    level: "warning",
    says: `The GPU was lost${twice ? ` ${losses.value} times now` : ""}: ${clause(detail, "the browser gives no reason")}. The text stays; the engine reopens the GPU and continues from there.`,
    todo: twice
      ? "If it does not come back, reload the page, or use a smaller model or a shorter context."
      : "Wait; if it does not come back within half a minute, restart the engine.",
    action: { name: "Restart the engine", run: restartEngine },
    detail,
  };
}

function ofPage(): Trouble[] {
  const found: Trouble[] = [];
  if (killedBy.value !== undefined && load.value.kind === "none") {
    found.push({
      key: "tab-killed",
      level: "warning",
      says: `The last visit ended while “${killedBy.value}” was loading: the browser closed or reloaded the page, as phones do when memory is short.`,
      todo: "Use the small bundled model this time, or a shorter context.",
      action: {
        name: "Use the bundled model",
        run: () => {
          killedBy.value = undefined;
          choice.value = { kind: "bundled", name: "voices-dense" };
        },
      },
    });
  }
  if (offline.value) {
    found.push({
      key: "offline",
      level: "note",
      says: "The network is down.",
      todo: "Models stored in the browser, and your own files, still load.",
    });
  }
  if (warning.value !== undefined) {
    found.push({ key: "engine-warning", level: "note", says: warning.value, todo: "" });
  }
  if (!storageWorks.value) {
    found.push({
      key: "no-storage",
      level: "note",
      says: "This browser stores nothing for the page (a private window, or a full disk): models are downloaded again on each visit.",
      todo: "Everything else works; the link contains the settings.",
      action: { name: "Copy link", run: () => void copy("Link", location.href) },
    });
  }
  return found;
}
