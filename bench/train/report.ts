import { digits, percent } from "../harness/numbers.ts";
import { kinds, type StepShares } from "./shares.ts";

/** The parts of steps and the slowest kernels, in Markdown. */
export function formatShares(adapter: string, steps: readonly StepShares[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const heads = ["case", "ms a step", ...kinds, "launches", "dispatches", "forward", "backward", "both to forward"];
  const rows = steps.map(({ case: name, stepMs, kernelsMs, halvesMs, launchesMs, dispatches }) => [
    ...[name, digits(stepMs)],
    ...[...kinds.map((kind) => kernelsMs[kind]), launchesMs].map((ms) => `${digits(ms)} (${percent(ms / stepMs)})`),
    `${dispatches}`,
    ...[halvesMs.forward, halvesMs.backward].map(digits),
    `${digits((halvesMs.forward + halvesMs.backward) / halvesMs.forward)} ×`,
  ]);
  return [
    adapter,
    "",
    ...[heads, heads.map((_, i) => (i === 0 ? "---" : "--:")), ...rows].map(line),
    ...steps.flatMap(({ case: name, slowest }) => [
      "",
      `${name}, kernels:`,
      ...slowest.map(({ kernel, calls, ms }) => `  ${digits(ms).padStart(8)} ms  ${kernel} × ${calls}`),
    ]),
  ].join("\n");
}
