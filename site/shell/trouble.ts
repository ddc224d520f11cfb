import { version } from "../../package.json";
import { browserName, device, reportLines } from "./device/device.ts";

/** Something that the reader has to know: what is the matter, and what can be done now. */
export interface Trouble {
  /** The same word as in `&sim=`. */
  readonly key: string;
  /** An error stands in the way; a warning touches what the page says; a note explains it. */
  readonly level: "error" | "warning" | "note";
  /** What is the matter, with its cause. */
  readonly says: string;
  /** What to do about it. */
  readonly todo: string;
  /** The same as a button, where the page can do it. */
  readonly action?: { readonly name: string; readonly run: () => void } | undefined;
  /** What only a report has: a driver's own words. */
  readonly detail?: string | undefined;
}

/** Everything that somebody who is to help has to know, in Markdown. */
export function reportOf(troubles: readonly Trouble[]): string {
  const state = device.value;
  return [
    ...troubles.flatMap(({ key, says, detail }) => [`- **${key}**: ${says}`, ...(detail ? [`  - ${detail}`] : [])]),
    "",
    `Shaderformer ${version}, ${document.title}, ${browserName()}`,
    `Agent: ${navigator.userAgent}`,
    `Set-up: ${location.hash || "standard"}`,
    ...(state.kind === "ready" ? reportLines(state.facts).map(([name, value]) => `- ${name}: ${value}`) : []),
  ].join("\n");
}
