import { type Simulated, simulate as simulateState } from "../shell/device/simulate.ts";
import { noProgress } from "../shell/model/meter.ts";
import { killedBy, load } from "./model/load.ts";
import { plan } from "./model/plan.ts";
import { offline } from "./troubles.ts";

const failed = (message: string) => () => {
  load.value = { kind: "failed", name: "voices-dense", error: new Error(message) };
};

const part = { done: 16, total: 42 };

/** Simulations of states not caused by a missing feature; the others are made where the device is opened. */
const simulated: Simulated = {
  compiling: () => {
    const phases = { compile: { phase: "compile", ...part } } as const;
    load.value = {
      kind: "loading",
      name: "voices-dense",
      meter: { ...noProgress, phases, phase: "compile", fraction: 0.89 },
    };
  },
  downloading: () => {
    const download = { phase: "download", done: 412e6, total: 988e6, fromCache: 80e6 } as const;
    const samples = [
      { at: 0, bytes: 250e6 },
      { at: 4000, bytes: 332e6 },
    ];
    const meter = { ...noProgress, phases: { download }, fraction: 0.26, samples };
    load.value = { kind: "loading", name: "owner/name", meter };
  },
  paused: () => {
    const download = { phase: "download", done: 412e6, total: 988e6, fromCache: 80e6 } as const;
    load.value = { kind: "paused", name: "owner/name", meter: { ...noProgress, phases: { download }, fraction: 0.26 } };
  },
  "out-of-memory": failed("weights: 4294967296 bytes could not be allocated: out of memory"),
  unauthorised: failed("owner/name: the hub answered 401"),
  gated: failed("owner/name: the hub answered 403"),
  "not-found": failed("owner/name: config.json: the hub answered 404"),
  network: failed("owner/name: model.safetensors: the connection was lost"),
  "storage-full": failed("the storage is full: QuotaExceededError"),
  "two-tabs": failed("this model is being loaded in another tab"),
  "does-not-fit": () => {
    if (plan.value.kind !== "known") return;
    const why = "It needs a buffer of 2.1 GiB for model.embed_tokens.weight, and this device's largest is 256 MiB.";
    plan.value = { kind: "known", plan: { ...plan.value.plan, fits: false, longestContext: 0, why } };
  },
  "tab-killed": () => {
    killedBy.value = "owner/name";
  },
  offline: () => {
    offline.value = true;
  },
};

/** Simulates the state named in the address, once there is a device and a plan. */
export const simulate = (): void => simulateState(simulated, () => plan.value.kind === "known");
