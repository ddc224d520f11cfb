import { readFragment } from "./permalink.ts";

/**
 * The state that `&sim=` in the address asks for, so that each can be looked at on a machine that has everything. Where
 * it can, the page then really lacks what the name says; else it behaves as if it had happened.
 */
export const sim: string | undefined = readFragment(location.hash).keys.get("sim");

addEventListener("hashchange", () => {
  if (readFragment(location.hash).keys.get("sim") !== sim) location.reload();
});
