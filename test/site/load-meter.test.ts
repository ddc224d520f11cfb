import { expect, test } from "vitest";
import { choiceOf, linkOf, problemOf } from "../../site/generate/model/choice.ts";
import { filesWords } from "../../site/generate/model/plan-words.ts";
import { kindOf } from "../../site/generate/troubles/kinds.ts";
import { problemOfFiles } from "../../site/shell/model/chosen-files.ts";
import { advance, type Meter, noProgress, paceOf, resumed } from "../../site/shell/model/meter.ts";
import type { LoadProgress } from "../../src/formats/load-progress.ts";

const megabyte = 1e6;
const at = (phase: LoadProgress["phase"], done: number, total: number, fromCache = 0): LoadProgress => ({
  phase,
  done,
  total,
  fromCache,
});

/** The meters after each of these reports, a second apart. */
function meters(reports: readonly LoadProgress[], from: Meter = noProgress): Meter[] {
  let meter = from;
  return reports.map((report, i) => {
    meter = advance(meter, report, 1000 * i);
    return meter;
  });
}

test("the bar never goes back, though a total grows and phases overlap, and ends full", () => {
  const fractions = meters([
    at("download", 0, 10 * megabyte),
    at("download", 5 * megabyte, 10 * megabyte),
    at("download", 5 * megabyte, 40 * megabyte), // a second shard is found
    at("upload", 1, 10),
    at("download", 40 * megabyte, 40 * megabyte),
    at("verify", 1, 1),
    at("upload", 10, 10),
    at("compile", 3, 3),
    at("warm-up", 1, 1),
  ]).map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((p, q) => p - q));
  expect(fractions[0]).toBe(0);
  expect(fractions.at(-1)).toBeCloseTo(1, 12);
});

test("what a load skips is over once a later phase begins, and a pause keeps what was reached", () => {
  const [meter = noProgress] = meters([at("upload", 0, 10)]);
  expect(meter.fraction).toBeCloseTo(0.68, 12);
  const [again = noProgress] = meters([at("download", 0, megabyte)], resumed(meter));
  expect(again.fraction).toBe(meter.fraction);
});

test("the rate is that of the network alone, over the last seconds", () => {
  const reports = [at("download", 30 * megabyte, 90 * megabyte, 30 * megabyte)];
  for (let second = 1; second <= 20; second++) {
    reports.push(at("download", (30 + 2 * second) * megabyte, 90 * megabyte, 30 * megabyte));
  }
  const all = meters(reports);
  expect(paceOf(all[0] as Meter)).toBeUndefined();
  expect(paceOf(all.at(-1) as Meter)).toEqual({ rate: 2 * megabyte, left: 10 });
  expect(all.at(-1)?.samples.length).toBeLessThanOrEqual(6);
});

test("a link names a model, and what is not the name of one says what is", () => {
  for (const link of ["voices-moe", "owner/name@main", "hf:owner/name", "https://example.org/models/mine/"]) {
    expect(linkOf(choiceOf(link))).toBe(link);
    expect(problemOf(choiceOf(link))).toBeUndefined();
  }
  expect(choiceOf("voices-moe").kind).toBe("bundled");
  expect(problemOf(choiceOf("no name"))).toMatch(/A repository is named owner\/name/);
  expect(problemOf(choiceOf("toString"))).toMatch(/A repository is named owner\/name/);
  expect(problemOf({ kind: "address", text: "javascript:alert(1)" })).toMatch(/An address begins with https/);
  expect(linkOf({ kind: "files", name: "mine", files: {} })).toBeUndefined();
});

const dropped = (...names: string[]) => ({
  kind: "files",
  name: names.length === 1 ? names[0] : "your files",
  files: Object.fromEntries(names.map((name) => [name, new Blob(["x"])])),
});

test("files that are no model are said to be what they are, with what is expected", () => {
  const says = (...names: string[]) => problemOf(dropped(...names) as Parameters<typeof problemOf>[0]);
  const expected =
    "Expected a GGUF file, or the folder of a language model, or its files together: config.json, tokenizer.json and safetensors.";
  expect(says("photo.png")).toBe(`photo.png: a picture, not a model. ${expected}`);
  expect(says("a.jpg", "b.JPEG")).toBe(`a.jpg and 1 other file: pictures, not a model. ${expected}`);
  expect(says("model.zip")).toBe(`model.zip: an archive, not a model; unpack it, and choose the folder. ${expected}`);
  expect(says("x.pth")).toMatch(/^x\.pth: in PyTorch's format, not a model; save the model as safetensors first\./);
  expect(says("notes", "photo.png")).toBe(`notes and 1 other file: no model's files. ${expected}`);
  expect(says("model.safetensors")).toMatch(
    /^model\.safetensors: weights without config\.json, which describes the model\./,
  );
  expect(says("config.json", "pytorch_model.bin")).toMatch(
    /no weights beside config\.json: pytorch_model\.bin is in PyTorch's/,
  );
  expect(says("config.json", "tiny.gguf")).toMatch(/Choose it without config\.json\.$/);
  expect(says()).toBe(`There are no files in what was dropped. ${expected}`);
  expect(problemOf({ kind: "files", name: "", files: {} })).toBe(""); // nothing was chosen yet
  for (const model of [["tiny.gguf"], ["config.json", "tokenizer.json", "model.safetensors", "photo.png"]]) {
    expect(says(...model)).toBeUndefined();
  }
  const ofSearch = problemOfFiles(dropped("tiny.gguf").files, { gguf: false, what: "a sentence encoder" });
  expect(ofSearch).toMatch(
    /language models, which the page Generate runs\. Expected the folder of a sentence encoder, or/,
  );
});

test("the reader's own files are not called a download, and get no advice on a hub", () => {
  const plan = { downloadBytes: 10e6, cachedBytes: 10e6 };
  expect(filesWords(plan, true)).toEqual({ line: ["your files", "10.0 MB, read from this device"], button: "Load" });
  expect(filesWords(plan, false).button).toBe("Load from storage");
  expect(filesWords({ ...plan, cachedBytes: 0 }, false)).toEqual({
    line: ["download", "10.0 MB"],
    button: "Load (10.0 MB)",
  });
  for (const says of ["tokenizer.json: there is no such file in files", 'photo.gguf: does not begin with "GGUF"']) {
    const { todo } = kindOf(says, "plan", true);
    expect(todo).toMatch(/^Take .*GGUF file/);
    expect(todo).not.toMatch(/repository|download|connection/);
  }
  expect(kindOf("owner/name: config.json: the hub answered 404", "plan", false).todo).toMatch(
    /the repository has to hold/,
  );
});
