import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A browser's path, or why none was found. */
export interface FoundBrowser {
  readonly path: string | undefined;
  readonly missing: string | undefined;
}

/**
 * Finds a browser: first at the path in the environment variable with its name in capitals, then under these names in
 * the PATH.
 */
export function findBrowser(name: string, names: readonly string[]): FoundBrowser {
  const variable = name.toUpperCase();
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = names.flatMap((file) => folders.map((folder) => join(folder, file)));
  const path = [process.env[variable] ?? "", ...paths].find(runnable);
  if (path !== undefined) return { path, missing: undefined };
  const missing = `no ${name}: none of ${names.join(", ")} is in the PATH, and the variable ${variable} names none`;
  return { path, missing };
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== "";
  } catch {
    return false;
  }
}
