import { type ChildProcess, fork, spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { atEnd } from "../support/devices/at-end.ts";
import "../support/built.ts";
import { quick } from "../support/devices/gpu.ts";

/** What one run of the built command line came to. */
export interface CliRun {
  /** Exit code; undefined for a process that a signal ended. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Changes to the environment; undefined removes a variable. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Node's options with which devices of a process that runs a library's dist/ have the choices of `quickGpu`. */
export function quicklyBy(library: string): string[] {
  const from = (module: string) => JSON.stringify(pathToFileURL(`${library}/dist/kernels/${module}.js`));
  // All software adapters share these objects.
  const choosing = `import { tuning } from ${from("tuning")};
import { usualRows } from ${from("attention/backward/flash-tiles")};
const device = { adapter: { software: true }, limits: { invocations: 1024 } };
Object.assign(tuning(device), ${JSON.stringify(quick)});
usualRows.others = 4;`;
  return ["--import", `data:text/javascript,${encodeURIComponent(choosing)}`];
}

/** Those of a process that runs this dist/. */
export const quickly = quicklyBy(".");

/** Starts `dist/cli.js`, with these options of Node's. */
export function startCli(args: readonly string[], environment: Environment = {}, options: readonly string[] = []) {
  return spawn(process.execPath, [...options, "dist/cli.js", ...args], { env: { ...process.env, ...environment } });
}

/** Runs `dist/cli.js` to its end. */
export async function runCli(args: readonly string[], environment: Environment = {}): Promise<CliRun> {
  const child = startCli(args, environment);
  child.stdin.end();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code: code ?? undefined, stdout, stderr };
}

/** Runs a module for one list of arguments after another, in one process. */
export interface CliInTurn {
  run(args: readonly string[], file?: string): Promise<CliRun>;
  close(): void;
  /** Lets the process end by itself, where nothing keeps it; gives its exit code. */
  ended(): Promise<number | undefined>;
}

/**
 * Starts a process in which commands run in turn, for those that end by themselves after printing something: a process
 * for each takes far longer. Devices have the choices of `quickGpu`. What native code prints is not in `stderr`.
 */
export function cliInTurn(environment: Environment = {}): CliInTurn {
  let child: ChildProcess | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const execArgv = [...process.execArgv, ...quickly];
  const env = { ...process.env, ...environment };
  const start = () => fork("test/cli/in-turn.mjs", { env, execArgv, stdio: "ignore" });
  const runNow = (words: readonly string[]) => {
    child ??= start();
    const running = child;
    return new Promise<CliRun>((resolve, reject) => {
      const ended = (code: number | null) => {
        child = undefined;
        reject(new Error(`the process ended with ${code} at ${words.join(" ")}`));
      };
      running.once("exit", ended);
      running.once("message", (answer: CliRun & { failed?: string }) => {
        running.off("exit", ended);
        if (answer.failed === undefined) resolve(answer);
        else reject(new Error(answer.failed));
      });
      running.send(words);
    });
  };
  const run = (args: readonly string[], file = "dist/cli.js") => {
    const answer = last.then(() => runNow([file, ...args]));
    last = answer.catch(() => undefined);
    return answer;
  };
  const ended = () =>
    new Promise<number | undefined>((resolve) => {
      child?.once("exit", (code) => resolve(code ?? undefined));
      child?.disconnect();
    });
  return { run, close: () => void child?.kill(), ended };
}

let shared: CliInTurn | undefined;

/**
 * Runs a command in the process that all files of `test/cli` and others like them share; it is closed after the last
 * one.
 */
export function runInTurn(args: readonly string[]): Promise<CliRun> {
  if (!shared) {
    const started = cliInTurn();
    atEnd().add(async () => started.close());
    shared = started;
  }
  return shared.run(args);
}

/**
 * The command line's own lines of stderr, without the warnings of Dawn and the Vulkan loader, which cannot be switched
 * off.
 */
export function messages({ stderr }: CliRun): string[] {
  return stderr.split("\n").filter((line) => /^(error|\s*at )|stack/.test(line) && !/\bthird_party\b/.test(line));
}
