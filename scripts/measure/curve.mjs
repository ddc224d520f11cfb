// node scripts/measure/curve.mjs FOLDER [--json FILE]: the first steps of voices-dense's training next to PyTorch's, on
// the fresh model and batches that `npm run example -- 11-train CORPUS dense --first 300` has written into FOLDER.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { open, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuild } from "../setup/build.mjs";

const warmup = 100;
const rate = "3e-3";
const over = 20;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
const [folder = ""] = positionals;
const batches = join(folder, "batches.json");
if (!existsSync(batches)) {
  console.error(`${batches}: there is no such file: npm run example -- 11-train CORPUS dense --first 300 writes it`);
  process.exit(1);
}
ensureBuild();

/** Runs a trainer, unless an earlier run has left its lines in the folder's file, and returns these lines. */
async function linesOf(name, command, args) {
  const file = join(folder, `${name}.jsonl`);
  if (!existsSync(file)) {
    console.error(`${name}: training`);
    const unfinished = await open(`${file}.part`, "w");
    const started = spawn(command, args, {
      stdio: ["ignore", unfinished.fd, "inherit"],
    });
    const code = await new Promise((resolve, reject) => started.on("error", reject).on("close", resolve));
    await unfinished.close();
    if (code !== 0) throw new Error(`${name} ended with exit code ${code}`);
    await rename(`${file}.part`, file);
  }
  return (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const fixed = ["--model", folder, "--batches", batches, "--optimizer", "adamw", "--betas", "0.9,0.95", "--eps", "1e-8"];
const rest = ["--weight-decay", "0.1", "--clip", "1", "--schedule", "constant", "--json"];
const rates = ["--lr", rate, "--warmup", `${warmup}`];
const ours = await linesOf("shaderformer", process.execPath, ["dist/cli.js", "train", ...fixed, ...rest, ...rates]);
const theirs = await linesOf("pytorch", "/usr/bin/python3", [
  ...["bench/peers/train/train.py", "--follow", folder, batches],
  ...rates,
]);
if (ours.length !== theirs.length) {
  throw new Error(`shaderformer took ${ours.length} steps and PyTorch ${theirs.length}, expected as many`);
}

const mean = (lines, begin) => lines.slice(begin, begin + over).reduce((sum, { loss }) => sum + loss, 0) / over;
const means = [];
for (let begin = 0; begin + over <= ours.length; begin += over) {
  const [shaderformer, pytorch] = [mean(ours, begin), mean(theirs, begin)];
  means.push({ steps: [begin + 1, begin + over], shaderformer, pytorch, apart: shaderformer / pytorch - 1 });
  const apart = `${(100 * (shaderformer / pytorch - 1)).toFixed(3)} %`;
  console.log(`${begin + 1} to ${begin + over}: ${shaderformer.toFixed(4)}, PyTorch ${pytorch.toFixed(4)}, ${apart}`);
}
const largest = Math.max(...means.map(({ apart }) => Math.abs(apart)));
console.log(`largest difference of a mean over ${over} steps: ${(100 * largest).toFixed(3)} %`);
if (values.json !== undefined) {
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(values.json, `${JSON.stringify({ date, over, largest, means }, null, 1)}\n`);
}
