import { afterAll, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { encoderFolder } from "./golden-encoders.ts";
import { type HeadFolder, headFiles, headFolder } from "./head-folders.ts";

const gpu = await quickGpu();
const load = (changes: HeadFolder, name = "bert") =>
  loadEncoder(gpu, headFolder(name, changes), { onWarning: () => {} });
const sequence = { architectures: ["BertForSequenceClassification"] };
const three = { "0": "a", "1": "b", "2": "c" };

test.each([
  [{ fields: { ...sequence, id2label: three } }, "config.json: id2label has 3 labels, but classifier.weight in model"],
  [{ fields: { ...sequence, id2label: {} } }, "config.json: id2label has 0 labels, expected 1 to"],
  [{ fields: { ...sequence, id2label: ["a"] } }, 'config.json: id2label is ["a"], expected an object'],
  [
    { fields: { ...sequence, id2label: { ...three, "4": "e", "5": "f" } } },
    "config.json: id2label has no label for id 3, expected 5 names of labels",
  ],
  [
    { fields: { ...sequence, id2label: { ...three, "3": 1, "4": "e" } } },
    "config.json: id2label has 1 for id 3, expected 5 names of labels",
  ],
  [{ fields: { ...sequence, problem_type: "ranking" } }, "config.json: problem_type is ranking, known are regression"],
  [
    { fields: { architectures: "BertForMaskedLM" } },
    'config.json: architectures is "BertForMaskedLM", expected a list',
  ],
  [
    { labels: 1, fields: { ...sequence, id2label: { 0: "a" }, sbert_ce_default_activation_function: "torch.nn.Tanh" } },
    'sbert_ce_default_activation_function is "torch.nn.Tanh", known are torch.nn.modules.activation.Sigmoid',
  ],
  // A head that the architecture names and the checkpoint begins has to be whole.
  [
    { fields: { architectures: ["BertForMaskedLM"] }, without: /cls\.predictions\.bias/ },
    "cls.predictions.bias is not among",
  ],
  [{ fields: sequence, without: /pooler/ }, "bert.pooler.dense.weight is not among"],
  [
    {
      fields: { architectures: ["BertForQuestionAnswering"] },
      rename: (name: string) => name.replace("qa_outputs.bias", "x"),
    },
    undefined,
  ],
] as const)("%j", async (changes, says) => {
  if (says === undefined)
    (await load(changes)).dispose(); // a head without a bias
  else await expect(load(changes)).rejects.toThrow(says);
});

test("a head that is not there: which there are, and what uses them", async () => {
  using encoder = await load({ fields: { architectures: ["BertForMaskedLM"] }, without: /^(qa_outputs|cls.seq)/ });
  expect(encoder.heads).toEqual(["masked-language"]);
  await expect(encoder.answer("a?", "b")).rejects.toThrow(
    "memory: has no head for answer, expected question-answering: model.safetensors has no qa_outputs.weight; its heads " +
      "are masked-language (fillMask, sparse; the command fill-mask)",
  );
  // Its tensor is there, but may be that of texts or of tokens.
  await expect(encoder.classify("a")).rejects.toThrow(
    "model.safetensors has classifier.weight, but architectures in config.json is BertForMaskedLM, expected a name that " +
      "ends with ForSequenceClassification or ForTokenClassification; its heads",
  );
  await expect(encoder.nextSentence("a", "b")).rejects.toThrow("has no cls.seq_relationship.weight");
});

test("a folder without heads, and one whose architecture names a head that the checkpoint lacks", async () => {
  const without = /^(cls|classifier|qa_outputs)/;
  using bare = await load({ without });
  expect(bare.heads).toEqual([]);
  await expect(bare.classify("a")).rejects.toThrow("it has no heads: embed and hidden take it");
  // As folders of sentence-transformers are, whose base model was pretrained on masks.
  using lacking = await load({ without, fields: { architectures: ["BertForMaskedLM"] } });
  await expect(lacking.fillMask("[MASK]")).rejects.toThrow(
    "architectures in config.json is BertForMaskedLM, but model.safetensors has no cls.predictions.transform.dense.weight",
  );
  await expect(lacking.sparse(["a"])).rejects.toThrow("has no head for sparse");
  expect((await lacking.hidden("a")).tokens.length).toBe(3);
});

test("a family without the head", async () => {
  using encoder = await loadEncoder(gpu, encoderFolder("distilbert"));
  await expect(encoder.nextSentence("a", "b")).rejects.toThrow("models of distilbert have none that is supported");
});

test("texts and options that heads cannot take", async () => {
  const encoder = await load({ fields: sequence });
  afterAll(() => encoder.dispose());
  await expect(encoder.fillMask("")).rejects.toThrow('fillMask: text is "", expected a text that is not empty');
  await expect(encoder.fillMask("a b")).rejects.toThrow("fillMask: the text has no mask; write [MASK] where");
  await expect(encoder.fillMask("[MASK]", { top: 0 })).rejects.toThrow("fillMask: top is 0, expected an integer");
  await expect(encoder.fillMask("[MASK]".repeat(36))).rejects.toThrow(
    "fillMask: the text has 38 tokens, memory takes at",
  );
  await expect(encoder.classify("")).rejects.toThrow('classify: text is ""');
  await expect(encoder.classify("a", { pair: "" })).rejects.toThrow('classify: pair is ""');
  await expect(encoder.classify("a", { pair: "b ".repeat(40) })).rejects.toThrow("classify: the pair has 44 tokens");
  await expect(encoder.classify("a", { labels: ["x"] })).rejects.toThrow("expected one that begins with entail");
  await expect(encoder.classify("a", { labels: [] })).rejects.toThrow("labels is [], expected a list of at least one");
  await expect(encoder.classify("a", { labels: ["x"], pair: "b" })).rejects.toThrow("pair and labels are given");
  await expect(encoder.classify("a", { template: "{}" })).rejects.toThrow("template is given without labels");
  await expect(encoder.classify("a", { labels: ["x"], template: "y" })).rejects.toThrow("expected a text with {}");
  await expect(encoder.answer("", "a")).rejects.toThrow('answer: question is ""');
  await expect(encoder.answer("a", "")).rejects.toThrow('answer: context is ""');
  await expect(encoder.answer("a", "  ")).rejects.toThrow("answer: the context has no tokens");
  await expect(encoder.answer("a ".repeat(34), "b")).rejects.toThrow(
    "answer: the question has 37 tokens with the special",
  );
  await expect(encoder.sparse(["a", ""])).rejects.toThrow("sparse: texts is");
  await expect(encoder.nextSentence("a", "")).rejects.toThrow('nextSentence: next is ""');
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(encoder.fillMask("[MASK]", { signal })).rejects.toThrow("enough");
  await expect(encoder.answer("a", "b", { signal })).rejects.toThrow("enough");
});

test("a pair for a model that takes one text, or has one type of token fewer", async () => {
  const tokenOf = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const entry = (id: string, index: number) => [id, { id, ids: [index], tokens: [id] }];
  const single = [tokenOf("[CLS]"), { Sequence: { id: "A", type_id: 0 } }, tokenOf("[SEP]")];
  const special_tokens = Object.fromEntries([entry("[CLS]", 2), entry("[SEP]", 3)]);
  const template = (pair: readonly unknown[]) => ({
    post_processor: { type: "TemplateProcessing", single, pair, special_tokens },
  });
  using alone = await load({ fields: sequence, tokenizer: template([]) });
  await expect(alone.classify("a", { pair: "b" })).rejects.toThrow("the model takes no second text");
  const pair = [...single, { Sequence: { id: "B", type_id: 3 } }, tokenOf("[SEP]")];
  using typed = await load({ fields: sequence, tokenizer: template(pair) });
  await expect(typed.classify("a", { pair: "b" })).rejects.toThrow(
    "classify: tokenizer.json gives tokens the type 3, but type_vocab_size in config.json is 3",
  );
  using ofTokens = await load({ fields: { architectures: ["BertForTokenClassification"] } });
  await expect(ofTokens.classify("a", { pair: "b" })).rejects.toThrow("classifies the tokens of one text");
});

test("no mask token", async () => {
  const bytes = headFiles("bert", {})["tokenizer.json"];
  const { model } = JSON.parse(new TextDecoder().decode(bytes)) as { model: { vocab: Record<string, number> } };
  const tokens = Object.entries(model.vocab).map(([token, id]) => [token === "[MASK]" ? "[HOLE]" : token, id]);
  const tokenizer = { model: { ...model, vocab: Object.fromEntries(tokens) }, added_tokens: [] };
  using encoder = await load({ fields: sequence, tokenizer });
  await expect(encoder.fillMask("a")).rejects.toThrow("fillMask: the tokenizer of memory has no mask token");
});
