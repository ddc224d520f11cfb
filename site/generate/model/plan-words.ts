import type { LoadPlan } from "../../../src/generate/load/plan-load.ts";
import { fileSize } from "../../shell/format.ts";

/** Texts about the origin of a model's bytes. */
interface FilesWords {
  /** A line of the plan. */
  readonly line: readonly [name: string, value: string];
  /** The button that loads it. */
  readonly button: string;
}

/** The bytes that a load reads: from the network and this browser's storage, or with `own` the reader's own files. */
export function filesWords(
  { downloadBytes, cachedBytes }: Pick<LoadPlan, "downloadBytes" | "cachedBytes">,
  own: boolean,
): FilesWords {
  if (own) return { line: ["your files", `${fileSize(downloadBytes)}, read from this device`], button: "Load" };
  // Planning itself caches small files.
  const kept = cachedBytes > downloadBytes / 100 ? `, ${fileSize(cachedBytes)} of it in this browser's storage` : "";
  const left = downloadBytes - cachedBytes;
  return {
    line: ["download", `${fileSize(downloadBytes)}${kept}`],
    button: left > 0 ? `Load (${fileSize(left)})` : "Load from storage",
  };
}
