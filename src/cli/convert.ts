import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { dequantisedFolder, type FolderWriting, isQuantised, toFolder } from "../convert/to-folder.ts";
import { toGguf } from "../convert/to-gguf.ts";
import { weightNames, weightsNamed } from "../convert/weights.ts";
import { ggufOf } from "../formats/gguf-name.ts";
import { openModel } from "../formats/hub.ts";
import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { mergedFolder } from "../train/lora/merge.ts";
import { readAdapter } from "../train/lora/read-adapter.ts";
import { print, printJson, say } from "./output.ts";
import { quantity } from "./units.ts";
import { writeWhole } from "./write-whole.ts";

interface ConvertFlags {
  readonly model: string;
  readonly out: string;
  readonly lora?: string;
  readonly weights?: string;
  readonly allowRequantize?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `shaderformer convert`: a folder as a GGUF file, or the reverse. */
export function convertCommand(): Command {
  return new Command("convert")
    .description(
      "Write a model's folder as a GGUF file, with its weights as they are or quantised; or a GGUF file or a quantised " +
        "folder (AWQ, GPTQ, int8, MXFP4) as a folder of Hugging Face's files, with its weights as f16; or a folder with an " +
        "adapter in its weights.",
    )
    .optionsGroup("Model:")
    .requiredOption("-m, --model <model>", "the model to convert: a folder, its URL, a repository, or a GGUF file")
    .option("--lora <adapter>", "a LoRA folder in PEFT's layout to merge into the weights, as f32")
    .optionsGroup("Output:")
    .requiredOption(
      "-o, --out <path>",
      "the output: FILE.gguf for a folder, a new folder for a GGUF file or a quantised folder",
    )
    .addOption(new Option("--weights <format>", "of a GGUF file's matrices (default: f16)").choices(weightNames))
    .option(
      "--allow-requantize",
      "also apply --weights to matrices that the folder has in MXFP4, instead of copying their blocks",
    )
    .option("--force", "overwrite an existing file")
    .option("--json", "print only one JSON object")
    .action(convert);
}

/** The folder to write: from a GGUF file, from a quantised folder, or with an adapter merged. */
async function folderOf(source: FileSource, lora: string | undefined): Promise<FolderWriting> {
  if (lora !== undefined) {
    return {
      ...(await mergedFolder(source, await readAdapter(lora, { onWarning: say }))),
      warnings: [],
    };
  }
  return source.gguf === undefined ? await dequantisedFolder(source) : await toFolder(source, source.gguf);
}

async function convert(flags: ConvertFlags): Promise<void> {
  const { model, out, lora, weights = "f16", allowRequantize: requantise = false, force = false, json = false } = flags;
  const source = await openModel(model, { onWarning: say });
  const { gguf } = source;
  const isFolder = gguf === undefined && ggufOf(out) === undefined;
  if (lora !== undefined && !isFolder) throw new Error(`--lora: expected --model and --out to be folders`);
  if (isFolder && lora === undefined && !isQuantised(await readJson(source, "config.json"))) {
    const why = `${model} is a folder whose weights are floats`;
    throw new Error(`--out: ${out}, expected a name that ends with .gguf, since ${why}`);
  }
  if (isFolder && weights !== "f16")
    throw new Error(`--weights: ${weights}, expected f16, in which folders are written`);
  if (gguf !== undefined && ggufOf(out) !== undefined) {
    throw new Error(`--out: ${out}, expected the name of a folder, since ${model} is a GGUF file`);
  }
  const isThere = await stat(out).then(
    () => true,
    () => false,
  );
  if (isThere && !force) throw new Error(`--out: ${out} is there already; --force writes over it`);
  let file = out;
  let warnings: readonly string[] = [];
  let bytes = 0;
  if (gguf === undefined && !isFolder) {
    const writing = await toGguf(source, { ...weightsNamed(weights), requantise });
    await mkdir(dirname(out), { recursive: true });
    ({ bytes, warnings } = writing);
    await writeWhole(out, writing, json);
  } else {
    const writing = await folderOf(source, lora);
    await mkdir(out, { recursive: true });
    for (const [name, text] of Object.entries(writing.files)) await writeFile(join(out, name), text);
    ({ bytes, warnings } = writing);
    file = join(out, "model.safetensors");
    await writeWhole(file, writing, json);
  }
  for (const warning of warnings) say(`warning: ${warning}`);
  if (json) return await printJson({ file, bytes });
  await print(`${file}: ${quantity(bytes, "B")}\n`);
}
