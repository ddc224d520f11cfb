// The tuner and the use of its stored measurements, loaded on first use.
export { useStored } from "../../tune/tuned.ts";
export { tuneDevice } from "./tune-device.ts";
