import { loadModel } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { mean } from "../texts.ts";

/** How well the next token is predicted after few and many tokens, and what happens when the context is full. */
export const run: Run<SettingsOf<"gpt">> = async function* (gpu, { text, context, stride, prompt }, { models }) {
  using model = await loadModel(gpu, `${models}/voices-nano`, { context });
  const { tokenizer } = model;
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  if (ids.length < 2 * context) {
    throw new RangeError(
      `the text is too short: its tokens are ${ids.length}, expected ${2 * context}, two contexts of ${context}`,
    );
  }

  // One pass over a window predicts each of its tokens from those before it. Windows overlap, so that the same tokens
  // are predicted after few others and after many.
  const losses: number[][] = Array.from({ length: context - 1 }, () => []);
  for (let begin = 0; begin + context <= ids.length; begin += stride) {
    const scores = await model.score(ids.slice(begin, begin + context));
    for (const [i, logProbability] of scores.entries()) losses[i]?.push(-logProbability);
  }
  const title = "Loss by place";
  const axes = ["tokens before it", "nats, mean of 8 places"] as const;
  for (let i = 0; i < losses.length; i += 8) {
    const at = [i + 1, mean(losses.slice(i, i + 8).flat())] as const;
    yield { kind: "point", title, axes, line: "next token", at };
  }

  // The context is full: the generation ends. To go on, the older half is forgotten, and the rest is read again.
  using session = model.session();
  let known = tokenizer.encode(prompt);
  if (known.length >= context) {
    throw new RangeError(`the prompt is too long: it has ${known.length} tokens, expected fewer than ${context}`);
  }
  const rows: (string | number)[][] = [];
  for (const window of [1, 2, 3]) {
    const { rows: [row] = [] } = await session.continueFrom(known, {
      temperature: 0.8,
      seed: window,
      maxTokens: context,
      ignoreEos: true,
    }).result;
    if (!row) break;
    rows.push([known.length, row.tokens.length, row.stopReason, row.text]);
    const head = ["tokens read", "tokens written", "why it ended", "text"];
    yield { kind: "table", title: "When the context is full", head, rows };
    known = [...known, ...row.tokens].slice(-context / 2);
  }
  const [few, many] = [losses.slice(0, 8), losses.slice(8)].map((some) => mean(some.flat()));
  return {
    "loss after 1 to 8 tokens": few ?? 0,
    "loss after more": many ?? 0,
    "tokens in the first context": Number(rows[0]?.[0]) + Number(rows[0]?.[1]),
    context,
    "ended by the context": rows.filter(([, , why]) => why === "context").length,
  };
};
