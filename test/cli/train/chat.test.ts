// `train --data chat.jsonl`: only answers are learnt, with and without an adapter.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { answerTemplate, answerTokens } from "../../../src/train/data/answer-tokens.ts";
import { conversationOf } from "../../../src/train/data/conversations.ts";
import { runInTurn } from "../run-cli.ts";
import { linesOf, tinyConfig } from "./runs.ts";

const chatml =
  "{% for m in messages %}{{ '<' + m.role + '>' + m.content + eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";
const messages = [
  { role: "user", content: "Who?" },
  { role: "assistant", content: "Ahab." },
];
const voices = "examples/models/voices-nano";

let folder: string;
let files: Record<"chat" | "template" | "config" | "batches", string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-chat-"));
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const { tokenizer } = await readModelFolder(await openFolder(voices));
  const settings = JSON.parse(await readFile(`${voices}/tokenizer_config.json`, "utf8"));
  const template = await answerTemplate(settings, chatml);
  const { ids, counts } = answerTokens(conversationOf("", { messages }), template as never, tokenizer);
  const row = [...ids, ...new Array<number>(32).fill(0)].slice(0, 32);
  const target = row.map((_, i) => (counts[i + 1] ? (ids[i + 1] as number) : -100));
  files = {
    chat: await file("chat.jsonl", `${JSON.stringify({ messages })}\n`),
    template: await file("template.jinja", chatml),
    config: await file("config.json", JSON.stringify({ ...tinyConfig, vocab_size: 2048 })),
    batches: await file("batches.json", JSON.stringify({ batches: [{ inputs: [row], targets: [target] }] })),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = ["--order", "epochs", "--packing", "documents", "--batch", "1", "--context", "32", "--json"];
const train = (...args: readonly string[]) => runInTurn(["train", ...args]);

test("the loss of a conversation is that of its answer's tokens; the adapter learns them", async () => {
  const given = ["--data", files.chat, "--chat-template", files.template, ...options];
  const lora = ["--lora", "4", "--lr", "2e-2", "--steps", "6"];
  const { code, stdout, stderr } = await train("-m", voices, ...given, ...lora);
  expect(code, stderr).toBe(0);
  const losses = linesOf(stdout).map(({ loss }) => loss ?? Number.NaN);
  const byHand = await train("-m", voices, "--batches", files.batches, "--json");
  expect(losses[0]).toBeCloseTo(linesOf(byHand.stdout)[0]?.["loss"] ?? Number.NaN, 4);
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] ?? 0));
});

test("a fresh model answers as it was taught, by the template that its folder has", async () => {
  const out = join(folder, "out");
  const fresh = ["--config", files.config, "--tokenizer", voices, "--chat-template", files.template];
  const steps = ["--lr", "2e-2", "--steps", "40", "--out", out];
  const { code, stderr } = await train(...fresh, "--data", files.chat, ...options, ...steps);
  expect(code, stderr).toBe(0);
  expect(await readFile(join(out, "chat_template.jinja"), "utf8")).toBe(chatml);
  const answer = await runInTurn(["generate", "Who?", "--chat", "-m", out, "--temperature", "0", "--json"]);
  expect(answer.code, answer.stderr).toBe(0);
  expect(JSON.parse(answer.stdout).text).toBe("Ahab.");
});

test("without a template, and with messages that are none, it says file and line", async () => {
  const none = await train("-m", voices, "--data", files.chat, ...options, "--steps", "1");
  expect([none.code, none.stdout]).toEqual([1, ""]);
  expect(none.stderr).toContain("chat.jsonl: line 1: is a conversation, for which the model has no chat template");
  const wrong = join(folder, "wrong.jsonl");
  await writeFile(wrong, `${JSON.stringify({ messages })}\n${JSON.stringify({ messages: messages.slice(0, 1) })}\n`);
  const noAnswer = await train("-m", voices, "--data", wrong, ...options, "--steps", "1");
  expect(noAnswer.stderr).toContain("wrong.jsonl: line 2: messages has no message of the assistant to learn");
});
