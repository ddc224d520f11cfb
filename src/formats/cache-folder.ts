import { nodeModule } from "./folder.ts";

/** A folder in this project's cache folder (Node only). */
export function cacheFolder(name: string): string {
  const { homedir } = nodeModule("node:os") as typeof import("node:os");
  const { env } = process;
  return `${env["XDG_CACHE_HOME"] || `${homedir()}/.cache`}/shaderformer/${name}`;
}
