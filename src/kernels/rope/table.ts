import {
  boolean,
  type Checks,
  checkOptions,
  fieldsOf,
  integer,
  kinds,
  listOf,
  positive,
  required,
} from "../../options/checks.ts";
import type { RopeScaling } from "./scaling.ts";

/** The parameters of the frequencies: base, rotated width of a head (even, at most the head's width) and scaling. */
export interface RopeFrequencies {
  theta: number;
  width: number;
  scaling: RopeScaling;
}

/**
 * Frequencies of the width / 2 pairs in radians per position, slowest last, in float64: `theta^(−2i / width)`, scaled.
 * Two rules depend on the sequence: dynamic raises the base with its length, longrope has other divisors beyond the
 * original context. Throws a RangeError for an odd width and for longrope divisors that are not one per pair.
 *
 * Sources: linear, Chen et al. 2023, section 2.3; dynamic and yarn, Peng et al. 2023, section 3; longrope,
 * Ding et al. 2024, section 3; llama3, the Llama 3.1 model card.
 */
export function inverseFrequencies({ theta, width, scaling }: RopeFrequencies, sequenceLength: number): Float64Array {
  if (!(width > 0 && width % 2 === 0)) throw new RangeError(`rope: width is ${width}, expected an even number above 0`);
  if (!(theta > 0)) throw new RangeError(`rope: theta is ${theta}, expected more than 0`);
  const base = scaling.kind === "dynamic" ? dynamicBase(theta, width, scaling, sequenceLength) : theta;
  const frequencies = Float64Array.from({ length: width / 2 }, (_, pair) => base ** ((-2 * pair) / width));
  switch (scaling.kind) {
    case "none":
    case "dynamic":
      return frequencies;
    case "linear":
      return frequencies.map((frequency) => frequency / scaling.factor);
    case "yarn":
      return yarn(frequencies, theta, scaling);
    case "llama3":
      return frequencies.map((frequency) => llama3(frequency, scaling));
    case "longrope":
      return longrope(frequencies, scaling, sequenceLength);
  }
}

/** The factor of cosines and sines, by which yarn and longrope sharpen attention; 1 for the other rules. */
export function attentionFactor(scaling: RopeScaling): number {
  if (scaling.kind === "longrope") {
    const { originalPositions, maxPositions = originalPositions, factor = maxPositions / originalPositions } = scaling;
    if (scaling.attentionFactor !== undefined) return scaling.attentionFactor;
    return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  }
  if (scaling.kind !== "yarn") return 1;
  if (scaling.attentionFactor !== undefined) return scaling.attentionFactor;
  const { factor, mscale, mscaleAllDim } = scaling;
  const growth = (slope: number): number => (factor <= 1 ? 1 : 0.1 * slope * Math.log(factor) + 1);
  return mscale && mscaleAllDim ? growth(mscale) / growth(mscaleAllDim) : growth(1);
}

/** Options of the table: {@link RopeFrequencies} and the number of positions, from 0. */
export interface RopeTable extends RopeFrequencies {
  positions: number;
  /** The longest sequence that will be run; default the number of positions. */
  sequenceLength?: number;
}

type Fields<Kind extends RopeScaling["kind"]> = Checks<Omit<Scaling<Kind>, "kind">>;

const tokens = required(positive);
const factor = required(positive);
const scalings = {
  none: {} satisfies Fields<"none">,
  linear: { factor } satisfies Fields<"linear">,
  dynamic: { factor, maxPositions: tokens } satisfies Fields<"dynamic">,
  yarn: {
    factor,
    originalPositions: tokens,
    betaFast: positive,
    betaSlow: positive,
    attentionFactor: positive,
    mscale: positive,
    mscaleAllDim: positive,
    truncate: boolean,
  } satisfies Fields<"yarn">,
  llama3: {
    factor,
    lowFrequencyFactor: factor,
    highFrequencyFactor: factor,
    originalPositions: tokens,
  } satisfies Fields<"llama3">,
  longrope: {
    shortFactor: required(listOf(positive)),
    longFactor: required(listOf(positive)),
    originalPositions: tokens,
    maxPositions: positive,
    factor: positive,
    attentionFactor: positive,
  } satisfies Fields<"longrope">,
} satisfies Record<RopeScaling["kind"], object>;

