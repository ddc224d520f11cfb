import { oneOf } from "../../options/checks.ts";
import { siluOf } from "../activation.ts";
import { siluBackward } from "../activation-backward.ts";
import { given, optionalTensor, tensor } from "../arguments.ts";
import { at, axes, type Dense, dense } from "../dense.ts";

/** The tensors of {@link shortConvolution}. */
export interface ShortConvolutionTensors {
  /** `[b, t, channels]` */
  readonly x: Dense;
  /** `[channels, width]`; the last column meets the current token. */
  readonly weight: Dense;
  /** `[channels]` */
  readonly bias?: Dense | undefined;
  /** The inputs before the first token, the oldest first: `[b, width - 1, channels]`; default zeros. */
  readonly state?: Dense | undefined;
  /** Ids `[b, t]`: a token sees no input of another id; the state has the first token's. */
  readonly documents?: Dense | undefined;
}

/** What is done with the sums. */
export interface ShortConvolutionOptions {
  readonly activation?: "silu" | "none" | undefined;
}

/** The gradients of results that {@link shortConvolutionBackward} starts from; absent ones are zeros. */
export interface ShortConvolutionGradients {
  /** `[b, t, channels]` */
  readonly dy?: Dense | undefined;
  /** `[b, width - 1, channels]` */
  readonly dstate?: Dense | undefined;
}

const tensors = {
  x: tensor,
  weight: tensor,
  bias: optionalTensor,
  state: optionalTensor,
  documents: optionalTensor,
} as const;
const options = { activation: oneOf("silu", "none") } as const;

/** A problem whose shapes fit, and where its inputs are: those of the state come before those of x. */
function problem(operation: string, all: ShortConvolutionTensors & ShortConvolutionGradients) {
  const { b, t, channels, width } = axes(operation, { x: all.x, weight: all.weight }, {
    x: "b t channels",
    weight: "channels width",
  } as const);
  if (width === 0) throw new RangeError(`${operation}: weight is [${channels}, 0], expected a width of at least 1`);
  const held = width - 1;
  const like = { x: "b t channels", before: "b held channels" } as const;
  const zeros = dense([b, held, channels]);
  const others = { bias: "channels", state: like.before, documents: "b t", dy: like.x, dstate: like.before } as const;
  for (const [name, letters] of Object.entries(others)) {
    const one = all[name as keyof typeof others];
    if (one) axes(operation, { x: all.x, before: zeros, [name]: one }, { ...like, [name]: letters });
  }
  const ids = all.documents?.values;
  /** The id of an input of a row, counted from the oldest of the state. */
  const idOf = (row: number, input: number) => (ids ? at(ids, row * t + Math.max(0, input - held)) : 0);
  return {
    b,
    t,
    channels,
    width,
    held,
    before: all.state ?? zeros,
    /** Whether a token's document has an input. */
    sees: (row: number, token: number, input: number) => idOf(row, token + held) === idOf(row, input),
    /** An input in the memory of the state, or of x; or an element of gradients of the two. */
    place: <T>(of: { readonly x: T; readonly before: T }, row: number, input: number, channel: number) =>
      input < held
        ? ([of.before, (row * held + input) * channels + channel] as const)
        : ([of.x, (row * t + input - held) * channels + channel] as const),
  };
}

type Problem = ReturnType<typeof problem>;

/** Every input that a sum is made of: that of weight `[channel, tap]` in the sum of a token. */
function eachTap(
  { b, t, channels, width, sees }: Problem,
  visit: (row: number, token: number, channel: number, tap: number) => void,
): void {
  for (let row = 0; row < b; row++) {
    for (let token = 0; token < t; token++) {
      for (let channel = 0; channel < channels; channel++) {
        for (let tap = 0; tap < width; tap++) {
          if (sees(row, token, token + tap)) visit(row, token, channel, tap);
        }
      }
    }
  }
}

