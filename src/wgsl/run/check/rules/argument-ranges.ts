// Constants that builtin functions do not take, even where other arguments are not constant (WGSL, section 17).
import type { Constant, Expression } from "../../program.ts";
import { refuseValue } from "../refusals.ts";

/** Largest finite f16, and most lanes of a subgroup. */
const [largestHalf, mostLanes] = [65_504, 128];

/** The most that `ldexp` takes as exponent. */
const largestExponents: Readonly<Record<string, number>> = { f32: 128, f16: 16, "abstract-float": 1024 };

type Values = readonly (Constant | undefined)[];
type Check = (values: Values, scalar: string) => string | undefined;

/** Whether two arguments are constants, and so in some component. */
const some = (a: Constant | undefined, b: Constant | undefined, is: (x: number, y: number) => boolean): boolean =>
  a !== undefined && b !== undefined && a.some((x, i) => is(x, b[b.length === 1 ? 0 : i] ?? 0));

const fitsHalf: Check = ([x]) =>
  x?.some((one) => Math.abs(one) > largestHalf) ? `no f16 is above ${largestHalf}` : undefined;

const fieldOf =
  (first: number): Check =>
  (values) =>
    some(values[first], values[first + 1], (offset, count) => offset + count > 32)
      ? "offset and count come to more than 32 bits"
      : undefined;

const laneFrom0To =
  (most: number): Check =>
  ([, lane]) =>
    lane?.some((one) => one < 0 || one >= most) ? `its second argument is from 0 to ${most - 1}` : undefined;

const checks: Readonly<Record<string, Check>> = {
  clamp: ([, low, high]) => (some(low, high, (x, y) => x > y) ? "its lower bound is above its upper one" : undefined),
  smoothstep: ([low, high]) => (some(low, high, (x, y) => x === y) ? "its two edges are equal" : undefined),
  pow: ([x, y]) =>
    some(x, y, (base, power) => base < 0 || (base === 0 && power === 0)) ? "it takes a positive base" : undefined,
  ldexp([, exponent], scalar) {
    const most = largestExponents[scalar] ?? Infinity;
    return exponent?.some((one) => one > most) ? `its exponent is at most ${most}` : undefined;
  },
  extractBits: fieldOf(1),
  insertBits: fieldOf(2),
  pack2x16float: fitsHalf,
  quantizeToF16: fitsHalf,
  quadBroadcast: laneFrom0To(4),
  subgroupBroadcast: laneFrom0To(mostLanes),
  subgroupShuffle: laneFrom0To(mostLanes),
  subgroupShuffleDown: laneFrom0To(mostLanes),
  subgroupShuffleUp: laneFrom0To(mostLanes),
  subgroupShuffleXor: laneFrom0To(mostLanes),
};

/** Throws for arguments of a builtin function that are constants out of its range; `scalar` is that of the first one. */
export function checkArguments(name: string, given: readonly Expression[], scalar: string, at: number): void {
  const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
  const why = check?.(
    given.map((one) => (one.kind === "constant" ? one.value : undefined)),
    scalar,
  );
  if (why) refuseValue(`${name}: ${why}`, at);
}
