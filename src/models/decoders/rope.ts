import { FormatError } from "../../formats/format-error.ts";
import type { FieldReader } from "../../formats/json/fields.ts";
import { parseRope, type RopeConfig, type RopeScaling } from "../../kernels/rope/scaling.ts";
import { attentionFactor, inverseFrequencies } from "../../kernels/rope/table.ts";

/** Rotary settings from which a table is computed. */
export interface RopeSettings {
  readonly theta: number;
  /** Rotated elements of a head. */
  readonly width: number;
  readonly scaling: RopeScaling;
}

/** Which rotary settings are read from a config. */
interface RopeReading {
  /** A config may rotate only part of each head. */
  readonly partly?: boolean;
  /**
   * Settings of layers with a window: this base without scaling, unless `rope_parameters` has an entry for them. Unset:
   * as the other layers.
   */
  readonly localTheta?: number;
}

/**
 * The rotary settings of a config, for heads of `width` elements that can be rotated. Throws `FormatError` for settings
 * that are invalid, or whose frequencies f32 cannot hold.
 */
export function readRope(
  config: FieldReader,
  width: number,
  theta: number,
  { partly = false, localTheta }: RopeReading = {},
): RopeSettings {
  const { rotaryFraction, scaling, ...own } = parsed(config, localTheta);
  const named = ["partial_rotary_factor", "rotary_pct", "rotary_dim"].find((name) => config.raw[name] !== undefined);
  const share = named ?? "rope_parameters.partial_rotary_factor";
  const rotates = `rotates ${rotaryFraction} of a head`;
  if (rotaryFraction > 1) config.fail(share, `${rotates}, expected at most all of it`);
  if (rotaryFraction !== 1 && !partly) config.fail(share, `${rotates}, expected all of it`);
  const rotated = Math.floor(width * rotaryFraction);
  if (rotated % 2 !== 0 || rotated <= 0) {
    const field = rotaryFraction === 1 ? "head_dim" : share;
    config.fail(field, `means ${rotated} rotated elements of a head, expected an even number`);
  }
  const settings = { theta: own.theta ?? theta, width: rotated, scaling };
  check(config, settings);
  return settings;
}

function parsed(config: FieldReader, localTheta: number | undefined): RopeConfig {
  try {
    if (localTheta === undefined) return parseRope(config.raw);
    return parseRope({ ...config.raw, rope_local_base_freq: localTheta }, "sliding_attention");
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const [field = "", ...problem] = cause.message.split(" ");
    throw new FormatError(config.file, problem.join(" "), { field, cause });
  }
}

function check(config: FieldReader, settings: RopeSettings): void {
  const field = config.raw["rope_parameters"] === undefined ? "rope_scaling" : "rope_parameters";
  const isNormal = (value: number) => Math.fround(value) > 0 && Math.fround(value) < Number.POSITIVE_INFINITY;
  let numbers: readonly number[] = [];
  try {
    // For a sequence within the original context, and one beyond it.
    numbers = [1, 2 ** 24].flatMap((length) => [...inverseFrequencies(settings, length)]);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    config.fail(field, `cannot be used: ${cause.message}`);
  }
  const wrong = [...numbers, attentionFactor(settings.scaling)].find((value) => !isNormal(value));
  if (wrong !== undefined)
    config.fail(field, `gives ${wrong}, expected frequencies and a factor above 0 that f32 can hold`);
}
