import { simulate as simulateState } from "../shell/device/simulate.ts";

/** Simulates the state named in the address, once there is a device. */
export const simulate = (): void => simulateState({});
