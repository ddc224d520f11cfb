import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { modelFiles } from "../../../src/generate/load/model-files.ts";
import { readTokenizers } from "../../../src/seq2seq/tokenizers.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";

const file = (name: string) => new Uint8Array(readFileSync(`test/golden/${name}`));
const own = {
  "source.spm": file("marian-pieces/source.spm"),
  "target.spm": file("marian-pieces/target.spm"),
  "vocab.json": file("marian-pieces/vocab.json"),
};
const golden = JSON.parse(new TextDecoder().decode(file("marian-pieces/golden.json"))) as Record<
  "source" | "target",
  readonly { readonly text: string; readonly ids: readonly number[] }[]
>;

async function read(files: Record<string, Uint8Array>, ownSource = false) {
  const source = memorySource(files);
  return await readTokenizers(await modelFiles(source), source, { ownSource });
}

test("a Marian folder without tokenizer.json is read from its own files", async () => {
  const { source, target } = await read(own);
  for (const { text, ids } of golden.source) expect(source.encode(text)).toEqual(ids);
  for (const { text, ids } of golden.target) expect(target.decode(ids)).toBe(text);
});

test("where the target has ids of its own, they are those of target_vocab.json", async () => {
  const shifted = JSON.parse(new TextDecoder().decode(own["vocab.json"])) as Record<string, number>;
  for (const token of Object.keys(shifted)) shifted[token] = (shifted[token] ?? 0) + 3;
  const { source, target } = await read(
    { ...own, "target_vocab.json": new TextEncoder().encode(JSON.stringify(shifted)) },
    true,
  );
  const [{ text, ids } = { text: "", ids: [] }] = golden.target;
  expect(target.decode(ids.map((id) => id + 3))).toBe(text);
  expect(source.encode(golden.source[0]?.text ?? "")).toEqual(golden.source[0]?.ids);
});

test("a tokenizer of the target beside that of the source", async () => {
  const folder = "marian-separate";
  const both = Object.fromEntries(
    ["tokenizer.json", "target_tokenizer.json"].map((name) => [name, file(`${folder}/${name}`)]),
  );
  const { source, target } = await read(both, true);
  expect(source.size).toBe(45);
  expect(target.size).toBe(41);
  await expect(read({ "tokenizer.json": file(`${folder}/tokenizer.json`) }, true)).rejects.toThrow(
    "target_tokenizer.json: is missing: the encoder and the decoder have vocabularies of their own",
  );
});

test.each([
  ["target.spm", "target.spm: is missing: Marian has source.spm, target.spm and vocab.json"],
  ["vocab.json", "vocab.json"],
  ["source.spm", "tokenizer.json"],
] as const)("without %s", async (missing, says) => {
  const { [missing]: _, ...rest } = own;
  await expect(read(rest)).rejects.toThrow(says);
});
