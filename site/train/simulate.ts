import { type Simulated, simulate as simulateState } from "../shell/device/simulate.ts";
import { doing, ended, failure, kept, phase } from "./state.ts";

/** Simulations of states that no missing feature causes; storage and other tabs are simulated where they are used. */
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
  exploded: () => {
    kept.value = { step: 40 };
    ended.value = { reason: "exploded", says: "At step 57 the loss is NaN." };
  },
};

/** Simulates the state that the address names, once there is a device. */
export const simulate = (): void => simulateState(simulated);
