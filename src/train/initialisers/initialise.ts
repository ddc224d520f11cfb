import type { StackedSource, WeightSource } from "../../models/decoders/family.ts";
import { type Checks, checkOptions, fieldsOf, integer, oneOf } from "../../options/checks.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type FreshParts, freshParts } from "./fresh-parts.ts";
import { numbersOf } from "./random-numbers.ts";
import { type Initialiser, initialisers, type Role } from "./schemes.ts";

/** How weights are drawn. */
export interface InitialiserOptions {
  /**
   * Default: gpt2 for GPT-1 and GPT-2, llama for other decoders; bert for encoders, BART and Marian; t5 for T5; xavier
   * for the Transformer of 2017.
   */
  readonly initialiser?: Initialiser | undefined;
  /** A u32; default 0. The same seed gives the same weights on every machine. */
  readonly seed?: number | undefined;
}

/** The checks of {@link InitialiserOptions}. */
export const initialiserChecks: Checks<InitialiserOptions> = {
  initialiser: oneOf(...Object.keys(initialisers)),
  seed: integer(0, 2 ** 32 - 1),
};
const fields = fieldsOf<InitialiserOptions>(initialiserChecks);

/** A tensor of a fresh checkpoint. */
export interface FreshTensor {
  /** As in the file: `[out, in]` for a matrix, or `[in, out]` for GPT-2. */
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

const roles: Readonly<Record<string, Role>> = {
  embedding: "embedding",
  positions: "positions",
  head: "head",
  output: "residual",
  down: "residual",
  sourceEmbedding: "embedding",
  types: "embedding",
  relativeBias: "buckets",
  q: "query",
  sinks: "zeros",
  selectionBias: "zeros",
  norm: "ones",
};

/** Parts outside the layers. */
const ofHeads: Readonly<Record<string, Role>> = { ...roles, output: "head" };

const roleOf = (key: string, known: Readonly<Record<string, Role>>): Role =>
  known[key] ?? (/Bias$/.test(key) ? "zeros" : /Norm$/.test(key) ? "ones" : "matrix");

/** The sources of a part of a model with their roles. */
function* placesIn(part: object, known = roles): Generator<readonly [role: Role, source: WeightSource]> {
  for (const [key, entry] of Object.entries(part) as [string, WeightSource | StackedSource | object][]) {
    if ("parts" in entry) for (const source of entry.parts.flat()) yield [roleOf(key, known), source];
    else if ("name" in entry) yield [roleOf(key, known), entry];
    else yield* placesIn(entry, key === "heads" ? ofHeads : known);
  }
}

/**
 * Fresh weights of a decoder, an encoder or an encoder-decoder, under Hugging Face's names, each rounded to f32 from
 * float64. Element i of a tensor depends only on the seed, the tensor's name and i. `config` is a parsed `config.json`.
 * An encoder has the head named in `architectures`, `BertForMaskedLM` or `BertForSequenceClassification`, with the
 * number of labels in `id2label` or `num_labels`, default 2.
 *
 * @throws FormatError for a config that fits no model.
 */
export function initialise(config: unknown, options: InitialiserOptions = {}): ReadonlyMap<string, FreshTensor> {
  checkOptions("initialise", fields, options);
  return drawn(freshParts(config), options);
}

/** The same for the parts of a config, with checked options. */
export function drawn(
  { parts, model, initialiser: usual }: FreshParts,
  { initialiser = usual, seed = 0 }: InitialiserOptions,
): ReadonlyMap<string, FreshTensor> {
  const found = new Map<string, FreshTensor>();
  for (const [role, source] of parts.flatMap((part) => [...placesIn(part)])) {
    const { name, shape, rows } = source;
    const tensor = found.get(name) ?? { shape, values: new Float32Array(sizeOf(shape)) };
    found.set(name, tensor);
    const draw = (label: string, inputs: number, outputs: number) => {
      if (role === "zeros") return () => 0;
      if (role === "ones") return () => 1 - (source.added ?? 0);
      const place = { ...model, role, rows: outputs, columns: inputs };
      return initialisers[initialiser](numbersOf(seed, label), place);
    };
    fill(tensor.values, source, rows, draw);
  }
  return found;
}

/** Fills a tensor, or those of its rows that form one weight; the matrices of a stack are filled one by one. */
function fill(
  values: Float32Array,
  { name, shape, transposed = false }: WeightSource,
  rows: readonly [number, number] | undefined,
  draw: (label: string, inputs: number, outputs: number) => (i: number) => number,
): void {
  if (shape.length === 1) {
    const [begin, end] = rows ?? [0, values.length];
    const of = draw(name, 1, end - begin);
    for (let i = begin; i < end; i++) values[i] = of(i - begin);
    return;
  }
  const [last = 1, before = 1] = shape.toReversed();
  const [inputs, outputs] = transposed ? [before, last] : [last, before];
  const matrices = values.length / (inputs * outputs);
  for (let m = 0; m < matrices; m++) {
    // Rows are numbered through all matrices of a stack.
    const begin = Math.max(0, (rows?.[0] ?? 0) - m * outputs);
    const end = Math.min(outputs, (rows?.[1] ?? matrices * outputs) - m * outputs);
    if (begin >= end) continue;
    const of = draw(`${name}${matrices > 1 || rows ? `[${m}:${begin}]` : ""}`, inputs, end - begin);
    for (let row = begin; row < end; row++) {
      for (let column = 0; column < inputs; column++) {
        const at = transposed ? column * outputs + row : row * inputs + column;
        values[m * inputs * outputs + at] = of((row - begin) * inputs + column);
      }
    }
  }
}
