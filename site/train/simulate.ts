import { type Simulated, simulate as simulateState } from "../shell/device/simulate.ts";
import { doing, ended, failure, kept, phase } from "./state.ts";

/** Simulations of states not caused by a missing feature; storage and other tabs are simulated where they are used. */
const simulated: Simulated = {
  opening: () => {
    phase.value = "opening";
    doing.value = "step";
  },
  "out-of-memory": () => {
    failure.value = {
      during: "open",
      error: new Error("weights: 4294967296 bytes could not be allocated: out of memory"),
    };
  },
  diverged: () => {
    kept.value = { step: 40 };
    ended.value = { reason: "diverged", says: "At step 57 the loss is NaN." };
  },
};

/** Simulates the state named in the address, once there is a device. */
export const simulate = (): void => simulateState(simulated);
