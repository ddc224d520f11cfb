import { loadModel } from "shaderformer";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";

/** A few sentences of each voice that the model learnt from. */
const voices = {
  scripture:
    "And it came to pass in those days, that he went out into the wilderness, and the spirit of the Lord was upon him.",
  whale: "The old captain stood upon the quarter-deck, looking over the sea where the whale had gone down in the foam.",
  union:
    "The Congress of the United States has made appropriations for the expenses of the Government during the fiscal year.",
  jargon:
    "hacker: n. A person who enjoys exploring the details of programmable systems and how to stretch their capabilities.",
};

/** Which experts each token of a text goes to, how evenly they are used, and whether they know one voice from another. */
export const run: Run<SettingsOf<"mixture">> = async function* (gpu, { text, layer }, { models }) {
  const model = await loadModel(gpu, `${models}/voices-moe`);
  try {
    const routed = async (given: string) => {
      const ids = model.tokenizer.encode(given);
      const { count, k, layers } = await model.expertChoices(ids);
      const found = layers[layer - 1];
      if (!found) throw new RangeError(`layer is ${layer}, expected 1 to ${layers.length}`);
      // The share of the layer's work that each expert does for each token.
      const shares = ids.map((_, token) => {
        const row = new Array<number>(count).fill(0);
        for (let i = token * k; i < (token + 1) * k; i++) row[found.experts[i] ?? 0] = found.weights[i] ?? 0;
        return row;
      });
      return { ids, k, count, shares };
    };
    const used = (shares: readonly (readonly number[])[], count: number) =>
      Array.from({ length: count }, (_, e) => shares.filter((row) => (row[e] ?? 0) > 0).length / shares.length);
    const own = await routed(text);
    const experts = Array.from({ length: own.count }, (_, i) => `expert ${i + 1}`);
    const tokens = own.ids.map((id) => model.tokenizer.decode([id], { skipSpecialTokens: false }));
    yield {
      kind: "grid",
      title: `Layer ${layer}: the weights of the router for your text`,
      rows: tokens,
      columns: experts,
      values: own.shares.map((row) => row.map((share) => share || undefined)),
    };
    yield {
      kind: "bars",
      title: "Share of the tokens that go to each expert",
      bars: used(own.shares, own.count).map((share, i) => [experts[i] ?? "", share]),
    };
    const rows: number[][] = [];
    for (const [voice, words] of Object.entries(voices)) {
      const { shares, count } = await routed(`<|${voice}|>${words}`);
      rows.push(used(shares, count));
    }
    yield { kind: "grid", title: "The same for each voice", rows: Object.keys(voices), columns: experts, values: rows };
    // Parameters of the feed-forward layers, three matrices an expert, and of all else.
    const { width, layers, mixture, vocabulary, heads, kvHeads, headWidth } = model.decoder.config;
    const expert = 3 * width * (mixture?.hidden ?? 0) * layers;
    const other =
      vocabulary * width +
      layers * (2 * width * heads * headWidth + 2 * width * kvHeads * headWidth + own.count * width);
    const mixtral = { expert: 3 * 4096 * 14_336 * 32, other: 46_702_792_704 - 8 * 3 * 4096 * 14_336 * 32 };
    const line = (name: string, all: number, active: number) => [name, all, active, active / all] as const;
    yield {
      kind: "table",
      title: "Parameters",
      head: ["model", "all", "active for a token", "share"],
      rows: [
        line("voices-moe", other + own.count * expert, other + own.k * expert),
        line("Mixtral 8x7B", mixtral.other + 8 * mixtral.expert, mixtral.other + 2 * mixtral.expert),
      ],
    };
    const range =
      rows[0]?.map(
        (_, e) => Math.max(...rows.map((row) => row[e] ?? 0)) - Math.min(...rows.map((row) => row[e] ?? 0)),
      ) ?? [];
    return {
      "experts of a token": own.k,
      "experts of a layer": own.count,
      "share of the parameters that a token uses": (other + own.k * expert) / (other + own.count * expert),
      "largest difference between voices of an expert's share": Math.max(...range),
    };
  } finally {
    model.dispose();
  }
};
