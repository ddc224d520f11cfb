import { readFragment } from "./permalink.ts";

/**
 * The state requested by `&sim=` in the address, so that each can be seen on a fully capable machine. Where possible
 * the page then really lacks the feature; else it behaves as if the event had happened.
 */
export const sim: string | undefined = readFragment(location.hash).keys.get("sim");

addEventListener("hashchange", () => {
  if (readFragment(location.hash).keys.get("sim") !== sim) location.reload();
});
