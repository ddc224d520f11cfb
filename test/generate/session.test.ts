import { afterAll, describe, expect, test, vi } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { GpuError } from "../../src/gpu/errors.ts";
import { tune } from "../../src/kernels/tuning.ts";
import { bundledNano } from "../support/bundled.ts";
import { quick } from "../support/devices/gpu.ts";

const gpu = await openGpu();
tune(gpu, quick);
const model = await loadModel(gpu, bundledNano);
afterAll(() => gpu.close());
const whale = "<|whale|>The captain stood upon the deck";
/** What greedy decoding says without stops or sessions. */
const [greedily] = (await model.generate(whale, { temperature: 0, maxTokens: 40 }).result).rows;

/** Bytes of buffers in use or kept by programs. */
function bytes(): number {
  gpu.buffers.trim();
  return gpu.buffers.allocatedBytes;
}

test("the next turn prefills only its new tokens, and says what one long prompt says", async () => {
  using session = model.session();
  const first = await session.generate(whale, { temperature: 0, maxTokens: 12 }).result;
  const before = session.prefilledTokens;
  expect(before).toBe(first.rows[0]?.promptTokens.length);
  const added = model.tokenizer.encode(" and the sea", { addSpecialTokens: false });
  const second = await session.generate(" and the sea", { temperature: 0, maxTokens: 12 }).result;
  // The last token of the first turn may or may not have been fed before the turn ended.
  expect(session.prefilledTokens - before).toBeLessThanOrEqual(added.length + 1);
  expect(session.prefilledTokens - before).toBeGreaterThanOrEqual(added.length);
  const whole = [...(first.rows[0]?.promptTokens ?? []), ...(first.rows[0]?.tokens ?? []), ...added];
  const alone = await model.generate(whole, { temperature: 0, maxTokens: 12 }).result;
  expect(second.rows[0]?.tokens).toEqual(alone.rows[0]?.tokens);
});

test("a session continues other tokens, and computes only those that its cache does not begin with", async () => {
  using session = model.session();
  const greedy = { temperature: 0, maxTokens: 6 };
  const encode = (text: string) => model.tokenizer.encode(text);
  const first = await session.continueFrom(encode(whale), greedy).result;
  expect(first.rows[0]?.promptTokens).toEqual(encode(whale));
  const before = session.prefilledTokens;
  const other = [...encode(whale), ...encode(" of a ship").slice(1)];
  const second = await session.continueFrom(other, greedy).result;
  expect(session.prefilledTokens - before).toBe(other.length - encode(whale).length);
  const alone = await model.generate(other, greedy).result;
  expect(second.rows[0]?.tokens).toEqual(alone.rows[0]?.tokens);
  using pair = model.session(2);
  expect(() => pair.continueFrom([1])).toThrow("a session of 2 rows");
  expect(() => session.continueFrom([-1])).toThrow("tokens is [-1]");
});

test("a full context ends the text", async () => {
  using short = await loadModel(gpu, bundledNano, { context: 24 });
  const { rows } = await short.generate(whale, { temperature: 0, maxTokens: 100 }).result;
  expect(rows[0]?.stopReason).toBe("context");
  const length = (rows[0]?.promptTokens.length ?? 0) + (rows[0]?.tokens.length ?? 0);
  expect(length).toBe(24);
  expect(rows[0]?.tokens).toEqual(greedily?.tokens.slice(0, rows[0]?.tokens.length));
});

test("the longest prompt still gets no token, a longer one an error", async () => {
  using short = await loadModel(gpu, bundledNano, { context: 10 });
  const full = await short.generate(whale, { temperature: 0 }).result;
  expect(full.rows[0]).toMatchObject({ tokens: [], stopReason: "context" });
  expect(() => short.generate(`${whale} again`)).toThrow(/more than the context of 10/);
});

test("a prompt is too long when it begins, too, after another of its session", async () => {
  using short = await loadModel(gpu, bundledNano, { context: 24 });
  using session = short.session();
  const greedy = { temperature: 0, maxTokens: 10 };
  const [first, second] = [session.generate(whale, greedy), session.generate(whale, greedy)];
  expect((await first.result).rows[0]?.promptTokens).toHaveLength(10);
  await expect(second.result).rejects.toThrow(/the prompt has \d+ tokens, more than the context of 24/);
});

test("an aborted generation keeps what it has", async () => {
  const controller = new AbortController();
  const generation = model.generate(whale, { temperature: 0, maxTokens: 200, signal: controller.signal });
  let pieces = 0;
  for await (const _ of generation) if (++pieces === 5) controller.abort();
  const { rows } = await generation.result;
  expect(rows[0]?.stopReason).toBe("abort");
  expect(rows[0]?.tokens.length).toBeLessThan(12);
  expect(greedily?.text.startsWith(rows[0]?.text ?? "?")).toBe(true);
});

