// Every option of every public function, misspelt, of another type, not finite, null and an object.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LanguageModel, loadModel, type Session, Tensor } from "../../src/index.ts";
import { bundledModel } from "../support/bundled.ts";
import { attempts, randomFor } from "../support/fuzz.ts";
import { testGpu } from "../support/gpu.ts";
import type { PublicCalls } from "../support/public-calls/calls.ts";
import { publicCalls } from "../support/public-calls/functions.ts";
import { type Described, type Field, type ObjectType, readSurface, type Surface } from "../support/public-types.ts";

/** What the library makes, or a caller implements, and is given as a whole: no options. */
const instances = new Set([
  ...["Tensor", "Storage", "Dispatch", "Copy", "Holder", "Shader", "ShaderModule", "RingSchedule", "LayerCache"],
  ...["RingPort", "EnginePort", "FileSource", "CallChecks", "Planes", "TokenConstraint", "ModelCache"],
]);

/** Functions whose objects are data: parsed files and messages, whose fields are the model's to name. */
const data = new Set([
  ...["parseRopeScaling", "Gpu.group", "uploadPlanes", "ChatTemplate.render", "Session.chat", "LanguageModel.chat"],
]);

/** Mistakes elsewhere that are values here. */
const valid = new Set(["openUrl(1).idleTimeout Infinity", "openModel(1).idleTimeout Infinity"]); // without a limit

const classes = ["Gpu", "Tensor", "LanguageModel", "Session", "Generation", "Tokenizer", "ChatTemplate", "Program"];

const gpu = await testGpu();
let surface: Surface;
let model: LanguageModel;
let session: Session;

beforeAll(async () => {
  surface = readSurface({ "": "src/index.ts" }, [...classes, "Instance"], instances);
  model = await loadModel(gpu, bundledModel, { context: 64 });
  session = model.session();
});
afterAll(() => {
  session.dispose();
  model.dispose();
});

/** A call with a mistake in it: what its error must name. */
interface Mistake {
  readonly value: unknown;
  readonly key: string;
  readonly names: readonly string[];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Tensor);

/** Values that a field of this type does not take. */
function wrongValues({ kinds, objects }: Described): [string, unknown][] {
  if (kinds.has("anything")) return [];
  const wrong: [string, unknown][] = [
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["1e39", 1e39],
  ];
  if (!kinds.has("null")) wrong.push(["null", null]);
  if (!kinds.has("record")) wrong.push(["an object", { unexpected: 1 }]);
  if (!kinds.has("string")) wrong.push(["a text", "unheard-of"]);
  if (!kinds.has("number")) wrong.push(["a number", 7]);
  if (!kinds.has("boolean")) wrong.push(["true", true]);
  if (!kinds.has("list") && objects.length === 0) wrong.push(["a list", []]);
  if (!kinds.has("function")) wrong.push(["a function", () => 1]);
  return wrong;
}

/** The name with one letter doubled, or written as others do. */
function misspelt(name: string, known: ReadonlyMap<string, unknown>): string {
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return [snake, `${name}${name.at(-1)}`, `${name}x`].find((one) => !known.has(one)) ?? `${name}_`;
}

/** The form of an object: that with its `kind`, or all of whose required fields it has. */
const formOf = (objects: readonly ObjectType[], value: Record<string, unknown>): ObjectType | undefined =>
  objects.find(
    ({ tag, fields }) =>
      (tag === undefined || tag === value["kind"]) &&
      [...fields].every(([name, { optional }]) => optional || value[name] !== undefined) &&
      Object.keys(value).every((name) => fields.has(name)),
  );

