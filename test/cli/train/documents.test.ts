import { cp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { readCheckpoint } from "../../../src/train/checkpoints/checkpoint.ts";
import { runInTurn } from "../run-cli.ts";
import { endedAt, linesOf, tinyConfig, trainingFolder } from "./runs.ts";

let at: Awaited<ReturnType<typeof trainingFolder>>;
beforeAll(async () => {
  at = await trainingFolder();
});
afterAll(() => at.remove());

/** Of a fresh model; files that come after it are data too. */
const fresh = () => ["--config", at.config, "--batch", "4", "--context", "16", "--lr", "1e-2", "--data", at.data];
const train = (...args: readonly string[]) => runInTurn(["train", ...args]);

test("a fresh model of a config learns a text, with a tokenizer of its own, and its folder loads", async () => {
  const out = at.out("fresh");
  const val = await at.file("few-lines.txt", (await readFile(at.val, "utf8")).slice(0, 200));
  const more = ["--val", val, "--eval-every", "8", "--steps", "16", "--accumulate", "2", "--schedule", "cosine"];
  const { code, stdout, stderr } = await train(...fresh(), ...more, "--warmup", "5", "--out", out, "--json");
  expect(code, stderr).toBe(0);
  const steps = linesOf(stdout).filter((line) => "loss" in line);
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  expect(Object.keys(steps[0] ?? {})).toEqual(["step", "loss", "gradientNorm", "learningRate"]);
  expect(steps[0]?.["loss"]).toBeCloseTo(Math.log(300), 0);
  expect(steps[0]?.["learningRate"]).toBeCloseTo(1e-2 / 6, 10);
  const heldOut = linesOf(stdout).filter((line) => "heldOutLoss" in line);
  expect(heldOut.map(({ step }) => step)).toEqual([8, 16]);
  expect(heldOut[1]?.["heldOutLoss"]).toBeLessThan(5);
  const names = [
    "checkpoint.safetensors",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
  ];
  expect((await readdir(out)).toSorted()).toEqual(names);
  const made = await runInTurn(["perplexity", "--model", out, "--text", val, "--window", "16", "--json"]);
  expect(JSON.parse(made.stdout).natsPerToken).toBeLessThan(5);
});

test("interrupted, killed and gone on with, a run over rows of whole documents has the bits of one that was left alone", async () => {
  const [whole, parts] = [at.out("whole"), at.out("parts")];
  const run = [
    ...fresh(),
    "--held-out",
    "0.2",
    "--eval-every",
    "15",
    "--save-every",
    "7",
    "--steps",
    "36",
    ...["--order", "epochs", "--packing", "documents"],
    ...["--ema", "0.9"],
  ];
  const left = await train(...run, "--out", whole, "--json");
  expect(left.code, left.stderr).toBe(0);
  const losses = linesOf(left.stdout).flatMap(({ loss }) => loss ?? []);
  expect(losses).toHaveLength(36);
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  const first = await endedAt(9, "SIGINT", [...run, "--out", parts]);
  expect(first.code, first.stderr).toBe(130);
  const stopped = linesOf(first.stdout).at(-1)?.["step"] ?? 0;
  expect(first.stderr).toContain(
    `interrupted after step ${stopped}; go on with: shaderformer train --out ${parts} --resume`,
  );
  expect(stopped).toBeLessThan(36);
  const second = await endedAt(Math.min(35, stopped + 9), "SIGKILL", ["--out", parts, "--resume"]);
  expect(linesOf(second.stdout)[0]?.["step"]).toBe(stopped + 1);
  const third = await train("--out", parts, "--resume", "--json");
  expect(third.code, third.stderr).toBe(0);
  expect(linesOf(third.stdout)).toEqual(linesOf(left.stdout).slice(-linesOf(third.stdout).length));
  for (const name of ["checkpoint.safetensors", "model.safetensors", "tokenizer.json"]) {
    const [a, b] = await Promise.all([whole, parts].map((folder) => readFile(join(folder, name))));
    expect(Buffer.compare(a as Buffer, b as Buffer), name).toBe(0);
  }
  const model = await openWeights(await openFolder(whole));
  const kept = await readCheckpoint(await openFolder(whole), "checkpoint.safetensors");
  const norm = { name: "model.norm.weight", shape: [32], dtype: "f32" } as const;
  const written = model?.tensors.get(norm.name);
  const bytes = written && (await model.read(written, 0, written.end - written.begin));
  const mean = await kept.read({ ...norm, name: `ema.${norm.name}` });
  expect(new Float32Array(bytes?.slice().buffer ?? new ArrayBuffer())).toEqual(mean);
  expect(await kept.read({ ...norm, name: `weight.${norm.name}` })).not.toEqual(mean);
});

test("files drawn by weights, and a full disk: a checkpoint that cannot be written leaves the last one, and the run goes on", async () => {
  const out = at.out("full");
  const begun = await train(...fresh(), at.val, "--weights", "1,9", "--steps", "6", "--out", out, "--json");
  expect([begun.code, linesOf(begun.stdout).length], begun.stderr).toEqual([0, 6]);
  const kept = await readFile(join(out, "checkpoint.safetensors"));
  // /dev/full takes no byte, as a disk that is full.
  await symlink("/dev/full", join(out, ".checkpoint.safetensors.part"));
  const more = ["--out", out, "--resume", "--json", "--steps"];
  const on = await train(...more, "12", "--save-every", "10");
  expect(on.stderr).toMatch(/warning: the checkpoint of step 10 cannot be written; that of step 6 is kept: ENOSPC/);
  expect([on.code, linesOf(on.stdout).length]).toEqual([0, 6]);
  expect(await readFile(join(out, "checkpoint.safetensors"))).not.toEqual(kept);

  const before = await readFile(join(out, "model.safetensors"));
  const state = await stat(join(out, "checkpoint.safetensors"));
  await symlink("/dev/full", join(out, ".checkpoint.safetensors.part"));
  const last = await train(...more, "14");
  expect([last.code, last.stderr.includes("checkpoint.safetensors cannot be written: ENOSPC")], last.stderr).toEqual([
    1,
    true,
  ]);
  expect((await stat(join(out, "checkpoint.safetensors"))).mtimeMs).toBe(state.mtimeMs);
  await symlink("/dev/full", join(out, ".model.safetensors.part"));
  const model = await train(...more, "14");
  expect([model.code, model.stderr.includes("model.safetensors cannot be written: ENOSPC")], model.stderr).toEqual([
    1,
    true,
  ]);
  expect(await readFile(join(out, "model.safetensors"))).toEqual(before);
  expect(linesOf((await train(...more, "14")).stdout)).toEqual([]);
  expect(await readFile(join(out, "model.safetensors"))).not.toEqual(before);
});

test("a diverged loss is reported at its step, and the last good checkpoint is kept", async () => {
  const out = at.out("diverged");
  const run = [
    ...fresh(),
    "--steps",
    "60",
    "--warmup",
    "200",
    "--clip",
    "0",
    "--save-every",
    "1",
    "--out",
    out,
    "--json",
  ];
  const { code, stdout, stderr } = await train(...run, "--lr", "60");
  expect(code).toBe(1);
  const [, step = "", kept = ""] =
    /step (\d+): (?:after it )?the loss is .*, that of chance 5\.704: the learning rate may be too high; .* has the checkpoint of step (\d+), from/.exec(
      stderr,
    ) ?? [];
  expect(Number(kept), stderr).toBe(Number(step) - 1);
  expect(Number(kept)).toBeGreaterThan(1);
  const losses = linesOf(stdout).map(({ loss = Number.NaN }) => loss);
  expect(Math.max(...losses.slice(0, Number(kept)))).toBeLessThan(3 * 5.704);
  const on = await train("--out", out, "--resume", "--lr", "1e-3", "--steps", String(Number(kept) + 3), "--json");
  expect([on.code, linesOf(on.stdout).map((line) => line["step"])], on.stderr).toEqual([
    0,
    [1, 2, 3].map((i) => Number(kept) + i),
  ]);
});

test("what is wrong is said before a step is taken", async () => {
  const empty = await at.file("empty.txt", "");
  const short = await at.file("short.txt", "x");
  const ids = await at.file("ids.json", "[1, 2, 300]");
  const one = await at.file("one.json", "[7]");
  const notFinite = await at.file("nan.jsonl", '{"tokens": [1, NaN]}');
  const cut = at.out("cut");
  await train(...fresh(), "--steps", "2", "--out", cut, "--json");
  const whole = await readFile(join(cut, "checkpoint.safetensors"));
  const poisoned = at.out("poisoned");
  await cp("test/golden/gradients-gpt2", poisoned, { recursive: true });
  const weights = await readFile(join(poisoned, "model.safetensors"));
  weights.writeFloatLE(Number.NaN, weights.length - 4);
  await writeFile(join(poisoned, "model.safetensors"), weights);
  const larger = await at.file("larger.json", JSON.stringify({ ...tinyConfig, vocab_size: 200 }));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /expected --data or --batches/],
    [["--data", at.data], /expected --model, a model to go on with, or --config/],
    [["--config", at.config], /expected --data/],
    [
      ["--model", "test/golden/t5", "--data", at.data, "--objective", "next-token"],
      /t5: holds an encoder-decoder \(t5\), which --objective next-token does not fit, expected pairs/,
    ],
    [["--config", at.config, "--model", "x", "--data", at.data], /cannot be used with/],
    [["--config", at.config, "--data", empty], /empty\.txt: is empty/],
    [["--config", at.config, "--data", at.out("nowhere.txt")], /nowhere\.txt: there is no such file/],
    [["--config", at.config, "--data", notFinite], /nan\.jsonl: line 1/],
    [["--config", at.config, "--data", ids], /ids\.json: token 2 is 300, but the model's vocabulary has 300 tokens/],
    [
      ["--config", larger, "--data", at.data],
      /larger\.json: vocab_size is 200, expected at least 257 \(a tokenizer that is learnt has 256 bytes/,
    ],
    [["--config", larger, "--data", at.data, "--tokenizer", cut], /vocab/],
    [["--config", at.config, "--data", at.data, "--vocabulary", "99"], /--vocabulary is 99, expected at least 257/],
    [["--config", at.config, "--data", at.data, "--vocabulary", "400"], /vocab_size is 300, expected at least 400/],
    [["--config", at.config, "--data", at.data, "--context", "33"], /--context is 33, expected at most 32/],
    [["--config", at.config, "--data", short, "--held-out", "0.5"], /--held-out 0.5: of 1 document/],
    [
      ["--config", at.config, "--data", at.data, "--eval-every", "5"],
      /--eval-every: expected --val FILE or --held-out/,
    ],
    [["--config", at.config, "--data", at.data, "--packing", "documents"], /expected --order epochs/],
    [["--config", at.config, "--data", at.data, "--out", cut], /cut is there already; --force writes over it/],
    [
      ["--config", at.config, "--data", at.data, "--weights", "1,2"],
      /--weights: has 2 numbers, expected 1, one for each/,
    ],
    [["--config", at.config, "--data", at.data, "--weights", "0"], /above 0/],
    [["--model", poisoned, "--data", at.data], /model\.safetensors: .* is NaN at element \d+, expected finite numbers/],
    [["--resume"], /--resume: expected --out/],
    [["--resume", "--out", at.out("nothing")], /has no checkpoint\.safetensors/],
    [
      ["--resume", "--out", cut, "--data", at.val],
      /cut\/checkpoint\.safetensors: record\.digests\.data is another: the run was made with other data/,
    ],
    [
      ["--resume", "--out", cut, "--model", "test/golden/gradients-gpt2"],
      /record\.model\.architecture is "LlamaForCausalLM", but the model's is "GPT2LMHeadModel": the checkpoint is of another model/,
    ],
    [["--batches", ids], /--batches: expected --model/],
    [
      ["--batches", ids, "--model", "x", "--data", at.data],
      /'--batches <file>' cannot be used with .*'--data <file...>'/,
    ],
    [["--model", "x", "--data", at.data, "--initialiser", "t5"], /cannot be used with/],
    [
      ["--config", at.config, "--data", at.data, "--optimizer", "sgd", "--betas", "0.9,0.95"],
      /--betas: sgd has no such setting, expected --optimizer adamw or lion or muon/,
    ],
    [["--config", at.config, "--data", at.data, "--val", one], /one\.json: has fewer than two tokens/],
    [
      ["--config", at.config, "--data", at.data, "--lr", "1e39"],
      /--lr <rate>' argument '1e39' is invalid.*finite in f32/,
    ],
    [["--config", at.config, "--data", at.data, "--lr", "1e-99"], /--lr <rate>' argument '1e-99' is invalid/],
    [["--config", at.config, "--data", at.data, "--clip", "1e39"], /--clip <norm>' argument '1e39' is invalid/],
    [
      ["--config", at.config, "--data", at.data, "--val", at.val, "--keep-best", "--out", at.out("best")],
      /--keep-best: expected --eval-every N/,
    ],
    [["--config", at.config, "--data", at.data, "--keep-best"], /--keep-best: expected --out/],
    [
      ["--resume", "--out", cut, "--val", at.val, "--eval-every", "1", "--keep-best"],
      /--keep-best: .*cut\/checkpoint\.safetensors is of a run without it/,
    ],
    [["--resume", "--out", cut, "--ema", "0.9"], /--ema: .* is of a run without it, and has no mean to go on with/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runInTurn(["train", ...args]);
    expect([code, stdout], `${args.join(" ")}: ${stderr}`).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  }
  for (const length of [0, 100, whole.length - 4]) {
    await writeFile(join(cut, "checkpoint.safetensors"), whole.subarray(0, length));
    const { code, stderr } = await runInTurn(["train", "--resume", "--out", cut]);
    expect([code, /cut\/checkpoint\.safetensors: /.test(stderr)], stderr).toEqual([1, true]);
  }
});

test("a text shorter than the context is one row, filled up, and said", async () => {
  const short = await at.file("few.txt", "A few words.");
  const { code, stdout, stderr } = await train("--config", at.config, "--data", short, "--steps", "2", "--lr", "1e-2");
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/warning: the data have \d+ tokens, fewer than a row of 32: it is filled up/);
  expect(stdout).toMatch(/^step 1 {2}loss \d\.\d{4} {2}norm .* tokens\/s\nstep 2/);
});