test("leaving the loop ends the generation and frees the session", async () => {
  using session = model.session();
  for await (const _ of session.generate(whale, { temperature: 0 })) break;
  const { rows } = await session.generate(" of the ship", { temperature: 0, maxTokens: 3 }).result;
  expect(rows[0]?.tokens).toHaveLength(3);
});

test("stop texts end a row and are not part of it", async () => {
  const text = greedily?.text ?? "";
  const stop = text.slice(20, 26);
  const { rows } = await model.generate(whale, { temperature: 0, maxTokens: 64, stop }).result;
  expect(rows[0]).toMatchObject({ stopReason: "stop", text: text.slice(0, text.indexOf(stop)) });
});

test("an end-of-text token ends a row, unless it is ignored", async () => {
  const [end = 0] = model.defaults.eos;
  const options = { temperature: 0, maxTokens: 3, logitBias: { [end]: 1000 } };
  const one = async (more: object) => (await model.generate(whale, { ...options, ...more }).result).rows[0];
  expect(await one({})).toMatchObject({ stopReason: "eos", tokens: [end] });
  expect(await one({ ignoreEos: true })).toMatchObject({ stopReason: "length", tokens: [end, end, end] });
});

test("pieces joined are the text", async () => {
  let joined = "";
  const generation = model.generate(whale, { temperature: 0.9, seed: 5, maxTokens: 60 });
  for await (const piece of generation) joined += piece.text;
  const { rows } = await generation.result;
  expect(joined).toBe(rows[0]?.text);
  expect(joined).toBe(model.tokenizer.decode(rows[0]?.tokens ?? []));
});

test("log-probabilities come with the tokens, likeliest first", async () => {
  const pieces = [];
  for await (const piece of model.generate(whale, { temperature: 0, maxTokens: 5, logprobs: 4 })) pieces.push(piece);
  expect(pieces).toHaveLength(5);
  const { promptTokens = [], tokens = [] } = greedily ?? {};
  const scored = await model.score([...promptTokens, ...tokens.slice(0, 5)]);
  pieces.forEach((piece, i) => {
    expect(piece.top).toHaveLength(4);
    expect(piece.top?.[0]?.token).toBe(piece.token);
    expect(piece.logprob).toBeCloseTo(scored[promptTokens.length - 1 + i] ?? 0, 4);
    const values = piece.top?.map(({ logprob }) => logprob) ?? [];
    expect(values).toEqual([...values].sort((a, b) => b - a));
  });
});

test("the rank of a token is its number among the likeliest", async () => {
  const options = { temperature: 1.5, seed: 3, maxTokens: 12, logprobs: 16 };
  const ranks: number[] = [];
  for await (const { token, rank = 0, top = [], logprob = 0 } of model.generate(whale, options)) {
    ranks.push(rank);
    if (rank <= 16) expect(top[rank - 1]?.token).toBe(token);
    else expect(logprob).toBeLessThanOrEqual(top.at(-1)?.logprob ?? 0);
  }
  expect(Math.min(...ranks)).toBe(1);
  expect(ranks.filter((rank) => rank > 1).length).toBeGreaterThan(2);
});

test("the same seed gives the same text, another seed another", async () => {
  const text = async (seed: number) =>
    (await model.generate(whale, { temperature: 1, seed, maxTokens: 16 }).result).rows[0]?.text;
  expect(await text(11)).toBe(await text(11));
  expect(await text(11)).not.toBe(await text(12));
});

test("a repetition penalty changes greedy text, and a strong one forbids repeating", async () => {
  const options = { temperature: 0, maxTokens: 40, presencePenalty: 1000 };
  const { rows } = await model.generate(whale, options).result;
  const tokens = rows[0]?.tokens ?? [];
  expect(new Set(tokens).size).toBe(tokens.length);
});

test("prompts that cannot be are refused before anything runs", () => {
  expect(() => model.generate("")).toThrow(/empty/);
  expect(() => model.generate([])).toThrow("generate: prompts is an empty list, expected one prompt or several");
  expect(() => model.generate([0, 99_999])).toThrow(/token id 99999 .* vocabulary of 2048/);
  expect(() => model.generate(whale, { temperature: -1 })).toThrow(/temperature is -1/);
  expect(() => model.generate(whale, { topK: 1.5 })).toThrow(/topK is 1.5, expected an integer/);
});