const fields = fieldsOf<RopeTable>({
  theta: required(positive),
  width: required(integer(1, 2 ** 30)),
  scaling: required(kinds(scalings)),
  positions: required(integer(0, 2 ** 30)),
  sequenceLength: integer(0, 2 ** 30),
});

/**
 * Cosines and sines, times the attention factor, as the kernels read them: `[positions, width / 2, 2]`, computed in
 * float64 and rounded once, since WGSL guarantees its own only to an absolute 2⁻¹¹.
 *
 * One table serves a whole session: keys and queries must be rotated by the same table, so dynamic and longrope assume
 * the longest sequence from the start.
 */
export function ropeTable(options: RopeTable): Float32Array<ArrayBuffer> {
  checkOptions("ropeTable", fields, options);
  const { positions, sequenceLength = positions, ...rest } = options;
  const frequencies = inverseFrequencies(rest, sequenceLength);
  const factor = attentionFactor(rest.scaling);
  const table = new Float32Array(positions * frequencies.length * 2);
  let next = 0;
  for (let position = 0; position < positions; position++) {
    for (const frequency of frequencies) {
      table[next++] = Math.cos(position * frequency) * factor;
      table[next++] = Math.sin(position * frequency) * factor;
    }
  }
  return table;
}

type Scaling<Kind extends RopeScaling["kind"]> = Extract<RopeScaling, { kind: Kind }>;

/**
 * The base at which the slowest pair rotates `stretch` times slower and the fastest as before; the stretch grows with
 * the sequence.
 */
function dynamicBase(theta: number, width: number, scaling: Scaling<"dynamic">, sequenceLength: number): number {
  const { factor, maxPositions } = scaling;
  const stretch = (factor * Math.max(sequenceLength, maxPositions)) / maxPositions - (factor - 1);
  return theta * stretch ** (width / (width - 2));
}

/**
 * Leaves fast pairs unchanged, divides slow ones by the factor, and interpolates between them along a ramp over the
 * pairs.
 */
function yarn(frequencies: Float64Array, theta: number, scaling: Scaling<"yarn">): Float64Array {
  const { factor, originalPositions, betaFast = 32, betaSlow = 1, truncate = true } = scaling;
  const width = frequencies.length * 2;
  const pairThatTurns = (rotations: number): number =>
    (width * Math.log(originalPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairThatTurns(betaFast), pairThatTurns(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, width - 1);
  const span = high === low ? 0.001 : high - low;
  return frequencies.map((frequency, pair) => {
    const ramp = Math.min(Math.max((pair - low) / span, 0), 1);
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
}

/**
 * Keeps pairs of short wavelength, divides those of long wavelength, and interpolates between them by the number of
 * rotations.
 */
function llama3(frequency: number, scaling: Scaling<"llama3">): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const rotations = (originalPositions * frequency) / (2 * Math.PI); // over the original context
  if (rotations > high) return frequency;
  if (rotations < low) return frequency / factor;
  const kept = (rotations - low) / (high - low);
  return frequency * ((1 - kept) / factor + kept);
}

function longrope(frequencies: Float64Array, scaling: Scaling<"longrope">, sequenceLength: number): Float64Array {
  const long = sequenceLength > scaling.originalPositions;
  const divisors = long ? scaling.longFactor : scaling.shortFactor;
  if (divisors.length !== frequencies.length) {
    const name = long ? "longFactor" : "shortFactor";
    throw new RangeError(`rope: ${name} has ${divisors.length} divisors, expected ${frequencies.length}, one per pair`);
  }
  return frequencies.map((frequency, pair) => frequency / (divisors[pair] ?? Number.NaN));
}
