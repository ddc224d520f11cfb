import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { bundledModel } from "../support/bundled.ts";
import { type Header, ModelFolder } from "./model-folders.ts";
import { type Environment, messages, runCli, runInTurn } from "./run-cli.ts";

/**
 * Runs a command that must fail: exit code 1, nothing on stdout, one line on stderr. Returns that line. With an
 * environment of its own it has a process of its own.
 */
async function failure(args: readonly string[], environment?: Environment): Promise<string> {
  const run = environment ? await runCli(args, environment) : await runInTurn(args);
  expect(run.stdout).toBe("");
  expect(run.code).toBe(1);
  const [line = "", ...others] = messages(run);
  expect(others).toEqual([]);
  expect(line).toMatch(/^error: /);
  expect(run.stderr.trimEnd().endsWith(line)).toBe(true);
  return line.slice("error: ".length);
}

const generate = (model: string, ...args: string[]) => failure(["generate", "--model", model, ...args, "The sea"]);

/** Breaks a copy of the bundled model; the message has to have all of `parts`. */
const brokenModels: [what: string, damage: (folder: ModelFolder) => void, parts: readonly (string | RegExp)[]][] = [
  ["no config", (folder) => folder.remove("config.json"), ["config.json", "no such file"]],
  ["no tokenizer", (folder) => folder.remove("tokenizer.json"), ["tokenizer.json", "no such file"]],
  ["no weights", (folder) => folder.remove("model.safetensors"), ["holds no weights", "model.safetensors"]],
  [
    "a config that is not JSON",
    (folder) => folder.write("config.json", '{"architectures": [}'),
    ["config.json", "line 1"],
  ],
  [
    "truncated weights",
    (folder) => folder.bytes((bytes) => bytes.subarray(0, bytes.length - 1000)),
    ["model.safetensors", "bytes"],
  ],
  ["weights of a few bytes", (folder) => folder.bytes((bytes) => bytes.subarray(0, 5)), ["model.safetensors"]],
  [
    "a header longer than the file",
    (folder) =>
      folder.bytes((bytes) => {
        bytes.writeBigUInt64LE(BigInt(bytes.length));
        return undefined;
      }),
    ["model.safetensors", "header"],
  ],
  [
    "overlapping tensors",
    (folder) =>
      folder.header((header) => {
        const tensor = tensorOf(header, "model.layers.2.self_attn.q_proj.weight");
        tensor.data_offsets = [tensor.data_offsets[0] - 256, tensor.data_offsets[1] - 256];
      }),
    ["model.safetensors", "layers.2.self_attn.q_proj.weight", "overlap"],
  ],
  [
    "a tensor beyond the file",
    (folder) =>
      folder.header((header) => {
        const tensor = tensorOf(header, "model.norm.weight");
        tensor.data_offsets = [tensor.data_offsets[0] + 2 ** 40, tensor.data_offsets[1] + 2 ** 40];
      }),
    ["model.safetensors", "model.norm.weight"],
  ],
  [
    "an element type that is not supported",
    (folder) =>
      folder.header((header) => {
        tensorOf(header, "model.norm.weight").dtype = "I16";
      }),
    ["model.safetensors", "model.norm.weight", "I16"],
  ],
  [
    "another shape than the config's",
    (folder) =>
      folder.json("config.json", (config) => {
        config["intermediate_size"] = 512;
      }),
    ["model.safetensors", "mlp", "[768, 256]", "[512, 256]"],
  ],
  [
    "a shard that is not there",
    (folder) => {
      folder.remove("model.safetensors");
      folder.write(
        "model.safetensors.index.json",
        JSON.stringify({ weight_map: { "model.norm.weight": "model-00001-of-00002.safetensors" } }),
      );
    },
    ["model-00001-of-00002.safetensors"],
  ],
  [
    "NaN",
    (folder) => folder.element("model.layers.3.mlp.up_proj.weight", 12345, 0x7e00),
    ["layers.3.mlp.up_proj", "NaN"],
  ],
  [
    "infinity",
    (folder) => folder.element("model.layers.5.input_layernorm.weight", 7, 0xfc00),
    ["layers.5.input_layernorm", /inf/i],
  ],
  [
    "an unknown architecture",
    (folder) =>
      folder.json("config.json", (config) => {
        config["architectures"] = ["WhaleForCausalLM"];
      }),
    ["WhaleForCausalLM", "LlamaForCausalLM", "GPT2LMHeadModel"],
  ],
  [
    "a vocabulary smaller than a token id",
    (folder) =>
      folder.json("config.json", (config) => {
        config["vocab_size"] = 2000;
      }),
    ["token id 2047", "vocab_size 2000"],
  ],
];

