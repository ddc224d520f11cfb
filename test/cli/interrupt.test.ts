import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { buildSync } from "esbuild";
import { expect, test } from "vitest";
import { until } from "../support/until.ts";

/** Starts a process that watches for Ctrl-C, says that it is ready, and then runs `work`. */
async function watching(work: string): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const contents = `
    import { pbkdf2Sync } from "node:crypto";
    import { writeSync } from "node:fs";
    import { makeInterrupt } from "./src/cli/interrupt.ts";
    const interrupt = makeInterrupt();
    interrupt.signal.addEventListener("abort", () => writeSync(1, "aborted"));
    await interrupt.watch();
    writeSync(1, "ready");
    ${work}`;
  const stdin = { contents, resolveDir: process.cwd(), loader: "ts" } as const;
  const { outputFiles } = buildSync({ stdin, bundle: true, format: "esm", platform: "node", write: false });
  const code = outputFiles[0]?.text ?? "";
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["pipe", "pipe", "inherit"] });
  expect(String(await Promise.race([once(child.stdout, "data"), once(child, "close")]))).toBe("ready");
  return child;
}

/** How many threads a process has; undefined where the system does not say so. */
async function threadsOf({ pid }: { pid?: number | undefined }): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const [, count] = /^Threads:\s*(\d+)$/m.exec(status) ?? [];
  return count === undefined ? undefined : Number(count);
}

test.each([
  ["computes", "for (;;);"],
  ["searches with an expression", '/(a+)+$/.test("a".repeat(99) + "b");'],
  ["is in a native call", 'pbkdf2Sync("", "", 1e9, 64, "sha512");'],
])("the second Ctrl-C ends a process whose main thread %s", async (_, work) => {
  const child = await watching(work);
  const ended = once(child, "close");
  const threads = await threadsOf(child);
  child.kill("SIGINT");
  // One that arrives before the watching thread has woken up and ended is lost.
  if (threads) await until("end of the watch", async () => ((await threadsOf(child)) ?? 0) < threads);
  expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  await until("end of the process", () => {
    child.kill("SIGINT");
    return child.exitCode !== null || child.signalCode !== null;
  });
  expect(await ended).toEqual([null, "SIGINT"]);
});

test("the first Ctrl-C aborts, and the process ends with 130 when its work does", async () => {
  const child = await watching('await new Promise((resolve) => interrupt.signal.addEventListener("abort", resolve));');
  const text = once(child.stdout, "data");
  child.kill("SIGINT");
  expect(String(await text)).toBe("aborted");
  expect((await once(child, "close"))[0]).toBe(130);
});
