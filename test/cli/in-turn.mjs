// Runs dist/cli.js once for each message with its arguments, in one process: starting Node and loading the modules takes
// longer than refusing what is wrong. For runs that print, set an exit code and end by themselves, no more.
const stdout = process.stdout.write;
const stderr = process.stderr.write;
let runs = 0;

process.on("message", async (args) => {
  const printed = { stdout: "", stderr: "" };
  const collect = (stream) => (text, encoding, done) => {
    printed[stream] += text;
    [encoding, done].find((one) => typeof one === "function")?.();
    return true;
  };
  process.stdout.write = collect("stdout");
  process.stderr.write = collect("stderr");
  process.argv = [process.argv[0], "dist/cli.js", ...args];
  process.exitCode = undefined;
  const failed = await import(`../../dist/cli.js?${runs++}`).then(
    () => undefined,
    (error) => `dist/cli.js threw ${error?.stack ?? error}`,
  );
  process.stdout.write = stdout;
  process.stderr.write = stderr;
  process.send({ ...printed, code: process.exitCode ?? 0, failed });
  process.exitCode = 0;
});
