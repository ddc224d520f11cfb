// Folders of adapters and lines of conversations from strangers: each is refused with file and field, or means
// something.
import { expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { FormatError } from "../../src/formats/format-error.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { loadAdapter } from "../../src/generate/lora/load-adapter.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { createTokenizer } from "../../src/text/create-tokenizer.ts";
import { answerTemplate } from "../../src/train/data/answer-tokens.ts";
import { readDocuments } from "../../src/train/data/documents.ts";
import { tokenise } from "../../src/train/data/tokens.ts";
import { randomAdapter } from "../support/devices/random-adapter.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { pick, type Random, times } from "./hostile/choices.ts";
import { costlyTemplates, hostileTemplate } from "./hostile/hostile-templates.ts";

const unclear = /undefined|\[object|is not a function|Cannot read|not iterable/;

/** A value of any kind, which a field is not made for. */
function anyValue(random: Random, depth = 2): unknown {
  const plain = [null, true, false, 0, -1, 1.5, 2 ** 40, 1e300, "", "x", "__proto__", "\u{202e}", "a".repeat(9999)];
  if (depth === 0 || random() < 0.6) return pick(random, plain);
  const inner = times(Math.floor(3 * random()), () => anyValue(random, depth - 1));
  return random() < 0.5 ? inner : Object.fromEntries(inner.map((one, i) => [pick(random, ["a", "role", `${i}`]), one]));
}

/** A message within its limits of length and words, of an error that has them; other errors are thrown. */
function checkError(error: unknown): void {
  if (!(error instanceof FormatError)) throw error;
  expect(error.message.length).toBeLessThan(1500);
  // What a template calls, its library says.
  expect(error.message.replace(/the chat template .*/s, "")).not.toMatch(unclear);
}

test("adapters with anything in their settings, in their header, or cut short", async () => {
  const gpu = await openGpu();
  const source = await openFolder("test/golden/gradients-qwen3");
  const model = await loadModel(gpu, source);
  const blobs = await randomAdapter(source, { seed: 3 });
  const [config, weights] = ["adapter_config.json", "adapter_model.safetensors"] as const;
  const settings = JSON.parse((await blobs[config]?.text()) ?? "") as Record<string, unknown>;
  const bytes = new Uint8Array((await blobs[weights]?.arrayBuffer()) ?? new ArrayBuffer(0));
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, 8 + headerLength))) as Record<string, unknown>;
  const expected = await model.score([1, 2, 3]);
  const { uniform } = randomFor("adapters");
  const withHeader = (changed: unknown) => {
    const json = new TextEncoder().encode(JSON.stringify(changed));
    const file = new Uint8Array(8 + json.length + bytes.length - 8 - headerLength);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    file.set(bytes.slice(8 + headerLength), 8 + json.length);
    return file;
  };
  const changes: readonly (() => Record<string, Blob>)[] = [
    () => {
      const field = pick(uniform, [...Object.keys(settings), "rank_pattern", "target_parameters", "use_dora"]);
      return { [config]: new Blob([JSON.stringify({ ...settings, [field]: anyValue(uniform) })]) };
    },
    () => {
      const key = pick(uniform, ["q_proj", "^model.layers.0.self_attn.q_proj", "(x+x+)+y", "", ".", "__proto__"]);
      const pattern = { [key]: pick(uniform, [1, 2, 0, 65537, "2", null]) };
      return {
        [config]: new Blob([
          JSON.stringify({ ...settings, [pick(uniform, ["rank_pattern", "alpha_pattern"])]: pattern }),
        ]),
      };
    },
    () => {
      const name = pick(uniform, Object.keys(header));
      const entry = header[name] as Record<string, unknown>;
      const field = pick(uniform, ["dtype", "shape", "data_offsets"]);
      const value = field === "dtype" ? pick(uniform, ["F16", "I32", "BF16", "F8_E4M3", 1]) : anyValue(uniform);
      return { [weights]: new Blob([withHeader({ ...header, [name]: { ...entry, [field]: value } })]) };
    },
    () => {
      const name = pick(uniform, Object.keys(header));
      const { [name]: entry, ...others } = header;
      const renamed = pick(uniform, ["", name.replace("lora_A", "lora_B"), `${name}x`, name.replace("q_proj", "w1")]);
      return { [weights]: new Blob([withHeader({ ...others, [renamed]: entry })]) };
    },
    () => ({ [weights]: new Blob([bytes.slice(0, Math.floor(uniform() * bytes.length))]) }),
    () => {
      const broken = bytes.slice();
      broken.set([0, 0, pick(uniform, [0xc0, 0x80]), 0x7f], broken.length - 4); // NaN or infinity
      return { [weights]: new Blob([broken]) };
    },
  ];
  const settled = async () => {
    await gpu.flush();
    gpu.buffers.trim();
    return gpu.buffers.allocatedBytes;
  };
  const before = await settled();
  let refused = 0;
  const all = attempts(600, 45);
  for (let i = 0; i < all; i++) {
    const change = (changes[i % changes.length] as (typeof changes)[number])();
    try {
      using adapted = await loadAdapter(model, openFiles({ ...blobs, ...change }), { onWarning: () => {} });
      expect(adapted.name).toBe("files"); // what is accepted fits the model, and goes again
    } catch (error) {
      checkError(error);
      refused++;
    }
  }
  expect(await settled()).toBe(before);
  expect(await model.score([1, 2, 3])).toEqual(expected);
  gpu.close();
  console.log(`adapters: ${refused} of ${all} refused`);
  expect(refused).toBeGreaterThan(all / 2);
});

