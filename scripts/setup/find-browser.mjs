import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The path of an installed browser by one of its names; the environment variable takes precedence. */
export function findBrowser(variable, names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env[variable], ...paths].find(runnable);
}

function runnable(path) {
  try {
    accessSync(path ?? "", constants.X_OK);
    return path !== "" && path !== undefined;
  } catch {
    return false;
  }
}
