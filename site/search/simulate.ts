import { type Simulated, simulate as simulateState } from "../shell/device/simulate.ts";
import { noProgress } from "../shell/model/meter.ts";
import { building, failure, model } from "./state.ts";

const failed = (message: string) => () => {
  failure.value = { during: "load", error: new Error(message) };
};

/**
 * Simulations of states not caused by a missing feature; the others are made where the device is opened or files are
 * stored.
 */
const simulated: Simulated = {
  downloading: () => {
    const download = { phase: "download", done: 41.2e6, total: 90.9e6, fromCache: 8e6 } as const;
    const samples = [
      { at: 0, bytes: 25e6 },
      { at: 4000, bytes: 33.2e6 },
    ];
    model.value = {
      kind: "loading",
      name: "owner/name",
      meter: { ...noProgress, phases: { download }, fraction: 0.26, samples },
    };
  },
  indexing: () => {
    building.value = { done: 1200, total: 5000, pace: { rate: 310, left: 12.3 } };
  },
  "out-of-memory": failed("vectors: 4294967296 bytes could not be allocated: out of memory"),
  "not-found": failed("owner/name: config.json: the hub answered 404"),
  network: failed("owner/name: model.safetensors: the connection was lost"),
};

/** Simulates the state named in the address, once there is a device. */
export const simulate = (): void => simulateState(simulated);
