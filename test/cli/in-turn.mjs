// Runs a module once for each message, its file and its arguments, in one process: starting Node and loading what it
// imports takes longer than refusing what is wrong. For runs that print, set an exit code and end by themselves, no
// more.
import { resolve } from "node:path";

const stdout = process.stdout.write;
const stderr = process.stderr.write;
let runs = 0;

// Each run listens for their errors.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);

process.on("message", async ([file, ...args]) => {
  const printed = { stdout: "", stderr: "" };
  const collect = (stream) => (text, encoding, done) => {
    printed[stream] += text;
    [encoding, done].find((one) => typeof one === "function")?.();
    return true;
  };
  process.stdout.write = collect("stdout");
  process.stderr.write = collect("stderr");
  process.argv = [process.argv[0], file, ...args];
  process.exitCode = undefined;
  const failed = await import(`${resolve(file)}?${runs++}`).then(
    () => undefined,
    (error) => `${file} threw ${error?.stack ?? error}`,
  );
  process.stdout.write = stdout;
  process.stderr.write = stderr;
  process.send({ ...printed, code: process.exitCode ?? 0, failed });
  process.exitCode = 0;
});
