import { FormatError } from "../../formats/format-error.ts";
import { createSha256 } from "../../formats/hub/sha256.ts";
import { readText } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Weights } from "../../formats/weights.ts";
import type { TrainingRecord } from "../../train/checkpoints/training-checkpoint.ts";
import type { PreparedRun } from "./objectives/objective.ts";
import type { RunSettings } from "./settings.ts";

/** SHA-256 of everything that defines a run other than settings. */
export type RunDigests = Readonly<Partial<Record<"tokenizer" | "data" | "heldOut" | "weights", string>>>;

/** Bytes of weights read at a time. */
const pieceBytes = 16 << 20;

/** The SHA-256 of pieces of bytes, in their order. */
async function digestOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
  const hash = await createSha256();
  if (!hash) throw new Error("train: there is no SHA-256");
  for await (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** Each tensor's name, type, shape and bytes. */
async function* piecesOfWeights(weights: Weights): AsyncGenerator<Uint8Array> {
  for (const tensor of weights.tensors.values()) {
    yield new TextEncoder().encode(`${tensor.name} ${tensor.dtype} ${tensor.shape.join(",")}\n`);
    for await (const { bytes } of weights.stream(tensor, pieceBytes)) yield bytes;
  }
}

/** The digests of a run. The base weights of an adapter belong to it; other weights are in the checkpoint. */
export async function runDigests(
  source: FileSource,
  { training, evaluation, adapted }: Pick<PreparedRun, "training" | "evaluation" | "adapted">,
): Promise<RunDigests> {
  const name = "tokenizer.json";
  const tokenizer = source.gguf === undefined && (await source.has(name)) ? await readText(source, name) : undefined;
  return {
    ...(tokenizer !== undefined && { tokenizer: await digestOf([new TextEncoder().encode(tokenizer)]) }),
    data: await digestOf(training),
    ...(evaluation && { heldOut: await digestOf(evaluation) }),
    ...(adapted && { weights: await digestOf(piecesOfWeights(adapted)) }),
  };
}

/**
 * Throws `FormatError` unless a checkpoint's run has these digests. Those of held-out data count if the settings name
 * the same files as before, and with `keepBest`, which compares losses on both.
 */
export function checkRunDigests(file: string, { digests: was, settings }: Checked, now: RunDigests, own: RunSettings) {
  const assertSame = (name: keyof RunDigests, problem: string) => {
    if (was[name] !== now[name]) throw new FormatError(file, problem, { field: `record.digests.${name}` });
  };
  assertSame("tokenizer", "is another: the tokenizer.json of the model is not that of the run");
  assertSame("data", "is another: the run was made with other data, whose tokens differ from those of --data");
  const named = ({ val, heldOut }: RunSettings) => JSON.stringify([val, heldOut]);
  if ((own.keepBest && settings.keepBest) || named(own) === named(settings)) {
    assertSame("heldOut", "is another: the run was evaluated on other held-out data");
  }
  // A missing or additional adapter is detected by the names of tensors.
  if (was.weights !== undefined && now.weights !== undefined)
    assertSame("weights", "is another: the weights of the model are not those that the adapter was trained on");
}

/** The parts of a checkpoint that are compared. */
interface Checked extends Pick<TrainingRecord, "digests"> {
  readonly settings: RunSettings;
}
