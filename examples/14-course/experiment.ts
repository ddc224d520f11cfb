import type { Gpu } from "shaderformer";

/** A number, a text or a choice that a reader may change. */
export type Setting =
  | { readonly label: string; readonly value: number; readonly least: number; readonly most: number }
  | { readonly label: string; readonly value: string; readonly longest: number }
  | { readonly label: string; readonly value: string; readonly choices: readonly string[] };

export type Settings = Readonly<Record<string, Setting>>;

/** The values of settings. */
export type Values<S extends Settings = Settings> = {
  readonly [N in keyof S]: [S[N]["value"]] extends [number]
    ? number
    : [S[N]["value"]] extends [string]
      ? string
      : number | string;
};

/** What a run shows. A later one with the same title replaces an earlier one; points extend a line of their chart. */
export type Shown =
  | {
      readonly kind: "point";
      readonly title: string;
      /** Names of the axes. */
      readonly axes: readonly [x: string, y: string];
      readonly line: string;
      readonly at: readonly [x: number, y: number];
    }
  /** Shares or other numbers from 0, each with its name. */
  | {
      readonly kind: "bars";
      readonly title: string;
      readonly bars: readonly (readonly [name: string, value: number])[];
    }
  /** Numbers `[rows, columns]`; `undefined` where there is none, as where a mask hides a key. */
  | {
      readonly kind: "grid";
      readonly title: string;
      readonly rows: readonly string[];
      readonly columns: readonly string[];
      readonly values: readonly (readonly (number | undefined)[])[];
    }
  /** Points of a plane; those of a pair are joined. */
  | {
      readonly kind: "map";
      readonly title: string;
      readonly pairs: readonly (readonly { readonly name: string; readonly x: number; readonly y: number }[])[];
    }
  | {
      readonly kind: "table";
      readonly title: string;
      readonly head: readonly string[];
      readonly rows: readonly (readonly (string | number)[])[];
    };

/** What a run finds: the numbers that the section's claim is about, by their names. */
export type Figures = Readonly<Record<string, number>>;

/** A section of the course, without its text, which is in docs/course.md under the same title. */
export interface Section<S extends Settings = Settings> {
  readonly title: string;
  readonly settings: S;
  /** Bundled models that it loads. */
  readonly models?: readonly string[];
  /** The smallest settings that show the claim; default: those above. */
  readonly quick?: Partial<Values<S>>;
  /** What the run shows. */
  readonly claim: string;
  readonly holds: (figures: Figures) => boolean;
}

/** A section, with the types of its settings. */
export const section = <const S extends Settings>(given: Section<S>): Section<S> => given;

/** The setting of random numbers, in most sections. */
export const seed = { label: "seed", value: 1, least: 0, most: 1_000_000 };

/** What a run is given with the device. */
export interface Given {
  /** The folder of the bundled models: a path, or an address. */
  readonly models: string;
}

/** A run: it yields what there is to see, and returns what it has found. Throws for settings that make no sense. */
export type Run<S extends Settings> = (gpu: Gpu, values: Values<S>, given: Given) => AsyncGenerator<Shown, Figures>;

/** What there is to see after one more: points are added, anything else replaces what has its kind and title. */
export function withShown(before: readonly Shown[], next: Shown): readonly Shown[] {
  if (next.kind === "point") return [...before, next];
  const at = before.findIndex(({ kind, title }) => kind === next.kind && title === next.title);
  return at < 0 ? [...before, next] : before.with(at, next);
}

/** The values of settings, with those that are given. Throws RangeError for unknown names and invalid values. */
export function valuesOf(settings: Settings, given: Readonly<Record<string, string | number | undefined>>): Values {
  for (const name of Object.keys(given)) {
    if (!(name in settings)) {
      throw new RangeError(`there is no setting ${name}, only ${Object.keys(settings).join(", ")}`);
    }
  }
  const read = ([name, setting]: readonly [string, Setting]) => {
    const value = given[name];
    if (value === undefined) return [name, setting.value] as const;
    const why = problemOf(setting, String(value));
    if (why !== undefined) throw new RangeError(`${name} is ${JSON.stringify(value)}, expected ${why}`);
    return [name, "least" in setting ? Number(value) : String(value)] as const;
  };
  return Object.fromEntries(Object.entries(settings).map(read));
}

/** What is expected instead of a value; undefined for a valid one. */
export function problemOf(setting: Setting, text: string): string | undefined {
  if ("choices" in setting) return setting.choices.includes(text) ? undefined : `one of ${setting.choices.join(", ")}`;
  if ("longest" in setting) {
    return text.trim() !== "" && text.length <= setting.longest ? undefined : `1 to ${setting.longest} characters`;
  }
  const { least, most, value } = setting;
  const number = Number(text);
  const isWhole = Number.isInteger(value) && Number.isInteger(least);
  const fits = text.trim() !== "" && number >= least && number <= most && (!isWhole || Number.isInteger(number));
  return fits ? undefined : `a${isWhole ? " whole" : ""} number from ${least} to ${most}`;
}
