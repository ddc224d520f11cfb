import type { FileSource } from "../../../formats/source.ts";
import type { Weights } from "../../../formats/weights.ts";
import type { Gpu } from "../../../gpu/gpu.ts";
import { meanLoss } from "../../../train/data/batches.ts";
import type { TrainableModel } from "../../../train/open/open-trainable.ts";
import type { TrainerOptions } from "../../../train/trainer/options.ts";
import { Trainer } from "../../../train/trainer/trainer.ts";
import type { IsChosen, ObjectiveName, RunSettings } from "../settings.ts";

/** The kinds of models. */
export type TrainedKind =
  | "decoder"
  | "encoder"
  | "encoder-decoder"
  | "recurrent encoder-decoder"
  | "word vectors"
  | "word classifier";

/** The batches of a run. */
interface Batches<B> {
  /** Those of the step whose first row has this number: the same whenever they are made. */
  readonly at: (position: number) => readonly B[];
  /** Those of held-out data; empty: none is evaluated. */
  readonly heldOut: readonly B[];
}

/** A model on a device that learns the batches of its run, which only it knows. */
interface Learner extends Pick<TrainableModel<never>, "parameters" | "writing" | "dispose"> {
  readonly trainedBy: (options: TrainerOptions) => Lessons;
}

/** The steps of a run. */
interface Lessons {
  readonly trainer: Trainer<never>;
  /** A step on the batches from this row on. */
  readonly submit: (position: number) => Promise<void>;
  /** The loss of the first batch from this row on. */
  readonly lossAt: (position: number) => Promise<number>;
  readonly hasHeldOut: boolean;
  /** The mean loss on held-out data, with the current weights or their means. */
  readonly heldOutLoss: (averaged: boolean) => Promise<number>;
}

/** A model with the batches that it learns. */
export const learner = <B>(model: TrainableModel<B>, { at, heldOut }: Batches<B>): Learner => ({
  parameters: model.parameters,
  writing: model.writing,
  dispose: () => model.dispose(),
  trainedBy: (options) => {
    const trainer = new Trainer(model.objective, model.parameters, options);
    return {
      trainer,
      submit: (position) => trainer.submit(at(position)),
      lossAt: async (position) => {
        const [next] = at(position);
        return next === undefined ? Number.NaN : (await trainer.evaluate(next)).loss;
      },
      hasHeldOut: heldOut.length > 0,
      heldOutLoss: (averaged) => meanLoss(trainer, heldOut, { averaged }),
    };
  },
});

/** A run's data and model, before a device is there. */
export interface PreparedRun {
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
  readonly units: "tokens" | "texts" | "pairs" | "words";
  /** The loss of guesses without any knowledge, in nats. */
  readonly chance: number;
  readonly open: (gpu: Gpu, quiet: boolean) => Promise<Learner>;
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
export interface CliObjective<D> {
  readonly name: ObjectiveName;
  /** What is learnt, and the lines of `--data`, for `--help`. */
  readonly says: string;
  /** The kinds of models that it trains. */
  readonly kinds: readonly TrainedKind[];
  /** True if a fresh model needs no config: its sizes follow from the data and from settings. */
  readonly isSized?: boolean;
  /** Settings that some objectives take, of those that this one takes. */
  readonly takes: readonly (keyof RunSettings)[];
  /** Defaults of its own. */
  readonly defaults?: ((settings: RunSettings) => Partial<RunSettings>) | undefined;
  /** Throws for settings that contradict each other, before anything is read. */
  readonly check?: ((settings: RunSettings) => void) | undefined;
  readonly read: (settings: RunSettings) => Promise<D>;
  /** Settings that follow from the data. */
  readonly sized?: ((settings: RunSettings, data: D, isChosen: IsChosen) => Partial<RunSettings>) | undefined;
  /** The folder of the model: a named or a fresh one. */
  readonly source: (given: Preparing<D>) => Promise<FileSource>;
  readonly prepare: (source: FileSource, given: Preparing<D>) => Promise<PreparedRun>;
}
