import type { FileSource } from "../../../formats/source.ts";
import type { Weights } from "../../../formats/weights.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import type { TrainableModel } from "../../../train/open/open-trainable.ts";
import type { ObjectiveName, RunSettings } from "../settings.ts";

/** The kinds of models. */
export type TrainedKind = "decoder" | "encoder" | "encoder-decoder";

/** A run's data and model, before a device is there. */
export interface PreparedRun<B> {
  /** The batches of the step whose first row has this number: the same whenever they are made. */
  readonly batches: (position: number) => readonly B[];
  /** Batches of held-out data; empty: none is evaluated. */
  readonly heldOut: readonly B[];
  /** What people read before the run. */
  readonly notes: readonly string[];
  /** The bytes of the data that define the run. */
  readonly training: Iterable<Uint8Array>;
  readonly evaluation: Iterable<Uint8Array> | undefined;
  /** The weights under an adapter, which a checkpoint does not hold. */
  readonly adapted?: Weights | undefined;
  /** The model's settings, as in a checkpoint of it. */
  readonly model: object | undefined;
  /** The most that a step takes, in `units`. */
  readonly perStep: number;
  /** What the speed of a run counts. */
  readonly units: "tokens";
  /** The loss of guesses without any knowledge, in nats. */
  readonly chance: number;
  readonly open: (gpu: Gpu, quiet: boolean) => Promise<TrainableModel<B>>;
}

/** How the data of a run become a model and batches. */
export interface Preparing<D> {
  readonly settings: RunSettings;
  readonly data: D;
  /** The model of `--model`; undefined for a fresh one. */
  readonly opened: FileSource | undefined;
  /** The folder of a resumed run. */
  readonly resumed: string | undefined;
  readonly quiet: boolean;
}

/** A training objective on the command line: which models it fits, how its data are read, and how batches are made. */
export interface CliObjective<D, B> {
  readonly name: ObjectiveName;
  /** The kinds of models that it trains. */
  readonly kinds: readonly TrainedKind[];
  /** Settings that some objectives take, of those that this one takes. */
  readonly takes: readonly (keyof RunSettings)[];
  /** Throws for settings that contradict each other, before anything is read. */
  readonly check?: ((settings: RunSettings) => void) | undefined;
  readonly read: (settings: RunSettings) => Promise<D>;
  /** The folder of the model: a named or a fresh one. */
  readonly source: (given: Preparing<D>) => Promise<FileSource>;
  readonly prepare: (source: FileSource, given: Preparing<D>) => Promise<PreparedRun<B>>;
}
