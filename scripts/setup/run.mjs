import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The root of the clone. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Prints a message for the user on stderr; stdout is reserved for the command that follows. */
export function say(message) {
  console.error(`setup: ${message}`);
}

/** Runs a command silently. Returns its exit code (127 if there is no such command) and its output. */
export function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8", ...options });
  const code = status ?? (error?.code === "ENOENT" ? 127 : 1);
  return { code, stdout: stdout ?? "", stderr: stderr ?? "" };
}

/** The last lines of what a failed command printed, indented. */
export function tail({ stdout, stderr }, lines = 8) {
  const printed = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim());
  return printed
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** Runs npm, by the path of the npm that runs this script if there is one. */
export function npm(args, options) {
  const path = process.env.npm_execpath;
  return path?.endsWith(".js") ? run(process.execPath, [path, ...args], options) : run("npm", args, options);
}

/** Seconds since `start` (of `performance.now()`), as text. */
export function seconds(start) {
  return `${((performance.now() - start) / 1000).toFixed(0)} s`;
}
