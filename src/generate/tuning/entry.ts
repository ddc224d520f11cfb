// The tuner and the use of what it stored, loaded when they are first asked for.
export { useStored } from "../../tune/tuned.ts";
export { tuneDevice } from "./tune-device.ts";