function tensorOf(header: Header, name: string): Header[string] {
  const tensor = header[name];
  if (!tensor) throw new Error(`the model has no ${name}`);
  return tensor;
}

for (const [what, damage, parts] of brokenModels) {
  test(`a model with ${what}`, async () => {
    using folder = new ModelFolder();
    damage(folder);
    const message = await generate(folder.path);
    for (const part of parts) expect(message).toMatch(part);
  });
}

test("what has no effect in a model's files is a warning", async () => {
  using folder = new ModelFolder();
  folder.json("generation_config.json", (config) => {
    config["num_beams"] = 4;
  });
  const run = await runInTurn(["generate", "--model", folder.path, "--max-tokens", "1", "--json", "The sea"]);
  expect(run.code).toBe(0);
  expect(run.stderr).toContain(
    "warning: generation_config.json: num_beams is 4, which has no effect without the option beams (--beams)",
  );
  expect(JSON.parse(run.stdout)).toBeTypeOf("object");
});

test("a folder that does not exist", async () => {
  expect(await generate("no/such/folder")).toBe("no/such/folder: there is no such folder");
});

test("a file for a folder", async () => {
  expect(await generate("package.json")).toBe("package.json: is a file, expected a folder");
});

test("an empty prompt, where the tokenizer puts no token in front", async () => {
  using folder = new ModelFolder();
  folder.json("tokenizer_config.json", (config) => {
    config["add_bos_token"] = false;
  });
  const message = "the prompt is empty, and the tokenizer puts no token in front";
  expect(await failure(["generate", "--model", folder.path, "--json", ""])).toBe(message);
});

test.runIf(process.platform === "linux")("a prompt that is not UTF-8", async () => {
  const script = `node dist/cli.js generate --model ${bundledModel} "$(printf 'a\\377')"`;
  const { status, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, "error: the arguments are not UTF-8 text\n"]);
});

test.runIf(process.platform === "linux")("a text that does not end", async () => {
  const message = await failure(["perplexity", "--model", bundledModel, "--text", "/dev/zero"]);
  expect(message).toBe("/dev/zero: has more than 67108864 bytes, the most that is read");
});

test.runIf(process.platform === "linux")("a full disk: an error in place of a stack", async () => {
  for (const args of [`generate --model ${bundledModel} -n 4`, "--help"]) {
    const { status, stderr } = spawnSync("bash", ["-c", `node dist/cli.js ${args} > /dev/full`], { encoding: "utf8" });
    const errors = stderr.split("\n").filter((line) => /error|^\s*at /i.test(line));
    expect(status).toBe(1);
    expect(errors).toEqual(["error: the output cannot be written: ENOSPC: no space left on device, write"]);
  }
});

test("files for results that cannot be written, before anything is measured", async () => {
  const json = (name: string) => failure(["bench", "softmax", "--json", name]);
  expect(await json("")).toBe("--json: the name of the file is empty");
  expect(await json("test/cli/no/such.json")).toMatch(/^--json: .*no\/such\.json cannot be written: its folder/);
  expect(await json("test")).toBe("--json: test is a folder");
});

test("a prompt longer than the context", async () => {
  const message = await failure(["generate", "--model", bundledModel, "The sea was ".repeat(200)]);
  expect(message).toMatch(/^the prompt has \d{3} tokens, more than the context of 512$/);
});

test("token ids outside of the vocabulary", async () => {
  const message = await failure(["inspect", "--model", bundledModel, "--json", "--tokens", "0,2048"]);
  expect(message).toBe("token id 2048 is outside of the model's vocabulary of 2048 tokens");
});

test("no adapter at all", async () => {
  const none = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: undefined };
  const message = await failure(["generate", "--model", bundledModel, "The sea"], none);
  expect(message).toMatch(
    /^no WebGPU adapter: VK_DRIVER_FILES is \/nonexistent, and \/nonexistent does not exist: unset it, /,
  );
});

