// The ways in which a project checks the package's types.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** TypeScript as this clone has it. */
export const typescript = resolve("node_modules/typescript/bin/tsc");

const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true };
const common = { ...strict, target: "es2022", types: [], skipLibCheck: false };
export const bundled = { module: "esnext", moduleResolution: "bundler" };
export const page = { ...common, lib: ["es2022", "dom"] };
export const worker = { ...common, ...bundled, lib: ["es2022", "webworker"] };
export const node = { ...common, lib: ["es2022"], types: ["node"], typeRoots: [resolve("node_modules/@types")] };

/** What a compiler says of types.ts in a project. */
export async function typeErrors(
  project: string,
  compiler: string,
  name: string,
  compilerOptions: object,
): Promise<string> {
  const file = join(project, `tsconfig.${name.replaceAll(/\W+/g, "-")}.json`);
  await writeFile(file, JSON.stringify({ compilerOptions, files: ["types.ts"] }));
  const checked = await run(process.execPath, [compiler, "-p", file], { cwd: project }).catch((error) => error);
  return `${checked.stdout}${checked.stderr}`;
}
