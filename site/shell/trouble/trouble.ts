import { version } from "../../../package.json";
import { browserName, device, reportLines } from "../device/device.ts";

/** A problem for the reader: what is wrong, and what to do about it. */
export interface Trouble {
  /** The same word as in `&sim=`. */
  readonly key: string;
  /** An error blocks the page; a warning qualifies its results; a note explains them. */
  readonly level: "error" | "warning" | "note";
  /** What is wrong, and why. */
  readonly says: string;
  /** What to do about it. */
  readonly todo: string;
  /** The same as a button, if the page can do it. */
  readonly action?: { readonly name: string; readonly run: () => void } | undefined;
  /** For a warning shown in full once per visitor, and then folded under these words. */
  readonly folded?: string | undefined;
  /** Only for reports: a driver's own words. */
  readonly detail?: string | undefined;
}

/** Everything that a helper needs to know, in Markdown. */
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
