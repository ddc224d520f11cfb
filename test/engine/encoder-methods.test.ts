// The methods of an encoder through an engine across a port, behind which is one in this thread: what they give is what
// the library's own encoder gives, bit for bit, and so are their errors.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Encoder, loadEncoder } from "../../src/encoders.ts";
import { setEncoders } from "../../src/engine/direct/encoders.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { EngineEncoder } from "../../src/engine/methods.ts";
import { encoderFolder } from "../encoders/encode/golden-encoders.ts";
import { headsGolden, labelNames } from "../encoders/encode/golden-heads.ts";
import { architecture, type HeadFolder, headFiles } from "../encoders/encode/head-folders.ts";
import { memorySource } from "../formats/checkpoint-bytes.ts";
import { destroyable } from "../support/devices/destroyable.ts";
import { quickEngines, quickGpu } from "../support/devices/gpu.ts";
import { failure, openAcrossPort } from "./openers.ts";

setEncoders(() => import("../../src/encoders.ts"));
const devices = await destroyable();
afterAll(() => devices.end());
quickEngines();
const gpu = await quickGpu();
const golden = headsGolden("bert");
const [question, context] = ["who sat?", "a cat sat. the dog was on the mat."];

const names = (labels: readonly string[]) => Object.fromEntries(labels.map((label, id) => [id, label]));
const nli = ["contradiction", "entailment", "neutral", "wind", "fog"];

/** Folders with the heads of a golden BERT, by what they are for. */
const folders: Readonly<Record<string, HeadFolder>> = {
  ranker: {
    fields: {
      architectures: architecture("bert", "ForSequenceClassification"),
      problem_type: undefined,
      id2label: undefined,
      label2id: undefined,
    },
    labels: 1,
  },
  classifier: {
    fields: { architectures: architecture("bert", "ForSequenceClassification"), id2label: names(labelNames) },
  },
  nli: { fields: { architectures: architecture("bert", "ForSequenceClassification"), id2label: names(nli) } },
  tokens: { fields: { architectures: architecture("bert", "ForTokenClassification"), id2label: names(labelNames) } },
  bare: { fields: { architectures: ["BertModel"] }, without: /^(cls|qa_outputs|classifier)\b/ },
  answers: { fields: { architectures: architecture("bert", "ForQuestionAnswering") } },
};

/** The files of a folder, as a page has those that were dropped. */
const blobs = (changes: HeadFolder): Record<string, Blob> =>
  Object.fromEntries(
    Object.entries(headFiles("bert", changes)).map(([name, bytes]) => [
      name,
      new Blob([bytes as Uint8Array<ArrayBuffer>]),
    ]),
  );

/** The library's own encoders: of the whole folder, and of those above. */
const own = new Map<string, Encoder>();
beforeAll(async () => {
  own.set("bert", await loadEncoder(gpu, encoderFolder("bert")));
  for (const [name, changes] of Object.entries(folders)) {
    own.set(name, await loadEncoder(gpu, memorySource(headFiles("bert", changes)), { onWarning: () => {} }));
  }
});
afterAll(() => {
  for (const encoder of own.values()) encoder.dispose();
});

type Methods = EngineEncoder | Encoder;

