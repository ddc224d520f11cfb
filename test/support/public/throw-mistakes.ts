// Throws mistakes at public functions, and says what was not refused with a clear error.
import type { Gpu } from "../../../src/index.ts";
import { attempts, randomFor } from "../fuzz.ts";
import type { PublicCalls } from "./public-calls/calls.ts";
import { isPlain, type Mistake, mistakes, wrongArguments } from "./public-mistakes.ts";
import type { Described, PublicFunction } from "./public-types.ts";

/** Classes of errors that are ours; a `RangeError` is where its message begins with the function. */
const clear = new Set(["OptionError", "ShapeError", "ShaderError", "GpuError", "TextError", "FormatError"]);

/** Characters that a message may have, whatever it is about. */
const longest = 1200;

/** What a call does: the problem with its error, or undefined where that is clear. */
async function problemOf(call: () => unknown, { names }: Mistake): Promise<string | undefined> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error)) return `threw ${String(error)}`;
    const { name, message } = error;
    if (!clear.has(name) && !(name === "RangeError" && /^\w+: /.test(message))) return `unclear: ${name}: ${message}`;
    if (message.length > longest) return `a message of ${message.length} characters: ${message.slice(0, 100)}`;
    const missing = names.find((one) => !message.includes(one));
    return missing === undefined ? undefined : `does not name ${missing}: ${message}`;
  }
  return "accepted";
}

export const takesObjects = ({ objects, entry }: Described): boolean =>
  objects.length > 0 || (entry !== undefined && takesObjects(entry));

/** Arguments that are only shown, in messages and profiles. */
const labels = new Set(["name", "label", "block"]);

/** True of a function with an argument that is a number, a text or a list. */
export const takesPlain = ({ signatures }: PublicFunction): boolean =>
  signatures.flat().some(({ name, type }) => isPlain(type) && !labels.has(name));

/** What is thrown at functions. */
export interface Mistakes {
  readonly functions: readonly PublicFunction[];
  /** Calls by the names of functions. */
  readonly calls: Readonly<Record<string, PublicCalls>>;
  /** Mistakes elsewhere that are values here. */
  readonly isValid: (key: string) => boolean;
  /** Paths of objects that may have more fields than are read. */
  readonly open?: ReadonlySet<string>;
  /** Names the random numbers by which `npm test` chooses a share of the wrong values; names are all misspelt. */
  readonly name: string;
  readonly gpu: Gpu;
}

/** How many names and calls there were, and what was not refused with a clear error. */
export interface Outcome {
  readonly names: number;
  readonly calls: number;
  readonly problems: readonly string[];
}

/** A mistake in one argument. */
type Mistaken = Mistake & { readonly argument: number };

/** Throws mistakes in the objects of calls at functions. */
export async function throwAtOptions(given: Mistakes): Promise<Outcome> {
  const forms = new Map<string, boolean>();
  const outcome = await throwAt(given, function* ({ name, signatures: [parameters = []] }, call) {
    for (const [argument, { type }] of parameters.entries()) {
      const path = `${name}(${argument})`;
      for (const mistake of mistakes(call[argument], type, path, forms, given.open ?? new Set())) {
        yield { ...mistake, argument };
      }
      if (takesObjects(type) && call[argument] !== undefined) {
        yield { value: null, key: `${path} null`, names: [], argument };
      }
    }
  });
  const missing = [...forms].flatMap(([form, found]) => (found ? [] : [`${form}: no call in public-calls has it`]));
  return { ...outcome, problems: [...outcome.problems, ...missing] };
}

/** Throws mistakes in the arguments that are numbers, texts or lists at functions. */
export const throwAtArguments = (given: Mistakes): Promise<Outcome> =>
  throwAt(given, function* ({ name, signatures: [parameters = []] }) {
    for (const [argument, { name: parameter, type }] of parameters.entries()) {
      if (!isPlain(type) || labels.has(parameter)) continue;
      for (const [what, value] of wrongArguments(type)) {
        const names = what.startsWith("a million") ? [] : [parameter]; // of these the message has to be short
        yield { value, key: `${name}.${parameter} ${what}`, names, argument };
      }
    }
  });

function scoped(gpu: Gpu, call: () => unknown): unknown {
  using _ = gpu.scope();
  return call();
}

async function throwAt(
  { functions, calls, isValid, name: seed, gpu }: Mistakes,
  mistakesOf: (one: PublicFunction, call: readonly unknown[]) => Iterable<Mistaken>,
): Promise<Outcome> {
  const problems: string[] = [];
  let [names, count] = [0, 0];
  const random = randomFor(seed);
  const share = attempts(100, 20) / 100;
  for (const one of functions) {
    const { name } = one;
    const known = calls[name];
    if (!known) {
      problems.push(`${name}: there is no call of it in test/support/public/public-calls`);
      continue;
    }
    const done = new Set<string>();
    const invoke = (given: readonly unknown[]) => Reflect.apply(known.of as () => unknown, known.on, given);
    for (const call of known.calls) {
      if (!known.runs) {
        try {
          await scoped(gpu, () => invoke(call)); // what it has made is freed before it is awaited
        } catch (error) {
          problems.push(`${name}: a call without a mistake: ${String(error)}`);
        }
      }
      for (const mistake of mistakesOf(one, call)) {
        if (done.has(mistake.key) || isValid(mistake.key)) continue;
        done.add(mistake.key);
        if (mistake.key.endsWith(" misspelt")) names++;
        else if (random.uniform() > share) continue;
        count++;
        const wrong = [...call];
        wrong[mistake.argument] = mistake.value;
        const problem = await problemOf(() => invoke(wrong), mistake);
        if (problem !== undefined) problems.push(`${mistake.key}: ${problem}`);
      }
    }
  }
  return { names, calls: count, problems };
}