/** Mistakes in a value, one at a time. `seen` gets the forms of objects, true for those of which there was one. */
function* mistakes(value: unknown, type: Described, path: string, seen: Map<string, boolean>): Generator<Mistake> {
  if (Array.isArray(value) && type.entry) {
    for (const [i, entry] of value.entries()) {
      for (const mistake of mistakes(entry, type.entry, `${path}[]`, new Map())) {
        yield { ...mistake, value: value.with(i, mistake.value) };
      }
    }
  }
  for (const one of type.objects) {
    if (one.fields.size === 0) continue;
    const form = `${path}: ${one.tag ?? [...one.fields.keys()].join()}`;
    seen.set(form, (seen.get(form) ?? false) || (isObject(value) && formOf(type.objects, value) === one));
  }
  if (!isObject(value)) return;
  const form = formOf(type.objects, value);
  if (!form) return;
  const at = `${path}${form.tag ? `<${form.tag}>` : ""}`;
  for (const [name, field] of form.fields) {
    if (!type.kinds.has("record")) {
      const wrong = misspelt(name, form.fields);
      const { [name]: given = 1, ...rest } = value;
      yield { value: { ...rest, [wrong]: given }, key: `${at}.${name} misspelt`, names: [wrong, name] };
    }
    for (const [what, bad] of wrongValues(field.type)) {
      const names = name === "kind" && typeof bad === "string" ? [bad] : [name];
      yield { value: { ...value, [name]: bad }, key: `${at}.${name} ${what}`, names };
    }
    for (const mistake of nested(value[name], field, `${at}.${name}`, seen)) {
      yield { ...mistake, value: { ...value, [name]: mistake.value } };
    }
  }
}

function* nested(value: unknown, { type }: Field, path: string, seen: Map<string, boolean>): Generator<Mistake> {
  if (type.objects.length > 0 || type.entry) yield* mistakes(value, type, path, seen);
}

const clear = new Set(["OptionError", "ShapeError", "ShaderError", "GpuError", "TextError", "FormatError"]);

/** What a call does: the problem with its error, or undefined where that is clear. */
async function problemOf(call: () => unknown, { names }: Mistake): Promise<string | undefined> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error)) return `threw ${String(error)}`;
    if (!clear.has(error.name)) return `unclear: ${error.name}: ${error.message}`;
    const missing = names.find((name) => !error.message.includes(name));
    return missing === undefined ? undefined : `does not name ${missing}: ${error.message}`;
  }
  return "accepted";
}

const takesObjects = ({ objects, entry }: Described): boolean =>
  objects.length > 0 || (entry !== undefined && takesObjects(entry));

test("every option of every public function is checked, and its error names it", async () => {
  const calls: Readonly<Record<string, PublicCalls>> = publicCalls(gpu, model, session);
  const functions = surface.functions.filter(
    ({ name, signatures }) => !data.has(name) && signatures.flat().some(({ type }) => takesObjects(type)),
  );
  expect(functions.length).toBeGreaterThan(80); // they are found at all
  const problems: string[] = [];
  const forms = new Map<string, boolean>();
  let [count, options] = [0, 0];
  const random = randomFor("options");
  const share = attempts(100, 20) / 100; // of the wrong values; names are all misspelt
  for (const { name, signatures } of functions) {
    const known = calls[name];
    if (!known) {
      problems.push(`${name}: there is no call of it in test/support/public-calls`);
      continue;
    }
    const done = new Set<string>();
    const invoke = (given: readonly unknown[]) => Reflect.apply(known.of as () => unknown, known.on, given);
    for (const given of known.calls) {
      if (!known.runs) {
        using _ = gpu.scope();
        try {
          invoke(given);
        } catch (error) {
          problems.push(`${name}: a call without a mistake: ${String(error)}`);
        }
      }
      const [parameters = []] = signatures;
      for (const [i, { type }] of parameters.entries()) {
        const path = `${name}(${i})`;
        for (const mistake of mistakes(given[i], type, path, forms)) {
          if (done.has(mistake.key) || valid.has(mistake.key)) continue;
          done.add(mistake.key);
          if (mistake.key.endsWith(" misspelt")) options++;
          else if (random.uniform() > share) continue;
          count++;
          const problem = await problemOf(() => invoke(given.with(i, mistake.value)), mistake);
          if (problem !== undefined) problems.push(`${mistake.key}: ${problem}`);
        }
        if (takesObjects(type) && given[i] !== undefined) {
          const wrong = { value: null, key: `${path} null`, names: [] };
          if (!done.has(wrong.key)) {
            done.add(wrong.key);
            count++;
            const problem = await problemOf(() => invoke(given.with(i, null)), wrong);
            if (problem !== undefined) problems.push(`${wrong.key}: ${problem}`);
          }
        }
      }
    }
  }
  for (const [form, found] of forms) if (!found) problems.push(`${form}: no call in test/support/public-calls has it`);
  console.log(`options: ${functions.length} functions, ${options} options, ${count} calls with a mistake, all refused`);
  expect(problems).toEqual([]);
});
