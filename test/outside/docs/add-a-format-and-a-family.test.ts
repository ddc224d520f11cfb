// docs/guides/add-a-storage-format.md and docs/guides/add-a-model-family.md as their reader follows them, in a copy of
// the clone.
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchResult } from "../../../bench/index.ts";
import { assertClose, difference, nmseCaps } from "../../../src/check/compare.ts";
import { weightTypes } from "../../../src/kernels/formats/formats.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { llama } from "../../../src/reference/models/transformer.ts";
import { commandOf } from "../../support/guide.ts";
import { type RandomModel, writeRandomModel } from "../../support/models/random-model.ts";
import { followedCopy } from "./followed.ts";

const { command, followed, answers: ask, typeErrors, documents } = await followedCopy();
const { format, family } = followed;

const config = { vocabulary: 2048, width: 64, heads: 4, kv_heads: 2, layers: 2, hidden: 96, context: 64, eps: 1e-5 };
const ids = Array.from({ length: 11 }, (_, i) => (i * 181) % config.vocabulary);

function ternShapes(): Record<string, number[]> {
  const { vocabulary: v, width: c, hidden: f } = config;
  const shapes: Record<string, number[]> = { tokens: [v, c], "last.norm.weight": [c], head: [v, c] };
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [name, shape] of Object.entries({
      "attention.norm.weight": [c],
      "feed.norm.weight": [c],
      q: [c, c],
      k: [c / 2, c],
      v: [c / 2, c],
      o: [c, c],
      gate_up: [2 * f, c],
      down: [c, f],
    })) {
      shapes[`layer.${layer}.${name}`] = shape;
    }
  }
  return shapes;
}

/** The weights under the names that the reference knows. */
function asLlama({ weights }: RandomModel): Record<string, Dense> {
  const { width: c, hidden: f } = config;
  const named: Record<string, Dense> = {};
  const names: Readonly<Record<string, string>> = {
    "attention.norm.weight": "input_layernorm",
    "feed.norm.weight": "post_attention_layernorm",
    down: "mlp.down_proj",
    q: "self_attn.q_proj",
    k: "self_attn.k_proj",
    v: "self_attn.v_proj",
    o: "self_attn.o_proj",
  };
  for (const [name, tensor] of Object.entries(weights)) {
    const [, layer, rest = ""] = /^layer\.(\d+)\.(.*)$/.exec(name) ?? [];
    const at = `model.layers.${layer}`;
    if (rest === "gate_up") {
      named[`${at}.mlp.gate_proj.weight`] = dense([f, c], tensor.values.slice(0, f * c));
      named[`${at}.mlp.up_proj.weight`] = dense([f, c], tensor.values.slice(f * c));
    } else if (names[rest]) named[`${at}.${names[rest]}.weight`] = tensor;
    else if (name === "head") named["lm_head.weight"] = tensor;
    else named[`model.${name === "tokens" ? "embed_tokens" : "norm"}.weight`] = tensor;
  }
  return named;
}

interface Answers {
  readonly checked: readonly string[];
  readonly logits: Readonly<Record<string, readonly number[]>>;
}

let made: RandomModel;
let answers: Answers;

beforeAll(async () => {
  made = await writeRandomModel({ architectures: ["TernForCausalLM"], ...config }, ternShapes(), "f32");
  answers = (await ask("formats", made.folder, JSON.stringify(ids))) as Answers;
});
afterAll(() => rm(made.folder, { recursive: true, force: true }));

test("a format takes two new files and two words, a family one and one", () => {
  expect(format).toEqual({
    made: ["src/tensor/formats/int8-sixteen.ts", "shaders/lib/weight/int8-sixteen.wgsl"],
    changed: ["src/tensor/formats/formats.ts", "src/kernels/formats/formats.ts"],
  });
  expect(family).toEqual({ made: ["src/models/decoders/tern.ts"], changed: ["src/models/decoders/architectures.ts"] });
});

test("what the guides write is typed, the options that name a format too", async () => {
  expect(await typeErrors()).toBe("");
});

test("the cases of all ops with weights have the format, against float64", () => {
  const count = (op: string) => answers.checked.filter((name) => name.startsWith(`${op}: `)).length;
  expect([count("matmul"), count("embedding"), count("moe/experts")]).toEqual([2, 1, 1]); // packed formats take turns with the shapes
});

test("the family's logits agree with the float64 reference, with weights in the new format nearly so", () => {
  const { layers, heads, kv_heads, width, eps } = config;
  const settings = { num_hidden_layers: layers, num_attention_heads: heads, num_key_value_heads: kv_heads };
  const expected = llama(
    { ids: dense([ids.length], ids), weights: asLlama(made) },
    { model_type: "llama", ...settings, hidden_size: width, rms_norm_eps: eps },
  ).logits.values;
  assertClose(Float64Array.from(answers.logits["f32"] ?? []), expected, nmseCaps.logits, "Tern");
  const { nmse } = difference(answers.logits["int8-sixteen"] ?? [], expected);
  expect(nmse).toBeLessThan(1e-3);
  expect(nmse).toBeGreaterThan(1e-7); // it is stored so at all
});

test("the command of the guide measures it, on smaller experts", async () => {
  const words = await commandOf("docs/guides/add-a-storage-format.md");
  const small = [
    "--experts",
    "2",
    "--k",
    "1",
    "--widths",
    "32x32",
    "--variants",
    "vector",
    "--samples",
    "1",
    "--json",
    "-",
  ];
  const { stdout } = await command(...words, ...small);
  const { rows } = JSON.parse(stdout) as BenchResult;
  expect(rows.map(({ dtype, verdict, reason }) => [dtype, verdict, reason])).toEqual([
    ["f16", "pass", null],
    ["int8-sixteen", "pass", null],
  ]);
});

test("the command line lists it, and the docs' table has it", async () => {
  const last = weightTypes.at(-1);
  const listed = async (...words: string[]) => (await command(...words, "--help")).stdout;
  expect(await listed("bench", "moe")).toMatch(new RegExp(`${last},\\s+int8-sixteen`));
  expect(await listed("generate")).toMatch(new RegExp(`"${last}",\\s+"int8-sixteen"`));
  expect((await documents())["storage-formats"]).toMatch(
    /^\| `int8-sixteen` \| data: 4 bytes for 4 elements; scales: 4 bytes for 16 elements \| 10 \| yes \| {2}\|/m,
  );
});
