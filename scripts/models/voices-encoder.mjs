// Trains examples/models/voices-encoder with `shaderformer train` on a folder of texts, and writes it with its weights as f16:
//   node scripts/models/voices-encoder.mjs CORPUS [FOLDER] [--run FOLDER] [--only-write]
// CORPUS has VOICE.train.txt and VOICE.val.txt of four voices, with lines <|endoftext|> between documents. A run that was
// stopped goes on from its last checkpoint; --only-write trains nothing.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../setup/run.mjs";
import { safetensorsOf, tensorsOf } from "./safetensors.mjs";

const bundled = join(root, "examples/models/voices-encoder");
const shares = { scripture: 0.3, whale: 0.15, union: 0.4, jargon: 0.15 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    run: { type: "string", default: ".cache/voices-encoder" },
    "only-write": { type: "boolean", default: false },
  },
});
const [corpus, folder = bundled] = positionals;
const run = resolve(values.run);

/** The command's arguments: a fresh run, with a tokenizer learnt from the same texts, or the rest of one. */
function trainArguments() {
  if (existsSync(join(run, "checkpoint.safetensors"))) return ["--out", run, "--resume"];
  if (corpus === undefined) throw new Error("the first argument is missing, expected the folder of texts");
  const texts = (part) => Object.keys(shares).map((voice) => join(resolve(corpus), `${voice}.${part}.txt`));
  return [
    ["--objective", "masked", "--config", join(bundled, "config.json"), "--initialiser", "xavier"],
    ["--data", ...texts("train"), "--weights", Object.values(shares).join(",")],
    ["--val", ...texts("val"), "--eval-every", "900"],
    ["--steps", "3600", "--batch", "16", "--context", "128", "--seed", "1"],
    ["--optimizer", "muon", "--lr", "0.03", "--schedule", "cosine", "--warmup", "100"],
    ["--save-every", "50", "--out", run],
  ].flat();
}

if (!values["only-write"]) {
  const options = { cwd: root, stdio: "inherit" };
  const { status } = spawnSync(process.execPath, ["dist/cli.js", "train", ...trainArguments()], options);
  if (status !== 0) process.exit(status ?? 1);
}
const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
const weights = await safetensorsOf("f16", tensorsOf(readFileSync(join(run, "model.safetensors"))));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "model.safetensors"), weights);
writeFileSync(join(folder, "config.json"), `${JSON.stringify({ ...config, torch_dtype: "float16" }, null, 2)}\n`);
for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
  writeFileSync(join(folder, name), readFileSync(join(run, name)));
}
