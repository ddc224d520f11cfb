import { attention, createTokenizer, normal, openModel } from "shaderformer";
import { trainTokenizer } from "shaderformer/train";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";

/** One text cut in five ways, and what attention over each of these sequences costs. */
export const run: Run<SettingsOf<"tokens">> = async function* (gpu, { text, vocabulary }, { models }) {
  const files = await openModel(`${models}/voices-nano`);
  const read = async (file: string) =>
    JSON.parse(new TextDecoder().decode(await files.read(file, 0, await files.size(file))));
  const ofModel = createTokenizer(await read("tokenizer.json"), null);
  /** The pieces of a tokenizer's ids. A piece that ends within a character is shown as �. */
  const piecesOf = ({ encode, decode }: typeof ofModel) =>
    encode(text, { addSpecialTokens: false }).map((id) => decode([id], { skipSpecialTokens: false }));
  const learnt = (size: number) => {
    const { tokenizer, config } = trainTokenizer([text], { vocabulary: size });
    return piecesOf(createTokenizer(tokenizer, config));
  };
  const bytes = [...new TextEncoder().encode(text)];
  const cuts: Record<string, readonly string[]> = {
    bytes: bytes.map((byte) => byte.toString(16).padStart(2, "0")),
    characters: [...text],
    "pieces learnt from this text": learnt(vocabulary),
    "pieces learnt from four books": piecesOf(ofModel),
    words: text.match(/\S+/g) ?? [],
  };

  // With each merge of the likeliest pair the vocabulary grows by one piece, and the text gets shorter.
  for (let i = 0; i <= 12; i++) {
    const size = Math.round(257 + ((vocabulary - 257) * i) / 12);
    const at = [size, learnt(size).length] as const;
    yield { kind: "point", title: "A vocabulary grows", axes: ["pieces known", "tokens"], line: "this text", at };
  }
  const beginnings = Object.entries(cuts).map(([name, pieces]) => [name, pieces.slice(0, 24).join("|")]);
  yield { kind: "table", title: "Where the text is cut", head: ["cut into", "its beginning"], rows: beginnings };
  const bars = Object.entries(cuts).map(([name, { length }]) => [name, length] as const);
  yield { kind: "bars", title: "Tokens", bars };

  const costs: (readonly [name: string, tokens: number, different: number, flops: number, ms: number])[] = [];
  for (const [name, pieces] of Object.entries(cuts)) {
    using _scope = gpu.scope();
    const rows = (seed: number) => normal(gpu, [1, 4, pieces.length, 32], { seed });
    const tensors = { q: rows(1), k: rows(2), v: rows(3) };
    const attend = () => attention(gpu, tensors, { mask: "causal" }).out;
    const flops = gpu
      .sketch(attend)
      .reduce((all, one) => all + (one.kind === "dispatch" ? one.dispatch.cost.flops : 0), 0);
    await attend().read(); // compiles the kernels
    const begun = performance.now();
    await attend().read();
    costs.push([name, pieces.length, new Set(pieces).size, flops, performance.now() - begun]);
  }
  const head = ["cut into", "tokens", "different ones", "operations of attention", "milliseconds here"];
  yield { kind: "table", title: "What a layer of attention costs", head, rows: costs };
  const share = (index: 1 | 3, name: string) =>
    (costs.find(([one]) => one === name)?.[index] ?? 0) / (costs.find(([one]) => one === "characters")?.[index] ?? 1);
  return {
    "tokens of four books' pieces, of characters": share(1, "pieces learnt from four books"),
    "operations, likewise": share(3, "pieces learnt from four books"),
    "tokens of this text's pieces, of characters": share(1, "pieces learnt from this text"),
    "operations of these": share(3, "pieces learnt from this text"),
  };
};
