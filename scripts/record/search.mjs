// Writes site/search/results/recorded.json: the results that the search page shows before a model is loaded. Needs
// `npm run build`.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadEncoder } from "../../dist/encoders.js";
import { openGpu } from "../../dist/index.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Number of passages for a query. */
const shown = 3;

const text = {
  contents: 'export * from "./examples.ts"; export * from "./passages.ts";',
  resolveDir: `${root}site/search/text`,
};
const bundled = await build({
  stdin: { ...text, loader: "ts" },
  bundle: true,
  format: "esm",
  write: false,
  external: ["./documents.ts"],
});
const { cut, matchable, passageSizes, standardExample, wordsOf } = await import(
  `data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`
);

const gpu = await openGpu();
const encoder = await loadEncoder(gpu, `${root}examples/models/use-lite`);
const embed = async (texts) => (await encoder.embed(texts)).embeddings;
const cosine = (p, q) => p.reduce((sum, value, i) => sum + value * q[i], 0);
const best = (cosines) => cosines.indexOf(Math.max(...cosines));

const passages = cut(standardExample.texts, passageSizes.medium);
const vectors = await embed(passages.map(wordsOf));
const queries = [];
for (const query of standardExample.queries) {
  const [vector] = await embed([query]);
  const ranked = passages
    .map(({ sentences }, i) => ({ sentences, cosine: cosine(vector, vectors[i]) }))
    .sort((p, q) => q.cosine - p.cosine);
  const hits = [];
  for (const { sentences, cosine: similar } of ranked.slice(0, shown)) {
    const which = matchable({ sentences });
    const sentence = best((await embed(which.map((i) => sentences[i]))).map((row) => cosine(vector, row)));
    hits.push({ sentences, sentence: which[sentence], cosine: Number(similar.toFixed(3)) });
  }
  queries.push({ query, hits });
}
await writeFile(`${root}site/search/results/recorded.json`, `${JSON.stringify({ queries }, undefined, 1)}\n`);
encoder.dispose();
gpu.close();
