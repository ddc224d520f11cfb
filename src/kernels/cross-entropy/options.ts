// What cross-entropy and its gradient have in common.
import capNone from "#shaders/cross-entropy/cap/none.wgsl";
import capTanh from "#shaders/cross-entropy/cap/tanh.wgsl";
import elementsFour from "#shaders/lib/elements/four.wgsl";
import elementsOne from "#shaders/lib/elements/one.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Specialisation } from "../../gpu/shader/specialise.ts";
import { atLeast, between, type Check, type Checks, integer, positive } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { rowSpecialisation } from "../reduce/lanes.ts";

/** Which targets count. */
export interface Ignoring {
  /**
   * The target of rows that do not count: an i32, or in u32 targets the word of the same bits. Default −100
   * (PyTorch's).
   */
  readonly ignored?: number | undefined;
}

/** The loss of a row, from its logits z and its target t. */
export interface LossOptions extends Ignoring {
  /** Share ε of the target distribution that is spread evenly over the vocabulary (PyTorch's); default 0. */
  readonly smoothing?: number | undefined;
  /** Logits are soft-capped to `cap · tanh(z / cap)` (Gemma 2, section 2); default: they are not. */
  readonly softcap?: number | undefined;
  /** Factor ζ of (log Σ exp z)², which keeps the logits' scale stable (PaLM, section 5); default 0. */
  readonly zLoss?: number | undefined;
  /** Columns that are tokens; those after them pad the rows and do not count. Default: all. */
  readonly vocabulary?: number | undefined;
}

export const ignoredCheck: Check = integer(-(2 ** 31), 2 ** 32 - 1);

export const lossChecks: Checks<LossOptions> = {
  ignored: ignoredCheck,
  smoothing: between(0, 1),
  softcap: positive,
  zLoss: atLeast(0),
  vocabulary: integer(1, 2 ** 32 - 1),
};

/** The bits of the target that does not count. */
export const ignoredWord = ({ ignored = -100 }: Ignoring): number => ignored >>> 0;

type Axes = Readonly<Record<"rows" | "cols", number>>;

/** The common part of the kernels over rows of logits. */
export const lossKernel = {
  params: ({ rows, cols }: Axes, options: LossOptions) => ({
    rows,
    cols,
    vocabulary: options.vocabulary ?? cols,
    ignored: ignoredWord(options),
    smoothing: options.smoothing ?? 0,
    z_loss: options.zLoss ?? 0,
    cap: options.softcap ?? 1,
  }),
  check: ({ cols }: Axes, { vocabulary = cols }: LossOptions): void => {
    if (vocabulary < 1 || vocabulary > cols) {
      throw new ShapeError(`cross-entropy: vocabulary is ${vocabulary}, expected 1 to ${cols}, the columns of logits`);
    }
  },
} as const;

/** The part that soft-caps logits, if they are soft-capped. */
export const capPart = ({ softcap }: LossOptions): ShaderModule => (softcap === undefined ? capNone : capTanh);

/** Parts for a thread a row. */
export const byThread = (options: LossOptions, parts: readonly ShaderModule[] = []): Specialisation => ({
  parts: [...parts, capPart(options), vectorOne],
});

/** Parts and constants for threads that share rows of `cols`. */
export const byLanes = (cols: number, options: LossOptions, parts: readonly ShaderModule[] = []): Specialisation =>
  rowSpecialisation(cols, [...parts, capPart(options), cols % 4 === 0 ? elementsFour : elementsOne]);
