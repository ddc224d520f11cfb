import { readFragment } from "./permalink.ts";

/**
 * The state that `&sim=` in the address asks for, so that each can be seen on a machine that lacks nothing. Where
 * possible the page then really lacks what is named; else it behaves as if it had happened.
 */
export const sim: string | undefined = readFragment(location.hash).keys.get("sim");

addEventListener("hashchange", () => {
  if (readFragment(location.hash).keys.get("sim") !== sim) location.reload();
});
