// The cache that Hugging Face's own tools keep (huggingface_hub, "Manage huggingface_hub cache-system"). It is read and
// never written.
import { nodeModule, openFolder } from "../folder.ts";
import type { FileSource } from "../source.ts";
import { isCommit, type Repository } from "./repository.ts";

/** The folder of that cache: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `~/.cache/huggingface`. */
function cacheFolder(): string | undefined {
  const os = nodeModule("node:os") as typeof import("node:os") | undefined;
  if (!os) return undefined;
  const { env } = process;
  const cache = env["XDG_CACHE_HOME"] || `${os.homedir()}/.cache`;
  return env["HF_HUB_CACHE"] || `${env["HF_HOME"] || `${cache}/huggingface`}/hub`;
}

/** A repository at a commit in that cache. */
export interface Snapshot {
  readonly commit: string;
  readonly folder: FileSource;
}

/**
 * The snapshot of a repository in that cache: at `commit`, or at the one that its revision was when it was last
 * downloaded; undefined where there is none.
 */
export async function hubSnapshot(
  { id, revision = "main" }: Repository,
  commit?: string,
): Promise<Snapshot | undefined> {
  const cache = cacheFolder();
  const fs = nodeModule("node:fs/promises") as typeof import("node:fs/promises") | undefined;
  if (cache === undefined || !fs) return undefined;
  const repository = `${cache}/models--${id.replaceAll("/", "--")}`;
  const known = isCommit(revision)
    ? revision
    : await fs.readFile(`${repository}/refs/${revision}`, "utf8").catch(() => "");
  const at = commit ?? known.trim();
  if (!isCommit(at)) return undefined;
  const folder = await openFolder(`${repository}/snapshots/${at}`).catch(() => undefined);
  return folder && { commit: at, folder };
}
