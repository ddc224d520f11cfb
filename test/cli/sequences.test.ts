import { afterAll, expect, test } from "vitest";
import { sequenceFolder, sequenceGolden } from "../seq2seq/golden.ts";
import { cliInTurn } from "./run-cli.ts";

const cli = cliInTurn();
afterAll(() => cli.close());
const folder = sequenceFolder("t5");
const [{ text, tokens, greedy, beams = [] } = sequenceGolden("t5").texts[0] as never] = sequenceGolden("t5").texts;

test("generate with an encoder-decoder", async () => {
  const args = ["generate", text, "--model", folder, "--max-tokens", "20"];
  const { code, stdout, stderr } = await cli.run([...args, "--json"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ promptTokens: tokens, tokens: greedy.ids, text: greedy.text, stopReason: "length" },
    weights: { quantisation: "f32" },
  });
  const people = await cli.run(args);
  expect(people.stdout).toBe(`${greedy.text}\n`);
  expect(people.stderr).toContain(`encode ${tokens.length} tokens`);
  expect(people.stderr).toContain("decode 20 tokens");
});

test("generate with an encoder-decoder and beams", async () => {
  const flags = ["--max-tokens", "20", "--beams", "4", "--length-penalty", "2", "--early-stopping", "true"];
  const { code, stdout, stderr } = await cli.run(["generate", text, "--model", folder, ...flags, "--json"]);
  expect(code, stderr).toBe(0);
  const expected = beams.find(({ options }) => "earlyStopping" in options && options.earlyStopping === true);
  const [best] = expected?.results ?? [];
  expect(JSON.parse(stdout)).toMatchObject({ tokens: best?.ids, score: expect.closeTo(best?.score ?? 0, 5) });
  const once = await cli.run([
    "generate",
    text,
    "--model",
    folder,
    "--max-tokens",
    "12",
    "--no-repeat-ngram",
    "1",
    "--json",
  ]);
  const { tokens: ids } = JSON.parse(once.stdout) as { tokens: readonly number[] };
  expect(new Set(ids).size).toBe(12);
});

test("what an encoder-decoder does not have is refused by the name of the flag", async () => {
  const chat = await cli.run(["generate", text, "--model", folder, "--chat"]);
  expect(chat.code).toBe(1);
  expect(chat.stderr).toContain("--chat is for language models, and test/golden/t5 is an encoder-decoder");
  const none = await cli.run(["generate", "--model", folder]);
  expect(none.stderr).toContain("test/golden/t5 needs a text");
  const empty = await cli.run(["generate", " ", "--model", folder]);
  expect(empty.stderr).toContain("generate: texts[0] is empty");
});
