// `train --keep-best`: what is written is the model of the least held-out loss.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliRun, runInTurn } from "../run-cli.ts";
import { linesOf, trainingFolder } from "./runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
let run: readonly string[];
let val: string;
beforeAll(async () => {
  at = await trainingFolder();
  // A few lines learnt by heart: another text is predicted worse and worse.
  const few = await at.file("few.txt", (await readFile(at.data, "utf8")).slice(0, 300));
  val = await at.file("short.txt", (await readFile(at.val, "utf8")).slice(0, 300));
  const rows = ["--batch", "2", "--context", "16", "--lr", "2e-2", "--val", val];
  run = ["--config", at.config, "--data", few, ...rows, "--eval-every", "4", "--keep-best", "--steps", "14"];
});
afterAll(() => at.remove());

const bytesOf = (folder: string, name = "model.safetensors") => readFile(join(folder, name));

let left: Promise<CliRun> | undefined;

/** The run with nothing else, whose folder is "best weights". */
function leftAlone(): Promise<CliRun> {
  left ??= runInTurn(["train", ...run, "--out", at.out("best weights"), "--json"]);
  return left;
}

test.each([
  ["weights", []],
  ["means of the weights", ["--ema", "0.9"]],
])("the folder has the %s of the best evaluation", async (what, more) => {
  const out = at.out(`best ${what}`);
  const { code, stdout, stderr } =
    more.length > 0 ? await runInTurn(["train", ...run, ...more, "--out", out, "--json"]) : await leftAlone();
  expect(code, stderr).toBe(0);
  const evaluations = linesOf(stdout).filter((line) => "heldOutLoss" in line);
  expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8, 12, 14]);
  const losses = evaluations.map(({ heldOutLoss = Number.NaN }) => heldOutLoss);
  expect(evaluations.map(({ kept }) => kept)).toEqual(
    losses.map((loss, i) => losses.slice(0, i).every((one) => loss < one)),
  );
  const best = losses.indexOf(Math.min(...losses));
  console.log(`held out ${losses.map((loss) => loss.toFixed(3)).join(" ")}`);
  expect(best).toBeLessThan(losses.length - 1);
  // A run that ends at that step has the same weights.
  const steps = String(evaluations[best]?.["step"]);
  const short = at.out(`short ${what}`);
  const same = await runInTurn(["train", ...run, ...more, "--steps", steps, "--out", short, "--json"]);
  expect(same.code, same.stderr).toBe(0);
  expect(await bytesOf(out)).toEqual(await bytesOf(short));
});

// One that is interrupted or killed: train-documents.test.ts.
test("a run that ended goes on from the last weights, with the best ones so far", async () => {
  const parts = at.out("parts");
  const whole = await leftAlone();
  const first = await runInTurn(["train", ...run, "--steps", "12", "--out", parts, "--json"]);
  expect(first.code, first.stderr).toBe(0);
  expect(linesOf(first.stdout).findLast((line) => "kept" in line)).toMatchObject({ step: 12, kept: false });
  const second = await runInTurn(["train", "--out", parts, "--resume", "--steps", "14", "--json"]);
  expect(second.code, second.stderr).toBe(0);
  const rest = linesOf(second.stdout);
  expect(rest).toEqual(linesOf(whole.stdout).slice(-rest.length));
  for (const name of ["model.safetensors", "checkpoint.safetensors"])
    expect(await bytesOf(parts, name), name).toEqual(await bytesOf(at.out("best weights"), name));
});

test("a text that has nothing to give leaves the model as it was", async () => {
  const out = at.out("nothing");
  const model = at.out("best weights");
  const other = await at.file("other.txt", "ab".repeat(400));
  const args = ["-m", model, "--lora", "2", "--data", other, "--val", val, "--eval-every", "5", "--keep-best"];
  const { code, stdout, stderr } = await runInTurn([
    "train",
    ...args,
    "--steps",
    "10",
    "--batch",
    "2",
    "--context",
    "16",
    "--lr",
    "5e-2",
    "--out",
    out,
    "--json",
  ]);
  expect(code, stderr).toBe(0);
  const kept = linesOf(stdout).filter((line) => "kept" in line);
  expect(kept.map((line) => line["kept"])).toEqual([true, false, false]);
  const { size } = await import("node:fs/promises").then(({ stat }) => stat(join(out, "adapter_model.safetensors")));
  expect(size).toBeGreaterThan(1000);
});
