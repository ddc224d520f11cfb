import { FormatError } from "../../../formats/format-error.ts";
import { openModel as openSource } from "../../../formats/hub.ts";
import type { FileSource } from "../../../formats/source.ts";
import { modelKind as kindOfFolder } from "../../../models/model-kind.ts";
import { modelKind as kindOfConfig } from "../../../train/initialisers/fresh-parts.ts";
import { say } from "../../output.ts";
import type { IsChosen, ObjectiveName, RunSettings, TrainFlags } from "../settings.ts";
import { freshConfig, noModel } from "../source.ts";
import { trainOnData } from "../train-on-data.ts";
import { bag } from "./bag.ts";
import { contrastive } from "./contrastive.ts";
import { labels } from "./labels.ts";
import { masked } from "./masked.ts";
import { nextToken } from "./next-token.ts";
import type { CliObjective, TrainedKind } from "./objective.ts";
import { pairs } from "./pairs.ts";
import { skipGram } from "./skip-gram.ts";

/** An objective whose data and batches only it knows. */
interface Runnable
  extends Pick<CliObjective<never>, "name" | "says" | "kinds" | "isSized" | "takes" | "check" | "defaults"> {
  readonly train: (
    flags: TrainFlags,
    settings: RunSettings,
    given: { readonly opened: FileSource | undefined; readonly isChosen: IsChosen },
  ) => Promise<void>;
}

const runnable = <D>(objective: CliObjective<D>): Runnable => {
  const { name, says, kinds, isSized = false, takes, check, defaults } = objective;
  const train: Runnable["train"] = (...given) => trainOnData(objective, ...given);
  return { name, says, kinds, isSized, takes, check, defaults, train };
};

const objectives: Readonly<Record<ObjectiveName, Runnable>> = {
  "next-token": runnable(nextToken),
  masked: runnable(masked),
  labels: runnable(labels),
  pairs: runnable(pairs),
  contrastive: runnable(contrastive),
  "skip-gram": runnable(skipGram),
  bag: runnable(bag),
};
const all = Object.values(objectives);

/** The objectives for `--help`: what each teaches to which models. */
export const objectiveHelp = (): string =>
  all.map(({ name, says, kinds }) => `  ${name.padEnd(12)} ${says} (${kinds.join(" or ")})`).join("\n");

/** The model of a run that is given, its name, and its kind. */
interface Fitted {
  readonly opened: FileSource | undefined;
  readonly where: string;
  readonly kind: TrainedKind;
  readonly type: string | undefined;
}

/** Kinds of small models, by the type in their config.json. */
const smallKinds: ReadonlyMap<string | undefined, TrainedKind> = new Map([
  ["gru-encoder-decoder", "recurrent encoder-decoder"],
  ["skip-gram", "word vectors"],
  ["bag-of-words", "word classifier"],
  ["mean-of-word-vectors", "word classifier"],
] as const);

async function fittedTo({ model, config, objective }: RunSettings, resumed: string | undefined): Promise<Fitted> {
  if (model === "") throw new Error("--model: the name of the folder is empty");
  if (model !== undefined) {
    const opened = await openSource(model, { onWarning: say });
    const { kind, type } = await kindOfFolder(opened);
    return { opened, where: opened.name, kind: smallKinds.get(type) ?? kind, type };
  }
  if (config === undefined) {
    const { isSized, kinds: [kind] = [] } = objective === undefined ? {} : objectives[objective];
    if (!isSized || kind === undefined) throw noModel();
    return { opened: undefined, where: "", kind, type: undefined };
  }
  const { file, parsed } = await freshConfig(config, resumed);
  const { model_type: given } = parsed ?? {};
  const type = typeof given === "string" ? given : undefined;
  return { opened: undefined, where: file, kind: smallKinds.get(type) ?? kindOfConfig(parsed), type };
}

/**
 * The objective of a run, by its name or the first that fits its model.
 *
 * @throws FormatError for a model of another kind, with the objectives that fit it, and Error for a setting of other
 * objectives.
 */
export async function objectiveOf(
  settings: RunSettings,
  isGiven: (name: keyof RunSettings) => boolean,
  resumed: string | undefined,
): Promise<{ readonly objective: Runnable; readonly opened: FileSource | undefined }> {
  const { opened, where, kind, type } = await fittedTo(settings, resumed);
  const fitting = all.filter(({ kinds }) => kinds.includes(kind));
  const objective = settings.objective === undefined ? fitting[0] : objectives[settings.objective];
  if (!objective || !fitting.includes(objective)) {
    const article = kind === "word vectors" ? "" : kind.startsWith("encoder") ? "an " : "a ";
    const is = `holds ${article}${kind}${type === undefined ? "" : ` (${type})`}`;
    const expected = fitting.map(({ name }) => name).join(" or ");
    const problem = `${is}, which --objective ${settings.objective} does not fit`;
    throw new FormatError(
      where,
      expected === "" ? `${is}, which is not trained here` : `${problem}, expected ${expected}`,
    );
  }
  if (isGiven("steps") && objective.takes.includes("epochs")) {
    throw new Error(`--steps: is for other objectives, and this one is ${objective.name}, expected --epochs`);
  }
  for (const name of new Set(all.flatMap(({ takes }) => takes))) {
    if (!isGiven(name) || objective.takes.includes(name)) continue;
    const takers = all.filter(({ takes }) => takes.includes(name)).map((one) => one.name);
    const flag = `--${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
    throw new Error(`${flag}: is for --objective ${takers.join(" or ")}, and this one is ${objective.name}`);
  }
  return { objective, opened };
}
