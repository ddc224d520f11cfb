import type { Ended } from "../worker/protocol.ts";

/** A text being written, or finished. */
export interface Run {
  /** The model that writes it. */
  readonly name: string;
  /** Recorded: written earlier, and not on this device. */
  readonly kind: "live" | "recorded";
  /** True if the model's weights cannot be distinguished from random numbers. */
  readonly untrained: boolean;
  readonly layers: number;
  readonly heads: number;
  /** False if rows are the mean of all heads. */
  readonly perHead: boolean;
  /** The text of each token alone, and the source's spelling. */
  readonly text: string;
  readonly source: readonly string[];
  /** Its words without tokens in the model. */
  readonly unknown?: readonly string[];
  readonly target: readonly string[];
  readonly written: string;
  /** The attention of the tokens so far. */
  readonly rows: readonly Float32Array[];
  /** Undefined while it is being written. */
  readonly ended: Ended | undefined;
}
