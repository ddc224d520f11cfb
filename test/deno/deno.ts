import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { mark, type Report } from "./report.ts";

const binary = resolve("node_modules/.bin/deno");

/** Where Deno is missing, why what needs it is skipped. */
export const noDeno = existsSync(binary) ? undefined : 'the package "deno" has no program for this system';

/** No test, the compiling of its shaders included, takes as long on a software adapter. */
const patience = 300_000;

/** Lavapipe's file, so that the adapter is the same on every machine that has it. */
function drivers(): Record<string, string> {
  if (process.env["VK_DRIVER_FILES"]) return {};
  const folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const files = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const lavapipe = files.find((file) => /\/lvp_icd[^/]*\.json$/.test(file));
  return lavapipe ? { VK_DRIVER_FILES: lavapipe } : {};
}

/** Runs a bundle in Deno and gives its reports. Throws where it does not end by itself, or not well. */
export function runInDeno(bundle: string, args: readonly string[]): Promise<Report[]> {
  const options = ["run", "--quiet", "--node-modules-dir=manual", "--unstable-webgpu", "--allow-all"];
  const env = {
    ...process.env,
    ...drivers(),
    // llvmpipe's narrowest vectors are the quickest to compile for.
    LP_NATIVE_VECTOR_WIDTH: process.env["LP_NATIVE_VECTOR_WIDTH"] ?? "128",
    DENO_DIR: resolve(".cache/deno/dir"),
    DENO_NO_UPDATE_CHECK: "1",
  };
  const child = spawn(binary, [...options, bundle, ...args], { stdio: ["ignore", "pipe", "pipe"], env });
  const reports: Report[] = [];
  let [line, errors] = ["", ""];
  return new Promise((done, fail) => {
    let timer: NodeJS.Timeout | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), patience);
    };
    wait();
    child.stdout.setEncoding("utf8").on("data", (data: string) => {
      wait();
      const lines = (line + data).split("\n");
      line = lines.pop() ?? "";
      for (const text of lines) if (text.startsWith(mark)) reports.push(JSON.parse(text.slice(mark.length)) as Report);
    });
    child.stderr.setEncoding("utf8").on("data", (data: string) => {
      errors = `${errors}${data}`.slice(-4000);
    });
    child.once("error", fail);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) done(reports);
      else fail(new Error(`Deno ended with ${signal ?? code} after ${JSON.stringify(reports.at(-1))}\n${errors}`));
    });
  });
}
