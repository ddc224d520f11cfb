import { execFileSync, spawn } from "node:child_process";

/** What one run of the built command line came to. */
export interface CliRun {
  /** Exit code; undefined for a process that a signal ended. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Changes to the environment; undefined removes a variable. */
export type Environment = Readonly<Record<string, string | undefined>>;

// The tests run what is built, so it has to be built from what is there.
execFileSync(process.execPath, ["-e", `import("./scripts/setup/build.mjs").then(({ ensureBuild }) => ensureBuild())`]);

/** Starts `dist/cli.js`. */
export function startCli(args: readonly string[], environment: Environment = {}) {
  return spawn(process.execPath, ["dist/cli.js", ...args], { env: { ...process.env, ...environment } });
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

/**
 * The command line's own lines of stderr, without the warnings of Dawn and the Vulkan loader, which cannot be switched
 * off.
 */
export function messages({ stderr }: CliRun): string[] {
  return stderr.split("\n").filter((line) => /^(error|\s*at )|stack/.test(line) && !/\bthird_party\b/.test(line));
}