/** Calls, with the folder that they are for. */
const calls: Readonly<Record<string, readonly [folder: string, (encoder: Methods) => Promise<unknown>]>> = {
  embed: ["bert", (encoder) => encoder.embed(["a cat", "the dog sat.", [2, 5, 3]], { maxTokens: 5 })],
  fillMask: ["bert", (encoder) => encoder.fillMask(golden.masked.text, { top: 3 })],
  hidden: ["bert", (encoder) => encoder.hidden("a cat sat.")],
  nextSentence: ["bert", (encoder) => encoder.nextSentence("a cat sat.", "the dog was here.")],
  sparse: ["bert", (encoder) => encoder.sparse(["a cat", "the dog sat."])],
  "classify a text": ["classifier", (encoder) => encoder.classify("a cat sat.")],
  "classify a pair": ["classifier", (encoder) => encoder.classify("a cat sat.", { pair: "the dog" })],
  "classify tokens": ["tokens", (encoder) => encoder.classify("a cat sat on the mat.")],
  "classify by labels of one's own": [
    "nli",
    (encoder) => encoder.classify("a cat sat.", { labels: ["cat", "dog"], template: "about {}.", multiLabel: true }),
  ],
  scores: ["classifier", (encoder) => encoder.scores(["a cat", ["a cat", "the dog"]])],
  "scores of a cross-encoder": [
    "ranker",
    (encoder) => encoder.scores([["a cat", "the dog sat on the mat with another."]], { maxTokens: 9 }),
  ],
  answer: ["answers", (encoder) => encoder.answer(question, context, { maxTokens: 3, nullAnswer: true })],
};

/** Calls that fail. */
const mistakes: Readonly<Record<string, readonly [folder: string, (encoder: Methods) => Promise<unknown>]>> = {
  "an empty text": ["bert", (encoder) => encoder.embed([" "])],
  "a text without a mask": ["bert", (encoder) => encoder.fillMask("a cat")],
  "a text beyond the positions": ["bert", (encoder) => encoder.hidden("a ".repeat(600))],
  "no head for answers": ["bare", (encoder) => encoder.answer("a", "b")],
  "no head for masks": ["bare", (encoder) => encoder.fillMask("[MASK]")],
  "no classifier": ["bare", (encoder) => encoder.scores(["a"])],
  "a pair for tokens": ["tokens", (encoder) => encoder.classify("a", { pair: "b" })],
  "labels without entailment": ["classifier", (encoder) => encoder.classify("a", { labels: ["b"] })],
  "a pair of three": ["classifier", (encoder) => encoder.scores([["a", "b", "c"]] as never)],
  "a misspelt option": ["bert", (encoder) => encoder.fillMask("[MASK]", { tpo: 1 } as never)],
  "a value out of range": ["bert", (encoder) => encoder.fillMask("[MASK]", { top: 0 })],
  "no options": ["bert", (encoder) => encoder.fillMask("[MASK]", null as never)],
  "no argument": ["bert", (encoder) => (encoder.answer as () => Promise<unknown>)()],
  "a callback that is none": ["bert", (encoder) => encoder.embed(["a"], { onProgress: 1 } as never)],
  "a signal that is none": ["bert", (encoder) => encoder.hidden("a", { signal: 1 } as never)],
};