test("an adapter too small for the model: what is needed and what it has", async () => {
  const message = await generate(bundledModel, "--cap", "binding=65536");
  expect(message).toMatch(/too small for this model: it needs 131072 bytes for the keys .*holds 65536 bytes$/);
});

test("an adapter that is not there: which there are", async () => {
  expect(await generate(bundledModel, "--adapter", "abacus")).toMatch(/^no adapter matches "abacus"; found: \S/);
});

test("a feature that the adapter lacks", async () => {
  expect(await generate(bundledModel, "--features", "abacus")).toMatch(/ has no abacus$/);
});

test("a text that is not there", async () => {
  const message = await failure(["perplexity", "--model", bundledModel, "--text", "no/such/file"]);
  expect(message).toBe("no/such/file: there is no such file");
});

/** Mistakes on the command line itself, which need neither model nor device. */
const misspelt: [args: readonly string[], message: string | RegExp][] = [
  [["converse"], "unknown command 'converse'"],
  [["generate", "The sea"], "required option '-m, --model <model>' not specified"],
  [["generate", "-m", bundledModel, "--tempurature", "1"], /unknown option '--tempurature'.*--temperature/],
  [["generate", "-m", bundledModel, "--max-tokens", "ten"], /--max-tokens <n>' argument 'ten' is invalid/],
  [["generate", "-m", bundledModel, "--max-tokens", "-1"], /--max-tokens <n>' argument '-1' is invalid/],
  [["generate", "-m", bundledModel, "--temperature", "-1"], "temperature is -1, expected a number from 0 to 1000"],
  [["generate", "-m", bundledModel, "--top-p", "1.5"], "topP is 1.5, expected a number from 0 to 1"],
  [["generate", "-m", bundledModel, "--logprobs", "2"], /^--logprobs requires --json/],
  [["generate", "-m", bundledModel, "--stop", ""], 'stop is [""], expected a text that is not empty'],
  [["generate", "-m", bundledModel, "--cap", "size=1"], /There is no limit "size"; there are binding, /],
  [["generate", "-m", bundledModel, "--adapter", ""], /--adapter <name>' argument '' is invalid. Expected words/],
  [["generate", "-m", bundledModel, "--features", ""], /--features <list>' argument '' is invalid. Expected names/],
  [["generate", "-m", "", "The sea"], "--model: the name of the folder is empty"],
  [
    ["generate", "-m", bundledModel, "--dtype", "int8"],
    /argument 'int8' is invalid. Allowed choices are f32, f16, bf16/,
  ],
  [
    ["generate", "-m", bundledModel, "--weights", "q4"],
    /argument 'q4' is invalid. Allowed choices are q8_0, q6_k, q4_k_m, q4_k_s, q4_0/,
  ],
  [
    ["generate", "-m", bundledModel, "--weights", "q4_0", "--dtype", "f16"],
    /'--weights <recipe>' cannot be used with option '--dtype <type>'/,
  ],
  [
    ["perplexity", "-m", bundledModel, "--text", "LICENSE", "--cache-dtype", "mxfp4"],
    /argument 'mxfp4' is invalid. Allowed choices are f32, f16, bf16, int8, int4/,
  ],
  [
    ["inspect", "-m", bundledModel, "--tokens", "1", "--cache-layout", "ring"],
    /argument 'ring' is invalid. Allowed choices are contiguous, paged/,
  ],
  [["generate", "-m", bundledModel, "The", "sea"], /too many arguments/],
  [["inspect", "-m", bundledModel], /give --tokens/],
  [["inspect", "-m", bundledModel, "--tokens", "1,two"], /--tokens <ids>' argument '1,two' is invalid/],
  [["perplexity", "-m", bundledModel], "required option '--text <file>' not specified"],
];

for (const [args, message] of misspelt) {
  test(`shaderformer ${args.join(" ")}`, async () => {
    expect(await failure(args)).toMatch(message);
  });
}

test("only a debugger sees a stack", async () => {
  const args = ["generate", "--model", "no/such/folder", "The sea"];
  expect((await runInTurn(args)).stderr).not.toMatch(/^\s+at /m);
  expect((await runCli(args, { SHADERFORMER_DEBUG: "1" })).stderr).toMatch(/^\s+at /m);
});
