import { readdirSync } from "node:fs";

/** The files with tests of kernels and of what is composed of them, such as `kernels/fill.test.ts`. */
export const testFiles: readonly string[] = ["blocks", "kernels"]
  .flatMap((folder) =>
    readdirSync(`test/${folder}`, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  )
  .filter((file) => file.endsWith(".test.ts"));