describe("a generation that has not begun", () => {
  test("takes no memory until it is read, and gives it back when it has ended", async () => {
    await model.generate(whale, { temperature: 0, maxTokens: 3 }).result; // programs stay
    const before = bytes();
    const unread = Array.from({ length: 10 }, () => model.generate(whale, { maxTokens: 3 }));
    const sessions = Array.from({ length: 10 }, () => model.session());
    expect(bytes()).toBe(before);
    expect((await unread[0]?.result)?.rows[0]?.stopReason).toMatch(/length|eos/);
    const iterator = unread[1]?.[Symbol.asyncIterator]();
    await iterator?.next();
    expect(bytes()).toBeGreaterThan(before);
    await iterator?.return?.();
    expect(bytes()).toBe(before);
    for (const session of sessions) session.dispose();
  });

  test("is ended by return, and by throw, without a token", async () => {
    using session = model.session();
    const left = session.generate(whale);
    expect(await left[Symbol.asyncIterator]().return?.()).toEqual({ done: true, value: undefined });
    const { rows, memory } = await left.result;
    expect(rows).toEqual([{ promptTokens: model.tokenizer.encode(whale), tokens: [], text: "", stopReason: "abort" }]);
    expect(memory.cache).toBe(0);
    const failed = session.generate(whale);
    const reason = new Error("no longer wanted");
    await expect(failed[Symbol.asyncIterator]().throw?.(reason)).rejects.toBe(reason);
    await expect(failed.result).rejects.toBe(reason);
    const aborted = session.generate(whale, { signal: AbortSignal.abort() });
    expect((await aborted.result).rows[0]?.stopReason).toBe("abort");
    expect([session.tokens(), session.prefilledTokens]).toEqual([[], 0]);
  });

  test("says that its session, its model or its device is gone", async () => {
    const other = await openGpu();
    const loaded = await loadModel(other, bundledNano, { context: 64 });
    const [first, second, third] = [loaded.session(), loaded.session(), loaded.session()];
    const waiting = [first, second, third].map((session) => session.generate(whale));
    first.dispose();
    await expect(waiting[0]?.result).rejects.toThrow(/voices-nano: this session was disposed$/);
    expect(() => first.generate(whale)).toThrow(/: this session was disposed$/);
    expect(() => first.state).toThrow(GpuError);
    await expect(first.warm(10)).rejects.toThrow(/: this session was disposed$/);
    loaded.dispose();
    await expect(waiting[1]?.result).rejects.toThrow(/voices-nano: this model was disposed$/);
    expect(() => second.generate(whale)).toThrow(/: this model was disposed$/);
    expect(() => loaded.generate(whale)).toThrow(/: this model was disposed$/);
    expect(() => loaded.session()).toThrow(/: this model was disposed$/);
    await expect(loaded.score(whale)).rejects.toThrow(/: this model was disposed$/);
    const last = await loadModel(other, bundledNano, { context: 64 });
    const unread = last.generate(whale);
    other.close();
    await expect(unread.result).rejects.toThrow(/: this device was closed$/);
    expect(() => last.generate(whale)).toThrow(/: this device was closed$/);
    await expect(last.score(whale)).rejects.toThrow(/: this device was closed$/);
    last.dispose();
  });
});

test("a result that is read first, or in the loop, takes no pieces from the loop", async () => {
  const options = { temperature: 0, maxTokens: 6 };
  for (const at of [-1, 0, 3]) {
    const generation = model.generate(whale, options);
    const reading = at < 0 ? generation.result : undefined;
    let pieces = 0;
    for await (const _ of generation) {
      if (pieces === at) expect((await generation.result).rows[0]?.tokens).toHaveLength(6);
      pieces++;
    }
    expect(pieces).toBe(6);
    expect((await (reading ?? generation.result)).rows[0]?.stopReason).toBe("length");
  }
});

test("disposing a model in the middle ends all that it computes", async () => {
  const before = bytes();
  const other = await loadModel(gpu, bundledNano, { context: 256 });
  const session = other.session();
  const running = [
    session.generate(whale, { maxTokens: 100 }).result,
    other.generate([whale, whale], { maxTokens: 100 }).result,
    other.score(new Array<number>(200).fill(7)),
    other.session().warm(100),
  ];
  other.dispose();
  const reasons = await Promise.allSettled(running);
  expect(reasons.map((one) => one.status === "rejected" && String(one.reason))).toEqual(
    running.map(() => expect.stringMatching(/^GpuError: .*: this model was disposed$/)),
  );
  expect(bytes()).toBe(before);
});

test("an open scope owns nothing of a model, a session or a generation", async () => {
  const options = { temperature: 0, maxTokens: 8, logprobs: 2, frequencyPenalty: 0.5 };
  const scope = gpu.scope();
  using other = await loadModel(gpu, bundledNano, { context: 200, cache: { layout: "paged", dtype: "f32" } });
  using session = other.session();
  const first = await session.generate(whale, options).result;
  const batch = await other.generate([whale, whale], options).result;
  const scores = await other.score(first.rows[0]?.tokens ?? []);
  const generation = session.generate(" and", { ...options, maxTokens: 40 });
  const iterator = generation[Symbol.asyncIterator]();
  await iterator.next();
  const give = vi.spyOn(gpu.buffers, "give");
  scope[Symbol.dispose]();
  expect(give).not.toHaveBeenCalled();
  give.mockRestore();
  expect((await generation.result).rows[0]?.tokens).toHaveLength(40);
  expect((await other.generate([whale, whale], options).result).rows).toEqual(batch.rows);
  expect(await other.score(first.rows[0]?.tokens ?? [])).toEqual(scores);
});