/** Every input that is kept as the next state, at `step` of it. */
function eachKept(
  { b, t, channels, held, sees }: Problem,
  visit: (row: number, step: number, channel: number) => void,
) {
  for (let row = 0; row < b; row++) {
    for (let step = 0; step < held; step++) {
      if (t > 0 && !sees(row, t - 1, t + step)) continue;
      for (let channel = 0; channel < channels; channel++) visit(row, step, channel);
    }
  }
}

/** The sums, before the activation. */
function sums(of: Problem, { x, weight, bias }: ShortConvolutionTensors): Dense {
  const { channels, width, before, t } = of;
  const found = dense(
    x.shape,
    x.values.map((_, i) => (bias ? at(bias.values, i % channels) : 0)),
  );
  eachTap(of, (row, token, channel, tap) => {
    const [{ values }, i] = of.place({ x, before }, row, token + tap, channel);
    const own = (row * t + token) * channels + channel;
    found.values[own] = at(found.values, own) + at(weight.values, channel * width + tap) * at(values, i);
  });
  return found;
}

/**
 * A short causal convolution of each channel: y at a token is `activation(bias + Σ weight[tap] · input[tap])` over the
 * width inputs that end with it. y like x, and the last inputs as the next state.
 */
export function shortConvolution(all: ShortConvolutionTensors, chosen: ShortConvolutionOptions = {}) {
  const { x, ...others } = given("shortConvolution", all, tensors);
  const { activation = "none" } = given("shortConvolution", chosen, options);
  const of = problem("shortConvolution", all);
  const { channels, held, before } = of;
  const y = sums(of, { x, ...others });
  if (activation === "silu") y.values.set(y.values.map(siluOf));
  const state = dense(before.shape);
  eachKept(of, (row, step, channel) => {
    const [{ values }, i] = of.place({ x, before }, row, of.t + step, channel);
    state.values[(row * held + step) * channels + channel] = at(values, i);
  });
  return { y, state };
}

/** Gradients of {@link shortConvolution}; of the bias and of the first state where they are given. */
export function shortConvolutionBackward(
  all: ShortConvolutionTensors & ShortConvolutionGradients,
  chosen: ShortConvolutionOptions = {},
) {
  const upstream = { dy: optionalTensor, dstate: optionalTensor };
  const { x, weight, bias, state, dstate, dy } = given("shortConvolutionBackward", all, { ...tensors, ...upstream });
  const { activation = "none" } = given("shortConvolutionBackward", chosen, options);
  const of = problem("shortConvolutionBackward", all);
  const { t, channels, width, held, before } = of;
  const flat = dy ?? dense(x.shape);
  const dsums = activation === "silu" ? siluBackward({ x: sums(of, all), dy: flat }).dx : flat;
  const to = { x: dense(x.shape), before: dense(before.shape) };
  const [dweight, dbias] = [dense(weight.shape), dense([channels])];
  eachTap(of, (row, token, channel, tap) => {
    const upstreamOf = at(dsums.values, (row * t + token) * channels + channel);
    const own = channel * width + tap;
    const [{ values }, i] = of.place({ x, before }, row, token + tap, channel);
    const [gradient] = of.place(to, row, token + tap, channel);
    gradient.values[i] = at(gradient.values, i) + at(weight.values, own) * upstreamOf;
    dweight.values[own] = at(dweight.values, own) + at(values, i) * upstreamOf;
  });
  for (const [i, value] of dsums.values.entries()) dbias.values[i % channels] = at(dbias.values, i % channels) + value;
  eachKept(of, (row, step, channel) => {
    const [gradient, i] = of.place(to, row, t + step, channel);
    const kept = dstate ? at(dstate.values, (row * held + step) * channels + channel) : 0;
    gradient.values[i] = at(gradient.values, i) + kept;
  });
  return { dx: to.x, dweight, ...(bias ? { dbias } : {}), ...(state ? { dstate: to.before } : {}) };
}
