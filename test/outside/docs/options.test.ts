// The tables of options in docs/library.md against the functions: the options that they take, and their defaults.
import { readFile } from "node:fs/promises";
import { afterAll, expect, test } from "vitest";
import { checkChat, resolveOptions } from "../../../src/generate/options.ts";
import { resolveSpeculative, usualNgram } from "../../../src/generate/speculative/options.ts";
import { attention, createEngine, loadModel, openGpu, zeros } from "../../../src/index.ts";
import { attentionProblem } from "../../../src/kernels/attention/options.ts";
import { resolveCache } from "../../../src/models/decoders/cache.ts";
import { bundledModel } from "../../support/bundled.ts";

const page = await readFile("docs/library.md", "utf8");
const gpu = await openGpu();
afterAll(() => gpu.close());

const [q, k, v] = [zeros(gpu, [1, 1, 2, 4]), zeros(gpu, [1, 1, 6, 4]), zeros(gpu, [1, 1, 6, 4])];

/** Rows of a function's table, by option: type, default, range and meaning. */
function rowsOf(name: string): Map<string, string[]> {
  const part = page.split(`### Options of \`${name}\`\n`)[1]?.split(/^#/m)[0] ?? "";
  return new Map(
    [...part.matchAll(/^\| `([\w.]+)` \| (.*) \|$/gm)].map(([, option = "", cells = ""]) => [
      option,
      cells.split(" | "),
    ]),
  );
}

type Call = (options: object) => unknown;

/** The error of a call. */
const problemOf = async (call: Call, options: object): Promise<string> =>
  await Promise.resolve()
    .then(() => call(options))
    .then(() => "", String);

/** No function has an option of this name. */
const unknown = { "§": 1 };

/**
 * The options that a function takes and, after a dot, those of the objects among them, by what its errors list. Masks
 * and scores have tables of their own.
 */
async function optionsTaken(call: Call, within = (options: object) => options, path = ""): Promise<string[]> {
  const [, list] = /there is no option \S+; there are (.*)$/.exec(await problemOf(call, within(unknown))) ?? [];
  const names = (list?.split(", ") ?? []).filter((name) => name !== "kind");
  const nested = names
    .filter((name) => name !== "mask" && name !== "score")
    .map(async (name) => {
      const inside = (options: object) => within({ [name]: options });
      const [, kinds] = /\.kind is missing, expected (.*)$/.exec(await problemOf(call, inside(unknown))) ?? [];
      const forms = [...(kinds ?? "").matchAll(/"([^"]+)"/g)].map(
        ([, kind]) =>
          (options: object) =>
            inside({ kind, ...options }),
      );
      const all = (kinds ? forms : [inside]).map((form) => optionsTaken(call, form, `${path}${name}.`));
      return (await Promise.all(all)).flat();
    });
  return [...new Set([...names.map((name) => path + name), ...(await Promise.all(nested)).flat()])];
}

const calls: Readonly<Record<string, Call>> = {
  loadModel: (options) => loadModel(gpu, "nowhere", options),
  generate: (options) => resolveOptions(options, {}, 1),
  chat: (options) => checkChat(options),
  createEngine: (options) => createEngine(options),
  attention: (options) => attention(gpu, { q, k, v }, options),
};

test.each(Object.entries(calls))("the table of %s has the options that it takes, and no others", async (name, call) => {
  const taken = await optionsTaken(call);
  expect(taken.length).toBeGreaterThan(5);
  const shown = [...rowsOf(name).keys(), ...(name === "chat" ? rowsOf("generate").keys() : [])];
  expect(shown.toSorted()).toEqual(taken.toSorted());
});

test("every option has a type, a default and a meaning", () => {
  const rows = Object.keys(calls).flatMap((name) => [...rowsOf(name)]);
  const without = rows.filter(
    ([, [type, usual, , meaning, ...others]]) => !type || !usual || !meaning || others.length > 0,
  );
  expect(without).toEqual([]);
});

test("the defaults in the tables are those of the code", async () => {
  const shown = (name: string, option: string) => rowsOf(name).get(option)?.[1]?.replaceAll("`", "");
  const { guard, ...generation } = resolveOptions({}, {}, 1);
  expect(shown("generate", "guard")).toBe(String(guard > 0));
  for (const [option, value] of Object.entries(generation)) {
    if (typeof value !== "number" && typeof value !== "boolean") continue;
    expect(shown("generate", option), option).toBe(String(value));
  }
  expect(shown("generate", "speculative.tokens")).toBe(String(resolveSpeculative({ kind: "prompt-lookup" })?.tokens));
  expect(shown("generate", "speculative.ngram")).toBe(String(usualNgram));
  const { mask, score, scale, start, length, lse } = attentionProblem({ q, k, v }, {});
  expect({ mask, score, lse: String(lse) }).toEqual(
    Object.fromEntries(["mask", "score", "lse"].map((option) => [option, shown("attention", option)])),
  );
  expect([scale, start, length]).toEqual([1 / Math.sqrt(4), 6 - 2, 6]); // 1/√d, length − t, s
  using model = await loadModel(gpu, bundledModel);
  const cache = resolveCache(model.decoder.config);
  expect({ ...cache, rotate: String(cache.rotate) }).toEqual(
    Object.fromEntries(["dtype", "layout", "rotate"].map((option) => [option, shown("loadModel", `cache.${option}`)])),
  );
});
