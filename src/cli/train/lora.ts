import type { Command } from "commander";
import type { FileSource } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { openLora } from "../../train/lora/open-lora.ts";
import { openTrainable, type Trainable } from "../../train/open/open-trainable.ts";
import { positive } from "../arguments.ts";
import { say } from "../output.ts";
import { withProgress } from "../progress.ts";

/** The options of an adapter. */
export interface LoraFlags {
  /** The rank; unset: all weights are trained. */
  readonly lora?: number;
  readonly loraAlpha?: number;
  readonly loraTargets?: readonly string[];
  readonly rslora?: boolean;
}

/** Adds the options of an adapter to a command. */
export const addLoraOptions = (command: Command): Command =>
  command
    .optionsGroup("LoRA:")
    .option("--lora <rank>", "train an adapter of this rank and leave the weights as they are stored", positive)
    .option("--lora-alpha <x>", "its scale is this over the rank (default: the rank)", positive)
    .option("--lora-targets <names>", "projections, such as q_proj,v_proj (default: all but routers)", (names) =>
      names.split(","),
    )
    .option("--rslora", "divide by the root of the rank instead");

/** Opens a model for training: its weights as f32, or as stored with an adapter. */
export async function openModelToTrain(
  gpu: Gpu,
  source: FileSource,
  { lora, loraAlpha, loraTargets, rslora, seed }: LoraFlags & { readonly seed: number },
  json: boolean,
): Promise<Trainable> {
  const onWarning = (warning: string) => say(`warning: ${warning}`);
  return await withProgress("loading ", json, async (onProgress) => {
    if (lora === undefined) return await openTrainable(gpu, source, { onProgress, onWarning });
    const adapter = { rank: lora, alpha: loraAlpha, targets: loraTargets, rslora, seed };
    return await openLora(gpu, source, adapter, { onProgress, onWarning });
  });
}