test("lines of conversations with anything in them, in templates that count, grow and end anywhere", async () => {
  const folder = await openFolder("examples/models/voices-dense");
  const parsed = async (name: string) =>
    JSON.parse(new TextDecoder().decode(await folder.read(name, 0, await folder.size(name))));
  const tokenizer = createTokenizer(await parsed("tokenizer.json"), await parsed("tokenizer_config.json"));
  const { uniform } = randomFor("conversations");
  const plain = "{% for m in messages %}{{ m.role + ':' + m.content + '\n' }}{% endfor %}";
  const good = { role: "assistant", content: "yes" };
  const message = () => {
    const made = { role: pick(uniform, ["user", "assistant", "tool", "system"]), content: "hello" };
    return uniform() < 0.5
      ? made
      : { ...made, [pick(uniform, ["role", "content", "weight", "tool_calls"])]: anyValue(uniform) };
  };
  let refused = 0;
  const all = attempts(2000, 200);
  for (let i = 0; i < all; i++) {
    const messages = uniform() < 0.1 ? anyValue(uniform) : [...times(Math.floor(4 * uniform()), message), good];
    const extra = uniform() < 0.1 ? { tools: anyValue(uniform) } : {};
    const line = JSON.stringify({ messages, ...extra });
    const cut = uniform() < 0.1 ? line.slice(0, Math.floor(uniform() * line.length)) : line;
    const source = i % 4 === 0 ? pick(uniform, [pick(uniform, costlyTemplates), hostileTemplate(uniform)]) : plain;
    const tagged =
      uniform() < 0.3 ? source.replace("{{", "{% generation %}{{").replace("}}", "}}{%- endgeneration %}") : source;
    try {
      const template = await answerTemplate({ chat_template: tagged });
      const documents = readDocuments("chat.jsonl", new TextEncoder().encode(`${cut} `));
      const { tokens, counts } = await tokenise(documents, { tokenizer, template, vocabulary: 2048 });
      expect(counts?.length).toBe(tokens.length);
      expect(counts).toContain(1);
    } catch (error) {
      checkError(error);
      refused++;
    }
  }
  console.log(`conversations: ${refused} of ${all} refused`);
  expect(refused).toBeGreaterThan(all / 4);
  expect(refused).toBeLessThan(all);
});
