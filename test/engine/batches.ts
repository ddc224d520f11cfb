// Several prompts of one request: computed together, with the texts that each has alone.
import { expect, test, vi } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import type { Completion } from "../../src/engine/openai/types.ts";
import { LanguageModel } from "../../src/generate/language-model.ts";
import { prompt } from "./answers.ts";

const prompts = ["The", prompt, "A whale", "<|whale|>The sea was", "It", "I am", "In the", "When", "So", "He said: "];

/** Defines the tests, for an engine in this thread with the model `voices`. */
export function testBatches(engineOf: () => Engine): void {
  test("ten prompts of a request are two batches, with the texts that each draws alone", async () => {
    const create = engineOf().completions.create;
    const request = { temperature: 1, seed: 5, logprobs: 1, max_tokens: 6, stop: "," } as const;
    const generate = vi.spyOn(LanguageModel.prototype, "generate");
    const all = await create({ ...request, prompt: prompts, stream: false });
    expect(generate.mock.calls.map(([rows]) => rows.length)).toEqual([8, 2]);
    generate.mockRestore();
    const alone: Completion[] = [];
    for (const one of prompts) alone.push(await create({ ...request, prompt: one, stream: false }));
    const pick = ({ text, finish_reason, logprobs }: (typeof all.choices)[number]) => ({
      text,
      finish_reason,
      tokens: logprobs?.tokens,
    });
    expect(all.choices.map(pick)).toEqual(alone.map(({ choices: [first] }) => first && pick(first)));
    expect(all.choices.map(({ index }) => index)).toEqual([...prompts.keys()]);
    const sum = (of: (usage: NonNullable<typeof all.usage>) => number) =>
      alone.reduce((total, { usage }) => total + (usage ? of(usage) : 0), 0);
    expect(all.usage?.completion_tokens).toBe(sum((usage) => usage.completion_tokens));
    expect(all.usage?.prompt_tokens).toBe(sum((usage) => usage.prompt_tokens));
    const streamed = prompts.map(() => "");
    for await (const { choices } of await create({ ...request, prompt: prompts, stream: true })) {
      for (const { index, text } of choices) streamed[index] += text;
    }
    expect(streamed).toEqual(all.choices.map(({ text }) => text));
  });

  test("more prompts than a request may have, and none of them too long, are refused", async () => {
    const refused = { status: 400, param: "prompt" };
    const create = (given: string[]) => engineOf().completions.create({ prompt: given, max_tokens: 1 });
    await expect(create(new Array(129).fill("a"))).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining("at most 128"),
    });
    await expect(create(["a", "a ".repeat(2 << 20)])).rejects.toMatchObject({
      ...refused,
      code: "context_length_exceeded",
    });
  });
}
