import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { normal } from "../../../src/check/random.ts";
import { openFiles } from "../../../src/formats/files.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { modulesOf } from "../../../src/generate/lora/adapt.ts";
import { type LoraConfig, rankOf, sizesOf, targetOf } from "../../../src/generate/lora/lora-config.ts";
import type { Adaptable } from "../../../src/models/weights/adapted-weights.ts";
import { adapterFolder } from "../../../src/train/lora/open-lora.ts";
import type { TrainedFolder } from "../../../src/train/open/trained-folder.ts";

/** Which adapter. */
export interface RandomAdapter extends Partial<LoraConfig> {
  readonly seed: number;
  /** The last parts of modules' names; default all, routers too. */
  readonly targets?: readonly string[];
  /** Standard deviation of the numbers; default 0.3. */
  readonly size?: number;
}

/** The blobs of a planned folder by name. */
export async function blobsOf({ file = "model.safetensors", files, pieces }: TrainedFolder) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces()) parts.push(piece.slice());
  const texts = Object.entries(files).map(([name, text]) => [name, new Blob([text])] as const);
  return { ...Object.fromEntries(texts), [file]: new Blob(parts) };
}

/** The files of an adapter for a model, with random numbers in A and B. */
export async function randomAdapter(model: FileSource, { seed, targets, size = 0.3, ...given }: RandomAdapter) {
  const { checkpoint } = await readModelFolder(model);
  const config = { rank: 2, alpha: 2, rslora: false, ...given };
  const known = [...modulesOf(checkpoint.layers)].filter(([module]) => targets?.includes(targetOf(module)) ?? true);
  const drawn = (count: number, at: number) => Float32Array.from(normal(count, 1000 * seed + at), (one) => size * one);
  const modules = known.map(([module, parts], at) => {
    const [{ source }] = parts as unknown as readonly [Adaptable];
    const { inputs, outputs } = sizesOf(source);
    const rank = rankOf(config, module);
    const read = async () => ({ a: drawn(rank * inputs, 2 * at), b: drawn(outputs * rank, 2 * at + 1) });
    return { module, inputs, outputs, read };
  });
  return await blobsOf(adapterFolder({ config, base: "a test's", fanInFanOut: false, targets: [], modules }));
}

/** The same as a source of files. */
export const randomAdapterSource = async (model: FileSource, given: RandomAdapter): Promise<FileSource> =>
  openFiles(await randomAdapter(model, given), `adapter ${given.seed}`);

/** Writes the files of a folder. */
export async function writeBlobs(folder: string, blobs: Readonly<Record<string, Blob>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, blob] of Object.entries(blobs)) await writeFile(join(folder, name), await blob.bytes());
  return folder;
}