describe("an engine on the other side of a port", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openAcrossPort();
    await engine.load(encoderFolder("bert"), { id: "bert" });
    for (const [id, changes] of Object.entries(folders)) await engine.load(blobs(changes), { id });
  });
  afterAll(() => engine.dispose());

  test.each(Object.entries(calls))("%s: as the library's own", async (_, [folder, call]) => {
    const encoder = own.get(folder) as Encoder;
    const expected = await call(encoder);
    expect(JSON.stringify(expected).length).toBeGreaterThan(20); // it is something
    expect(await call(engine.encoder(folder))).toStrictEqual(expected);
  });

  test.each(Object.entries(mistakes))("%s: the library's own error", async (_, [folder, call]) => {
    const expected = await failure(() => call(own.get(folder) as Encoder));
    expect(expected.name).toMatch(/^(Option|Text|Format)Error$/);
    const found = await failure(() => call(engine.encoder(folder)));
    const file = (text: string) => text.replace(/\b(memory|files)\b/, "source"); // a source's name is where it came from
    expect([found.name, file(found.message)]).toEqual([expected.name, file(expected.message)]);
  });

  test("says which heads and labels there are", async () => {
    const info = new Map((await engine.loaded()).map((one) => [one.id, one]));
    expect(info.get("classifier")).toMatchObject({ kind: "encoder", labels: labelNames });
    expect(info.get("ranker")?.labels).toEqual(["LABEL_0"]);
    for (const [id, encoder] of own) expect(info.get(id)?.encoderHeads).toEqual(encoder.heads);
  });

  test("reports how far it is, and ends when it is aborted", async () => {
    const texts = Array.from({ length: 130 }, (_, i) => `a cat sat ${"on the mat ".repeat(i % 3)}`);
    const encoder = engine.encoder("classifier");
    for (const run of [encoder.embed, encoder.scores] as const) {
      const progress: (readonly [number, number])[] = [];
      await run(texts, { onProgress: ({ done, total }) => progress.push([done, total]) });
      expect(progress.length).toBeGreaterThan(2);
      const done = progress.map(([count]) => count);
      expect(done).toEqual(done.toSorted((a, b) => a - b));
      expect(progress.at(-1)).toEqual([130, 130]);
    }
    const stop = new AbortController();
    const reason = new Error("enough");
    let count = 0;
    const aborted = encoder.embed(texts, {
      signal: stop.signal,
      onProgress({ done }) {
        count = done;
        stop.abort(reason);
      },
    });
    await expect(aborted).rejects.toBe(reason);
    expect(count).toBeLessThan(130);
    await expect(encoder.classify("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await encoder.classify("a cat sat.")).toStrictEqual(await own.get("classifier")?.classify("a cat sat."));
  });

  test("embeds a stream of texts, of which it reads no more than it needs", async () => {
    let read = 0;
    async function* texts() {
      for (; ; read++) yield `a cat sat ${"on the mat ".repeat(read % 4)}`;
    }
    const found: Float32Array[] = [];
    for await (const { embedding, tokens } of engine.encoder("bert").embedStream(texts(), { maxTokens: 8 })) {
      expect(tokens).toBeLessThanOrEqual(8);
      if (found.push(embedding) === 100) break;
    }
    expect(read).toBeLessThanOrEqual(128);
    const first = Array.from({ length: 64 }, (_, i) => `a cat sat ${"on the mat ".repeat(i % 4)}`);
    const expected = await own.get("bert")?.embed(first, { maxTokens: 8 });
    expect(found.slice(0, 64)).toStrictEqual(expected?.embeddings);
    expect(await failure(async () => engine.encoder("bert").embedStream("a" as never))).toMatchObject({
      name: "OptionError",
      message: expect.stringMatching(/^embedStream: texts is "a", expected/),
    });
  });

  test("names the model: by default the last encoder, and others are refused", async () => {
    await engine.load("examples/models/voices-dense", { id: "voices", context: 64 });
    expect(await engine.encoder().answer(question, context)).toStrictEqual(
      await own.get("answers")?.answer(question, context),
    );
    const refused = { name: "RequestError" };
    await expect(engine.encoder("voices").hidden("a")).rejects.toMatchObject({
      ...refused,
      code: "unsupported_model",
      param: "model",
      message: 'the model "voices" is a language model: completions and generate take it',
    });
    await expect(engine.encoder("none").hidden("a")).rejects.toMatchObject({ ...refused, status: 404 });
    expect(() => engine.encoder(1 as never)).toThrow("encoder: model is 1, expected a text");
    await engine.unload("voices");
  });

  test("a device that is lost meanwhile: results are those of an undisturbed call", async () => {
    const encoder = engine.encoder("classifier");
    const texts = Array.from({ length: 150 }, (_, i) => `a cat sat ${"on the mat ".repeat(i % 4)}`);
    const [expected, events] = [await encoder.scores(texts), [] as string[]];
    const unlisten = engine.onEvent(({ type }) => events.push(type));
    const done: number[] = [];
    const lost = await encoder.scores(texts, {
      onProgress(progress) {
        if (done.push(progress.done) === 2) devices.destroy();
      },
    });
    expect(lost).toStrictEqual(expected);
    expect(done).toEqual([...new Set(done)].sort((a, b) => a - b)); // nothing is reported twice
    expect(done.at(-1)).toBe(150);
    await expect.poll(() => events, { timeout: 60_000 }).toEqual(["device-lost", "device-restored"]);
    unlisten();
  });
});
