import type { Ended } from "../worker/protocol.ts";

/** A text that is or was written. */
export interface Run {
  /** Of the model that writes it. */
  readonly name: string;
  /** Recorded: it was written before, and not on this device. */
  readonly kind: "live" | "recorded";
  /** True where the model's weights cannot be distinguished from random numbers. */
  readonly untrained: boolean;
  readonly layers: number;
  readonly heads: number;
  /** False where rows are the mean of all heads. */
  readonly perHead: boolean;
  /** The text of each token alone, and of the source what it was made of. */
  readonly text: string;
  readonly source: readonly string[];
  /** The words of it for which the model has no token. */
  readonly unknown?: readonly string[];
  readonly target: readonly string[];
  readonly written: string;
  /** What the first tokens attend to. */
  readonly rows: readonly Float32Array[];
  /** Undefined while it is being written. */
  readonly ended: Ended | undefined;
}
