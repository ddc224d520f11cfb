import { openWeights } from "../../../src/formats/weights.ts";
import { createTokenizer, type FileSource, storageFormats } from "../../../src/index.ts";
import { greedyText } from "../../generate/likeliest.ts";
import { denseWeights } from "../../harness/dense-weights.ts";
import { textPrompt } from "../generate.ts";
import type { GenerateProblem } from "../problems.ts";
import type { TokensTruth } from "./truth.ts";

/** The greedy text in float64, from the model's folder. */
export async function truthOfText({ tokens }: GenerateProblem, source: FileSource): Promise<TokensTruth> {
  const json = async (file: string) =>
    JSON.parse(new TextDecoder().decode(await source.read(file, 0, await source.size(file))));
  const [config, tokenizer, about, weights] = await Promise.all([
    json("config.json"),
    json("tokenizer.json"),
    json("tokenizer_config.json"),
    openWeights(source).then((opened) => denseWeights(opened, storageFormats)),
  ]);
  return greedyText(createTokenizer(tokenizer, about).encode(textPrompt), tokens, weights, config);
}
