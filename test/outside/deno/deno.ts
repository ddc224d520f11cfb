import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { onLavapipe } from "../../support/devices/lavapipe.ts";
import { mark, type Report } from "./report.ts";

const binary = resolve("node_modules/.bin/deno");

/** Where Deno is missing, why what needs it is skipped. */
export const noDeno = existsSync(binary) ? undefined : 'the package "deno" has no program for this system';

/** Runs a bundle in Deno and gives its reports. Throws where it does not end by itself, or not well. */
export function runInDeno(bundle: string, args: readonly string[]): Promise<Report[]> {
  const options = ["run", "--quiet", "--node-modules-dir=manual", "--unstable-webgpu", "--allow-all"];
  const env = {
    ...process.env,
    ...onLavapipe(),
    DENO_DIR: resolve(".cache/deno/dir"),
    DENO_NO_UPDATE_CHECK: "1",
  };
  // What hangs is ended after an hour; all of the kernels take some minutes.
  const ending = { timeout: 3_600_000, killSignal: "SIGKILL" } as const;
  const child = spawn(binary, [...options, bundle, ...args], { stdio: ["ignore", "pipe", "pipe"], env, ...ending });
  const reports: Report[] = [];
  let [line, errors] = ["", ""];
  return new Promise((done, fail) => {
    child.stdout.setEncoding("utf8").on("data", (data: string) => {
      const lines = (line + data).split("\n");
      line = lines.pop() ?? "";
      for (const text of lines) if (text.startsWith(mark)) reports.push(JSON.parse(text.slice(mark.length)) as Report);
    });
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      errors = `${errors}${data}`.slice(-4000);
    });
    child.once("error", fail);
    child.once("close", (code, signal) => {
      if (code === 0) done(reports);
      else fail(new Error(`Deno ended with ${signal ?? code} after ${JSON.stringify(reports.at(-1))}\n${errors}`));
    });
  });
}
